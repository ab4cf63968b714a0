"""Rows of features: perceptrons and what looks like them, norms, parametrizations, losses apart."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize, prune

from tests.gofau.packing.table.case import Case, Net

ALL = "compiled bmm vmap serial"
PACKED = "vmap serial"


def perceptron(inputs: int = 6, hidden: int = 5, outputs: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def between(*layers: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Layers on five features, with a linear layer and Tanh before and a linear layer behind."""
    return lambda: nn.Sequential(
        nn.Linear(6, 5), *(make() for make in layers), nn.Tanh(), nn.Linear(5, 3)
    )


def relu_of_two_places() -> nn.Module:
    relu = nn.ReLU()
    return nn.Sequential(nn.Linear(6, 5), relu, nn.Linear(5, 3), relu)


def relu_of_inner_places() -> nn.Module:
    relu = nn.ReLU()
    return nn.Sequential(nn.Linear(6, 5), relu, nn.Linear(5, 4), relu, nn.Linear(4, 3))


def layer_of_two_places() -> nn.Module:
    layer = nn.Linear(6, 6)
    return nn.Sequential(layer, nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), layer)


def tied_weights() -> nn.Module:
    module = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))
    module[2].weight = module[0].weight
    return module


def with_more_parameters() -> nn.Module:
    module = perceptron()
    module.register_parameter("unused", nn.Parameter(torch.ones(2, 3)))
    return module


def hooked() -> nn.Module:
    module = perceptron()
    module[0].register_forward_hook(lambda _module, _inputs, output: 2 * output)
    return module


def reforwarded() -> nn.Module:
    module = perceptron()
    module[1].forward = lambda x: F.leaky_relu(x, 0.3)
    return module


def pruned() -> nn.Module:
    module = perceptron()
    prune.l1_unstructured(module[0], "weight", 0.5)
    return module


class Scaled(nn.Sequential):
    """A Sequential by descent only."""

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * super().forward(x)


class Cosine(nn.Linear):
    """A Linear by descent only."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.normalize(x, dim=-1), F.normalize(self.weight, dim=-1), self.bias)


class Exponential(nn.Module):
    """A parametrization by a function."""

    def forward(self, x: Tensor) -> Tensor:
        return x.exp() / 4


def parametrized(norm: Callable[[nn.Module], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(norm(nn.Linear(6, 5)), nn.ReLU(), nn.Linear(5, 3))


def exponential() -> nn.Module:
    module = perceptron()
    parametrize.register_parametrization(module[0], "weight", Exponential())
    return module


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


DENSE: dict[str, Case] = {
    "perceptron": Case(ALL, perceptron),
    "linear": Case(ALL, lambda: nn.Sequential(nn.Linear(6, 3))),
    "relu-of-two-places": Case(PACKED, relu_of_two_places),
    "relu-of-inner-places": Case(ALL, relu_of_inner_places),
    "layer-of-two-places": Case(PACKED, layer_of_two_places),
    "tied-weights": Case(PACKED, tied_weights),
    "without-bias": Case(
        PACKED, lambda: nn.Sequential(nn.Linear(6, 5, bias=False), nn.ReLU(), nn.Linear(5, 3))
    ),
    "more-parameters": Case(PACKED, with_more_parameters),
    "tanh": Case(PACKED, between()),
    "gelu": Case(PACKED, lambda: nn.Sequential(nn.Linear(6, 5), nn.GELU(), nn.Linear(5, 3))),
    "prelu": Case(PACKED, between(nn.PReLU)),
    "scaled-sequential": Case(PACKED, lambda: Scaled(*perceptron())),
    "cosine": Case(PACKED, lambda: nn.Sequential(nn.Linear(6, 5), nn.ReLU(), Cosine(5, 3))),
    "hooked": Case(PACKED, hooked),
    "reforwarded": Case(PACKED, reforwarded),
    "pruned": Case(PACKED, pruned),
    "weight-norm": Case(PACKED, parametrized(parametrizations.weight_norm), scale=False),
    "spectral-norm": Case("serial", parametrized(parametrizations.spectral_norm), scale=False),
    "orthogonal": Case(PACKED, parametrized(parametrizations.orthogonal), scale=False),
    "exponential": Case(PACKED, exponential, scale=False),
    "dropout": Case(PACKED, between(lambda: nn.Dropout(0.4))),
    "dropout-all": Case(PACKED, between(lambda: nn.Dropout(1.0))),
    "alpha-dropout": Case("serial", between(lambda: nn.AlphaDropout(0.3))),
    "layer-norm": Case(PACKED, between(lambda: nn.LayerNorm(5))),
    "rms-norm": Case(PACKED, between(lambda: nn.RMSNorm(5))),
    "batch-norm": Case(PACKED, between(lambda: nn.BatchNorm1d(5))),
    "batch-norm-plain": Case(PACKED, between(lambda: nn.BatchNorm1d(5, affine=False))),
    "batch-norm-trackless": Case(
        PACKED, between(lambda: nn.BatchNorm1d(5, track_running_stats=False))
    ),
    "batch-norm-momentumless": Case("serial", between(lambda: nn.BatchNorm1d(5, momentum=None))),
    "group-norm-plain": Case(PACKED, between(lambda: nn.GroupNorm(1, 5, affine=False))),
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
