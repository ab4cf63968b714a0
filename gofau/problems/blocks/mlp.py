"""Multilayer perceptrons."""

from itertools import pairwise

from torch import nn

from gofau.problems.blocks.layers import norm


def mlp(sizes: tuple[int, ...], kind: str = "none") -> nn.Sequential:
    """Linear layers of the given ``sizes`` with a ReLU between each two, in torch's own init.

    Args:
        sizes: inputs, units of each hidden layer, outputs.
        kind: of normalisation before each ReLU; see `gofau.problems.blocks.layers.norm`.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        hidden = nn.Linear(inputs, outputs, bias=kind == "none")
        layers += [hidden, *norm(kind, outputs, flat=True), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
