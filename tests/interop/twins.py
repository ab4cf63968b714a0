"""The optimizer that torch's own settings make, and ours with the same settings."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gofau import Gofau

DIRECTIONS = {
    "SGD": "sgd",
    "Adagrad": "adagrad",
    "RMSprop": "rmsprop",
    "Adam": "adam",
    "AdamW": "adamw",
}
"""Torch's optimizers that are a direction under the additive rule."""
WRAPPABLE = (
    *DIRECTIONS,
    "Adadelta",
    "Adafactor",
    "Adamax",
    "ASGD",
    "Muon",
    "NAdam",
    "RAdam",
    "Rprop",
)
"""Torch's optimizers that move dense parameters without a closure."""
_TORCHS_OWN = frozenset({"foreach", "fused", "differentiable"})


def translated(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Torch's settings by our names."""
    ours: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "betas":
            ours |= {"beta1": value[0], "beta2": value[1]}
        elif name == "decoupled_weight_decay":
            ours["decoupled_decay"] = value
        elif name not in _TORCHS_OWN:
            ours[name] = value
    return ours


def torchs(name: str, params: list[Tensor], settings: Mapping[str, Any]) -> Optimizer:
    """Torch's optimizer; what it takes on accelerators alone, without ``capturable``."""
    made: type[Optimizer] = getattr(torch.optim, name)
    kept = {k: copy.deepcopy(v) for k, v in settings.items() if k != "capturable"}
    return made(params, **kept)


def twin(
    name: str, params: list[Tensor], settings: Mapping[str, Any], theirs: Optimizer, how: str
) -> Gofau:
    """Ours with every setting that ``theirs`` ended up with."""
    given = translated({**theirs.defaults, **settings})
    return Gofau(params, DIRECTIONS[name], "additive", implementation=how, **given)


def in_precision(settings: Mapping[str, Any], dtype: torch.dtype) -> dict[str, Any]:
    """Settings whose tensors are of this type, so that they round as the parameters do."""

    def cast(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(cast(v) for v in value)
        return value.to(dtype) if isinstance(value, Tensor) else value

    return {name: cast(value) for name, value in settings.items()}


def shapes(dtype: torch.dtype) -> list[Tensor]:
    """Parameters of every layout: dense, scalar, empty, transposed, strided, channels last."""
    generator = torch.Generator().manual_seed(3)

    def random(*size: int) -> Tensor:
        return torch.randn(size, generator=generator, dtype=torch.float64).to(dtype)

    values = [
        random(10, 5),
        random(7),
        random(),
        random(0, 3),
        random(4, 6).t(),
        random(5, 3, 2)[..., 0],
        random(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
    ]
    return [value.requires_grad_() for value in values]


def twice(params: list[Tensor]) -> list[Tensor]:
    """Copies in the same layouts."""
    memory = [param.detach().clone() for param in params]
    copies = [torch.empty_like(p).copy_(m) for p, m in zip(params, memory, strict=True)]
    return [x.requires_grad_() for x in copies]


def gradients(params: list[Tensor], step: int) -> list[Tensor | None]:
    """A gradient for every parameter but one, another one each step; one is all zeros."""
    generator = torch.Generator().manual_seed(100 + step)
    grads: list[Tensor | None] = [
        torch.randn(p.shape, generator=generator, dtype=torch.float64).to(p.dtype) for p in params
    ]
    grads[(step + 1) % len(params)] = None
    zeros = (step + 2) % len(params)
    grads[zeros] = torch.zeros_like(params[zeros])
    return grads


def set_gradients(params: list[Tensor], grads: list[Tensor | None]) -> None:
    """Give each parameter its gradient."""
    for param, grad in zip(params, grads, strict=True):
        param.grad = None if grad is None else grad.clone()
