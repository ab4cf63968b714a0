"""A study as Optuna studies in a storage that Optuna, and its dashboard, open.

Optuna is imported when something is written: ``pip install optuna``.
"""

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

import pandas as pd

from studies.errors import StudiesError
from studies.export.ranges import distributions
from studies.spec import StudySpec

if TYPE_CHECKING:
    from optuna.distributions import FloatDistribution
    from optuna.trial import FrozenTrial

GROUP = ["problem", "direction", "rule"]
KEPT = ("index", "seed", "outcome", "steps_to_target", "frozen_fraction", "wall_s")
"""Columns that become user attributes of a trial."""


class ExportError(StudiesError):
    """A storage that cannot take the study: what, got, expected, remedy."""


def write(trials: pd.DataFrame, spec: StudySpec, storage: str, name: str) -> list[str]:
    """Write every trial that completed or failed, one Optuna study an arm.

    A trial is one point with one seed, which is among its user attributes. A trial that diverged
    without a finite value is complete with the worst value there is, an infinity; one that
    successive halving stopped is pruned.

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
        study.set_user_attr("spec", spec.model_dump(mode="json"))
        found = (_trial(row, ranges, spec.goal.minimize) for row in rows.to_dict("records"))
        study.add_trials([trial for trial in found if trial is not None])
        names.append(full)
    return names


def _trial(
    row: Mapping[Any, Any], ranges: "Mapping[str, FloatDistribution]", minimize: bool
) -> "FrozenTrial | None":
    from optuna.trial import TrialState, create_trial

    if row["state"] not in ("completed", "failed"):
        return None
    failed = row["state"] == "failed"
    ended = TrialState.PRUNED if row["outcome"] == "stopped_early" else TrialState.COMPLETE
    value = float(row["value"]) if pd.notna(row["value"]) else inf if minimize else -inf
    return create_trial(
        state=TrialState.FAIL if failed else ended,
        value=None if failed else value,
        params={name: float(row[name]) for name in ranges},
        distributions=dict(ranges),
        user_attrs={name: row[name] for name in KEPT if name in row and pd.notna(row[name])},
    )
