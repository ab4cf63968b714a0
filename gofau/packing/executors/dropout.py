"""Dropout whose masks come from a trial's own stream."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

CHANNEL_DROPOUTS = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
DROPOUTS = (nn.Dropout, *CHANNEL_DROPOUTS)
"""What is replaced. A subclass may do anything, and keeps its own way to draw."""


@final
class StreamDropout(nn.Module):
    """Dropout that multiplies by a mask it is given; in evaluation mode it does nothing.

    Args:
        p: the share of zeros, in [0, 1].
        per_channel: one draw for each example's channel, as Dropout2d does.
    """

    mask: Tensor

    def __init__(self, p: float, per_channel: bool) -> None:
        super().__init__()
        self.p = p
        self.per_channel = per_channel
        self.register_buffer("mask", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x times the mask."""
        return x * self.mask if self.training else x

    def draw(self, shape: Sequence[int], generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        """A mask for an input of that shape: 0 with probability p, else 1/(1 − p)."""
        drawn = [n if i < 2 or not self.per_channel else 1 for i, n in enumerate(shape)]
        keep = torch.rand(drawn, generator=generator) >= self.p
        return keep.to(dtype) * (1 / (1 - self.p) if self.p < 1 else 0.0)


class DropoutMasks:
    """Draws the masks of all `StreamDropout` of a module, in the module's order."""

    def __init__(self, module: nn.Module) -> None:
        self._layers = {n: m for n, m in module.named_modules() if isinstance(m, StreamDropout)}
        self._shapes: dict[str, tuple[int, ...]] = {}

    def draw(self, module: nn.Module, x: Tensor, seeds: Sequence[int]) -> dict[str, Tensor]:
        """Masks by buffer name, ``[G, B, ...]``, from the streams that start at ``seeds``.

        Args:
            module: what this object was built on.
            x: one batch of inputs ``[B, ...]``, for the shapes inside the module.
            seeds: of the G groups' generators.
        """
        if not self._layers:
            return {}
        if not self._shapes:
            self._shapes = self._trace(module, x)
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        # Inputs may be integers, such as words.
        dtype = next(module.parameters()).dtype
        masks: dict[str, Tensor] = {}
        for name, layer in self._layers.items():
            shape = (len(x), *self._shapes[name])
            drawn = torch.stack([layer.draw(shape, one, dtype) for one in generators])
            masks[f"{name}.mask"] = drawn.to(x.device)
        return masks

    def _trace(self, module: nn.Module, x: Tensor) -> dict[str, tuple[int, ...]]:
        """The shape of one example where it enters each dropout."""
        shapes: dict[str, tuple[int, ...]] = {}
        hooks = [
            layer.register_forward_pre_hook(
                lambda _, inputs, name=name: shapes.update({name: tuple(inputs[0].shape[1:])})
            )
            for name, layer in self._layers.items()
        ]
        _evaluate(module, x)
        for hook in hooks:
            hook.remove()
        return shapes


def use_streams(module: nn.Module, x: Tensor) -> None:
    """Replace every dropout layer inside ``module`` by a `StreamDropout`, in place.

    A layer that one forward pass does not enter exactly once stays: a mask serves one call.

    Args:
        module: in any mode.
        x: a batch of inputs ``[B, ...]``, to see which layers are entered.
    """
    if not any(type(child) in DROPOUTS for child in module.modules()):
        return
    once = {layer for layer, count in _entries(module, x).items() if count == 1}
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if child in once:
                assert isinstance(child, DROPOUTS)
                per_channel = isinstance(child, CHANNEL_DROPOUTS)
                setattr(parent, name, StreamDropout(child.p, per_channel))


def _entries(module: nn.Module, x: Tensor) -> dict[nn.Module, int]:
    """How often a forward pass in evaluation mode enters each dropout layer."""
    counts = {child: 0 for child in module.modules() if type(child) in DROPOUTS}

    def count(layer: nn.Module, _: object) -> None:
        counts[layer] += 1

    hooks = [layer.register_forward_pre_hook(count) for layer in counts]
    _evaluate(module, x)
    for hook in hooks:
        hook.remove()
    return counts


@torch.no_grad()
def _evaluate(module: nn.Module, x: Tensor) -> None:
    """A forward pass in evaluation mode, and back to the mode of before."""
    training = module.training
    module.eval()
    module(x)
    module.train(training)
