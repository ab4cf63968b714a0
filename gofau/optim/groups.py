"""Parameter groups: options checked against the catalog, with ``lr`` for every scheduler."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Self

from torch import Tensor

from gofau import catalog
from gofau.catalog import CatalogError, Entry, Parameter
from gofau.optim.foreign import is_foreign, nearest, other_names
from gofau.rules import rule as rule_of

STEP_SIZES = ("lr", "lr_in", "lr_out")


class ParamGroup(dict[str, Any]):
    """A torch parameter group in which ``lr`` always answers.

    Torch's schedulers read and write ``group["lr"]``. Where the rule has no ``lr`` of its own,
    the key reads and writes the rule's own step size instead (``lr_out`` for the multiplicative
    rule), so that a scheduler anneals what moves the parameters. That holds for every method that
    takes a key; iteration, length and ``repr`` show real keys only.

    ``built`` keeps the step sizes that a group began with, which are never 0. A group that is given
    a rule without ``lr`` sets its own aside until it has a rule with one again.
    """

    built: dict[str, float]
    _aside: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        given = dict(*args, **kwargs)
        # What is called `lr` finds its real name only when the rule is known.
        rate = [given.pop("lr")] if "lr" in given and given.get("rule") else []
        super().update(given)
        for value in rate:
            self["lr"] = value
        self.built = {k: v for k, v in self.items() if k in STEP_SIZES and _is_nonzero(v)}

    def _real(self, key: Any) -> Any:
        if key == "lr" and not dict.__contains__(self, "lr") and dict.__contains__(self, "rule"):
            return step_size_of(dict.__getitem__(self, "rule"))
        return key

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key if key != "lr" else self._real(key))

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(self._real(key), value)
        if key == "rule":
            self._keep_what_the_rule_reads(has_rate="lr" in _rule_names(value))

    def _keep_what_the_rule_reads(self, *, has_rate: bool) -> None:
        has_one = dict.__contains__(self, "lr")
        if has_one and not has_rate:
            self._aside = dict.pop(self, "lr")
        elif has_rate and not has_one and self._aside is not None:
            dict.__setitem__(self, "lr", self._aside)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(self._real(key))

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._real(key))

    def get(self, key: str, default: Any = None) -> Any:
        """As `dict.get`, with ``lr`` answered."""
        return super().get(self._real(key), default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As `dict.setdefault`, with ``lr`` answered."""
        return super().setdefault(self._real(key), default)

    def pop(self, key: str, *default: Any) -> Any:
        """As `dict.pop`, with ``lr`` answered."""
        return super().pop(self._real(key), *default)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As `dict.update`, with ``lr`` answered."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __ior__(self, other: Any) -> Self:  # type: ignore[override]
        self.update(other)
        return self

    def __or__(self, other: Any) -> "ParamGroup":  # type: ignore[override]
        merged = self.copy()
        merged.update(other)
        return merged

    def __ror__(self, other: Any) -> "ParamGroup":  # type: ignore[override]
        return ParamGroup({**{k: v for k, v in other.items() if k not in self}, **self})

    def copy(self) -> "ParamGroup":
        """As `dict.copy`, and a group like this one."""
        made = ParamGroup(self)
        made._aside = self._aside
        return made


def _is_nonzero(value: object) -> bool:
    return isinstance(value, int | float) and value != 0


@cache
def _rule_names(rule: str) -> frozenset[str]:
    entry = catalog.rules.get(rule, "param_groups.rule")
    return frozenset(p.name for p in entry.parameters)


@cache
def step_size_of(rule: str) -> str:
    """The name of a rule's own step size."""
    return rule_of(rule).step_size


def refuse_hidden_rate(group: Mapping[str, Any], path: str) -> None:
    """Raise `CatalogError` for an ``lr`` that the group's rule would never read.

    A plain dictionary in the place of a `ParamGroup` does not answer for ``lr``, and a scheduler
    that wrote one would anneal nothing.
    """
    known = hyper_names(group["direction"], group["rule"])
    if "lr" not in known and "lr" in list(group):
        expected = f"{step_size_of(group['rule'])}, the step size of the rule {group['rule']}"
        raise CatalogError(f"{path}.lr", group["lr"], expected)


def entries(direction: str, rule: str, path: str) -> tuple[Entry, ...]:
    """The catalog entries whose parameters a group of this direction and rule takes."""
    return (
        catalog.directions.get(direction, f"{path}.direction"),
        catalog.rules.get(rule, f"{path}.rule"),
        catalog.common,
        catalog.optimizer,
    )


@cache
def hyper_names(direction: str, rule: str) -> tuple[str, ...]:
    """The names of the numbers and flags that one step reads."""
    places = entries(direction, rule, "param_groups")
    return tuple(p.name for entry in places for p in entry.parameters if p.kind is not str)


def _known(direction: str, rule: str, path: str) -> dict[str, Parameter]:
    """By name, of which one value must mean one thing: no two entries may have the same."""
    found: dict[str, Parameter] = {}
    for entry in entries(direction, rule, path):
        for parameter in entry.parameters:
            if parameter.name in found:
                expected = f"a rule and a direction of which only one has {parameter.name}"
                raise CatalogError(f"{path}.rule", f"{rule} on {direction}", expected)
            found[parameter.name] = parameter
    return found


def resolve(given: Mapping[str, Any], defaults: Mapping[str, Any], path: str) -> dict[str, Any]:
    """All options of a group: ``given``, else inherited from ``defaults``, else the catalog's.

    A direction's own parameters are inherited only from the same direction, whose defaults
    they are; everything else is inherited by name. ``lr`` and ``lr_out`` fall back on the
    direction's usual step size.

    Raises:
        CatalogError: an unknown name, a value out of range, or a required one missing.
    """
    named = {**{"direction": "adam", "rule": "hybrid"}, **defaults, **given}
    direction, rule = named["direction"], named["rule"]
    places, known = entries(direction, rule, path), _known(direction, rule, path)
    options = {k: v for k, v in given.items() if k not in {"direction", "rule"}}
    _refuse_unknown(options, known, path)
    merged = {**_step_sizes(direction, known), **_inherited(defaults, direction, known), **options}
    resolved: dict[str, Any] = {"direction": direction, "rule": rule}
    for entry in places:
        own = {k: v for k, v in merged.items() if entry.parameter(k) is not None}
        checked = entry.resolve({k: _number(v, f"{path}.{k}") for k, v in own.items()}, path)
        tensors = {k: v for k, v in own.items() if isinstance(v, Tensor)}
        resolved |= checked | tensors
    return _decoupled(resolved, options, path)


def complete(group: Mapping[str, Any]) -> ParamGroup:
    """A stored group with the options that its release did not know, at their defaults."""
    defaults = {
        p.name: p.default
        for entry in entries(group["direction"], group["rule"], "param_groups")
        for p in entry.parameters
    }
    return ParamGroup({**defaults, **group})


def foreign(given: Mapping[str, Any], direction: str, rule: str, path: str) -> dict[str, Any]:
    """What of a group belongs to somebody else's code, such as ``lr_scale`` or SAM's ``rho``.

    Torch keeps such keys, and so does a group here. A key that is, or is nearly, the name of a
    hyperparameter is none of them: it is one that would not take effect.
    """
    named = {"direction", "rule", *_known(direction, rule, path)}
    return {k: v for k, v in given.items() if k not in named and is_foreign(k, named)}


def _refuse_unknown(
    options: Mapping[str, object], known: Mapping[str, Parameter], path: str
) -> None:
    for name, value in options.items():
        if name in known:
            continue
        near = nearest(name, [*known, *other_names])
        hint = f" (did you mean {near}?)" if near in known else ""
        raise CatalogError(f"{path}.{name}", value, f"one of: {', '.join(known)}{hint}")


def _step_sizes(direction: str, known: Mapping[str, Parameter]) -> dict[str, float]:
    usual = catalog.directions.entries[direction].step_size
    names = (n for n in ("lr", "lr_out") if n in known and known[n].default is None)
    return {} if usual is None else dict.fromkeys(names, usual)


def _inherited(
    defaults: Mapping[str, Any], direction: str, known: Mapping[str, Parameter]
) -> dict[str, Any]:
    other: Iterator[str] = iter(())
    if defaults and defaults["direction"] != direction:
        other = (p.name for p in catalog.directions.entries[defaults["direction"]].parameters)
    excluded = set(other)
    return {k: v for k, v in defaults.items() if k in known and k not in excluded}


def _number(value: object, path: str) -> object:
    """What the catalog checks of a value: a one-element tensor's number."""
    if not isinstance(value, Tensor):
        return value
    if value.numel() != 1:
        raise CatalogError(path, tuple(value.shape), "a number or a tensor of one element")
    return value.item()


def _decoupled(
    resolved: dict[str, Any], options: Mapping[str, object], path: str
) -> dict[str, Any]:
    name, known = resolved["direction"], catalog.directions.entries
    if known[name].decouples_decay:
        if options.get("decoupled_decay") is False:
            others = ", ".join(other for other, entry in known.items() if not entry.decouples_decay)
            expected = f"true, since {name} decouples its decay, unlike {others}"
            raise CatalogError(f"{path}.decoupled_decay", False, expected)
        resolved["decoupled_decay"] = True
    return resolved
