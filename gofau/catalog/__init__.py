"""The torch-free catalog: names, parameters and ranges of directions, rules, problems, metrics.

Everything that validates a request reads this module, so that a service without torch refuses a
bad hyperparameter with the same words as the optimizer that would run it.
"""

from gofau.catalog.entries import (
    CatalogError,
    DirectionEntry,
    Entry,
    Parameter,
    ProblemEntry,
    RuleEntry,
    Scalar,
    positive,
    unit,
)
from gofau.catalog.lists import directions, metrics, problems, rules
from gofau.catalog.metrics import PROBLEM_CAP, SHARE, MetricEntry, MetricError
from gofau.catalog.registry import Named, Registry
from gofau.catalog.settings import common, init_scale, optimizer, zero_policy

__all__ = [
    "PROBLEM_CAP",
    "SHARE",
    "CatalogError",
    "DirectionEntry",
    "Entry",
    "MetricEntry",
    "MetricError",
    "Named",
    "Parameter",
    "ProblemEntry",
    "Registry",
    "RuleEntry",
    "Scalar",
    "common",
    "directions",
    "init_scale",
    "metrics",
    "optimizer",
    "positive",
    "problems",
    "rules",
    "unit",
    "zero_policy",
]
