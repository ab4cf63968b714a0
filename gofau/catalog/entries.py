"""What the catalog says of a direction, a rule and a problem: names, parameters and ranges."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite

from gofau.catalog.metrics import MetricEntry
from gofau.errors import GofauError, IncurableError

Scalar = float | int | bool | str


class CatalogError(GofauError, IncurableError, ValueError):
    """A name or a value that the catalog does not allow; ``path`` locates it inside the entry."""

    def __init__(self, path: str, got: object, expected: str) -> None:
        super().__init__(f"{path}: got {got!r}, expected {expected}")
        self.path = path
        self.got = got
        self.expected = expected


@dataclass(frozen=True)
class Parameter:
    """One named setting with its default (``None``: required) and its allowed interval.

    ``low`` and ``high`` bound numbers; ``open_low``/``open_high`` exclude the end itself.
    ``choices`` lists the allowed strings of a text setting. A flag that is on needs the numbers
    in ``needs_nonzero`` to differ from 0 and those in ``needs_zero`` to be 0. While another
    parameter of the entry has the value beside it in ``idle_at``, this one has no effect.
    """

    name: str
    kind: type[float] | type[int] | type[bool] | type[str]
    default: Scalar | None
    doc: str
    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    needs_nonzero: tuple[str, ...] = ()
    needs_zero: tuple[str, ...] = ()
    idle_at: tuple[tuple[str, float], ...] = ()

    @property
    def expected(self) -> str:
        """The allowed values in words, as error messages give them."""
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "one of " + ", ".join(self.choices)
        noun = "an integer" if self.kind is int else "a finite number"
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        if self.low == -inf and self.high == inf:
            return noun
        if self.high == inf:
            return f"{noun} {'>' if self.open_low else '>='} {self.low:g}"
        return f"{noun} in {left}{self.low:g}, {self.high:g}{right}"

    def check(self, value: object, path: str) -> Scalar:
        """Return ``value`` in this parameter's type, or raise `CatalogError`."""
        checked = self._typed(value, path)
        if isinstance(checked, str | bool):
            return checked
        too_low = checked < self.low or (self.open_low and checked == self.low)
        too_high = checked > self.high or (self.open_high and checked == self.high)
        if not isfinite(checked) or too_low or too_high:
            raise CatalogError(path, value, self.expected)
        return checked

    def _typed(self, value: object, path: str) -> Scalar:
        if self.kind is bool and isinstance(value, bool):
            return value
        if self.kind is str and isinstance(value, str) and value in self.choices:
            return value
        if self.kind is int and isinstance(value, int) and not isinstance(value, bool):
            return value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.kind is float and is_number and isinstance(value, int | float):
            try:
                return float(value) + 0.0  # no −0, which is 0 and would have another hash
            except OverflowError:
                pass
        raise CatalogError(path, value, self.expected)


def positive(name: str, default: float | None, doc: str) -> Parameter:
    """A number > 0; required where ``default`` is ``None``."""
    return Parameter(name, float, default, doc, low=0.0, open_low=True)


def unit(name: str, default: float, doc: str, open_high: bool = True) -> Parameter:
    """A number from 0 to 1, without the 1 itself unless ``open_high`` is false."""
    return Parameter(name, float, default, doc, low=0.0, high=1.0, open_high=open_high)


@dataclass(frozen=True)
class Entry:
    """A catalog entry: a name, its parameters and one sentence about it."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, or ``None``."""
        return next((p for p in self.parameters if p.name == name), None)

    def resolve(
        self, given: Mapping[str, object], path: str, driven: frozenset[str] = frozenset()
    ) -> dict[str, Scalar]:
        """Check ``given`` and fill defaults; parameters in ``driven`` come from an axis later.

        Raises:
            CatalogError: an unknown name, a value out of range, or a required one missing.
        """
        for name in given:
            if self.parameter(name) is None:
                names = ", ".join(p.name for p in self.parameters) or "no parameters"
                raise CatalogError(f"{path}.{name}", given[name], f"one of: {names}")
        resolved: dict[str, Scalar] = {}
        for p in self.parameters:
            if p.name in driven:
                if p.name in given:
                    raise CatalogError(
                        f"{path}.{p.name}", given[p.name], "no value here, since an axis sets it"
                    )
            elif p.name in given:
                resolved[p.name] = p.check(given[p.name], f"{path}.{p.name}")
            elif p.default is None:
                raise CatalogError(f"{path}.{p.name}", None, f"{p.expected} (or an axis)")
            else:
                resolved[p.name] = p.default
        self.check_flags(resolved, path)
        return resolved

    def check_flags(self, resolved: Mapping[str, object], path: str) -> None:
        """Raise `CatalogError` for a flag that is on beside a number that it excludes."""
        for p in self.parameters:
            if p.kind is not bool or not resolved.get(p.name):
                continue
            for other in p.needs_nonzero:
                if resolved.get(other, 1) == 0:
                    raise CatalogError(f"{path}.{p.name}", True, f"false, or {other} > 0")
            for other in p.needs_zero:
                if resolved.get(other, 0) != 0:
                    raise CatalogError(f"{path}.{p.name}", True, f"false, or {other} = 0")


@dataclass(frozen=True)
class DirectionEntry(Entry):
    """What a base optimizer hands to a rule.

    ``step_size`` is the usual size of ``lr`` and ``lr_out``, which the optimizer takes when none is
    given; ``None`` means that the user must choose. ``decouples_decay`` says that weight decay
    is always decoupled.
    """

    step_size: float | None = None
    decouples_decay: bool = False


@dataclass(frozen=True)
class RuleEntry(Entry):
    """An update rule; ``lr_drives`` are the parameters that the ``lr`` axis sets by default."""

    lr_drives: tuple[str, ...] = ("lr",)


@dataclass(frozen=True)
class ProblemEntry(Entry):
    """A training problem. ``cap`` bounds the loss of a diverged trial (ln K for K classes).

    ``metrics`` is what a trial measures each epoch, the first the default goal: names of the
    catalog's metrics, or entries that the problem brings along.
    ``full_batch`` says that a step always takes all training examples, whatever the batch size,
    so that an epoch is one step.
    """

    cap: float = inf
    metrics: tuple[str | MetricEntry, ...] = ("val_loss", "train_loss")
    train_size: int | None = None
    classes: int | None = None
    optimum: float | None = None
    full_batch: bool = False

    def steps(self, epochs: int, batch_size: int) -> int | None:
        """Update steps of a training, or ``None`` where the size of the data is not known here."""
        if self.full_batch:
            return epochs
        return None if self.train_size is None else epochs * (self.train_size // batch_size)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names of what a trial measures."""
        return tuple(one if isinstance(one, str) else one.name for one in self.metrics)
