"""One axis of a study: a log or linear range, or explicit values."""

from math import isfinite
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gofau_studies.spec.faults import fault

MAX_POINTS = 10_000


def _unsigned_zero(value: float) -> float:
    return value + 0.0  # −0 is 0, and would have another hash


Finite = Annotated[float, Field(allow_inf_nan=False), AfterValidator(_unsigned_zero)]


def tidy(value: float) -> float:
    """Round to 12 significant digits, so that a wider axis meets the points of a narrower one."""
    return float(f"{value:.12g}")


class Axis(BaseModel):
    """A hyperparameter's values: exactly one of ``log``, ``linear`` and ``values``.

    ``log: [a, b]`` with ``points: n`` gives n log-spaced values from a to b, both included. A
    search that draws from ranges needs no ``points``; they are then the bins of its maps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    log: tuple[Finite, Finite] | None = Field(None, strict=False, examples=[[1e-4, 10.0]])
    linear: tuple[Finite, Finite] | None = Field(None, strict=False)
    values: tuple[Finite, ...] | None = Field(None, strict=False, max_length=MAX_POINTS)
    points: int | None = Field(None, ge=2, le=MAX_POINTS, examples=[11])

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [name for name in ("log", "linear", "values") if getattr(self, name) is not None]
        if len(forms) != 1:
            raise fault("", forms or None, "exactly one of log, linear and values")
        if forms == ["values"]:
            self._check_values()
        else:
            self._check_range(forms[0])
        return self

    def _check_values(self) -> None:
        if not self.values:
            raise fault("values", [], "at least one value")
        if len(set(self.values)) != len(self.values):
            raise fault("values", list(self.values), "distinct values")
        if self.points is not None:
            raise fault("points", self.points, "no points beside values")

    def _check_range(self, form: str) -> None:
        low, high = getattr(self, form)
        if not low < high:
            raise fault(form, [low, high], "[low, high] with low < high")
        if form == "log" and low <= 0:
            raise fault(form, [low, high], "positive bounds")
        if not isfinite(high / low if form == "log" else high - low):
            raise fault(form, [low, high], "a range that a float can measure")
        if self.points is not None and len(set(self.grid())) != self.points:
            raise fault(form, [low, high], f"a range wide enough for {self.points} distinct points")

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        if self.values is not None:
            return min(self.values), max(self.values)
        ends = self.log or self.linear
        assert ends is not None
        return ends

    def grid(self) -> tuple[float, ...]:
        """The axis's values in the order of the spec; of a range without points, its ends."""
        if self.values is not None:
            return self.values
        steps = (self.points or 2) - 1
        if self.log is not None:
            low, high = self.log
            ratio = high / low
            inner = (tidy(low * ratio ** (i / steps)) for i in range(1, steps))
        else:
            assert self.linear is not None
            low, high = self.linear
            inner = (tidy(low + (high - low) * i / steps) for i in range(1, steps))
        return (low, *inner, high)

    @property
    def size(self) -> int:
        """The number of values, without making them."""
        return len(self.values) if self.values is not None else (self.points or 0)
