"""Networks of linear layers in other arrangements than one after the other."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.gofau.packing.executors.table.case import Case, Net

ALL = "compiled bmm vmap serial"
PACKED = "vmap serial"


def residual(self: Net, x: Tensor) -> Tensor:
    h = self.first(x)
    h = h + self.block(h)
    return self.last(h + self.block(h))  # type: ignore[no-any-return]


def dense(self: Net, x: Tensor) -> Tensor:
    for layer in self.layers:
        x = torch.cat([x, layer(x).relu()], 1)
    return self.last(x)  # type: ignore[no-any-return]


def highway(self: Net, x: Tensor) -> Tensor:
    gate = self.gate(x).sigmoid()
    return self.last(gate * self.inner(x).relu() + (1 - gate) * x)  # type: ignore[no-any-return]


def maxout(self: Net, x: Tensor) -> Tensor:
    return self.last(self.first(x).unflatten(1, (4, 3)).amax(2))  # type: ignore[no-any-return]


def fourier(self: Net, x: Tensor) -> Tensor:
    phase = x @ self.waves
    return self.last(torch.cat([phase.sin(), phase.cos()], 1))  # type: ignore[no-any-return]


def siren(self: Net, x: Tensor) -> Tensor:
    return self.last((3 * self.second((5 * self.first(x)).sin())).sin())  # type: ignore[no-any-return]


def listed(self: Net, x: Tensor) -> Tensor:
    for weight in self.weights:
        x = (x @ weight).tanh()
    return x @ self.named["last"] + self.named["bias"]  # type: ignore[no-any-return]


def chosen_layers(self: Net, x: Tensor) -> Tensor:
    for name in ("b", "a", "b"):
        x = self.layers[name](x).relu()
    return self.last(x)  # type: ignore[no-any-return]


def bilinear(self: Net, x: Tensor) -> Tensor:
    return self.layer(x[:, :3], x[:, 3:])  # type: ignore[no-any-return]


def einsum(self: Net, x: Tensor) -> Tensor:
    return torch.einsum("bi,ijc,bj->bc", x, self.form, x) + self.bias


def soft_experts(self: Net, x: Tensor) -> Tensor:
    gates = self.gate(x).softmax(1)
    outputs = torch.stack([expert(x) for expert in self.experts], 1)
    return (gates.unsqueeze(2) * outputs).sum(1)


def top_experts(self: Net, x: Tensor) -> Tensor:
    values, index = self.gate(x).topk(2, 1)
    gates = torch.zeros_like(self.gate(x)).scatter(1, index, values.softmax(1))
    outputs = torch.stack([expert(x) for expert in self.experts], 1)
    return (gates.unsqueeze(2) * outputs).sum(1)


def routed_experts(self: Net, x: Tensor) -> Tensor:
    choice = self.gate(x).argmax(1)
    output = x.new_zeros(len(x), 3)
    for number, expert in enumerate(self.experts):
        rows = (choice == number).nonzero().flatten()
        output[rows] = expert(x[rows])
    return output * self.gate(x).softmax(1).amax(1, keepdim=True)


def experts(run: Callable[..., Tensor]) -> Callable[[], nn.Module]:
    return lambda: Net(
        run, gate=nn.Linear(6, 3), experts=nn.ModuleList(nn.Linear(6, 3) for _ in range(3))
    )


def writes_in_place(self: Net, x: Tensor) -> Tensor:
    h = self.first(x)
    h.mul_(0.5).add_(0.1)
    h[:, 0] = 0
    return self.last(F.relu(h, inplace=True))  # type: ignore[no-any-return]


def branches(self: Net, x: Tensor) -> Tensor:
    h = self.first(x)
    return self.last(h.relu() if h.mean() > 0 else h.tanh())  # type: ignore[no-any-return]


def integrated(self: Net, x: Tensor) -> Tensor:
    for _ in range(5):
        x = x + 0.2 * self.field(x)
    return self.last(x)  # type: ignore[no-any-return]


def fixed_point(self: Net, x: Tensor) -> Tensor:
    z = torch.zeros_like(x)
    for _ in range(8):
        z = (0.3 * self.inner(z) + x).tanh()
    return self.last(z)  # type: ignore[no-any-return]


def hypernetwork(self: Net, x: Tensor) -> Tensor:
    weight = self.makes(self.code).view(3, 6)
    return x @ weight.T


def two(run: Callable[..., Tensor], **more: Callable[[], object]) -> Callable[[], nn.Module]:
    return lambda: Net(
        run, first=nn.Linear(6, 5), last=nn.Linear(5, 3), **{n: make() for n, make in more.items()}
    )


NETWORKS: dict[str, Case] = {
    "residual": Case(
        PACKED,
        lambda: Net(
            residual,
            first=nn.Linear(6, 5),
            block=nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 5)),
            last=nn.Linear(5, 3),
        ),
    ),
    "dense": Case(
        PACKED,
        lambda: Net(
            dense,
            layers=nn.ModuleList([nn.Linear(6, 2), nn.Linear(8, 2)]),
            last=nn.Linear(10, 3),
        ),
    ),
    "highway": Case(
        PACKED,
        lambda: Net(highway, gate=nn.Linear(6, 6), inner=nn.Linear(6, 6), last=nn.Linear(6, 3)),
    ),
    "maxout": Case(PACKED, lambda: Net(maxout, first=nn.Linear(6, 12), last=nn.Linear(4, 3))),
    "fourier": Case(PACKED, lambda: Net(fourier, waves=torch.ones(6, 4), last=nn.Linear(8, 3))),
    "siren": Case(PACKED, two(siren, second=lambda: nn.Linear(5, 5))),
    "parameter-lists": Case(
        PACKED,
        lambda: Net(
            listed,
            weights=nn.ParameterList([torch.randn(6, 4), torch.randn(4, 4)]),
            named=nn.ParameterDict({"last": torch.randn(4, 3), "bias": torch.zeros(3)}),
        ),
    ),
    "module-dict": Case(
        PACKED,
        lambda: Net(
            chosen_layers,
            layers=nn.ModuleDict({"a": nn.Linear(6, 6), "b": nn.Linear(6, 6)}),
            last=nn.Linear(6, 3),
        ),
    ),
    "bilinear": Case(PACKED, lambda: Net(bilinear, layer=nn.Bilinear(3, 3, 3))),
    "einsum": Case(
        PACKED,
        lambda: Net(
            einsum,
            form=nn.Parameter(torch.randn(6, 6, 3) / 6),
            bias=nn.Parameter(torch.zeros(3)),
        ),
    ),
    "soft-experts": Case(PACKED, experts(soft_experts)),
    "top-experts": Case(PACKED, experts(top_experts)),
    "routed-experts": Case("serial", experts(routed_experts)),
    "in-place": Case(PACKED, two(writes_in_place)),
    "branches": Case("serial", two(branches)),
    "integrated": Case(
        PACKED,
        lambda: Net(
            integrated,
            field=nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6)),
            last=nn.Linear(6, 3),
        ),
    ),
    "fixed-point": Case(
        PACKED, lambda: Net(fixed_point, inner=nn.Linear(6, 6), last=nn.Linear(6, 3))
    ),
    "hypernetwork": Case(
        PACKED,
        lambda: Net(hypernetwork, code=nn.Parameter(torch.randn(4)), makes=nn.Linear(4, 18)),
    ),
}
"""Rows of six features, three classes, the softmax cross-entropy."""
