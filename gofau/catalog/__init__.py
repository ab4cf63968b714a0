"""The torch-free catalog: names, parameters and ranges of directions, rules, problems, metrics.

Everything that validates a request reads this module, so that a service without torch refuses a
bad hyperparameter with the same words as the optimizer that would run it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from math import inf, isfinite, log
from threading import RLock
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from gofau.catalog.metrics import METRICS, PROBLEM_CAP, SHARE, MetricEntry, MetricError
from gofau.errors import GofauError, IncurableError

__all__ = [
    "PROBLEM_CAP",
    "SHARE",
    "CatalogError",
    "DirectionEntry",
    "Entry",
    "MetricEntry",
    "MetricError",
    "Named",
    "Parameter",
    "ProblemEntry",
    "Registry",
    "RuleEntry",
    "Scalar",
    "common",
    "directions",
    "init_scale",
    "metrics",
    "optimizer",
    "problems",
    "rules",
    "zero_policy",
]

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


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """The unique name."""


E = TypeVar("E", bound=Named)


@dataclass
class Registry(Generic[E]):
    """Names to entries, in the order they were added; refuses a second entry of one name.

    ``discover`` gives entries that are defined elsewhere, such as those of plug-ins. It is asked
    once, when somebody first reads the registry, so that what defines them may import this module.
    ``admit`` raises for an entry that must not come in.
    """

    noun: str
    discover: Callable[[], Iterable[E]] = tuple
    admit: Callable[[E], None] = lambda entry: None
    _entries: dict[str, E] = field(default_factory=dict)
    _asked: bool = False
    _lock: RLock = field(default_factory=RLock)

    def add(self, entry: E) -> E:
        """Register ``entry``; a duplicate name raises `ValueError`."""
        self._refuse_duplicate(entry.name, self._entries)
        self.admit(entry)
        self._entries[entry.name] = entry
        return entry

    def get(self, name: str, path: str) -> E:
        """The entry of that name, or a `CatalogError` at ``path`` that lists the known names."""
        known = self.entries
        if name not in known:
            raise CatalogError(path, name, f"a known {self.noun}: {', '.join(known)}")
        return known[name]

    @property
    def declared(self) -> Mapping[str, E]:
        """The entries that came in so far, without a look elsewhere for more."""
        return MappingProxyType(self._entries)

    @property
    def entries(self) -> Mapping[str, E]:
        """All entries by name, read-only."""
        self.complete()
        return MappingProxyType(self._entries)

    def complete(self) -> None:
        """Ask, once, for the entries that are defined elsewhere."""
        with self._lock:
            if self._asked:
                return
            self._asked = True  # first, since what is discovered may read this registry
            try:
                found: dict[str, E] = {}
                for entry in self.discover():
                    self._refuse_duplicate(entry.name, {**self._entries, **found})
                    self.admit(entry)
                    found[entry.name] = entry
            except BaseException:
                self._asked = False
                raise
            self._entries.update(found)

    def _refuse_duplicate(self, name: str, known: Mapping[str, E]) -> None:
        if name in known:
            raise ValueError(f"{self.noun} {name!r} is registered already")


def _positive(name: str, default: float | None, doc: str) -> Parameter:
    return Parameter(name, float, default, doc, low=0.0, open_low=True)


def _unit(name: str, default: float, doc: str, open_high: bool = True) -> Parameter:
    return Parameter(name, float, default, doc, low=0.0, high=1.0, open_high=open_high)


def _plugged_rules() -> Iterable[RuleEntry]:
    from gofau.catalog.plugins import rule_plugins

    for found in rule_plugins():
        found.refuse_name_in(rules.entries)
        yield found.plugin.entry


def _plugged_problems() -> Iterable[ProblemEntry]:
    from gofau.catalog.plugins import problem_plugins

    for found in problem_plugins():
        found.refuse_name_in(problems.entries)
        with found.blamed(MetricError, "metrics that it declares or the catalog has"):
            _admit_metrics(found.plugin.entry)
        yield found.plugin.entry


def _brought_metrics() -> Iterable[MetricEntry]:
    """None of its own: completing the problems brings in the metrics that plug-ins declare."""
    problems.complete()
    return ()


def _admit_metrics(problem: ProblemEntry) -> None:
    """Take in the metrics that a problem brings, and refuse a name that nobody declares."""
    brought = {one.name: one for one in problem.metrics if isinstance(one, MetricEntry)}
    for name in problem.metric_names:
        known, mine = metrics.declared.get(name), brought.get(name)
        if known is None and mine is None:
            raise MetricError(f"problem {problem.name!r}: metrics: {_undeclared(name)}")
        if known is not None and mine not in (None, known):
            expected = f"{known} as declared before, or another name"
            raise MetricError(f"problem {problem.name!r}: got {mine}, expected {expected}")
    for name, mine in brought.items():
        if name not in metrics.declared:
            metrics.add(mine)


def _undeclared(name: str) -> str:
    known = ", ".join(metrics.declared)
    nearest = get_close_matches(name, metrics.declared, 1)
    meant = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return (
        f"got {name!r}, expected one of the catalog's, {known}{meant}, or a "
        "gofau.catalog.MetricEntry that says which way it is better and what a diverged trial "
        f'counts as, such as MetricEntry({name!r}, "what it is", minimize=False, worst=0.0)'
    )


directions: Registry[DirectionEntry] = Registry("direction")
rules: Registry[RuleEntry] = Registry("rule", _plugged_rules)
metrics: Registry[MetricEntry] = Registry("metric", _brought_metrics)
problems: Registry[ProblemEntry] = Registry("problem", _plugged_problems, _admit_metrics)

for _metric in METRICS:
    metrics.add(_metric)

_eps = _positive("eps", 1e-8, "added to the denominator")
_betas = (
    _unit("beta1", 0.9, "decay of the first moment"),
    _unit("beta2", 0.999, "decay of the second moment"),
)

directions.add(
    DirectionEntry(
        "sgd",
        "The gradient, or its momentum buffer.",
        (
            _unit("momentum", 0.0, "momentum factor", open_high=False),
            replace(
                _unit("dampening", 0.0, "dampening of momentum", open_high=False),
                idle_at=(("momentum", 0.0),),
            ),
            Parameter(
                "nesterov",
                bool,
                False,
                "Nesterov momentum",
                needs_nonzero=("momentum",),
                needs_zero=("dampening",),
            ),
        ),
    )
)
directions.add(
    DirectionEntry(
        "adagrad",
        "The gradient over the root of its summed squares.",
        (
            _positive("eps", 1e-10, "added to the denominator"),
            Parameter("lr_decay", float, 0.0, "slows u by 1 + (t - 1)·lr_decay", low=0.0),
            Parameter("initial_accumulator_value", float, 0.0, "where the sum starts", low=0.0),
        ),
        step_size=1e-2,
    )
)
directions.add(
    DirectionEntry(
        "rmsprop",
        "The gradient over the root of a running mean of its squares.",
        (
            _unit("alpha", 0.99, "decay of the squared gradient"),
            _eps,
            _unit("momentum", 0.0, "momentum factor", open_high=False),
            Parameter("centered", bool, False, "subtract the squared mean gradient"),
        ),
        step_size=1e-2,
    )
)
_amsgrad = Parameter("amsgrad", bool, False, "keep the largest second moment")
directions.add(
    DirectionEntry(
        "adam",
        "Bias-corrected first moment over the root of the bias-corrected second.",
        (*_betas, _eps, _amsgrad),
        step_size=1e-3,
    )
)
directions.add(
    DirectionEntry(
        "adamw",
        "Adam's direction; weight decay always shrinks the parameter itself.",
        (*_betas, _eps, _amsgrad),
        step_size=1e-3,
        decouples_decay=True,
    )
)
directions.add(
    DirectionEntry(
        "madam",
        "The gradient over the root of the bias-corrected mean of its squares.",
        (_unit("beta2", 0.999, "decay of the second moment"),),
        step_size=1e-2,
    )
)

_lr = _positive("lr", None, "step size of the additive term")
_lr_in = _positive("lr_in", 1.0, "step size inside the tanh")
_lr_out = _positive("lr_out", None, "largest relative change of a parameter in one step")

rules.add(RuleEntry("additive", "θ ← θ − lr·u.", (_lr,)))
rules.add(
    RuleEntry(
        "multiplicative",
        "θ ← θ − |θ|·tanh(lr_in·u)·lr_out.",
        (_lr_in, _lr_out),
        lr_drives=("lr_out",),
    )
)
rules.add(
    RuleEntry(
        "hybrid",
        "γ parts multiplicative and 1 − γ parts additive.",
        (
            replace(_lr, idle_at=(("gamma", 1.0),)),
            replace(_lr_in, idle_at=(("gamma", 0.0),)),
            replace(_lr_out, idle_at=(("gamma", 0.0),)),
            _unit("gamma", 0.5, "share of the multiplicative term", False),
        ),
        lr_drives=("lr", "lr_out"),
    )
)
rules.add(
    RuleEntry(
        "madam",
        "θ ← clamp(θ·exp(−lr·sign(θ)·clamp(u, ±g_bound)), ±p_scale·rms(θ₀)).",
        (
            _positive("lr", 0.01, "step size in the exponent"),
            _positive("p_scale", 3.0, "bound on abs(θ), in units of the initial rms"),
            _positive("g_bound", 10.0, "bound on abs(u)"),
        ),
    )
)
rules.add(
    RuleEntry(
        "exponentiated_gradient",
        "θ ← θ·exp(−lr·sign(θ)·u).",
        (_positive("lr", None, "step size in the exponent"),),
    )
)
rules.add(
    RuleEntry(
        "hypentropy",
        "θ ← β·sinh(asinh(θ/β) − lr·u).",
        (
            _positive("lr", None, "step size in the hyperbolic angle"),
            _positive("beta", 1.0, "scale below which the rule is additive"),
        ),
    )
)

common: Entry = Entry(
    "common",
    "Settings that every direction and rule take.",
    (
        Parameter("weight_decay", float, 0.0, "L2 penalty", low=0.0),
        Parameter(
            "decoupled_decay",
            bool,
            False,
            "shrink parameters instead of adding to g",
            idle_at=(("weight_decay", 0.0),),
        ),
    ),
)
"""Settings of the optimizer outside its direction and rule."""

zero_policy: Parameter = Parameter(
    "zero_policy",
    str,
    "leave",
    "what moves zero-initialised tensors: the rule, or additive steps of the rule's own size",
    choices=("leave", "additive"),
)
"""A multiplicative rule never moves an exact zero, such as a bias at its usual start."""

optimizer: Entry = Entry(
    "optimizer",
    "Settings of the torch optimizer beside its direction, its rule and the common ones.",
    (
        zero_policy,
        Parameter("maximize", bool, False, "climb instead of descending"),
        Parameter("capturable", bool, False, "keep step counts on the device, for CUDA graphs"),
        Parameter(
            "implementation",
            str,
            "auto",
            "how steps are computed; all of them agree",
            choices=("auto", "loop", "foreach", "fused"),
        ),
    ),
)
"""Settings that only `gofau.optim.Gofau` takes."""

init_scale: Parameter = _positive("init_scale", 1.0, "factor on the standard init of weights")
"""Multiplies the standard initialisation of every weight tensor."""

_mlp = (
    Parameter("width", int, 64, "units of each hidden layer", low=1, high=4096),
    Parameter("depth", int, 2, "hidden layers", low=1, high=16),
    Parameter(
        "norm",
        str,
        "none",
        "normalisation after every hidden layer",
        choices=("none", "batch", "group"),
    ),
)
problems.add(
    ProblemEntry(
        "digits-mlp",
        "A ReLU MLP on scikit-learn's 1,797 8x8 digit images (1,437 train, 360 validation).",
        _mlp,
        cap=log(10),
        metrics=("val_loss", "val_accuracy", "train_loss"),
        train_size=1437,
        classes=10,
    )
)

# Last, since the entries are made of the classes above.
import gofau.catalog.networks  # noqa: E402
import gofau.catalog.toys  # noqa: E402, F401
