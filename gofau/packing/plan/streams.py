"""Random streams that belong to a seed: named, stateless and the same in every pack."""

from collections.abc import Callable
from hashlib import blake2b

import torch
from torch import Tensor, nn

from gofau.drawing import drawing_from


def stream_seed(problem: str, seed: int, purpose: str, index: int = 0) -> int:
    """A 63-bit seed that hashes (problem, seed, purpose, index)."""
    text = f"{problem}\n{seed}\n{purpose}\n{index}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 1


def stream(problem: str, seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """A CPU generator at the start of that stream; the device of a pack changes nothing."""
    return torch.Generator().manual_seed(stream_seed(problem, seed, purpose, index))


def evaluation_seed(problem: str) -> int:
    """The seed of what forward passes draw in evaluation mode, the same for every trial."""
    return stream_seed(problem, 0, "evaluation")


def epoch_order(problem: str, seed: int, epoch: int, size: int) -> Tensor:
    """The order in which epoch ``epoch`` (from 0) visits ``size`` examples."""
    return torch.randperm(size, generator=stream(problem, seed, "order", epoch))


def initial_module(problem: str, seed: int, factory: Callable[[], nn.Module]) -> nn.Module:
    """The module that ``factory`` draws at the start of the seed's init stream.

    The global generator is left as it was.
    """
    with drawing_from(stream_seed(problem, seed, "init"), torch.device("cpu")):
        return factory()
