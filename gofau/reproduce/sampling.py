"""Random configurations and random starts of the toy reproduction."""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gofau.catalog import rules
from gofau.reproduce.protocol import Case, Protocol
from gofau.reproduce.published import CASES, DIRECTIONS

Floats = NDArray[np.float64]
Configurations = dict[str, Floats]
"""Hyperparameters by name, ``[R, C]``: R repetitions of C configurations."""

DRAWN = ("lr", "lr_in", "lr_out", "gamma")
OVERSAMPLING = 16
Purpose = Literal["windows", "near", "starts", "tuning starts"]


def generator(
    protocol: Protocol, case: Case, direction: str, purpose: Purpose, index: int = 0
) -> np.random.Generator:
    """The generator of one purpose; rules share it, so that their draws are paired."""
    place = (CASES.index(case.name), DIRECTIONS.index(direction), get_args(Purpose).index(purpose))
    return np.random.Generator(np.random.PCG64([protocol.seed, *place, index]))


def uniform(stream: np.random.Generator, protocol: Protocol) -> Configurations:
    """Numbers in [0, 1) for every hyperparameter, of whichever rule."""
    shape = (protocol.repetitions, protocol.configurations)
    return {name: stream.random(shape) for name in DRAWN}


def draw(protocol: Protocol, case: Case, direction: str, rule: str) -> Configurations:
    """Random hyperparameters of ``rule`` from the protocol's windows.

    Every rule sees the same uniform numbers for the hyperparameters that it shares with another.
    """
    unit = uniform(generator(protocol, case, direction, "windows"), protocol)
    windows = protocol.windows(case, direction)
    return {name: spread(unit[name], *windows[name]) for name in DRAWN if _has(rule, name)}


def around(
    protocol: Protocol,
    case: Case,
    direction: str,
    centre: Mapping[str, Floats],
    decades: float,
    index: int,
) -> Configurations:
    """Random hyperparameters around given ones, but inside the protocol's windows.

    Args:
        protocol: how many, and the windows.
        case: of the windows.
        direction: of the windows.
        centre: ``[R]`` by name.
        decades: width of the new windows; that of ``gamma`` is the same share of [0, 1].
        index: names the draw.
    """
    unit = uniform(generator(protocol, case, direction, "near", index), protocol)
    near: Configurations = {}
    for name, (low, high) in protocol.windows(case, direction).items():
        if name not in centre:
            continue
        middle = centre[name][:, None]
        if name == "gamma":
            half = decades / protocol.decades / 2
            bottom, top = np.maximum(middle - half, low), np.minimum(middle + half, high)
            near[name] = bottom + (top - bottom) * unit[name]
        else:
            half = 10 ** (decades / 2)
            near[name] = spread(
                unit[name], np.maximum(middle / half, low), np.minimum(middle * half, high)
            )
    return near


def spread(unit: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """Uniform numbers in [0, 1) spread over [low, high]: in logarithm, or evenly from 0."""
    if np.ndim(low) == 0 and low == 0:
        return np.asarray(high * unit)
    return np.asarray(low * (high / low) ** unit)


def random_starts(
    protocol: Protocol, case: Case, direction: str, purpose: Purpose, count: int
) -> Floats:
    """Starts ``[R, count, 2]`` on the circle around the minimum through the case's start.

    Directions are uniform, among all or among those that leave the signs of both coordinates as
    they are at the minimum (a 0 counts as positive).
    """
    total = protocol.repetitions * count
    stream = generator(protocol, case, direction, purpose)
    angle = 2 * np.pi * stream.random(OVERSAMPLING * total)
    minimum = np.asarray(case.minimum)
    points = minimum + case.distance * np.stack([np.cos(angle), np.sin(angle)], -1)
    if protocol.starts == "same-orthant":
        signs = np.where(minimum < 0, -1.0, 1.0)
        points = points[(points * signs > 0).all(-1)]
    return points[:total].reshape(protocol.repetitions, count, 2)


def _has(rule: str, name: str) -> bool:
    return rules.get(rule, "rule").parameter(name) is not None
