"""The kinds of settings that axes sweep, one module each; a further module is a further kind."""

from functools import cache

from gofau.modules import held
from gofau_studies.spec.setting import Setting


@cache
def kinds() -> tuple[Setting, ...]:
    """Every kind, by rank and then by the name of its module."""
    found = held(__name__, "KIND", Setting)  # type: ignore[type-abstract]
    return tuple(sorted(found.values(), key=lambda kind: kind.rank))
