"""The rounds of a refinement, as a function of what the cells before them gave."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.columns import AXES
from gofau_studies.landscape.observations import Labels, Observation, bound, observations
from gofau_studies.protocol.wire import ArmPoints, SearchHistory, SearchRound
from gofau_studies.refine.choose import Sides, midpoints
from gofau_studies.spec import StudySpec
from gofau_studies.spec.axes import tidy
from gofau_studies.spec.space import Point

TOLERANCE_SHARE = 0.1
"""The basin's default tolerance, as in reports: a share of the way from the best to the cap."""


def next_round(spec: StudySpec, history: SearchHistory) -> SearchRound | None:
    """The next cells of every arm, or ``None`` when the spec's rounds are over."""
    if spec.refine is None or history.next_round > spec.refine.rounds:
        return None
    count = spec.refine.due(history.next_round)
    found = observations(history)
    arms = [
        ArmPoints(
            problem=labels[0],
            direction=labels[1],
            rule=labels[2],
            points=_points(spec, history, labels, found, count),
        )
        for labels in found
    ]
    return SearchRound(number=history.next_round, arms=arms)


def _points(
    spec: StudySpec,
    history: SearchHistory,
    labels: Labels,
    found: dict[Labels, list[Observation]],
    count: int,
) -> list[Point]:
    cells = found[labels]
    sign = 1.0 if spec.goal.minimize else -1.0
    cap = bound(history, labels[0])
    top = 0.0 if cap is None else sign * cap
    cost = np.array([top if c.value is None else sign * c.value for c in cells])
    rivals = [r for at, cells in found.items() if at[:2] == labels[:2] for r in cells]
    best = min((sign * r.value for r in rivals if r.value is not None), default=top)
    tolerance = spec.goal.tolerance or TOLERANCE_SHARE * (top - best)
    grid = _decades([c for c in cells if c.round == 0])
    sides = Sides(cost, np.array([c.diverged for c in cells]))
    added = midpoints(
        _decades(cells),
        sides,
        float(cost.min()) + tolerance,
        count,
        (_step(grid, 0), _step(grid, 1)),
    )
    return [dict(zip(AXES, (tidy(10**x), tidy(10**z)), strict=True)) for x, z in added]


def _decades(cells: list[Observation]) -> Floats:
    return np.log10([[c.point[name] for name in AXES] for c in cells])


def _step(points: Floats, axis: int) -> float:
    """Mean spacing of the grid along an axis, in decades."""
    places = np.unique(points[:, axis])
    return float((places[-1] - places[0]) / (len(places) - 1))
