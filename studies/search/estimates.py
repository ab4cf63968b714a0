"""Optuna's estimates of importance on a table of points."""

from collections.abc import Sequence

import optuna
import pandas as pd
from optuna.distributions import FloatDistribution
from optuna.importance import (
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)
from optuna.trial import create_trial


def estimates(points: pd.DataFrame, axes: Sequence[str], seed: int) -> dict[str, dict[str, float]]:
    """PED-ANOVA's and fANOVA's importances of ``axes`` for the cost of one rule's points.

    Positive ranges of a decade or more are taken as logarithmic.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ranges = {name: _range(points[name]) for name in axes}
    study = optuna.create_study()
    study.add_trials(
        [
            create_trial(
                value=float(row["cost"]),
                params={name: float(row[name]) for name in axes},
                distributions=dict(ranges),
            )
            for row in points.to_dict("records")
        ]
    )
    evaluators = {
        "ped_anova": PedAnovaImportanceEvaluator(),
        "fanova": FanovaImportanceEvaluator(seed=seed),
    }
    found = {
        name: get_param_importances(study, evaluator=evaluator, params=list(axes))
        for name, evaluator in evaluators.items()
    }
    return {name: {axis: float(v) for axis, v in shares.items()} for name, shares in found.items()}


def _range(values: "pd.Series[float]") -> FloatDistribution:
    low, high = float(values.min()), float(values.max())
    return FloatDistribution(low, high, log=0 < 10 * low <= high)
