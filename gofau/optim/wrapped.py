"""Any additive torch optimizer as the direction of an update rule."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, cast, final

import torch
from torch import Tensor
from torch.optim import Optimizer

from gofau import catalog
from gofau.catalog import CatalogError
from gofau.errors import StateError, UnsupportedError
from gofau.fused.rows import same
from gofau.optim.batching import refuse_dtype, refuse_untrainable
from gofau.optim.displacement import Displacements
from gofau.optim.driving import Driven
from gofau.optim.groups import STRUCTURAL, ParamGroup, is_foreign, nearest
from gofau.optim.pairing import Pairing, for_inner
from gofau.optim.storage import FORMAT, load_checked
from gofau.optim.zeros import begins_at_zero, rule_of_parameter

WRAPPED = "wrapped"
"""The name that the groups of a wrapped optimizer give as their direction."""
OWN = "rule."
"""How the names begin of what a rule remembers, beside ``inner``'s entries in a state."""


@final
class Wrapped(Optimizer):
    """u = what a step of ``inner`` takes from θ; the rule then moves θ along u.

    ``inner`` owns the parameter groups and, with ``lr=1``, proposes unit-rate directions; its
    weight decay and momentum are its own affair. It must move parameters additively: where its
    proposal depends on θ (as decoupled decay does), that part enters u too. u is summed apart
    from θ (see `gofau.optim.displacement.Displacements`), so that steps which are small beside θ
    keep their digits. The state is ``inner``'s, with what the rule remembers beside it.

    Args:
        inner: the optimizer that proposes steps; do not call its ``step`` yourself. Its hooks see
            its own proposal, before the rule.
        rule: the update rule.
        zero_policy: ``leave`` or ``additive``, as for `gofau.optim.Gofau`.
        options: the rule's hyperparameters, all that have no default.

    Raises:
        CatalogError: an unknown option or a value out of range.
        UnsupportedError: a complex parameter, or an ``inner`` that is differentiated through.

    Example:
        >>> import torch
        >>> from gofau import Wrapped
        >>> weight = torch.nn.Parameter(torch.full((2,), 2.0))
        >>> inner = torch.optim.SGD([weight], lr=1.0)
        >>> optimizer = Wrapped(inner, rule="exponentiated_gradient", lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> [round(x, 4) for x in weight.tolist()]
        [1.2131, 1.2131]
    """

    def __init__(
        self,
        inner: Optimizer,
        rule: str = "hybrid",
        *,
        zero_policy: str = "leave",
        **options: float,
    ) -> None:
        entry = catalog.rules.get(rule, "Wrapped.rule")
        checked = catalog.zero_policy.check(zero_policy, "Wrapped.zero_policy")
        defaults: dict[str, Any] = {
            "direction": WRAPPED,
            "rule": rule,
            "zero_policy": checked,
            **entry.resolve(options, "Wrapped"),
        }
        if any(group.get("differentiable") for group in inner.param_groups):
            raise UnsupportedError(
                "Wrapped.inner: got differentiable=True, expected an optimizer whose steps are "
                "not differentiated; the rule moves parameters in place"
            )
        self.inner = inner
        self._pairing = Pairing()
        super().__init__(
            [_outside(group, inner.defaults) for group in inner.param_groups], defaults
        )

    @property
    def state(self) -> Any:  # type: ignore[override]
        """``inner``'s state; the rule's own entries begin with ``rule.``."""
        return self.inner.state

    @state.setter
    def state(self, value: object) -> None:
        """Leave ``inner``'s state alone, where torch's constructor would begin one."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, to ``inner`` too unless it has it already.

        The rule and its options may be the group's own; what the rule does not know and ``inner``
        does, such as its weight decay, is handed to it.

        Raises:
            CatalogError: an unknown option or a value out of range.
            StateError: ``inner`` has another group in this place.
            UnsupportedError: a complex parameter.
        """
        index = len(self.param_groups)
        path = f"param_groups[{index}]"
        if not isinstance(param_group, dict):
            raise TypeError(f"{path}: got {type(param_group).__name__}, expected a dict")
        options = _options(self.defaults, param_group, self.inner.defaults, path)
        super().add_param_group(dict(param_group))
        group = self.param_groups.pop()
        refuse_untrainable(group["params"], path)
        if index == len(self.inner.param_groups):
            self.inner.add_param_group(for_inner(param_group, group, {*options}, self.inner))
        if not same(self.inner.param_groups[index]["params"], group["params"]):
            raise _mismatch(path)
        self._pairing.add(group["params"])
        others = {*self.inner.defaults, *options}
        kept = {k: v for k, v in group.items() if k in {*param_group, "param_names"} - others}
        self.param_groups.append(ParamGroup({**kept, **options}))

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Let ``inner`` propose a step, take it back, and move by the rule instead.

        Args:
            closure: evaluates the model and returns the loss; handed to ``inner``.

        Returns:
            float | None: what ``inner`` returned.

        Raises:
            StateError: ``inner`` has other parameters than this optimizer.
            UnsupportedError: a complex parameter has a gradient.
        """
        if torch.compiler.is_dynamo_compiling():
            return cast("float | None", self._untraced(closure))
        return self._perform(closure)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _untraced(self, closure: Callable[[], float] | None) -> float | None:
        return self._perform(closure)

    def _perform(self, closure: Callable[[], float] | None) -> float | None:
        self._pairing.settle(self.param_groups, self.inner)
        self._refuse_other_groups()
        unstarted = not self.state
        params = [p for group in self.param_groups for p in group["params"]]
        moves = Displacements(params, exact=_is_torchs(self.inner))
        try:
            with _visible(self.inner), moves:
                loss = self.inner.step(moves.around(closure)) if closure else self.inner.step()
            self._refuse_untouchable()  # a closure may have made gradients
        except BaseException:
            moves.restore()
            raise
        moves.take_back_shared()
        with torch.no_grad():
            for group in self.param_groups:
                self._move(group, moves, unstarted)
        return loss

    def _refuse_other_groups(self) -> None:
        for index, (own, inner) in enumerate(
            zip_longest(self.param_groups, self.inner.param_groups)
        ):
            path = f"param_groups[{index}]"
            if own is None or inner is None or not same(own["params"], inner["params"]):
                raise _mismatch(path)
        self._refuse_untouchable()

    def _refuse_untouchable(self) -> None:
        for index, group in enumerate(self.param_groups):
            for place, param in enumerate(group["params"]):
                if param.grad is not None:
                    refuse_dtype(param, f"param_groups[{index}].params[{place}]")

    def _move(self, group: dict[str, Any], moves: Displacements, unstarted: bool) -> None:
        taking_part = [p for p in group["params"] if moves.start(p) is not None]
        # Torch's distributed checkpoint makes such a step to get a state, and for nothing else.
        still = unstarted and group["lr"] == 0 and not any(map(_has_gradient, taking_part))
        for param in taking_part:
            start = param.detach() if moves.taken_back else cast(Tensor, moves.start(param))
            self._begin(group, param, start)
            state = self.state[param]
            remembered = {k.removeprefix(OWN): v for k, v in state.items() if _is_own(k)}
            rule, hyper = rule_of_parameter(group, state, group)
            u = -moves.of(param)
            param.copy_(start if still else rule.update(start, u, remembered, hyper))

    def _begin(self, group: dict[str, Any], param: Tensor, start: Tensor) -> None:
        state = self.state[param]
        if group["zero_policy"] == "additive" and "zero_initialised" not in state:
            state["zero_initialised"] = begins_at_zero(start)
        rule, hyper = rule_of_parameter(group, state, group)
        if not any(k.startswith(OWN) for k in state):
            state.update({OWN + k: v for k, v in rule.init(start, hyper).items()})

    def driving(self, *names: str) -> Driven:
        """A view for torch's schedulers; see `gofau.optim.Gofau.driving`."""
        return Driven(self, names)

    def state_dict(self) -> dict[str, Any]:
        """As torch's, with the version of the format and ``inner``'s options in each group."""
        state: dict[str, Any] = {**super().state_dict(), "format": FORMAT}
        for packed, group in zip(state["param_groups"], self.inner.param_groups, strict=True):
            packed["inner"] = _without_params(group)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what `state_dict` gave, for ``inner`` too.

        Raises:
            StateError: a newer format, or groups saved with another rule.
        """
        load_checked(self, state_dict, self._load_inner)

    def _load_inner(self, given: dict[str, Any]) -> dict[str, Any]:
        """Load ``inner``'s part of a checked state, and return the rest of it."""
        if "inner" in given:
            given = _from_format_1(given)
        groups = given["param_groups"]
        pairs = zip_longest(groups, self.inner.param_groups[: len(groups)], fillvalue={})
        inner = [
            {**group.get("inner", _without_params(own)), "params": group["params"]}
            for group, own in pairs
        ]
        states = given["state"]
        theirs = {i: {k: v for k, v in s.items() if not _is_own(k)} for i, s in states.items()}
        self.inner.load_state_dict({"state": theirs, "param_groups": inner})
        ids = [i for group in groups for i in group["params"]]
        params = [p for group in self.param_groups for p in group["params"]]
        for i, param in zip(ids, params, strict=True):
            # A flattened checkpoint gives an empty dictionary for what it does not have.
            own = {
                k: v for k, v in states.get(i, {}).items() if _is_own(k) and v.__class__ is not dict
            }
            if own:
                self.state[param].update({k: _like(param, v) for k, v in own.items()})
        rest = [{k: v for k, v in group.items() if k != "inner"} for group in groups]
        return {**given, "state": {}, "param_groups": rest}

    def __getstate__(self) -> dict[str, Any]:
        kept = super().__getstate__()
        own = {"inner": self.inner, "_pairing": self._pairing}
        return {**{k: v for k, v in kept.items() if k != "state"}, **own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({k: v for k, v in state.items() if k != "state"})
        self.param_groups: list[dict[str, Any]] = [ParamGroup(g) for g in self.param_groups]


def _outside(group: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What the wrapper's group takes from ``inner``'s: parameters, names, others' keys."""
    kept = {k: v for k, v in group.items() if k not in defaults and k != "initial_lr"}
    return {**kept, "params": list(group["params"])}


def _options(
    defaults: Mapping[str, Any], given: Mapping[str, Any], inner: Mapping[str, Any], path: str
) -> dict[str, Any]:
    """The rule and its checked hyperparameters, from the group or the constructor."""
    named = {**defaults, **given}
    entry = catalog.rules.get(named["rule"], f"{path}.rule")
    known = {p.name for p in entry.parameters}
    fixed = {"direction": WRAPPED, "rule": named["rule"]}
    allowed = known | STRUCTURAL | {*fixed, "zero_policy"} | (set(inner) - {"lr"})
    for key in given:
        if key not in allowed and not is_foreign(key, known):
            near = nearest(key, known)
            hint = f" (did you mean {near}?)" if near else ""
            names = ", ".join([*(p.name for p in entry.parameters), "zero_policy"])
            raise CatalogError(f"{path}.{key}", given[key], f"one of: {names}{hint}")
    policy = catalog.zero_policy.check(named["zero_policy"], f"{path}.zero_policy")
    rates = entry.resolve({k: v for k, v in named.items() if k in known}, path)
    return {**fixed, "zero_policy": policy, **rates}


def _mismatch(path: str) -> StateError:
    return StateError(
        f"{path}.params: got other parameters than those of the inner optimizer's group, expected "
        "the same ones; add groups by the wrapper's add_param_group, and exchange parameters in "
        "its groups, before the first step"
    )


def _is_torchs(inner: Optimizer) -> bool:
    return type(inner).__module__.startswith("torch.optim.")


@contextmanager
def _visible(inner: Optimizer) -> Iterator[None]:
    """Let ``inner`` step by operators that say what they add, instead of by one fused kernel."""
    fused = [group for group in inner.param_groups if group.get("fused")]
    for group in fused:
        group["fused"] = False
    try:
        yield
    finally:
        for group in fused:
            group["fused"] = True


def _has_gradient(param: Tensor) -> bool:
    return param.grad is not None and bool(param.grad.any())


def _is_own(key: object) -> bool:
    return key == "zero_initialised" or (isinstance(key, str) and key.startswith(OWN))


def _like(param: Tensor, value: Any) -> Any:
    return value.to(param.device, param.dtype) if isinstance(value, Tensor) else value


def _without_params(group: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in group.items() if k != "params"}


def _from_format_1(given: Mapping[str, Any]) -> dict[str, Any]:
    """A state that kept ``inner``'s as a whole, and zeros by their place in a group."""
    groups = [dict(group) for group in given["param_groups"]]
    states: dict[Any, dict[str, Any]] = {i: dict(s) for i, s in given["inner"]["state"].items()}
    for group, inner in zip(groups, given["inner"]["param_groups"], strict=True):
        zeros: Sequence[int] = group.pop("zero_initialised", ())
        group["inner"] = _without_params(inner)
        for place, i in enumerate(group["params"]):
            own = given["state"].get(i)
            if own is None:
                continue
            kept = {OWN + k: v for k, v in own.items() if k != "step"}
            if group["zero_policy"] == "additive":
                kept["zero_initialised"] = place in zeros
            states.setdefault(i, {}).update(kept)
    return {
        **{k: v for k, v in given.items() if k != "inner"},
        "state": states,
        "param_groups": groups,
    }
