"""What a diverged trial counts as: the cap of each metric on each problem, by the catalog."""

import pandas as pd

from gofau import catalog
from gofau_studies.landscape.counting import DIVERGED, worst
from gofau_studies.landscape.whole import whole
from gofau_studies.spec import StudySpec


def cap(problem: str, metric: str) -> float | None:
    """The cap of a metric on a problem of the catalog, or ``None`` where it has none.

    A loss is capped at the problem's own cap (ln K for K classes: a guess without learning), any
    other metric at the worst value that its entry declares.
    """
    entry = catalog.metrics.get(metric, "metric")
    return entry.cap(catalog.problems.get(problem, "problems").cap)


def caps(spec: StudySpec, trials: pd.DataFrame) -> dict[str, float]:
    """The cap by a problem's label, as reports and everything beside them take it.

    Where a problem has none, a diverged trial counts as the worst finite value of those that did
    not diverge; as 0 where there is no such trial, and hence nothing to compare it with.

    Args:
        spec: of the study.
        trials: columns problem, state, outcome and value, one row a trial.
    """
    return {p.label: _cap(spec, p.name, p.label, trials) for p in spec.problems}


def _cap(spec: StudySpec, name: str, label: str, trials: pd.DataFrame) -> float:
    bound = cap(name, spec.goal.metric)
    if bound is not None:
        return bound
    rows = trials[(trials["problem"] == label) & whole(trials) & ~trials["outcome"].isin(DIVERGED)]
    return worst(rows["value"].to_numpy(dtype=float), spec.goal.minimize) or 0.0
