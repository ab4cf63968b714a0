"""The published toy results, as they are printed.

Source: Kirtas, Passalis, Tefas, "Multiplicative update rules for accelerating deep learning
training and increasing robustness", Neurocomputing 576:127352 (2024), arXiv 2307.07189, in the
figures of the authors' public slides.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Table = Literal["T1", "T2"]
CaseName = Literal["convex", "rosenbrock"]

TABLES: Mapping[Table, str] = MappingProxyType(
    {
        "T1": "distance to the minimum after 100 iterations, tuned",
        "T2": "final distance over initial distance, 100 random configurations",
    }
)
CASES: tuple[CaseName, ...] = ("convex", "rosenbrock")
DIRECTIONS = ("sgd", "adagrad", "adam", "rmsprop")
RULES = ("additive", "multiplicative", "hybrid")


class RowKey(NamedTuple):
    """One row of a table: three cells, one a rule."""

    table: Table
    case: CaseName
    direction: str


PUBLISHED: Mapping[RowKey, tuple[float, float, float]] = MappingProxyType(
    {
        RowKey("T1", "convex", "sgd"): (8.61e-1, 2.92e-5, 3.57e-7),
        RowKey("T1", "convex", "adagrad"): (5.80e-4, 1.35e-4, 1.68e-7),
        RowKey("T1", "convex", "adam"): (3.75e-2, 7.44e-3, 4.47e-3),
        RowKey("T1", "convex", "rmsprop"): (1.82e-5, 7.58e-6, 1.68e-7),
        RowKey("T1", "rosenbrock", "sgd"): (1.38, 7.70e-2, 2.04e-2),
        RowKey("T1", "rosenbrock", "adagrad"): (4.60e-1, 1.88e-1, 1.26e-2),
        RowKey("T1", "rosenbrock", "adam"): (8.24e-1, 7.84e-2, 5.73e-2),
        RowKey("T1", "rosenbrock", "rmsprop"): (4.58e-1, 1.85e-1, 5.06e-2),
        RowKey("T2", "convex", "sgd"): (1.48e-2, 1.82e-3, 8.37e-4),
        RowKey("T2", "convex", "adagrad"): (7.61e-5, 2.30e-3, 1.79e-9),
        RowKey("T2", "convex", "adam"): (4.28e-3, 3.95e-3, 1.26e-3),
        RowKey("T2", "convex", "rmsprop"): (8.26e-6, 2.24e-3, 2.01e-8),
        RowKey("T2", "rosenbrock", "sgd"): (0.588, 0.175, 0.0742),
        RowKey("T2", "rosenbrock", "adagrad"): (0.353, 0.203, 0.198),
        RowKey("T2", "rosenbrock", "adam"): (0.412, 0.168, 0.148),
        RowKey("T2", "rosenbrock", "rmsprop"): (0.316, 0.143, 0.201),
    }
)
"""Means of the additive, the multiplicative and the hybrid rule."""

DEVIATIONS: Mapping[RowKey, tuple[float, float, float]] = MappingProxyType(
    {
        RowKey("T2", "convex", "sgd"): (8.06e-3, 5.17e-3, 2.35e-3),
        RowKey("T2", "convex", "adagrad"): (1.67e-4, 7.17e-3, 1.34e-9),
        RowKey("T2", "convex", "adam"): (4.28e-3, 4.88e-3, 1.45e-3),
        RowKey("T2", "convex", "rmsprop"): (2.33e-5, 2.24e-3, 9.58e-8),
        RowKey("T2", "rosenbrock", "sgd"): (0.219, 0.236, 0.153),
        RowKey("T2", "rosenbrock", "adagrad"): (0.359, 0.213, 0.268),
        RowKey("T2", "rosenbrock", "adam"): (0.169, 0.255, 0.158),
        RowKey("T2", "rosenbrock", "rmsprop"): (0.308, 0.167, 0.251),
    }
)
"""Standard deviations of the same means, where they are printed."""
