"""The catalog's image and signal problems.

The problems themselves stand in `gofau.problems`; this module needs no torch.
"""

from math import log

from gofau.catalog import Parameter, ProblemEntry, problems

METRICS = ("val_loss", "val_accuracy", "train_loss")


def _norm(default: str) -> Parameter:
    doc = "normalisation after every hidden layer"
    return Parameter("norm", str, default, doc, choices=("none", "batch", "group"))


def _width(default: int) -> Parameter:
    return Parameter("width", int, default, "units or channels of a hidden layer", low=1, high=4096)


_depth = Parameter("depth", int, 2, "hidden layers", low=1, high=16)
_augment = Parameter("augment", bool, True, "random crops and flips of the training images")

_SMALL: tuple[tuple[str, str, tuple[Parameter, ...], int], ...] = (
    (
        "digits-cnn",
        "Two convolutions on scikit-learn's 8x8 digits (1,437 train, 360 validation).",
        (_width(16), _norm("none")),
        1437,
    ),
    (
        "mnist1d-mlp",
        "A ReLU MLP on the MNIST-1D signals of 40 points (4,000 train, 1,000 validation).",
        (_width(100), _depth, _norm("none")),
        4000,
    ),
    (
        "mnist1d-cnn",
        "Three convolutions on the MNIST-1D signals of 40 points (4,000 train, 1,000 validation).",
        (_width(25), _norm("none")),
        4000,
    ),
)

for _name, _doc, _parameters, _size in _SMALL:
    problems.add(
        ProblemEntry(
            _name, _doc, _parameters, cap=log(10), metrics=METRICS, train_size=_size, classes=10
        )
    )

_COLLECTIONS: tuple[tuple[str, str, int, int, int], ...] = (
    ("cifar10", "CIFAR-10", 10, 50_000, 32),
    ("cifar100", "CIFAR-100", 100, 50_000, 32),
    ("tiny-imagenet", "Tiny ImageNet", 200, 100_000, 64),
)
_NETWORKS: tuple[tuple[str, str, str], ...] = (
    ("resnet18", "ResNet-18 with the stem for small images", "batch"),
    ("resnet34", "ResNet-34 with the stem for small images", "batch"),
    ("vgg11", "VGG-11 with one linear layer", "none"),
    ("vgg16", "VGG-16 with one linear layer", "none"),
)

for _data, _title, _classes, _size, _side in _COLLECTIONS:
    for _network, _words, _default in _NETWORKS:
        problems.add(
            ProblemEntry(
                f"{_data}-{_network}",
                f"{_words} on {_title} ({_classes} classes of {_side}x{_side} photographs, "
                f"{_size:,} train, 10,000 validation); needs: python -m gofau.data fetch {_data}.",
                (_norm(_default), _augment),
                cap=log(_classes),
                metrics=METRICS,
                train_size=_size,
                classes=_classes,
            )
        )
