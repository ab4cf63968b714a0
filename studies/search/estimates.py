"""Optuna's estimates of importance on a table of points."""

from collections.abc import Sequence

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import FloatDistribution
from optuna.importance import (
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)
from optuna.trial import create_trial

from studies.landscape import Floats

TREES, DEPTH = 16, 8
"""Of fANOVA's forest; four times as many trees, grown out, change a share by less than 0.01."""


def estimates(points: pd.DataFrame, axes: Sequence[str], seed: int) -> dict[str, dict[str, float]]:
    """PED-ANOVA's and fANOVA's importances of ``axes`` for the cost of one rule's points.

    A positive range of a decade or more is given as its decimal logarithm: fANOVA splits the
    variance over the space as it is given, and would else weigh the largest values most.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    scaled = {name: _scaled(points[name].to_numpy(np.float64)) for name in axes}
    ranges = {name: FloatDistribution(float(v.min()), float(v.max())) for name, v in scaled.items()}
    study = optuna.create_study()
    study.add_trials(
        [
            create_trial(
                value=float(cost),
                params={name: float(values[k]) for name, values in scaled.items()},
                distributions=dict(ranges),
            )
            for k, cost in enumerate(points["cost"])
        ]
    )
    evaluators = {
        "ped_anova": PedAnovaImportanceEvaluator(),
        "fanova": FanovaImportanceEvaluator(n_trees=TREES, max_depth=DEPTH, seed=seed),
    }
    found = {
        name: get_param_importances(study, evaluator=evaluator, params=list(axes))
        for name, evaluator in evaluators.items()
    }
    return {name: {axis: float(v) for axis, v in shares.items()} for name, shares in found.items()}


def _scaled(values: Floats) -> Floats:
    return np.log10(values) if 0 < 10 * values.min() <= values.max() else values
