"""Random configurations and random starts of the toy reproduction."""

from collections.abc import Mapping

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


def generator(protocol: Protocol, case: Case, direction: str, purpose: int) -> np.random.Generator:
    """The generator of one purpose; rules share it, so that their draws are paired."""
    place = (CASES.index(case.name), DIRECTIONS.index(direction), purpose)
    return np.random.Generator(np.random.PCG64([protocol.seed, *place]))


def draw(protocol: Protocol, case: Case, direction: str, rule: str) -> Configurations:
    """Random hyperparameters of ``rule`` from the protocol's windows.

    Every rule sees the same uniform numbers for the hyperparameters that it shares with another.
    """
    shape = (len(DRAWN), protocol.repetitions, protocol.configurations)
    unit = dict(zip(DRAWN, generator(protocol, case, direction, 0).random(shape), strict=True))
    windows = protocol.windows(case, direction)
    return {name: spread(unit[name], windows[name]) for name in DRAWN if _has(rule, name)}


def spread(unit: Floats, window: tuple[float, float]) -> Floats:
    """Uniform numbers in [0, 1) spread over a window: in logarithm, or evenly where it has a 0."""
    low, high = window
    if low == 0:
        return high * unit
    return np.asarray(low * (high / low) ** unit)


def around(
    protocol: Protocol, case: Case, direction: str, tuned: Mapping[str, Floats]
) -> Configurations:
    """Random hyperparameters within half a decade of tuned ones, ``gamma`` within a quarter.

    They keep ``lr_out`` at most 1 and ``gamma`` in [0, 1].

    Args:
        protocol: how many.
        case: of the generator.
        direction: of the generator.
        tuned: the centre, ``[R]`` by name.
    """
    shape = (len(DRAWN), protocol.repetitions, protocol.configurations)
    unit = dict(zip(DRAWN, generator(protocol, case, direction, 1).random(shape), strict=True))
    near: Configurations = {}
    for name, centre in tuned.items():
        middle = centre[:, None]
        if name == "gamma":
            low, high = np.maximum(middle - 0.25, 0.0), np.minimum(middle + 0.25, 1.0)
            near[name] = low + (high - low) * unit[name]
        else:
            top = middle * 10**0.5
            top = np.minimum(top, 1.0) if name == "lr_out" else top
            bottom = middle / 10**0.5
            near[name] = bottom * (top / bottom) ** unit[name]
    return near


def random_starts(protocol: Protocol, case: Case, direction: str) -> Floats:
    """Starts ``[R, C, 2]`` on the circle around the minimum that passes through the case's start.

    Directions are uniform, among all or among those that leave the signs of both coordinates as
    they are at the minimum (a 0 counts as positive).
    """
    count = protocol.repetitions * protocol.configurations
    uniform = generator(protocol, case, direction, 2).random(OVERSAMPLING * count)
    angle = 2 * np.pi * uniform
    minimum = np.asarray(case.minimum)
    points = minimum + case.distance * np.stack([np.cos(angle), np.sin(angle)], -1)
    if protocol.starts == "same-orthant":
        signs = np.where(minimum < 0, -1.0, 1.0)
        points = points[(points * signs > 0).all(-1)]
    return points[:count].reshape(protocol.repetitions, protocol.configurations, 2)


def _has(rule: str, name: str) -> bool:
    return rules.get(rule, "rule").parameter(name) is not None
