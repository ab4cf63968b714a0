"""The tensors of K trials: parameters, optimizer states, buffers and hyperparameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gofau.hyper import State


@dataclass
class Stack:
    """Everything that differs between the trials of a stack, each tensor led by an axis of K.

    Args:
        blocks: parameters, ``[K, ...]`` each; a `gofau.packing.stack.layout.Layout` names them.
        buffers: module buffers by name, ``[K, ...]``.
        direction: the direction's state of each block.
        rule: the rule's state of each block.
        hyper: numeric hyperparameters by name, ``[K]``.
        factors: learning-rate factors by step, ``[K, T]``, or ``[K, 0]`` where all are 1.
        step: update steps done, ``[K]``, in the parameters' dtype.
    """

    blocks: list[Tensor]
    buffers: dict[str, Tensor]
    direction: list[State]
    rule: list[State]
    hyper: dict[str, Tensor]
    factors: Tensor
    step: Tensor

    @property
    def size(self) -> int:
        """K."""
        return self.step.shape[0]

    @property
    def form(self) -> tuple[object, ...]:
        """Names and shapes of a trial's parameters, buffers and states."""

        def shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
            return {name: tuple(tensor.shape[1:]) for name, tensor in tensors.items()}

        blocks = [tuple(block.shape[1:]) for block in self.blocks]
        states = [[shapes(state) for state in part] for part in (self.direction, self.rule)]
        return blocks, shapes(self.buffers), states

    def take(self, rows: Sequence[int]) -> "Stack":
        """The trials at ``rows``, in that order, in memory of their own."""
        index = torch.tensor(rows, device=self.step.device)
        return merge([self], lambda tensors: tensors[0].index_select(0, index))

    def to(self, device: torch.device) -> "Stack":
        """A copy in ``device``'s memory."""
        return merge([self], lambda tensors: tensors[0].to(device, copy=True))

    def join(self, other: "Stack") -> "Stack":
        """These trials and then the other's."""
        return merge([self, other], torch.cat)


def merge(stacks: Sequence[Stack], combine: Callable[[list[Tensor]], Tensor]) -> Stack:
    """Combine corresponding tensors of stacks that share one structure."""

    def states(parts: list[list[State]]) -> list[State]:
        rows = zip(*parts, strict=True)
        return [{key: combine([s[key] for s in row]) for key in row[0]} for row in rows]

    def mapping(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        return {key: combine([p[key] for p in parts]) for key in parts[0]}

    return Stack(
        blocks=[combine(list(row)) for row in zip(*(s.blocks for s in stacks), strict=True)],
        buffers=mapping([s.buffers for s in stacks]),
        direction=states([s.direction for s in stacks]),
        rule=states([s.rule for s in stacks]),
        hyper=mapping([s.hyper for s in stacks]),
        factors=combine([s.factors for s in stacks]),
        step=combine([s.step for s in stacks]),
    )
