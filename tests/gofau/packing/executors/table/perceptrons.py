"""Perceptrons and what looks like them: other layers, norms, parametrizations, hooks."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize, prune

from tests.gofau.packing.executors.table.case import Case

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


PERCEPTRONS: dict[str, Case] = {
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
}
"""Rows of six features, three classes, the softmax cross-entropy."""
