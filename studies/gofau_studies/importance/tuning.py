"""Tuning curves of a search as it went, and how soon it was as good as it got."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gofau_studies.arrays import Floats
from gofau_studies.landscape.columns import GROUP
from gofau_studies.metrics.tuning import expected_best_distinct
from gofau_studies.spec.search import WITHIN


@dataclass(frozen=True)
class TuningCurve:
    """The best of the first n points of one rule, n from 1 to its budget, as costs.

    ``ordered`` says whether the order is the search's own; otherwise the curve is the mean over
    all orders, as for a grid, whose order means nothing.
    """

    problem: str
    direction: str
    rule: str
    best: Floats
    worst: float
    ordered: bool

    def trials_until(self, share: float = WITHIN, best: float | None = None) -> int | None:
        """Points needed to come within ``share`` of the way from the best cost to the worst.

        n* = min{n : best(n) ≤ c + share·(w − c)}, c the best cost and w the worst of the problem.

        Args:
            share: in (0, 1).
            best: c; by default this rule's own best, so that some n always qualifies. The best
                of all rules gives ``None`` to one that never comes near.
        """
        goal = float(self.best[-1]) if best is None else best
        near = np.flatnonzero(self.best <= goal + share * (self.worst - goal))
        return int(near[0]) + 1 if near.size else None


def tuning_curves(points: pd.DataFrame, ordered: bool) -> list[TuningCurve]:
    """The curve of every rule.

    Args:
        points: from `gofau_studies.importance.points.points`.
        ordered: whether the points' order is a search's own (an adaptive sampler's).

    Source: Dodge et al., "Show your work: improved reporting of experimental results", EMNLP 2019.
    """
    worst = {
        str(name): float(cost) for name, cost in points.groupby("problem")["cost"].max().items()
    }
    return [
        TuningCurve(
            problem=str(key[0]),
            direction=str(key[1]),
            rule=str(key[2]),
            best=_best(rows["cost"].to_numpy(np.float64), ordered),
            worst=worst[str(key[0])],
            ordered=ordered,
        )
        for key, rows in points.groupby(GROUP, sort=False)
        if isinstance(key, tuple)
    ]


def _best(costs: Floats, ordered: bool) -> Floats:
    if ordered:
        return np.minimum.accumulate(costs)
    return expected_best_distinct(costs, np.arange(1.0, len(costs) + 1))


def importances(
    points: pd.DataFrame, axes: Sequence[str], seed: int = 0
) -> dict[tuple[str, str, str], dict[str, dict[str, float]]]:
    """How much each axis matters to every rule, by two estimates that need no full grid.

    ``ped_anova`` asks where the best tenth of the points lies, ``fanova`` splits the variance of a
    random forest's fit, so that it is near the main effects of M9 on a grid.

    Args:
        points: from `gofau_studies.importance.points.points`.
        axes: names of the axes; a rule is judged by those that it has two values or more of.
        seed: of the forest.

    Returns:
        (problem, direction, rule) to estimate to axis to share; shares of one estimate sum to 1.
        Rules with fewer than ten points, or the same cost at all of them, are left out.

    Source: Watanabe et al., "PED-ANOVA", IJCAI 2023; Hutter, Hoos & Leyton-Brown, ICML 2014.
    Needs scikit-learn.
    """
    from gofau_studies.importance.estimates import estimates

    return {
        (str(key[0]), str(key[1]), str(key[2])): estimates(rows, swept, seed)
        for key, rows in points.groupby(GROUP, sort=False)
        if isinstance(key, tuple) and len(rows) >= 10 and rows["cost"].nunique() > 1
        if (swept := [name for name in axes if rows[name].nunique() > 1])
    }
