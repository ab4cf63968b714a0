"""The kinds of settings that axes sweep, one module each; a further module is a further kind."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from gofau_studies.spec.setting import Setting


@cache
def kinds() -> tuple[Setting, ...]:
    """Every kind, by rank and then by the name of its module."""
    names = sorted(module.name for module in iter_modules(__path__))
    found: list[Setting] = [import_module(f"{__name__}.{name}").KIND for name in names]
    return tuple(sorted(found, key=lambda kind: kind.rank))
