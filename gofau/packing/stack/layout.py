"""How the parameters of a module lie in the blocks of a stack."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar, final

import torch
from torch import Tensor, nn


class Layout(ABC):
    """Places every parameter of a module inside a few blocks ``[K, ...]``.

    A block is one tensor with a leading axis of trials. The optimizer works on blocks, so few
    large ones make few operations; an executor works on `views`.
    """

    name: ClassVar[str]
    """The order in which it places them, for states that outlive a run."""

    shapes: tuple[tuple[int, ...], ...]
    """The shape of each block, without the leading K."""

    @abstractmethod
    def views(self, blocks: Sequence[Tensor]) -> dict[str, Tensor]:
        """Every parameter by name, ``[K, *shape]``, as a view into ``blocks``."""

    def allocate(self, size: int, like: Tensor) -> list[Tensor]:
        """Zeroed blocks for ``size`` trials, of the dtype and device of ``like``."""
        return [like.new_zeros((size, *shape)) for shape in self.shapes]

    def fill(self, blocks: Sequence[Tensor], index: int, values: Mapping[str, Tensor]) -> None:
        """Write one trial's parameters into row ``index``."""
        for name, view in self.views(blocks).items():
            view[index].copy_(values[name])

    @property
    def per_trial(self) -> int:
        """Parameters of one trial."""
        return sum(prod(shape) for shape in self.shapes)


@final
class FlatLayout(Layout):
    """All parameters behind one another in a single block ``[K, P]``."""

    name: ClassVar[str] = "flat"

    def __init__(self, module: nn.Module) -> None:
        self._parts = {name: tuple(p.shape) for name, p in module.named_parameters()}
        self._lengths = [prod(shape) for shape in self._parts.values()]
        self.shapes = ((sum(self._lengths),),)

    def views(self, blocks: Sequence[Tensor]) -> dict[str, Tensor]:
        """See `Layout.views`."""
        pieces = torch.split(blocks[0], self._lengths, dim=1)
        parts = zip(self._parts.items(), pieces, strict=True)
        return {name: piece.view(-1, *shape) for (name, shape), piece in parts}


@final
class AffineLayout(Layout):
    """A single block ``[K, P]`` of linear layers, each a matrix ``[out, in + 1]``.

    The last column is the bias. With a 1 appended to the layer's input, one matrix product
    computes W·x + b, and one computes both gradients.
    """

    name: ClassVar[str] = "affine"

    def __init__(self, layers: Mapping[str, nn.Linear]) -> None:
        self._names = tuple(layers)
        self.matrix_shapes = tuple((m.out_features, m.in_features + 1) for m in layers.values())
        self._lengths = [prod(shape) for shape in self.matrix_shapes]
        self.shapes = ((sum(self._lengths),),)

    def matrices(self, block: Tensor) -> list[Tensor]:
        """Each layer's ``[K, out, in + 1]``, as a view into ``block``."""
        pieces = torch.split(block, self._lengths, dim=1)
        return [
            piece.view(-1, *shape) for piece, shape in zip(pieces, self.matrix_shapes, strict=True)
        ]

    def views(self, blocks: Sequence[Tensor]) -> dict[str, Tensor]:
        """See `Layout.views`."""
        named: dict[str, Tensor] = {}
        for name, matrix in zip(self._names, self.matrices(blocks[0]), strict=True):
            named[f"{name}.weight"] = matrix[:, :, :-1]
            named[f"{name}.bias"] = matrix[:, :, -1]
        return named


def column(values: Tensor, block: Tensor) -> Tensor:
    """``[K]`` values as ``[K, 1, ...]``, to broadcast against ``block``."""
    return values.view(-1, *(1,) * (block.dim() - 1))


def stacked_buffers(modules: Sequence[nn.Module], like: Tensor) -> dict[str, Tensor]:
    """The modules' buffers by name, ``[K, *shape]``, floating ones in the dtype of ``like``."""
    stacked: dict[str, Tensor] = {}
    for name, first in modules[0].named_buffers():
        dtype = like.dtype if first.is_floating_point() else first.dtype
        rows = [module.get_buffer(name) for module in modules]
        stacked[name] = torch.stack(rows).to(like.device, dtype)
    return stacked
