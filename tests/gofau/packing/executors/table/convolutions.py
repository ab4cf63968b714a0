"""Networks of convolutions, the chains of norms of the mobile ones among them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.gofau.packing.executors.table.case import Case, Net, classes, images, sequences

PACKED = "vmap serial"
FOLDED = "grouped vmap serial"


def norm_conv_norm() -> list[nn.Module]:
    """What MobileNet, EfficientNet and ShuffleNet chain without an activation between."""
    return [
        nn.Conv2d(2, 4, 1, bias=False), nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(4),
        nn.Conv2d(4, 6, 1, bias=False), nn.BatchNorm2d(6),
    ]  # fmt: skip


def head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 3)]


def images_by(*layers: Callable[[], nn.Module], channels: int = 4) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*(make() for make in layers), *head(channels))


def shuffled(self: Net, x: Tensor) -> Tensor:
    h = self.first(x)
    h = h.unflatten(1, (2, 3)).transpose(1, 2).flatten(1, 2)
    return self.head(self.second(h))  # type: ignore[no-any-return]


def excited(self: Net, x: Tensor) -> Tensor:
    h = F.silu(self.body(x))
    scale = self.excite(h.mean((2, 3))).sigmoid()
    return self.head(self.norm(self.project(h * scale[:, :, None, None])))  # type: ignore[no-any-return]


def skipped(self: Net, x: Tensor) -> Tensor:
    h = self.stem(x)
    return self.head((h + self.block(h)).relu())  # type: ignore[no-any-return]


def segmented(self: Net, x: Tensor) -> Tensor:
    down = self.down(x).relu()
    up = F.interpolate(self.low(F.max_pool2d(down, 2)).relu(), scale_factor=2)
    return self.up(torch.cat([down, up], 1))  # type: ignore[no-any-return]


CONVOLUTIONS: dict[str, Case] = {
    "convolution": Case(
        FOLDED, images_by(lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.ReLU), images
    ),
    "everything-folded": Case(
        FOLDED,
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.SiLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 1, groups=2),
            nn.GroupNorm(2, 6),
            nn.Dropout2d(0.3),
            nn.Tanh(),
            *head(6)[:-1],
            nn.Dropout(0.2),
            nn.Linear(6, 3),
        ),
        images,
    ),
    "norm-plain": Case(
        FOLDED,
        images_by(lambda: nn.Conv2d(2, 4, 3), lambda: nn.BatchNorm2d(4, affine=False), nn.ReLU),
        images,
    ),
    "norm-trackless": Case(
        FOLDED,
        images_by(
            lambda: nn.Conv2d(2, 4, 3),
            lambda: nn.BatchNorm2d(4, track_running_stats=False),
            nn.GELU,
        ),
        images,
    ),
    "circular": Case(
        PACKED,
        images_by(lambda: nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular"), nn.ReLU),
        images,
    ),
    "chain-of-norms": Case(
        FOLDED, lambda: nn.Sequential(*norm_conv_norm(), nn.ReLU(), *head(6)), images
    ),
    "inverted-residual": Case(
        PACKED,
        lambda: Net(
            skipped,
            stem=nn.Conv2d(2, 6, 1, bias=False),
            block=nn.Sequential(
                nn.BatchNorm2d(6),
                nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False),
                nn.BatchNorm2d(6),
                nn.Conv2d(6, 6, 1, bias=False),
                nn.BatchNorm2d(6),
            ),
            head=nn.Sequential(*head(6)),
        ),
        images,
    ),
    "shuffled-channels": Case(
        PACKED,
        lambda: Net(
            shuffled,
            first=nn.Sequential(*norm_conv_norm()),
            second=nn.Sequential(nn.Conv2d(6, 6, 1, groups=2, bias=False), nn.BatchNorm2d(6)),
            head=nn.Sequential(*head(6)),
        ),
        images,
    ),
    "excited-channels": Case(
        PACKED,
        lambda: Net(
            excited,
            body=nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4)),
            excite=nn.Linear(4, 4),
            project=nn.Conv2d(4, 6, 1, bias=False),
            norm=nn.BatchNorm2d(6),
            head=nn.Sequential(*head(6)),
        ),
        images,
    ),
    "segmented": Case(
        PACKED,
        lambda: Net(
            segmented,
            down=nn.Conv2d(2, 3, 3, padding=1),
            low=nn.Conv2d(3, 3, 3, padding=1),
            up=nn.Conv2d(6, 3, 1),
        ),
        lambda: images(classes(6, 6)),
    ),
    "transposed": Case(
        PACKED,
        images_by(lambda: nn.Conv2d(2, 3, 3), nn.ReLU, lambda: nn.ConvTranspose2d(3, 4, 2)),
        images,
    ),
    "one-axis": Case(
        PACKED,
        lambda: nn.Sequential(
            nn.Conv1d(4, 3, 3),
            nn.InstanceNorm1d(3, affine=True),
            nn.ReLU(),
            nn.Dropout1d(0.2),
            nn.AdaptiveMaxPool1d(1),
            nn.Flatten(),
            nn.Linear(3, 3),
        ),
        sequences,
    ),
}
"""Images and sequences of numbers."""
