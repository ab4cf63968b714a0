"""What a diverged trial counts as, in the goal metric's own unit."""

from math import isfinite

from gofau import catalog
from studies.trials import Outcome


def cap(problem: str, metric: str) -> float | None:
    """The cap of a problem's metric, or ``None`` where it has none.

    A loss is capped at the problem's own cap (ln K for K classes: a guess without learning); a
    score in [0, 1], named accuracy or error, at its worst value.
    """
    if "accuracy" in metric:
        return 0.0
    if "error" in metric:
        return 1.0
    bound = catalog.problems.get(problem, "problems").cap
    return bound if isfinite(bound) else None


def counted(value: float | None, outcome: str, bound: float | None, minimize: bool) -> float | None:
    """The value that an aggregate adds: capped, and the cap itself where the trial diverged.

    A trial that was stopped early adds none, since its value is of another budget.
    """
    if outcome == Outcome.STOPPED_EARLY:
        return None
    if outcome in (Outcome.DIVERGED, Outcome.NONFINITE):
        return bound
    if value is None or bound is None:
        return value
    return min(value, bound) if minimize else max(value, bound)
