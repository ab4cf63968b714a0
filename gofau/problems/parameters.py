"""Parameters that several problems share."""

from typing import Final

from gofau.catalog import Parameter

METRICS: Final = ("val_loss", "val_accuracy", "train_loss")
"""What classifications measure."""

DEPTH: Final = Parameter("depth", int, 2, "hidden layers", low=1, high=16)


def norm_parameter(default: str = "none") -> Parameter:
    """Which normalisation; see `gofau.problems.blocks.layers.norm`."""
    doc = "normalisation after every hidden layer"
    return Parameter("norm", str, default, doc, choices=("none", "batch", "group"))


def width_parameter(default: int, doc: str = "units or channels of a hidden layer") -> Parameter:
    """How wide hidden layers are."""
    return Parameter("width", int, default, doc, low=1, high=4096)
