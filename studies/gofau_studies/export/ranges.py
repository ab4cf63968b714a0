"""Axes as Optuna's distributions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gofau_studies.spec.axes import Axis

if TYPE_CHECKING:
    from optuna.distributions import FloatDistribution

DECADE = 10.0


def distributions(axes: Mapping[str, Axis]) -> "dict[str, FloatDistribution]":
    """One range an axis; listed values span a logarithmic one where they are a decade apart."""
    from optuna.distributions import FloatDistribution

    return {name: FloatDistribution(*axis.bounds, log=_is_log(axis)) for name, axis in axes.items()}


def _is_log(axis: Axis) -> bool:
    low, high = axis.bounds
    return axis.log is not None or (axis.values is not None and 0 < low * DECADE <= high)
