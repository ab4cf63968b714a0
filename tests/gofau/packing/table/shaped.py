"""Images, sequences, words and graphs, and modules that torch transforms or draws in."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from tests.gofau.packing.table.case import Case, Net, classes, images, rows, sequences, tokens
from tests.gofau.packing.table.dense import two

PACKED = "vmap serial"
FOLDED = "grouped vmap serial"


def norm_conv_norm() -> list[nn.Module]:
    """What MobileNet, EfficientNet and ShuffleNet chain without an activation between."""
    return [
        nn.Conv2d(2, 4, 1, bias=False), nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(4),
        nn.Conv2d(4, 6, 1, bias=False), nn.BatchNorm2d(6),
    ]  # fmt: skip


def head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 3)]


def images_by(*layers: Callable[[], nn.Module], channels: int = 4) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*(make() for make in layers), *head(channels))


def shuffled(self: Net, x: Tensor) -> Tensor:
    h = self.first(x)
    h = h.unflatten(1, (2, 3)).transpose(1, 2).flatten(1, 2)
    return self.head(self.second(h))  # type: ignore[no-any-return]


def excited(self: Net, x: Tensor) -> Tensor:
    h = F.silu(self.body(x))
    scale = self.excite(h.mean((2, 3))).sigmoid()
    return self.head(self.norm(self.project(h * scale[:, :, None, None])))  # type: ignore[no-any-return]


def skipped(self: Net, x: Tensor) -> Tensor:
    h = self.stem(x)
    return self.head((h + self.block(h)).relu())  # type: ignore[no-any-return]


def segmented(self: Net, x: Tensor) -> Tensor:
    down = self.down(x).relu()
    up = F.interpolate(self.low(F.max_pool2d(down, 2)).relu(), scale_factor=2)
    return self.up(torch.cat([down, up], 1))  # type: ignore[no-any-return]


def attended(self: Net, x: Tensor) -> Tensor:
    h = self.attend(x, x, x, need_weights=False)[0]
    return self.last(self.norm(x + h).mean(1))  # type: ignore[no-any-return]


def scaled_products(self: Net, x: Tensor) -> Tensor:
    q, k, v = self.qkv(x).chunk(3, -1)
    h = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return self.last(h.mean(1))  # type: ignore[no-any-return]


def products_with_dropout(self: Net, x: Tensor) -> Tensor:
    q, k, v = self.qkv(x).chunk(3, -1)
    p = 0.3 if self.training else 0.0
    return self.last(F.scaled_dot_product_attention(q, k, v, dropout_p=p).mean(1))  # type: ignore[no-any-return]


def encoded(self: Net, x: Tensor) -> Tensor:
    return self.last(self.encoder(x + self.place).mean(1))  # type: ignore[no-any-return]


def recurs(self: Net, x: Tensor) -> Tensor:
    return self.last(self.cell(x)[0][:, -1])  # type: ignore[no-any-return]


def steps_cells(self: Net, x: Tensor) -> Tensor:
    h = x.new_zeros(len(x), 4)
    for t in range(x.shape[1]):
        h = self.cell(x[:, t], h)
    return self.last(h)  # type: ignore[no-any-return]


def embedded(self: Net, x: Tensor) -> Tensor:
    return self.last(self.embed(x).mean(1))  # type: ignore[no-any-return]


def padded_by_function(self: Net, x: Tensor) -> Tensor:
    return self.last(F.embedding(x, self.words, padding_idx=0).mean(1))  # type: ignore[no-any-return]


def bagged(self: Net, x: Tensor) -> Tensor:
    return self.last(self.bag(x))  # type: ignore[no-any-return]


def one_hot(self: Net, x: Tensor) -> Tensor:
    hot = (x.unsqueeze(2) == torch.arange(11)).to(self.last.weight.dtype)
    return self.last(hot.mean(1))  # type: ignore[no-any-return]


def language(self: Net, x: Tensor) -> Tensor:
    h = (self.embed(x) + self.place).cumsum(1).tanh()
    return (h @ self.embed.weight.T).transpose(1, 2)  # type: ignore[no-any-return]


def messages(self: Net, x: Tensor) -> Tensor:
    """Four nodes of six features, along fixed edges."""
    source, goal = self.edges
    h = self.first(x).relu()
    gathered = torch.zeros_like(h).index_add(1, goal, h[:, source])
    return self.last(gathered.mean(1))  # type: ignore[no-any-return]


def attending_graph(self: Net, x: Tensor) -> Tensor:
    source, goal = self.edges
    h = self.first(x)
    score = self.score(torch.cat([h[:, source], h[:, goal]], 2)).squeeze(2).exp()
    index = goal.expand(len(x), -1)
    total = torch.zeros(len(x), 4, dtype=x.dtype).scatter_add(1, index, score)
    weight = score / total.gather(1, index)
    out = torch.zeros_like(h).index_add(1, goal, weight.unsqueeze(2) * h[:, source])
    return self.last(out.mean(1))  # type: ignore[no-any-return]


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


def graph(run: Callable[..., Tensor], **more: Callable[[], object]) -> Callable[[], nn.Module]:
    edges = torch.tensor([[0, 1, 2, 3, 0, 2], [1, 2, 3, 0, 2, 1]])
    return lambda: Net(
        run,
        edges=edges.clone(),
        first=nn.Linear(6, 4),
        last=nn.Linear(4, 3),
        **{name: make() for name, make in more.items()},
    )


def cell(kind: type[nn.Module], **settings: object) -> Callable[[], nn.Module]:
    return lambda: Net(recurs, cell=kind(6, 4, batch_first=True, **settings), last=nn.Linear(4, 3))


def words(run: Callable[..., Tensor], **parts: Callable[[], object]) -> Callable[[], nn.Module]:
    return lambda: Net(run, **{name: make() for name, make in parts.items()})


def last(width: int = 4) -> Callable[[], nn.Module]:
    return lambda: nn.Linear(width, 3)


SHAPED: dict[str, Case] = {
    "convolution": Case(
        FOLDED, images_by(lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.ReLU), images
    ),
    "everything-folded": Case(
        FOLDED,
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.SiLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 1, groups=2),
            nn.GroupNorm(2, 6),
            nn.Dropout2d(0.3),
            nn.Tanh(),
            *head(6)[:-1],
            nn.Dropout(0.2),
            nn.Linear(6, 3),
        ),
        images,
    ),
    "norm-plain": Case(
        FOLDED,
        images_by(lambda: nn.Conv2d(2, 4, 3), lambda: nn.BatchNorm2d(4, affine=False), nn.ReLU),
        images,
    ),
    "norm-trackless": Case(
        FOLDED,
        images_by(
            lambda: nn.Conv2d(2, 4, 3),
            lambda: nn.BatchNorm2d(4, track_running_stats=False),
            nn.GELU,
        ),
        images,
    ),
    "circular": Case(
        PACKED,
        images_by(lambda: nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular"), nn.ReLU),
        images,
    ),
    "chain-of-norms": Case(
        FOLDED, lambda: nn.Sequential(*norm_conv_norm(), nn.ReLU(), *head(6)), images
    ),
    "inverted-residual": Case(
        PACKED,
        lambda: Net(
            skipped,
            stem=nn.Conv2d(2, 6, 1, bias=False),
            block=nn.Sequential(
                nn.BatchNorm2d(6),
                nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False),
                nn.BatchNorm2d(6),
                nn.Conv2d(6, 6, 1, bias=False),
                nn.BatchNorm2d(6),
            ),
            head=nn.Sequential(*head(6)),
        ),
        images,
    ),
    "shuffled-channels": Case(
        PACKED,
        lambda: Net(
            shuffled,
            first=nn.Sequential(*norm_conv_norm()),
            second=nn.Sequential(nn.Conv2d(6, 6, 1, groups=2, bias=False), nn.BatchNorm2d(6)),
            head=nn.Sequential(*head(6)),
        ),
        images,
    ),
    "excited-channels": Case(
        PACKED,
        lambda: Net(
            excited,
            body=nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4)),
            excite=nn.Linear(4, 4),
            project=nn.Conv2d(4, 6, 1, bias=False),
            norm=nn.BatchNorm2d(6),
            head=nn.Sequential(*head(6)),
        ),
        images,
    ),
    "segmented": Case(
        PACKED,
        lambda: Net(
            segmented,
            down=nn.Conv2d(2, 3, 3, padding=1),
            low=nn.Conv2d(3, 3, 3, padding=1),
            up=nn.Conv2d(6, 3, 1),
        ),
        lambda: images(classes(6, 6)),
    ),
    "words-with-dropout": Case(
        PACKED,
        words(
            lambda self, x: self.last(self.drop(self.embed(x)).mean(1)),
            embed=lambda: nn.Embedding(11, 4),
            drop=lambda: nn.Dropout(0.3),
            last=last(),
        ),
        tokens,
    ),
    "transposed": Case(
        PACKED,
        images_by(lambda: nn.Conv2d(2, 3, 3), nn.ReLU, lambda: nn.ConvTranspose2d(3, 4, 2)),
        images,
    ),
    "one-axis": Case(
        PACKED,
        lambda: nn.Sequential(
            nn.Conv1d(4, 3, 3),
            nn.InstanceNorm1d(3, affine=True),
            nn.ReLU(),
            nn.Dropout1d(0.2),
            nn.AdaptiveMaxPool1d(1),
            nn.Flatten(),
            nn.Linear(3, 3),
        ),
        sequences,
    ),
    "attention": Case(
        PACKED,
        lambda: Net(
            attended,
            attend=nn.MultiheadAttention(6, 2, batch_first=True),
            norm=nn.LayerNorm(6),
            last=nn.Linear(6, 3),
        ),
        sequences,
    ),
    "causal": Case(
        PACKED,
        lambda: Net(scaled_products, qkv=nn.Linear(6, 12), last=nn.Linear(4, 3)),
        sequences,
    ),
    "attention-dropout": Case(
        "serial",
        lambda: Net(products_with_dropout, qkv=nn.Linear(6, 12), last=nn.Linear(4, 3)),
        sequences,
    ),
    "transformer": Case(
        PACKED,
        lambda: Net(
            encoded,
            place=nn.Parameter(torch.randn(4, 6) / 10),
            encoder=nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, batch_first=True),
            last=nn.Linear(6, 3),
        ),
        sequences,
    ),
    "lstm": Case("serial", cell(nn.LSTM), sequences),
    "gru": Case("serial", cell(nn.GRU, num_layers=2), sequences),
    "cells": Case(
        PACKED, lambda: Net(steps_cells, cell=nn.GRUCell(6, 4), last=nn.Linear(4, 3)), sequences
    ),
    "embedding": Case(
        PACKED, words(embedded, embed=lambda: nn.Embedding(11, 4), last=last()), tokens
    ),
    "padded": Case(
        "serial",
        words(embedded, embed=lambda: nn.Embedding(11, 4, padding_idx=0), last=last()),
        tokens,
    ),
    "padded-by-function": Case(
        "serial",
        words(padded_by_function, words=lambda: nn.Parameter(torch.randn(11, 4)), last=last()),
        tokens,
    ),
    "bag": Case(PACKED, words(bagged, bag=lambda: nn.EmbeddingBag(11, 4), last=last()), tokens),
    "one-hot": Case(PACKED, words(one_hot, last=last(11)), tokens),
    "language": Case(
        PACKED,
        words(
            language,
            embed=lambda: nn.Embedding(11, 4),
            place=lambda: nn.Parameter(torch.zeros(5, 4)),
        ),
        lambda: tokens(classes(5, of=11)),
    ),
    "messages": Case(PACKED, graph(messages), sequences),
    "attending-graph": Case(
        PACKED, graph(attending_graph, score=lambda: nn.Linear(8, 1)), sequences
    ),
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
    "bytes": Case(
        PACKED,
        lambda: Net(
            lambda self, x: self.last(x.to(self.last.weight.dtype) / 10), last=nn.Linear(5, 3)
        ),
        tokens,
    ),
    "batch-statistics": Case(
        PACKED, two(lambda self, x: self.last(self.first(x - x.mean(0)).tanh())), rows
    ),
}
"""Everything but rows, and rows through unusual functions."""
