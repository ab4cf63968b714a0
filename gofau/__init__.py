"""Update rules times directions: the GOFAU framework on torch.

The public names load on first use, so that the torch-free parts (`gofau.catalog`,
`gofau.errors`) can be imported where torch is not installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gofau.directions import direction as direction
    from gofau.initialization import InitScaling as InitScaling
    from gofau.initialization import scale_init as scale_init
    from gofau.optim import GammaScheduler as GammaScheduler
    from gofau.optim import Gofau as Gofau
    from gofau.optim import Wrapped as Wrapped
    from gofau.optim import frozen_fraction as frozen_fraction
    from gofau.rules import rule as rule

_HOMES = {
    "GammaScheduler": "gofau.optim",
    "Gofau": "gofau.optim",
    "InitScaling": "gofau.initialization",
    "Wrapped": "gofau.optim",
    "direction": "gofau.directions",
    "frozen_fraction": "gofau.optim",
    "rule": "gofau.rules",
    "scale_init": "gofau.initialization",
}

__all__ = [
    "GammaScheduler",
    "Gofau",
    "InitScaling",
    "Wrapped",
    "direction",
    "frozen_fraction",
    "rule",
    "scale_init",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
