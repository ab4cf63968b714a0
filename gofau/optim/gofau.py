"""The optimizer: any direction with any update rule."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast, final, overload

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from gofau.optim import implementations
from gofau.optim.batch import Batch
from gofau.optim.batching import batches, refuse_untrainable
from gofau.optim.driving import Driven
from gofau.optim.foreign import STRUCTURAL
from gofau.optim.groups import ParamGroup, complete, foreign, resolve
from gofau.optim.replay import Replay
from gofau.optim.storage import FORMAT, by_parameter, load_checked, restore_counters

_Turn: TypeAlias = tuple[str, Batch]


@final
class Gofau(Optimizer):
    """θ ← θ − ξ(θ, u): a direction u and an update rule ξ, as one torch optimizer.

    Args:
        params: parameters or groups, as every torch optimizer takes them. A group may set any
            option of its own, also ``direction`` and ``rule``.
        direction: ``sgd``, ``adagrad``, ``rmsprop``, ``adam``, ``adamw`` or ``madam``.
        rule: ``additive``, ``multiplicative``, ``hybrid``, ``madam``,
            ``exponentiated_gradient`` or ``hypentropy``.
        implementation: ``loop``, ``foreach``, ``fused``, or ``None`` to choose; they agree.
        options: hyperparameters of the direction and the rule by their catalog names (``lr``,
            ``lr_in``, ``lr_out``, ``gamma``, ``momentum``, ``beta1``, ...), ``weight_decay``,
            ``decoupled_decay``, ``maximize``, ``capturable`` and ``zero_policy``. Numbers may
            be one-element tensors. ``lr`` and ``lr_out`` default to the direction's usual step
            size; ``sgd`` has none.

    Raises:
        CatalogError: an unknown option or a value out of range.
        UnsupportedError: complex parameters, sparse gradients, a missing implementation.

    Example:
        >>> import torch
        >>> from gofau import Gofau
        >>> weight = torch.nn.Parameter(torch.ones(3))
        >>> optimizer = Gofau([weight], direction="sgd", rule="multiplicative", lr_out=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> [round(x, 4) for x in weight.tolist()]
        [0.9238, 0.9238, 0.9238]

    Source: Kirtas, Passalis, Tefas, arXiv 2307.07189, Neurocomputing 576:127352 (2024).
    """

    def __init__(
        self,
        params: ParamsT,
        direction: str = "adam",
        rule: str = "hybrid",
        *,
        implementation: str | None = None,
        **options: float | bool | str | Tensor,
    ) -> None:
        given = {**options, "direction": direction, "rule": rule}
        given["implementation"] = "auto" if implementation is None else implementation
        defaults = resolve(given, {}, "Gofau")
        implementations.require(defaults["implementation"])
        self._replays: dict[int, Replay | None] = {}
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group; options that it leaves out come from the constructor.

        Raises:
            CatalogError: an unknown option or a value out of range, with the group's index.
            UnsupportedError: a complex parameter.
        """
        path = f"param_groups[{len(self.param_groups)}]"
        if not isinstance(param_group, dict):
            raise TypeError(f"{path}: got {type(param_group).__name__}, expected a dict")
        named = {**self.defaults, **param_group}
        apart = foreign(param_group, named["direction"], named["rule"], path)
        given = {k: v for k, v in param_group.items() if k not in apart}
        if given.get("implementation", "auto") is None:
            given["implementation"] = "auto"
        resolved = resolve(given, self.defaults, path)
        implementations.require(resolved["implementation"])
        super().add_param_group(dict(param_group))
        added = self.param_groups.pop()
        refuse_untrainable(added["params"], path)
        kept = {k: v for k, v in added.items() if k in apart or k in STRUCTURAL}
        self.param_groups.append(ParamGroup({**kept, **resolved}))

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Perform one step; parameters without a gradient stay.

        Args:
            closure: evaluates the model with gradients and returns the loss.

        Returns:
            float | None: what the closure returned.
        """
        if torch.compiler.is_dynamo_compiling():
            return cast("float | None", self._untraced(closure))
        return self._perform(closure)

    # Dynamo cannot trace groups in which `lr` always answers; compiled callers run this eagerly.
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _untraced(self, closure: Callable[[], float] | None) -> float | None:
        return self._perform(closure)

    def _perform(self, closure: Callable[[], float] | None) -> float | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        unstarted = not self.state
        # Every group is looked at before any is stepped: what is refused has moved nothing.
        plans = [self._plan(index, group) for index, group in enumerate(self.param_groups)]
        for index, (group, plan) in enumerate(zip(self.param_groups, plans, strict=True)):
            if isinstance(plan, Replay):
                plan.run()
            else:
                self._replays[index] = self._step(group, plan, unstarted)
        return loss

    def _plan(self, index: int, group: dict[str, Any]) -> Replay | list[_Turn]:
        """How to step a group: as the last time, or by batches with who performs each."""
        replay = self._replays.get(index)
        if replay is not None and replay.prepare(group, self.state):
            return replay
        with torch.no_grad():
            found = batches(group, self.state, f"param_groups[{index}]")
            return [(implementations.choose(group["implementation"], b), b) for b in found]

    @torch.no_grad()
    def _step(self, group: dict[str, Any], plan: list[_Turn], unstarted: bool) -> Replay | None:
        """Step one group, and return how to do so again if kernels did all of it."""
        repeats = True
        for name, batch in plan:
            if unstarted and _only_starts(group, batch):
                repeats = False
            else:
                implementations.implementations[name](batch)
            batch.finish(self.state)
        if not repeats or any(name != "fused" for name, _ in plan):
            return None
        return Replay.of(group, [batch for _, batch in plan], self.state)

    def driving(self, *names: str) -> Driven:
        """A view for torch's schedulers in which ``lr`` is the named step size.

        ``CosineAnnealingLR(optimizer.driving("lr_out"), T_max=10)`` anneals ``lr_out``. With
        several names the first one is the scheduler's ``lr`` and the others keep their ratio
        to it; a group that lacks some of them drives the ones it has.
        """
        return Driven(self, names)

    def state_dict(self) -> dict[str, Any]:
        """As torch's, with the version of the format."""
        return {**super().state_dict(), "format": FORMAT}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state that this or an older release saved; ``implementation`` stays one's own.

        Raises:
            StateError: a newer format, or groups saved with another direction or rule.
        """
        load_checked(self, state_dict)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._replays = {}
        by_parameter(self.param_groups, self.state)
        self.param_groups: list[dict[str, Any]] = [complete(g) for g in self.param_groups]
        restore_counters(self.state, self.param_groups)


def _only_starts(group: dict[str, Any], batch: Batch) -> bool:
    """Whether a very first step is there only to create the state.

    Torch's distributed checkpoint fills an optimizer's state by a step with ``lr`` = 0 and
    gradients of zeros, and expects the parameters to stay; with coupled decay, a rule with a
    second step size would move them.
    """
    return bool(group["lr"] == 0) and not any(bool(grad.any()) for grad in batch.grads)
