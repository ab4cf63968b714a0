"""The MNIST-1D signals, made from their published definition."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

_POINTS = 40
_SEED = 42
_SAMPLES = 5000
_TEMPLATE = 12
_PADDING = (36, 60)
_SCALE = 0.4
_TRANSLATION = 48
_CORRELATED_NOISE = 0.25
_NOISE = 0.02
_SHEAR = 0.75

_SHAPES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
"""The ten digits as strokes of twelve heights."""


@cache
def signals() -> tuple[Signal, NDArray[np.int64]]:
    """The 5,000 signals ``[5000, 40]`` of the default data set, and their classes.

    Each is a stroke, padded, scaled by 1 ± 0.2, shifted, laid over smooth noise, sheared and
    sampled at 40 points; all are standardised together. The draws are those of the legacy numpy
    generator of seed 42 in the published order, so that the numbers are the published ones
    without a download, a pickle or a change to numpy's global generator.

    Source: Greydanus, Kobak, Scaling down deep learning with MNIST-1D, ICML (2024),
    arXiv 2011.14439.
    """
    random = np.random.RandomState(_SEED)
    strokes = np.array(_SHAPES, dtype=np.float64)
    strokes -= strokes.mean(1, keepdims=True)
    strokes /= strokes.std(1, keepdims=True)
    strokes = (strokes - strokes[:, :1]) / 6
    y = np.repeat(np.arange(len(_SHAPES)), _SAMPLES // len(_SHAPES))
    x = np.stack([_signal(strokes[label], random) for label in y])
    order = random.permutation(_SAMPLES)
    x, y = x[order], y[order]
    return (x - x.mean()) / x.std(), y


def _signal(stroke: Signal, random: np.random.RandomState) -> Signal:
    low, high = _PADDING
    zeros = low + int(random.rand() * (high - low + 1))
    # A stroke's own zeros must differ from the padding, which noise replaces.
    x = _sample(np.concatenate([stroke + 1e-8, np.zeros(zeros)]), _TEMPLATE + high)
    x *= 1 + _SCALE * (random.rand() - 0.5)
    x = np.roll(x, random.choice(_TRANSLATION))
    noise = _smooth(_CORRELATED_NOISE * random.randn(len(x)))
    x = np.where(x != 0, x, noise)
    x += _NOISE * random.randn(len(x))
    x -= _SHEAR * (random.rand() - 0.5) * np.linspace(-0.5, 0.5, len(x))
    return _sample(x, _POINTS)


def _sample(x: Signal, points: int) -> Signal:
    """Linear interpolation at ``points`` equal steps."""
    return np.interp(np.linspace(0, 1, points), np.linspace(0, 1, len(x)), x)


def _smooth(x: Signal) -> Signal:
    """A Gaussian filter of standard deviation 2, cut at 8 points, mirrored at the ends."""
    weights = np.exp(-0.125 * np.arange(-8, 9) ** 2)
    return np.convolve(np.pad(x, 8, mode="symmetric"), weights / weights.sum(), mode="valid")
