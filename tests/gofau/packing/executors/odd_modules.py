"""Modules that do what packs must reckon with, as problems of thirteen features each."""

import random
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

from gofau import catalog
from gofau.catalog import ProblemEntry
from gofau.problems import Classification, Dataset, registry
from tests.gofau.packing.conftest import METRICS, examples

Pass = Callable[["Odd", Tensor], Tensor]


class Odd(nn.Module):
    """A layer of three outputs, buffers and whatever a table adds."""

    n: Tensor
    mean: Tensor

    def __init__(self, run: Pass, *, width: int = 13, **parts: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.layer = nn.Linear(width, 3)
        self.register_buffer("n", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(13))
        self.register_buffer("first", None)
        self.count = 0
        self.seen: list[Tensor] = []
        self.constant = torch.randn(13)
        for name, part in parts.items():
            setattr(self, name, part)
        self._run = run

    def forward(self, x: Tensor) -> Tensor:
        return self._run(self, x)


def reassigns(self: Odd, x: Tensor) -> Tensor:
    if self.training:
        self.n = self.n + 1
        self.mean = 0.9 * self.mean + 0.1 * x.mean(0)
    return self.layer(x - self.mean) * (1 + 0.1 * self.n)  # type: ignore[no-any-return]


def reassigns_later(self: Odd, x: Tensor) -> Tensor:
    if self.training:
        self.n += 1
        if self.n.item() > 2:
            self.mean = 0.5 * self.mean + 0.5 * x.mean(0)
    return self.layer(x - self.mean)  # type: ignore[no-any-return]


def counts_everywhere(self: Odd, x: Tensor) -> Tensor:
    self.n += 1
    return self.layer(x) * (1 + 0.1 * self.n)  # type: ignore[no-any-return]


def reads_when_evaluated(self: Odd, x: Tensor) -> Tensor:
    h: Tensor = self.layer(x)
    return h if self.training else h / max(h.abs().max().item(), 1.0)


def reads_wide_batches(self: Odd, x: Tensor) -> Tensor:
    h: Tensor = self.layer(x)
    return h if len(x) < 5 else h / (1 + self.layer.weight.abs().max().item())


def clamps_its_weights(self: Odd, x: Tensor) -> Tensor:
    with torch.no_grad():
        self.layer.weight.clamp_(-0.1, 0.1)
    return self.layer(x)  # type: ignore[no-any-return]


def scales_by_a_number(self: Odd, x: Tensor) -> Tensor:
    return self.layer(x) * self.scale.exp()  # type: ignore[no-any-return, operator]


def runs_again_backward(self: Odd, x: Tensor) -> Tensor:
    def hidden(values: Tensor) -> Tensor:
        return self.hidden(values).tanh()  # type: ignore[no-any-return]

    return self.layer(checkpoint(hidden, x, use_reentrant=False))  # type: ignore[no-any-return]


def shares_a_layer(self: Odd, x: Tensor) -> Tensor:
    h = self.other(self.norm(self.hidden(x)).tanh())
    return self.layer(self.drop(h))  # type: ignore[no-any-return]


def looks_up(self: Odd, x: Tensor) -> Tensor:
    return self.layer(self.embed((x.abs() * 5).long().clamp(max=10)).mean(1))  # type: ignore[no-any-return]


def recurs(self: Odd, x: Tensor) -> Tensor:
    return self.layer(self.cell(x.unsqueeze(-1))[0][:, -1])  # type: ignore[no-any-return]


def turns(self: Odd, x: Tensor) -> Tensor:
    return self.layer((x * self.phase).imag)  # type: ignore[no-any-return, operator]


def keeps_a_count(self: Odd, x: Tensor) -> Tensor:
    self.count += 1
    return self.layer(x) / self.count  # type: ignore[no-any-return]


def keeps_a_list(self: Odd, x: Tensor) -> Tensor:
    if self.training:
        self.seen.append(x.detach().mean(0))
    return self.layer(x - sum(self.seen) / max(len(self.seen), 1))  # type: ignore[no-any-return]


def keeps_its_first_batch(self: Odd, x: Tensor) -> Tensor:
    if self.first is None:
        self.first = x.detach().mean(0)
    return self.layer(x - self.first)  # type: ignore[no-any-return]


def has_a_constant_of_its_own(self: Odd, x: Tensor) -> Tensor:
    return self.layer(x * self.constant.to(x))  # type: ignore[no-any-return]


def draws_by_numpy(self: Odd, x: Tensor) -> Tensor:
    return self.layer(x + float(np.random.rand()))  # type: ignore[no-any-return]


def drops_its_layer_seldom(self: Odd, x: Tensor) -> Tensor:
    return self.layer(x) * (random.random() >= 1e-12)  # type: ignore[no-any-return]


def writes_over_its_inputs(self: Odd, x: Tensor) -> Tensor:
    return self.layer(x.mul_(0.9))  # type: ignore[no-any-return]


def swaps_data(self: Odd, x: Tensor) -> Tensor:
    self.layer.weight.data = self.layer.weight.data.clamp(-0.1, 0.1)
    return self.layer(x)  # type: ignore[no-any-return]


def halves_data(self: Odd, x: Tensor) -> Tensor:
    output: Tensor = self.layer(x)
    self.layer.weight.data = self.layer.weight.data[:1]
    return output


def makes_parameters(self: Odd, x: Tensor) -> Tensor:
    self.layer.weight = nn.Parameter(self.layer.weight.detach() * 0.9)
    return self.layer(x)  # type: ignore[no-any-return]


def grows_a_buffer(self: Odd, x: Tensor) -> Tensor:
    self.mean = x.detach()
    return self.layer(x)  # type: ignore[no-any-return]


def gives_a_pair(self: Odd, x: Tensor) -> Tensor:
    return self.layer(x), x  # type: ignore[return-value]


def turning(parameter: bool) -> nn.Module:
    phase = torch.exp(1j * torch.arange(13.0))
    if parameter:
        return Odd(turns, phase=nn.Parameter(phase))
    module = Odd(turns)
    module.register_buffer("phase", phase)
    return module


def sharing() -> nn.Module:
    hidden = nn.Linear(13, 13)
    return Odd(
        shares_a_layer, hidden=hidden, other=hidden, norm=nn.BatchNorm1d(13), drop=nn.Dropout(0.2)
    )


def tied_buffers() -> nn.Module:
    module = nn.Sequential(nn.BatchNorm1d(13), nn.Tanh(), nn.BatchNorm1d(13), nn.Linear(13, 3))
    for name in ("running_mean", "running_var"):
        setattr(module[2], name, module[0].get_buffer(name))
    return module


def tied_weights() -> nn.Module:
    module = nn.Sequential(
        nn.Linear(13, 13), nn.ReLU(), nn.Linear(13, 13), nn.ReLU(), nn.Linear(13, 3)
    )
    module[2].weight = module[0].weight
    return module


def perceptron() -> nn.Sequential:
    return nn.Sequential(nn.Linear(13, 6), nn.ReLU(), nn.Linear(6, 3))


def hooked() -> nn.Module:
    module = perceptron()
    module[0].register_forward_hook(lambda _module, _inputs, output: 2 * output)
    return module


def pruned() -> nn.Module:
    module = perceptron()
    prune.l1_unstructured(module[0], "weight", 0.5)
    return module


def reforwarded() -> nn.Module:
    module = perceptron()
    module[0].forward = lambda x: x @ module[0].weight.T + 2 * module[0].bias
    return module


def images_with_one_activation() -> nn.Module:
    relu = nn.ReLU()
    convolutions = nn.Conv2d(2, 3, 3), nn.Conv2d(3, 3, 3)
    return nn.Sequential(
        convolutions[0], relu, convolutions[1], relu, nn.Flatten(), nn.Linear(27, 3)
    )


def hooked_images() -> nn.Module:
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(75, 3))
    module[0].register_forward_pre_hook(lambda _module, inputs: (2 * inputs[0],))
    return module


def with_gradient_hook() -> nn.Module:
    module = perceptron()
    module[0].weight.register_hook(lambda grad: 0 * grad)
    return module


def normed(norm: Callable[[nn.Module], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(norm(nn.Linear(13, 6)), nn.Tanh(), nn.Linear(6, 3))


def batch_normed(**settings: object) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(
        nn.Linear(13, 6), nn.BatchNorm1d(6, **settings), nn.ReLU(), nn.Linear(6, 3)  # type: ignore[arg-type]
    )  # fmt: skip


def embedding(**settings: object) -> Callable[[], nn.Module]:
    return lambda: Odd(looks_up, width=6, embed=nn.Embedding(11, 6, **settings))  # type: ignore[arg-type]


TRAINED: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "reassigned": ("vmap", lambda: Odd(reassigns)),
    "reassigned-later": ("serial", lambda: Odd(reassigns_later)),
    "counting": ("vmap", lambda: Odd(counts_everywhere)),
    "evaluated": ("serial", lambda: Odd(reads_when_evaluated)),
    "wide": ("serial", lambda: Odd(reads_wide_batches)),
    "clamped": ("serial", lambda: Odd(clamps_its_weights)),
    "swapped": ("serial", lambda: Odd(swaps_data)),
    "number": ("vmap", lambda: Odd(scales_by_a_number, scale=nn.Parameter(torch.tensor(0.5)))),
    "again": ("serial", lambda: Odd(runs_again_backward, hidden=nn.Linear(13, 13))),
    "shared-layer": ("vmap", sharing),
    "tied-buffers": ("vmap", tied_buffers),
    "tied-weights": ("vmap", tied_weights),
    "hooked": ("vmap", hooked),
    "pruned": ("vmap", pruned),
    "reforwarded": ("vmap", reforwarded),
    "one-activation": ("grouped", images_with_one_activation),
    "hooked-images": ("vmap", hooked_images),
    "padded": ("serial", embedding(padding_idx=0)),
    "bounded": ("serial", embedding(max_norm=1.0)),
    "sparse": ("serial", embedding(sparse=True)),
    "by-frequency": ("vmap", embedding(scale_grad_by_freq=True)),
    "lstm": ("serial", lambda: Odd(recurs, width=4, cell=nn.LSTM(1, 4, batch_first=True))),
    "complex-buffer": ("vmap", lambda: turning(parameter=False)),
    "momentumless": ("serial", batch_normed(momentum=None)),
    "plain-norm": ("vmap", batch_normed(affine=False)),
    "trackless": ("vmap", batch_normed(track_running_stats=False)),
    "weight-norm": ("vmap", normed(parametrizations.weight_norm)),
    "spectral-norm": ("serial", normed(parametrizations.spectral_norm)),
}
"""What packs train, and by which executor."""

IMAGES = {"one-activation", "hooked-images"}

REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "counted": (lambda: Odd(keeps_a_count), ", whose forward pass changes count"),
    "listed": (lambda: Odd(keeps_a_list), "another loss with given tensors than with the module's"),
    "first-batch": (lambda: Odd(keeps_its_first_batch), "another loss with given tensors"),
    "constant": (lambda: Odd(has_a_constant_of_its_own), "another loss with given tensors"),
    "numpy": (lambda: Odd(draws_by_numpy), "draws by numpy.random"),
    "coins": (lambda: Odd(drops_its_layer_seldom), "draws by Python's random"),
    "over-inputs": (lambda: Odd(writes_over_its_inputs), "writes over its inputs"),
    "halved": (lambda: Odd(halves_data), "forward pass makes layer.weight torch.float64 [1, 13]"),
    "made": (lambda: Odd(makes_parameters), "whose forward pass replaces layer.weight"),
    "grown": (lambda: Odd(grows_a_buffer), "whose buffer mean becomes torch.float64 [2, 13]"),
    "pair": (lambda: Odd(gives_a_pair), "whose forward pass returns tuple"),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(3)), " with 0.weight, 0.bias not materialised"),
    "complex": (lambda: turning(parameter=True), " with phase complex"),
    "gradient-hook": (with_gradient_hook, " with hooks on 0.weight"),
    "empty": (nn.Flatten, " with no parameters"),
}
"""What packs refuse, and a part of the words."""


class OddProblem(Classification):
    """A problem of one module."""

    make: ClassVar[Callable[[], nn.Module]]

    def dataset(self) -> Dataset:
        images = self.name.removeprefix("test-odd-") in IMAGES
        return examples(33, 9, (2, 7, 7) if images else (13,), 3)

    def module(self) -> nn.Module:
        return type(self).make()


for _name, _make in {
    **{name: make for name, (_, make) in TRAINED.items()},
    **{name: make for name, (make, _) in REFUSED.items()},
}.items():
    catalog.problems.add(
        ProblemEntry(f"test-odd-{_name}", "A test problem.", cap=1.1, metrics=METRICS)
    )
    registry.add(
        type(_name, (OddProblem,), {"name": f"test-odd-{_name}", "make": staticmethod(_make)})
    )
