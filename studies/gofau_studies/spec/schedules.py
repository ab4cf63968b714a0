"""Spec entries for what changes while a trial trains, and for what ends it early."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from gofau.catalog import Parameter, Scalar
from gofau_studies.spec.faults import fault
from gofau_studies.spec.goal import sense

Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Drop = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]

SETTINGS: dict[str, tuple[str, ...]] = {
    "constant": ("warmup",),
    "cosine": ("warmup", "floor"),
    "step": ("warmup", "drop_factor", "drops"),
}
"""What each kind of schedule has."""

AXES = {
    "warmup": Parameter("warmup", float, 0.0, "share of warm-up", 0.0, 1.0, open_high=True),
    "floor": Parameter("floor", float, 0.0, "factor at the end of a cosine", 0.0, 1.0),
    "drop_factor": Parameter("drop_factor", float, 0.1, "factor of a drop", 0.0, 1.0, True),
}
"""Settings of a schedule that an axis of the study may drive."""


class _ByKind(BaseModel):
    """An entry whose kind alone may stand for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _kind_alone(cls, data: Any) -> Any:
        return {"kind": data} if isinstance(data, str) else data


class Schedule(_ByKind):
    """A factor on a rule's learning rates at each step; ``cosine`` alone is ``{kind: cosine}``.

    ``constant`` stays at 1; ``cosine`` falls to ``floor``; ``step`` is multiplied by
    ``drop_factor`` at each of the ``drops``, shares of the way from the end of the warm-up to the
    last step. The first ``warmup`` of all steps, a share, rise linearly from 0.
    """

    kind: Literal["constant", "cosine", "step"] = "constant"
    warmup: Share = 0.0
    floor: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    drop_factor: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.1
    drops: tuple[Drop, ...] = Field((0.5, 0.75), strict=False, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _own_settings(self) -> Self:
        for name in sorted(self.model_fields_set - {"kind"}):
            default = type(self).model_fields[name].default
            if not self.has(name) and getattr(self, name) != default:
                raise fault(name, getattr(self, name), f"no {name} of a {self.kind} schedule")
        if list(self.drops) != sorted(set(self.drops)):
            raise fault("drops", list(self.drops), "rising numbers")
        return self

    def has(self, name: str) -> bool:
        """Whether this kind of schedule has that setting."""
        return name in SETTINGS[self.kind]

    def definition(self, driven: Mapping[str, Scalar] = MappingProxyType({})) -> dict[str, Any]:
        """What of it belongs to a cell's definition; empty where nothing changes the rates.

        Args:
            driven: settings that axes of the study drive.
        """
        own = self.model_dump(mode="json", include=set(SETTINGS[self.kind])) | dict(driven)
        if self.kind == "constant" and not own["warmup"] and not driven:
            return {}
        return {"kind": self.kind, **own}


class GammaSchedule(_ByKind):
    """How γ of the hybrid rule changes from epoch to epoch, from the rule's own ``gamma`` = γ₀.

    ``exponential`` is 1 before epoch ``patience`` and γ₀^k in the k-th epoch from there on;
    ``inverse`` is 0 and then 1 − (1 − γ₀)^k; ``random`` is 0 or 1, drawn for each seed and epoch,
    and has no γ₀. ``exponential`` alone is ``{kind: exponential}``.
    """

    kind: Literal["exponential", "inverse", "random"]
    patience: Annotated[int, Field(ge=0, le=100_000)] = 0

    @model_validator(mode="after")
    def _own_settings(self) -> Self:
        if self.kind == "random" and self.patience:
            raise fault("patience", self.patience, "no patience of a random schedule")
        return self

    def definition(self) -> dict[str, Any]:
        """What of it belongs to a cell's definition."""
        own = {} if self.kind == "random" else {"patience": self.patience}
        return {"kind": self.kind, **own}


def _sense_of(data: Mapping[str, Any]) -> bool | None:
    """The default of ``minimize``: of the goal none, of a metric its own."""
    return None if data.get("metric") is None else sense(data["metric"])


class Halving(BaseModel):
    """Successive halving: of the trials of a pack, the worse ones end before their budget is used.

    After ``first``, ``first``·``factor``, ``first``·``factor``², ... epochs (at most ``rungs``
    times) a trial trains on if its ``metric`` is among the best 1/``factor`` of those of its pack
    that came so far. The metric is the study's goal unless another is named, and ``minimize`` is
    that metric's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    first: Annotated[int, Field(ge=1, le=100_000)] = 1
    factor: Annotated[int, Field(ge=2, le=1_000)] = 3
    rungs: Annotated[int, Field(ge=1, le=100)] | None = None
    metric: str | None = None
    minimize: bool | None = Field(default_factory=_sense_of)

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.metric is None and self.minimize is not None:
            raise fault("metric", None, "the metric that is minimized, or no minimize")
        return self

    @model_serializer(mode="wrap")
    def _dump(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if info.exclude_defaults and self.minimize == _sense_of({"metric": self.metric}):
            data.pop("minimize", None)
        return data

    def definition(self, metric: str, minimize: bool) -> dict[str, Any]:
        """What of it belongs to a cell's definition, where the study's goal is ``metric``."""
        own = self.metric is not None
        return {
            "first": self.first,
            "factor": self.factor,
            "rungs": self.rungs,
            "metric": self.metric if own else metric,
            "minimize": minimize if self.minimize is None else self.minimize,
        }
