"""Parameter groups: options checked against the catalog, with ``lr`` for every scheduler."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from torch import Tensor

from gofau import catalog
from gofau.catalog import CatalogError, Entry, Parameter
from gofau.rules import rule as rule_of

STRUCTURAL = frozenset({"params", "param_names", "name"})
"""Keys of a group that are no hyperparameters."""


class ParamGroup(dict[str, Any]):
    """A torch parameter group in which ``lr`` always answers.

    Torch's schedulers read and write ``group["lr"]``. Where the rule has no ``lr`` of its own,
    the key reads and writes the rule's own step size instead (``lr_out`` for the multiplicative
    rule), so that a scheduler anneals what moves the parameters. Iteration shows real keys only.
    """

    def _real(self, key: object) -> object:
        if key == "lr" and not dict.__contains__(self, "lr") and dict.__contains__(self, "rule"):
            return rule_of(dict.__getitem__(self, "rule")).step_size
        return key

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key if key != "lr" else str(self._real(key)))

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(str(self._real(key)), value)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(self._real(key))

    def get(self, key: str, default: Any = None) -> Any:
        """As `dict.get`, with ``lr`` answered."""
        return super().get(str(self._real(key)), default)


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
    places = entries(direction, rule, path)
    known = {p.name: p for entry in places for p in entry.parameters}
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


def _refuse_unknown(
    options: Mapping[str, object], known: Mapping[str, Parameter], path: str
) -> None:
    for name, value in options.items():
        if name not in known and name not in STRUCTURAL and not name.startswith("initial_"):
            raise CatalogError(f"{path}.{name}", value, f"one of: {', '.join(known)}")


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
    if resolved["direction"] == "adamw":
        if options.get("decoupled_decay") is False:
            expected = "true, since adamw decouples its decay (adam does not)"
            raise CatalogError(f"{path}.decoupled_decay", False, expected)
        resolved["decoupled_decay"] = True
    return resolved
