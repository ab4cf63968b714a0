"""Random configurations and random starts of the toy reproduction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from reproduce.protocol import DRAWN, CellKey, Protocol, drawn_by
from reproduce.published import CASES, DIRECTIONS

Floats = NDArray[np.float64]
Configurations = dict[str, Floats]
"""Hyperparameters by name, ``[R, C]``: R repetitions of C configurations."""

OVERSAMPLING = 16
Purpose = Literal["windows", "near", "starts", "tuning starts"]


def generator(
    protocol: Protocol, cell: CellKey, purpose: Purpose, index: int = 0
) -> np.random.Generator:
    """The generator of one purpose; the rules share it, so that their draws are paired."""
    place = (CASES.index(cell.case.name), DIRECTIONS.index(cell.direction))
    numbers = [protocol.seed, *place, get_args(Purpose).index(purpose), index]
    return np.random.Generator(np.random.PCG64(numbers))


def uniform(stream: np.random.Generator, shape: tuple[int, int]) -> Configurations:
    """Numbers in [0, 1) for every hyperparameter, of whichever rule."""
    return {name: stream.random(shape) for name in DRAWN}


def draw(protocol: Protocol, cell: CellKey, count: int) -> Configurations:
    """``count`` random hyperparameters of a rule from the protocol's windows.

    Every rule sees the same uniform numbers for the hyperparameters that it shares with another.
    """
    stream = generator(protocol, cell, "windows")
    unit = uniform(stream, (protocol.repetitions, count))
    windows = protocol.windows(cell.case, cell.direction)
    names = drawn_by(cell.rule)
    return {name: spread(unit[name], *windows[name], even=name == "gamma") for name in names}


@dataclass(frozen=True)
class Around:
    """Where to draw next: near ``centre``, ``[R]`` by name, in windows ``decades`` wide.

    The window of ``gamma`` is the same share of [0, 1] as ``decades`` is of the whole windows.
    """

    centre: Mapping[str, Floats]
    decades: float


def draw_around(
    protocol: Protocol, cell: CellKey, where: Around, count: int, index: int
) -> Configurations:
    """Random hyperparameters around given ones, but inside the protocol's windows.

    Args:
        protocol: the windows.
        cell: of the windows.
        where: around what, and how near.
        count: how many.
        index: names the draw.
    """
    stream = generator(protocol, cell, "near", index)
    unit = uniform(stream, (protocol.repetitions, count))
    windows = protocol.windows(cell.case, cell.direction)
    half = 10 ** (where.decades / 2)
    share = where.decades / protocol.decades / 2
    near: Configurations = {}
    for name, value in where.centre.items():
        middle = value[:, None]
        bottom, top = middle / half, middle * half
        if name == "gamma":
            bottom, top = middle - share, middle + share
        bottom, top = np.clip(bottom, *windows[name]), np.clip(top, *windows[name])
        near[name] = spread(unit[name], bottom, top, even=name == "gamma")
    return near


def spread(unit: Floats, low: Floats | float, high: Floats | float, even: bool = False) -> Floats:
    """Uniform numbers in [0, 1) spread over [low, high], in logarithm unless ``even``."""
    return np.asarray(low + (high - low) * unit if even else low * (high / low) ** unit)


def random_starts(protocol: Protocol, cell: CellKey, purpose: Purpose, count: int) -> Floats:
    """Starts ``[R, count, 2]`` on the circle around the minimum through the case's start.

    Directions are uniform, among all or among those that leave the signs of both coordinates as
    they are at the minimum (a 0 counts as positive). They are the same for every rule.
    """
    total = protocol.repetitions * count
    stream = generator(protocol, cell, purpose)
    angle = 2 * np.pi * stream.random(OVERSAMPLING * total)
    minimum = np.asarray(cell.case.minimum)
    points = minimum + cell.case.distance * np.stack([np.cos(angle), np.sin(angle)], -1)
    if protocol.starts == "same-orthant":
        signs = np.where(minimum < 0, -1.0, 1.0)
        points = points[(points * signs > 0).all(-1)]
    return points[:total].reshape(protocol.repetitions, count, 2)
