"""What a study's trials are judged by, held to what the catalog says of the metric."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from gofau import catalog
from gofau_studies.spec.axes import Finite


def sense(metric: object) -> bool | None:
    """Whether less of a metric is better; ``None`` of one that the catalog does not have."""
    entry = catalog.metrics.entries.get(metric) if isinstance(metric, str) else None
    return None if entry is None else entry.minimize


def _sense_of(data: Mapping[str, Any]) -> bool:
    """The default of ``minimize``; a metric that is unknown is refused as such."""
    return sense(data["metric"]) is not False


class Goal(BaseModel):
    """What a trial is judged by: a metric, its direction, a target and the basin's tolerance.

    ``minimize`` is the metric's own and may be left out. ``tolerance`` is how much worse than the
    best value a cell may be and still count as good; by default a tenth of the distance from the
    best value to the problem's cap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    metric: str
    minimize: bool = Field(default_factory=_sense_of)
    target: Finite | None = None
    tolerance: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_serializer(mode="wrap")
    def _dump(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if info.exclude_defaults and self.minimize == sense(self.metric):
            data.pop("minimize", None)
        return data


def check_metric(path: str, metric: str, minimize: bool | None) -> None:
    """Raise `CatalogError` for a direction that is not the metric's own.

    Args:
        path: of what names the metric, ``goal`` or ``halving``.
        metric: one of the catalog's.
        minimize: as asked for; ``None`` for the metric's own.
    """
    entry = catalog.metrics.get(metric, f"{path}.metric")
    if minimize not in (None, entry.minimize):
        own = str(entry.minimize).lower()
        expected = f"{own} or nothing, since {entry.better} is better for {metric}"
        raise catalog.CatalogError(f"{path}.minimize", minimize, expected)


def check_goal(goal: Goal) -> None:
    """Raise `CatalogError` for a goal that contradicts what its metric is.

    Raises:
        CatalogError: another direction, or a target or a tolerance beyond the metric's range.
    """
    check_metric("goal", goal.metric, goal.minimize)
    low, high = catalog.metrics.get(goal.metric, "goal.metric").range
    if goal.target is not None and not low <= goal.target <= high:
        raise catalog.CatalogError("goal.target", goal.target, _within(goal.metric))
    if goal.tolerance is not None and goal.tolerance >= high - low:
        expected = f"below {high - low:g}, the whole range of {goal.metric}"
        raise catalog.CatalogError("goal.tolerance", goal.tolerance, expected)


def _within(metric: str) -> str:
    low, high = catalog.metrics.get(metric, "goal.metric").range
    if isfinite(low) and isfinite(high):
        return f"a number in [{low:g}, {high:g}], the range of {metric}"
    bound = f"at least {low:g}" if isfinite(low) else f"at most {high:g}"
    return f"a number of {bound}, since {metric} has no other"


def doubts(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with the goal of a stored study that would be refused today, in sentences.

    Args:
        spec: a stored spec as plain data.
    """
    goal = spec["goal"]
    halving = spec.get("halving") or {}
    return (
        *_contrary(goal["metric"], goal["minimize"], _DECIDED),
        *_contrary(halving.get("metric"), halving.get("minimize"), _HALVED),
        *_beyond(goal["metric"], goal.get("target")),
    )


_DECIDED = (
    "The target, early stopping, the best of each run, rounds of a search and every number here "
    "were decided and computed so: what is called best is the worst. Submit the spec again "
    "without minimize for the right ones."
)
_HALVED = "Successive halving thus stopped the better trials and kept the worse."


def _contrary(metric: str | None, minimize: bool | None, so: str) -> Iterator[str]:
    own = sense(metric)
    if None not in (own, minimize) and own != minimize:
        did, better = ("minimized", "higher") if minimize else ("maximized", "lower")
        yield f"Wrong direction: this study {did} {metric}, of which {better} is better. {so}"


def _beyond(metric: str, target: float | None) -> Iterator[str]:
    entry = catalog.metrics.entries.get(metric)
    if entry is None or target is None:
        return
    low, high = entry.range
    if not low <= target <= high:
        yield f"The target {target:g} is not {_within(metric)}: reaching it says nothing."
