"""Hyperparameters and tensors to try a law on."""

from collections.abc import Iterable
from math import isinf

import torch
from torch import Tensor

from gofau.catalog import Entry, Parameter, Scalar

Numbers = dict[str, float | bool | Tensor]

TRIALS = 3


def parameters(entries: Iterable[Entry]) -> list[dict[str, Scalar]]:
    """Valid hyperparameters for each of `TRIALS` trials, whose numbers differ."""
    every = [p for entry in entries for p in entry.parameters]
    return [{p.name: _value(p, k) for p in every} for k in range(TRIALS)]


def _value(parameter: Parameter, k: int) -> Scalar:
    if parameter.kind is not float:
        default = parameter.default
        return default if default is not None else parameter.check(_required(parameter), "contract")
    usual = 0.05 if parameter.default is None else float(parameter.default)
    low = parameter.low if not isinf(parameter.low) else usual - 1
    high = parameter.high if not isinf(parameter.high) else usual + abs(usual) + 0.1
    # A tenth of the way towards the farther end for each trial; the usual value comes first.
    end = low if usual - low > high - usual else high
    return parameter.check(usual + (end - usual) * 0.1 * k, f"contract.{parameter.name}")


def _required(parameter: Parameter) -> Scalar:
    if parameter.kind is str:
        return parameter.choices[0]
    return False if parameter.kind is bool else int(max(parameter.low, 1))


def vectors(rows: list[dict[str, Scalar]], dims: int) -> Numbers:
    """The trials' numbers as ``[K, 1, ...]`` tensors, to broadcast over ``dims`` axes more."""
    stacked: Numbers = {}
    for name, first in rows[0].items():
        if isinstance(first, float):
            values = [float(row[name]) for row in rows]
            stacked[name] = torch.tensor(values, dtype=torch.float64).view(-1, *(1,) * dims)
        elif not isinstance(first, str):
            stacked[name] = first
    return stacked


def numbers(row: dict[str, Scalar]) -> Numbers:
    """One trial's hyperparameters as an optimizer passes them on."""
    return {name: value for name, value in row.items() if not isinstance(value, str)}


def tensors(seed: int, *shape: int) -> Tensor:
    """Normal numbers in float64, a few of them exactly 0."""
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    values.view(-1)[:: values.numel() // 4] = 0
    return values
