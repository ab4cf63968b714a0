"""Forward passes that differentiate, draw, count, or call functions of their own."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from tests.gofau.packing.executors.table.case import Case, Net, rows
from tests.gofau.packing.executors.table.networks import two

PACKED = "vmap serial"
FOLDED = "grouped vmap serial"


def with_slopes(self: Net, x: Tensor) -> Tensor:
    """What a physics-informed network needs: the slope to the inputs is trained on as well."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = self.body(x)
        (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    return torch.cat([value, slope[:, :2]], 1)


def with_functional_slopes(self: Net, x: Tensor) -> Tensor:
    def value(row: Tensor) -> Tensor:
        return self.body(row).squeeze(0)  # type: ignore[no-any-return]

    slopes = torch.func.vmap(torch.func.grad(value))(x)
    return torch.cat([self.body(x), slopes[:, :2]], 1)


def with_jacobians(self: Net, x: Tensor) -> Tensor:
    made = torch.func.vmap(torch.func.jacrev(self.body))(x)
    return torch.cat([self.body(x), made.flatten(1)[:, :2]], 1)


def with_directions(self: Net, x: Tensor) -> Tensor:
    value, along = torch.func.jvp(self.body, (x,), (torch.ones_like(x),))
    return torch.cat([value, along, along**2], 1)


class Doubled(torch.autograd.Function):
    """A function of the old form, without a rule for vmap."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:  # type: ignore[override]
        return 3 * grad


class Clipped(torch.autograd.Function):
    """A function with a rule for vmap."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.clamp(-1, 1)

    @staticmethod
    def setup_context(ctx: object, inputs: object, output: object) -> None:
        pass

    @staticmethod
    def backward(ctx: object, grad: Tensor) -> Tensor:  # type: ignore[override]
        return grad


def through(function: type[torch.autograd.Function]) -> Callable[[Net, Tensor], Tensor]:
    return lambda self, x: self.last(function.apply(self.first(x)))  # type: ignore[no-any-return]


def again_backward(self: Net, x: Tensor) -> Tensor:
    return self.last(checkpoint(self.first, x, use_reentrant=False).tanh())  # type: ignore[no-any-return]


def noisy(self: Net, x: Tensor) -> Tensor:
    return self.last(self.first(x + 0.1 * torch.randn_like(x)).tanh())  # type: ignore[no-any-return]


def noisy_in_training(self: Net, x: Tensor) -> Tensor:
    return self.last(F.dropout(self.first(x), 0.3, self.training))  # type: ignore[no-any-return]


def drops_paths(self: Net, x: Tensor) -> Tensor:
    h = self.first(x)
    if self.training:
        h = h * (torch.rand(len(x), 1) < 0.7) / 0.7
    return self.last(h.relu())  # type: ignore[no-any-return]


def counts(self: Net, x: Tensor) -> Tensor:
    if self.training:
        self.seen += len(x)
        self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
        self.wide |= x.abs().amax(0) > 2
    return self.last(self.first(x - self.mean) * torch.where(self.seen > 12, 1.1, 1.0))  # type: ignore[no-any-return]


def turns(self: Net, x: Tensor) -> Tensor:
    return self.last((self.first(x) * self.phase).imag)  # type: ignore[no-any-return]


def filters(self: Net, x: Tensor) -> Tensor:
    spectrum = torch.fft.rfft(x, dim=1) * torch.complex(self.re, self.im)
    return self.last(torch.fft.irfft(spectrum, n=6, dim=1))  # type: ignore[no-any-return]


def sloped(run: Callable[..., Tensor]) -> Callable[[], nn.Module]:
    return lambda: Net(run, body=nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 1)))


def last(width: int = 4) -> Callable[[], nn.Module]:
    return lambda: nn.Linear(width, 3)


UNUSUAL: dict[str, Case] = {
    "slopes": Case("serial", sloped(with_slopes)),
    "functional-slopes": Case(PACKED, sloped(with_functional_slopes)),
    "jacobians": Case(PACKED, sloped(with_jacobians)),
    "directions": Case(PACKED, sloped(with_directions)),
    "old-function": Case("serial", two(through(Doubled))),
    "function-with-a-rule": Case(PACKED, two(through(Clipped))),
    "again-backward": Case("serial", two(again_backward)),
    "noisy": Case("serial", two(noisy)),
    "noisy-in-training": Case("serial", two(noisy_in_training)),
    "drops-paths": Case("serial", two(drops_paths)),
    "counting": Case(
        PACKED,
        two(
            counts,
            seen=lambda: torch.tensor(0),
            mean=lambda: torch.zeros(6),
            wide=lambda: torch.zeros(6, dtype=torch.bool),
        ),
    ),
    "complex-buffer": Case(PACKED, two(turns, phase=lambda: torch.exp(1j * torch.arange(5.0)))),
    "spectral": Case(
        PACKED,
        lambda: Net(
            filters,
            re=nn.Parameter(torch.ones(4)),
            im=nn.Parameter(torch.zeros(4)),
            last=nn.Linear(6, 3),
        ),
    ),
    "batch-statistics": Case(
        PACKED, two(lambda self, x: self.last(self.first(x - x.mean(0)).tanh())), rows
    ),
}
"""Rows of six features through unusual functions."""
