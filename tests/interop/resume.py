"""One small training in three forms: whole, first half, and second half from what was stored."""

import io
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

STEPS = 8
HALF = STEPS // 2


class Stateful(Protocol):
    """What a checkpoint holds one of."""

    def state_dict(self) -> dict[str, Any]:
        """The state."""

    def load_state_dict(self, state: dict[str, Any]) -> Any:
        """Go on from it."""


Parts = dict[str, Stateful]
"""What a training consists of, by name; ``model`` is one of them."""


def net() -> nn.Sequential:
    """A small net with a buffer that trains and a parameter that starts as zeros.

    No bias stands before the normalization: its gradient is noise, which Adam makes steps of.
    """
    torch.manual_seed(0)
    first = nn.Linear(4, 6, bias=False)
    model = nn.Sequential(first, nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2))
    nn.init.zeros_(model[3].bias)
    return model


def batch(step: int) -> tuple[Tensor, Tensor]:
    """The step's data."""
    generator = torch.Generator().manual_seed(step)
    return torch.randn(16, 4, generator=generator), torch.randn(16, 2, generator=generator)


def loss_of(model: nn.Module, step: int) -> Tensor:
    """The step's loss."""
    x, y = batch(step)
    return nn.functional.mse_loss(model(x), y)


def stored(parts: Parts) -> dict[str, Any]:
    """The states of all parts through a file of plain data."""
    buffer = io.BytesIO()
    torch.save({name: part.state_dict() for name, part in parts.items()}, buffer)
    buffer.seek(0)
    loaded: dict[str, Any] = torch.load(buffer, weights_only=True)
    return loaded


def assert_resumes(build: Callable[[], Parts], step: Callable[[Parts, int], None]) -> Parts:
    """A run that is stored, built anew and loaded ends where an uninterrupted one does.

    Returns:
        Parts: what the uninterrupted run ended with.
    """
    whole, first, second = build(), build(), build()
    start = {k: v.clone() for k, v in whole["model"].state_dict().items()}
    for i in range(STEPS):
        step(whole, i)
    for i in range(HALF):
        step(first, i)
    for name, state in stored(first).items():
        second[name].load_state_dict(state)
    for i in range(HALF, STEPS):
        step(second, i)
    end = whole["model"].state_dict()
    assert any(not torch.equal(end[k], start[k]) for k in start)
    for name, part in whole.items():
        assert plain(second[name].state_dict()) == plain(part.state_dict()), name
    return whole


def plain(state: Any) -> Any:
    """A state in which tensors are numbers, so that two can be compared."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [plain(value) for value in state]
    return state.tolist() if isinstance(state, Tensor) else state
