"""Curves as bytes: little-endian float64, NaN for a number that was not finite."""

from collections.abc import Mapping, Sequence

import numpy as np

Curves = Mapping[str, Sequence[float | None]]


def pack(curves: Curves) -> tuple[dict[str, int], bytes]:
    """Lengths by metric and the values of all curves, one after the other."""
    lengths = {metric: len(values) for metric, values in curves.items()}
    flat = [value for values in curves.values() for value in values]
    return lengths, np.array(flat, dtype="<f8").tobytes()


def unpack(lengths: Mapping[str, int], data: bytes) -> dict[str, list[float | None]]:
    """The inverse of `pack`; ``lengths`` keeps the order in which the curves were packed."""
    flat = np.frombuffer(data, dtype="<f8")
    curves: dict[str, list[float | None]] = {}
    start = 0
    for metric, length in lengths.items():
        part = flat[start : start + length]
        curves[metric] = [None if np.isnan(v) else float(v) for v in part]
        start += length
    return curves
