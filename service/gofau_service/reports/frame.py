"""Stored trials as a table, the input of `gofau_studies.landscape.table.landscapes`."""

from typing import Any

import numpy as np
import pandas as pd

from gofau import catalog
from gofau_service.store import cells, trial_list
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Arm, Study
from gofau_service.studies.enumeration import whole
from gofau_studies.landscape.table import with_misses

RESULTS = (
    "index",
    "cell",
    "seed",
    "state",
    "outcome",
    "value",
    "best",
    "steps_to_target",
    "frozen_fraction",
    "wall_s",
    "code_version",
)


def trials_frame(session: Session, study: Study) -> pd.DataFrame:
    """One row a trial: its labels, axis values and results.

    ``lr`` and ``init_scale`` are there also where the study fixes them. ``steps_to_target`` is
    infinite for a completed trial that never reached the target.
    """
    rows = trial_list.columns(session, study.id, RESULTS)
    trials = pd.DataFrame.from_records(rows, columns=list(RESULTS))
    for name in ("value", "best", "steps_to_target", "frozen_fraction", "wall_s"):
        trials[name] = trials[name].astype(np.float64)
    merged = with_misses(trials).merge(cells_frame(session, study), on="cell", how="left")
    return merged.sort_values("index", ignore_index=True)


def cells_frame(session: Session, study: Study) -> pd.DataFrame:
    """One row a cell: its ordinal, labels and axis values."""
    arms = cells.arms(session, study.id)
    rows = [
        {"cell": ordinal, **_labels(arms[arm]), **_point(arms[arm], point, changes)}
        for ordinal, arm, point, changes in cells.definitions(session, study.id)
    ]
    return pd.DataFrame(rows)


def _labels(arm: Arm) -> dict[str, str]:
    return {"problem": arm.problem, "direction": arm.direction, "rule": arm.rule}


def _point(arm: Arm, point: dict[str, float], changes: dict[str, Any]) -> dict[str, float]:
    definition = whole(arm.definition, changes)
    fixed = {"init_scale": float(definition["init_scale"])}
    drives = catalog.rules.get(definition["rule"], "rules").lr_drives
    if drives:
        fixed["lr"] = float(definition["hyper"][drives[0]])
    return {**fixed, **point}
