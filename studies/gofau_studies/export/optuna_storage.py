"""A study as Optuna studies in a storage that Optuna, and its dashboard, open.

Optuna is imported when something is written: ``pip install optuna``.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gofau.catalog.metrics import better_side
from gofau_studies.arrays import Floats
from gofau_studies.errors import StudiesError
from gofau_studies.export.ranges import distributions
from gofau_studies.landscape.caps import caps
from gofau_studies.landscape.columns import GROUP
from gofau_studies.landscape.counting import counted_trials
from gofau_studies.protocol.trial_facts import NUMBERS
from gofau_studies.protocol.trials import Outcome
from gofau_studies.spec import StudySpec

if TYPE_CHECKING:
    from optuna.distributions import FloatDistribution
    from optuna.trial import FrozenTrial

KEPT = {
    **{name: name for name in ("index", "seed", "outcome", *NUMBERS)},
    "value": "measured",
}
"""Columns that become user attributes of a trial, and their names there."""


class ExportError(StudiesError):
    """A storage that cannot take the study: what, got, expected, remedy."""


def write(trials: pd.DataFrame, spec: StudySpec, storage: str, name: str) -> list[str]:
    """Write every trial that completed or failed, one Optuna study an arm.

    A trial is one point with one seed, which is among its user attributes. A trial has the value
    that reports count it as, a diverged one the problem's cap; what was measured is its user
    attribute ``measured``. One that successive halving stopped is pruned.

    Args:
        trials: rows of an export: labels, axes, seed, state, outcome, value.
        spec: whose axes become ranges.
        storage: where, such as ``sqlite:///study.db``.
        name: what the Optuna studies' names begin with.

    Returns:
        The names: ``name/problem/direction/rule``.

    Raises:
        ExportError: the storage has a study of such a name.
    """
    import optuna
    from optuna.study import StudyDirection

    ranges = distributions(spec.axes)
    backend = optuna.storages.get_storage(storage)
    trials = trials.assign(counted=_counted(trials, spec))
    sense = StudyDirection.MINIMIZE if spec.goal.minimize else StudyDirection.MAXIMIZE
    names = []
    for key, rows in trials.groupby(GROUP, sort=False):
        full = "/".join([name, *map(str, key)])
        try:
            study = optuna.create_study(storage=backend, study_name=full, direction=sense)
        except optuna.exceptions.DuplicatedStudyError as error:
            raise ExportError(
                f"{storage}: got a study {full!r} in it, expected none; write to another file"
            ) from error
        study.set_user_attr("metric", spec.goal.metric)
        study.set_user_attr("better", better_side(spec.goal.minimize))
        study.set_user_attr("spec", spec.model_dump(mode="json"))
        found = (_trial(row, ranges) for row in rows.to_dict("records"))
        study.add_trials([trial for trial in found if trial is not None])
        names.append(full)
    return names


def _counted(trials: pd.DataFrame, spec: StudySpec) -> Floats:
    """The value that each trial counts as; its own where it was stopped early."""
    bounds = caps(spec, trials)
    values = trials["value"].astype(float)
    outcomes = [outcome if isinstance(outcome, str) else None for outcome in trials["outcome"]]
    of = [bounds[str(problem)] for problem in trials["problem"]]
    found = counted_trials(values.tolist(), outcomes, of, spec.goal.minimize)
    return np.where(trials["outcome"] == Outcome.STOPPED_EARLY.value, values, found)


def _trial(
    row: Mapping[Any, Any], ranges: "Mapping[str, FloatDistribution]"
) -> "FrozenTrial | None":
    from optuna.trial import TrialState, create_trial

    if row["state"] not in ("completed", "failed"):
        return None
    failed = row["state"] == "failed"
    ended = TrialState.PRUNED if row["outcome"] == "stopped_early" else TrialState.COMPLETE
    return create_trial(
        state=TrialState.FAIL if failed else ended,
        value=None if failed or pd.isna(row["counted"]) else float(row["counted"]),
        params={name: float(row[name]) for name in ranges},
        distributions=dict(ranges),
        user_attrs={KEPT[name]: row[name] for name in KEPT if name in row and pd.notna(row[name])},
    )
