"""What a round may ask for."""

from collections.abc import Sequence

from gofau_service.errors import InvalidError
from gofau_studies.errors import FieldError
from gofau_studies.protocol.wire import SearchRound
from gofau_studies.spec import StudySpec
from gofau_studies.spec.space import Space

Labels = tuple[str, str, str]


def check_arms(labels: Sequence[Labels], wanted: SearchRound) -> None:
    """Raise `InvalidError` unless every arm gets the same number of points, at least one."""
    got = [(arm.problem, arm.direction, arm.rule) for arm in wanted.arms]
    counts = sorted({len(arm.points) for arm in wanted.arms})
    if sorted(got) != sorted(labels):
        _refuse("arms", got, f"each arm once: {list(labels)}")
    if len(counts) != 1 or counts[0] == 0:
        _refuse("arms", f"{counts} points", "the same number of points for every arm, at least 1")


def check_points(spec: StudySpec, wanted: SearchRound) -> None:
    """Raise `InvalidError` for a point with other axes or outside their ranges."""
    space = Space.of(spec.axes)
    for i, arm in enumerate(wanted.arms):
        for j, point in enumerate(arm.points):
            if not space.holds(point):
                shown = ", ".join(f"{n} in {list(a.bounds)}" for n, a in spec.axes.items())
                _refuse(f"arms[{i}].points[{j}]", point, shown)


def check_round(
    spec: StudySpec,
    wanted: SearchRound,
    keys: Sequence[str],
    known: frozenset[str],
    unplanned: int,
) -> None:
    """Raise `InvalidError` for a point that is there already, or more points than are left."""
    if len(keys) * len(spec.seeds) > unplanned:
        left = unplanned // len(spec.seeds)
        _refuse("arms", f"{len(keys)} points", f"at most {left} in all, the rest of the budget")
    seen = set(known)
    places = [(i, j) for i, arm in enumerate(wanted.arms) for j in range(len(arm.points))]
    for (i, j), key in zip(places, keys, strict=True):
        if key in seen:
            _refuse(f"arms[{i}].points[{j}]", wanted.arms[i].points[j], "a point not trained yet")
        seen.add(key)


def _refuse(path: str, got: object, expected: str) -> None:
    raise InvalidError("a round that the study cannot have", [FieldError(path, got, expected)])
