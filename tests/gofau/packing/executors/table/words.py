"""Attention, recurrence, embeddings and graphs."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.gofau.packing.executors.table.case import Case, Net, classes, sequences, tokens

PACKED = "vmap serial"
FOLDED = "grouped vmap serial"


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


WORDS: dict[str, Case] = {
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
    "transformer-with-dropout": Case(
        "serial",
        lambda: Net(
            encoded,
            place=nn.Parameter(torch.randn(4, 6) / 10),
            encoder=nn.TransformerEncoderLayer(6, 2, 8, dropout=0.2, batch_first=True),
            last=nn.Linear(6, 3),
        ),
        sequences,
    ),
    "lstm-with-dropout": Case("serial", cell(nn.LSTM, num_layers=2, dropout=0.3), sequences),
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
    "bytes": Case(
        PACKED,
        lambda: Net(
            lambda self, x: self.last(x.to(self.last.weight.dtype) / 10), last=nn.Linear(5, 3)
        ),
        tokens,
    ),
}
"""Sequences, words and graphs."""
