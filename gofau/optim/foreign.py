"""Keys of parameter groups that belong to somebody else's code, and misspelt ones of our own."""

from collections.abc import Iterable, Set
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from gofau import catalog

__all__ = ["STRUCTURAL", "is_foreign", "nearest", "other_names"]

STRUCTURAL = frozenset({"params", "param_names", "name"})
"""Keys of a group that are no hyperparameters."""
_SCHEDULERS = ("initial_", "max_", "min_", "base_", "swa_")
"""How the keys begin that torch's schedulers keep in a group."""
_FACTORS = ("_scale", "_mult", "_multiplier", "_factor")
"""How a key ends that is a factor on one of the hyperparameters for its owner's code."""
other_names = MappingProxyType(
    {
        "betas": "beta1",
        "epsilon": "eps",
        "learning_rate": "lr",
        "wd": "weight_decay",
        "l2": "weight_decay",
    }
)
"""Other libraries' names of hyperparameters."""


def is_foreign(name: str, known: Set[str]) -> bool:
    """Whether a key is nobody's hyperparameter, nor nearly one of ``known``."""
    if name in _all_names():
        return False
    if name in STRUCTURAL or name.startswith(_SCHEDULERS) or name.endswith(_FACTORS):
        return True
    return nearest(name, [*known, *_all_names(), *other_names]) is None


@cache
def _all_names() -> frozenset[str]:
    """Every hyperparameter of every direction and rule."""
    places = (*catalog.directions.entries.values(), *catalog.rules.entries.values())
    common = (catalog.common, catalog.optimizer)
    return frozenset(p.name for entry in (*places, *common) for p in entry.parameters)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` is probably meant to be, or ``None``."""
    plain = {_letters(k): k for k in known}
    found = get_close_matches(_letters(name), plain, n=1, cutoff=0.8)
    close = plain[found[0]] if found else None
    return other_names.get(close, close) if close is not None else None


def _letters(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
