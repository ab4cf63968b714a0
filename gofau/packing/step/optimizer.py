"""One optimizer step of a whole stack, with a hyperparameter vector where trials differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor

from gofau import catalog, functional
from gofau.catalog import Scalar
from gofau.directions import Direction, direction
from gofau.errors import UnsupportedError
from gofau.hyper import Hyper, State
from gofau.packing.executors.compiler import compiled
from gofau.packing.plan.checks import check_hyper
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.plan import PackPlan, TrialPlan
from gofau.packing.stack.alignment import owned
from gofau.packing.stack.layout import Layout, column
from gofau.packing.stack.running import RunningTrials
from gofau.packing.stack.stack import Stack
from gofau.packing.step.fused import FusedPass, FusedRows, Grads, plain
from gofau.rules import UpdateRule, rule


@dataclass(frozen=True)
class HyperSpace:
    """Which hyperparameters of a plan are the same fixed value everywhere, and which vary.

    Args:
        fixed: flags, and numbers that stay 0 in every trial of the plan, so that a switched-off
            term costs nothing. Adding 0 changes no finite value, so a trial's result is the same
            beside neighbours that switch the term on.
        numeric: names that become vectors ``[K]``.
    """

    fixed: Mapping[str, float | bool]
    numeric: tuple[str, ...]

    @classmethod
    def of(cls, trials: Sequence[TrialPlan]) -> "HyperSpace":
        """Sort the names of the trials' hyperparameters.

        Raises:
            PlanError: trials with different names, a text value, or flags that differ.
        """
        first = trials[0].hyper
        for trial in trials:
            if trial.hyper.keys() != first.keys():
                got, expected = sorted(trial.hyper), f"the names of the others: {sorted(first)}"
                raise PlanError(f"trials[key={trial.key}].hyper", got, expected)
        fixed: dict[str, float | bool] = {}
        numeric: list[str] = []
        for name in first:
            values = [trial.hyper[name] for trial in trials]
            moving = name == "gamma" and not all(trial.gamma.is_constant for trial in trials)
            if _is_flag(name, values):
                fixed[name] = bool(values[0])
            elif not moving and all(value == 0 for value in values):
                fixed[name] = 0.0
            else:
                numeric.append(name)
        return cls(fixed, tuple(numeric))

    def vectors(self, rows: Sequence[Mapping[str, Scalar]], like: Tensor) -> dict[str, Tensor]:
        """The varying numbers of trials with the hyperparameters ``rows``, ``[K]`` each."""
        return {name: like.new_tensor([float(row[name]) for row in rows]) for name in self.numeric}


def _is_flag(name: str, values: Sequence[Scalar]) -> bool:
    if any(isinstance(value, str) for value in values):
        raise PlanError(f"hyper.{name}", values[0], "a number or a flag")
    if not any(isinstance(value, bool) for value in values):
        return False
    if any(value is not values[0] for value in values):
        expected = "one flag for the whole pack (put the others into a pack of their own)"
        raise PlanError(f"hyper.{name}", sorted({str(v) for v in values}), expected)
    return True


@final
class ZeroAdditive(UpdateRule):
    """A rule, except for tensors that start at exactly zero, which move additively.

    There θ ← θ − r·u with r the rule's own step size.
    """

    name: ClassVar[str] = "zero_additive"

    def __init__(self, inner: UpdateRule) -> None:
        self._inner = inner
        self.step_size = inner.step_size  # type: ignore[misc] # each instance wraps another rule

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """The inner rule's state, and which tensors are all zero."""
        axes = tuple(range(batch_dims, param.dim()))
        zero = (param == 0).all(dim=axes, keepdim=True) if axes else param == 0
        return {**self._inner.init(param, hyper, batch_dims), "zero": zero}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """What the inner rule does with zeros in tensors that do not start at zero."""
        return self._inner.moves_zero(hyper)

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        additive = param - u * hyper[self.step_size]
        return torch.where(state["zero"], additive, self._inner.update(param, u, state, hyper))


class StackOptimizer:
    """A direction and a rule over the blocks of a stack."""

    def __init__(self, plan: PackPlan, layout: Layout, like: Tensor, fused: bool) -> None:
        self.direction: Direction = direction(plan.direction)
        self.space = HyperSpace.of(plan.trials)
        check_hyper(plan)
        self._plan = plan
        self._moves_gamma = not all(trial.gamma.is_constant for trial in plan.trials)
        self._layout = layout
        drives = catalog.rules.get(plan.rule, "rule").lr_drives
        self._driven = frozenset(drives)
        self._move = compiled(functional.step) if plan.compiles else functional.step
        given: UpdateRule = rule(plan.rule)
        self.rule = ZeroAdditive(given) if plan.zero_policy == "additive" else given
        self.fused: FusedRows | None = None
        self.reason = "" if fused else "fused steps are off"
        if fused:
            self._fuse(plan.trials[0], like)

    def init(self, stack: Stack) -> None:
        """Give a stack of initial parameters its optimizer states."""
        stack.direction = [
            self.direction.init(block, self._hyper(stack, block, None)) for block in stack.blocks
        ]
        stack.rule = self._rule_states(stack)

    @property
    def state_names(self) -> tuple[str, ...]:
        """The direction's states that a trial keeps."""
        numeric = dict.fromkeys(self.space.numeric, torch.ones(1))
        return self.direction.state_names({**self.space.fixed, **numeric})

    def vectors(self, trials: Sequence[TrialPlan], like: Tensor) -> dict[str, Tensor]:
        """The varying numbers of ``trials``, ``[K]`` each, with the smallest γ of any epoch.

        Whether zeros can ever move depends on that one; `begin` sets each epoch's own.
        """
        return self.space.vectors([self._with_smallest_gamma(trial) for trial in trials], like)

    def begin(self, running: RunningTrials) -> FusedPass | None:
        """Set the γ of the trials' next epoch.

        Returns:
            What the fused steps of the epoch share, or ``None`` without them.
        """
        if self._moves_gamma:
            gamma = running.stack.hyper["gamma"]
            # In place: a captured step reads it where it was.
            gamma.copy_(gamma.new_tensor([p.hyper["gamma"] for p in running.progress]))
        return None if self.fused is None else self.fused.begin(running)

    def fused_step(
        self, stack: Stack, grads: Grads, shared: FusedPass, done: int, factor: Tensor | None
    ) -> None:
        """As `step`, by the fused kernel; ``done`` counts steps since `begin`."""
        if self.fused is None:
            raise RuntimeError("a fused step without a kernel: begin() returned None")
        stack.step += 1
        self.fused.step(stack, grads, shared, done, factor)

    def step(self, stack: Stack, grads: Sequence[Tensor], factor: Tensor | None) -> None:
        """Move every block one step.

        Args:
            stack: the trials; its blocks, states and step counts change.
            grads: the gradient of each block.
            factor: learning-rate factors ``[K]`` of this step, or ``None`` for 1.
        """
        stack.step += 1
        for i, block in enumerate(stack.blocks):
            hyper = self._hyper(stack, block, factor)
            given = (block, grads[i], column(stack.step, block))
            stack.blocks[i] = self._moved(given, stack.direction[i], stack.rule[i], hyper)

    def _moved(
        self, given: tuple[Tensor, Tensor, Tensor], direction: State, rule: State, hyper: Hyper
    ) -> Tensor:
        """A block after a step, from itself, its gradient and the step's numbers.

        On a CPU row by row: torch takes another function at the end of a tensor, where no whole
        vector is left, than before, so that a trial's place would decide how its numbers round.
        """
        if given[0].device.type != "cpu":
            block, grad, step = given
            return self._move(block, grad, self.direction, self.rule, direction, rule, step, hyper)
        rows = []
        for k in range(len(given[0])):
            block, grad, step = (tensor[k : k + 1] for tensor in given)
            own = (_row(direction, k), _row(rule, k), step, _row(hyper, k))
            rows.append(self._move(block, grad, self.direction, self.rule, *own))
        return torch.cat(rows)

    def frozen_fraction(self, stack: Stack) -> Tensor:
        """The share of each trial's parameters that are zero and can never move, ``[K]``."""
        frozen = stack.step.new_zeros(stack.size)
        for block, state in zip(stack.blocks, stack.rule, strict=True):
            given = self.rule.moves_zero(self._hyper(stack, block, None))
            if given is True:
                continue
            moves = torch.as_tensor(given)
            still = (block == 0) & ~moves.to(block.device)
            if "zero" in state:
                still &= ~state["zero"]
            frozen += still.flatten(1).sum(1)
        return frozen / self._layout.per_trial

    def _with_smallest_gamma(self, trial: TrialPlan) -> Mapping[str, Scalar]:
        if trial.gamma.is_constant:
            return trial.hyper
        epochs = range(self._plan.epochs)
        return trial.with_gamma(min(trial.gamma_at(self._plan.problem, e) for e in epochs))

    def _fuse(self, trial: TrialPlan, like: Tensor) -> None:
        """Take the kernel if there is one, else remember why not."""
        numbers = dict.fromkeys(self.space.numeric, like.new_ones(1))
        shared: Hyper = {**self.space.fixed, **numbers}
        try:
            self.fused = FusedRows(self.direction, self.rule, like, shared, plain(trial.hyper))
        except UnsupportedError as error:
            self.reason = str(error)

    def _hyper(self, stack: Stack, block: Tensor, factor: Tensor | None) -> Hyper:
        hyper: dict[str, float | bool | Tensor] = dict(self.space.fixed)
        for name, values in stack.hyper.items():
            scaled = values * factor if factor is not None and name in self._driven else values
            hyper[name] = column(scaled, block)
        return hyper

    def _rule_states(self, stack: Stack) -> list[State]:
        """The rule's state per named parameter, spread over blocks of the same shape."""
        spread: list[State] = [{} for _ in stack.blocks]
        for name, view in self._layout.views(stack.blocks).items():
            made = self._begun(view, self._hyper(stack, view, None))
            for key, value in made.items():
                if key not in spread[0]:
                    for state, block in zip(spread, stack.blocks, strict=True):
                        state[key] = torch.zeros_like(block, dtype=value.dtype)
                self._layout.views([state[key] for state in spread])[name].copy_(value)
        return spread

    def _begun(self, view: Tensor, hyper: Hyper) -> State:
        """The rule's state of one parameter ``[K, ...]``; row by row on a CPU, as in `_moved`."""
        if view.device.type != "cpu":
            return self.rule.init(view, hyper, batch_dims=1)
        made = [
            self.rule.init(owned(view[k : k + 1]), _row(hyper, k), batch_dims=1)
            for k in range(len(view))
        ]
        return {name: torch.cat([state[name] for state in made]) for name in made[0]}


def _row(named: Mapping[str, Any], k: int) -> dict[str, Any]:
    """The k-th trial's rows of tensors; numbers and flags are every trial's."""
    return {n: v[k : k + 1] if isinstance(v, Tensor) else v for n, v in named.items()}
