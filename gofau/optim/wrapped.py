"""Any additive torch optimizer as the direction of an update rule."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast, final

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from gofau import catalog
from gofau.errors import UnsupportedError
from gofau.optim.batching import refuse_dtype, refuse_untrainable
from gofau.optim.displacement import Displacements
from gofau.optim.driving import Driven
from gofau.optim.groups import ParamGroup
from gofau.optim.inner_state import OWN, is_own, load_inner, without_params
from gofau.optim.pairing import TENSORS, Pairing, for_inner, resolved, taken_over
from gofau.optim.storage import FORMAT, load_checked
from gofau.optim.zeros import begins_at_zero, rule_of_parameter

WRAPPED = "wrapped"
"""The name that the groups of a wrapped optimizer give as their direction."""


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
        super().__init__(taken_over(inner), defaults)

    @property
    def state(self) -> Any:
        """``inner``'s state; the rule's own entries begin with ``rule.``."""
        return self.inner.state

    @state.setter
    def state(self, value: object) -> None:
        """Leave ``inner``'s state alone, where torch's constructor would begin one."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, to ``inner`` too unless it has it already.

        The rule's options may be the group's own, and so may the rule; what the rule does not
        know and ``inner`` does, such as its weight decay, is handed to it.

        Raises:
            CatalogError: an unknown option or a value out of range, with the group's index.
            UnsupportedError: a complex parameter.
        """
        index = len(self.param_groups)
        path = f"param_groups[{index}]"
        if not isinstance(param_group, dict):
            raise TypeError(f"{path}: got {type(param_group).__name__}, expected a dict")
        options = resolved(param_group, self.defaults, self.inner, path)
        super().add_param_group({k: v for k, v in param_group.items() if k in TENSORS})
        added = self.param_groups.pop()
        refuse_untrainable(added["params"], path)
        if index >= len(self.inner.param_groups):
            self.inner.add_param_group(for_inner(param_group, added, options, self.inner))
        self._pairing.add(added["params"])
        own = {k: v for k, v in added.items() if k in TENSORS}
        self.param_groups.append(ParamGroup({**own, **options}))

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
        self._refuse_untouchable()
        unstarted = not self.state
        params = [p for group in self.param_groups for p in group["params"]]
        moves = Displacements(params, exact=_is_all_torchs(self.inner))
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
            remembered = {k.removeprefix(OWN): v for k, v in state.items() if is_own(k)}
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
            packed["inner"] = without_params(group)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what `state_dict` gave, for ``inner`` too.

        Raises:
            StateError: a newer format, or groups saved with another rule.
        """
        load_checked(self, state_dict, partial(load_inner, self.param_groups, self.inner))

    def __getstate__(self) -> dict[str, Any]:
        kept = super().__getstate__()
        own = {k: v for k, v in kept.items() if k != "state"}
        return {**own, "inner": self.inner, "_pairing": self._pairing}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({k: v for k, v in state.items() if k != "state"})
        self.param_groups: list[dict[str, Any]] = [ParamGroup(g) for g in self.param_groups]


def _is_all_torchs(inner: Optimizer) -> bool:
    """Whether a step of ``inner`` runs torch's own code alone, and no hook of somebody else's."""
    hooks = (inner._optimizer_step_pre_hooks, inner._optimizer_step_post_hooks)
    everywhere = (_global_optimizer_pre_hooks, _global_optimizer_post_hooks)
    return type(inner).__module__.startswith("torch.optim.") and not any((*hooks, *everywhere))


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
