"""Any additive torch optimizer as the direction of an update rule."""

from collections.abc import Callable, Mapping
from typing import Any, final

import torch
from torch import Tensor
from torch.optim import Optimizer

from gofau import catalog
from gofau.optim.driving import Driven
from gofau.optim.groups import ParamGroup
from gofau.optim.pairing import TENSORS, Pairing, for_inner, resolved, taken_over
from gofau.optim.storage import FORMAT, check_loadable, restore_counters
from gofau.optim.zeros import begins_at_zero, rule_of_parameter

WRAPPED = "wrapped"
"""The name that the groups of a wrapped optimizer give as their direction."""


@final
class Wrapped(Optimizer):
    """u = θ before − θ after a step of ``inner``; the rule then moves θ along u.

    ``inner`` owns the parameter groups and, with ``lr=1``, proposes unit-rate directions; its
    weight decay and momentum are its own affair. It must move parameters additively: where its
    proposal depends on θ (as decoupled decay does), that part enters u too.

    Args:
        inner: the optimizer that proposes steps; do not call its ``step`` yourself.
        rule: the update rule.
        zero_policy: ``leave`` or ``additive``, as for `gofau.optim.Gofau`.
        options: the rule's hyperparameters, all that have no default.

    Raises:
        CatalogError: an unknown option or a value out of range.

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
        self.inner = inner
        self._pairing = Pairing()
        super().__init__(taken_over(inner), defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, to ``inner`` too unless it has it already.

        The rule's options may be the group's own, and so may the rule; what the rule does not
        know and ``inner`` does, such as its weight decay, is handed to it.

        Raises:
            CatalogError: an unknown option or a value out of range, with the group's index.
        """
        index = len(self.param_groups)
        path = f"param_groups[{index}]"
        if not isinstance(param_group, dict):
            raise TypeError(f"{path}: got {type(param_group).__name__}, expected a dict")
        options = resolved(param_group, self.defaults, self.inner, path)
        super().add_param_group({k: v for k, v in param_group.items() if k in TENSORS})
        added = self.param_groups.pop()
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
        """
        self._pairing.settle(self.param_groups, self.inner)
        before = {p: p.detach().clone() for group in self.param_groups for p in group["params"]}
        loss = self.inner.step(closure) if closure is not None else self.inner.step()
        with torch.no_grad():
            for group in self.param_groups:
                self._move(group, before)
        return loss

    def _move(self, group: dict[str, Any], before: Mapping[Tensor, Tensor]) -> None:
        for param in group["params"]:
            if param.grad is None:
                continue
            start, state = before[param], self.state[param]
            if "step" not in state:
                if group["zero_policy"] == "additive":
                    state["zero_initialised"] = begins_at_zero(start)
                state["step"] = torch.zeros(())
                rule, hyper = rule_of_parameter(group, state, group)
                state.update(rule.init(start, hyper))
            state["step"].add_(1)
            rule, hyper = rule_of_parameter(group, state, group)
            param.copy_(rule.update(start, start - param, state, hyper))

    def driving(self, *names: str) -> Driven:
        """A view for torch's schedulers; see `gofau.optim.Gofau.driving`."""
        return Driven(self, names)

    def state_dict(self) -> dict[str, Any]:
        """As torch's, with the version of the format and ``inner``'s own state."""
        return {**super().state_dict(), "format": FORMAT, "inner": self.inner.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what `state_dict` gave, for ``inner`` too.

        Raises:
            StateError: a newer format, or groups saved with another rule.
        """
        check_loadable(state_dict, self.param_groups)
        self.inner.load_state_dict(state_dict["inner"])
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "inner"})

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "inner": self.inner, "_pairing": self._pairing}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.param_groups: list[dict[str, Any]] = [ParamGroup(g) for g in self.param_groups]
        restore_counters(self.state, self.param_groups)
