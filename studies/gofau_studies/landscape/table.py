"""Landscapes from a table of trials."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gofau_studies.arrays import Codes, Floats
from gofau_studies.landscape.columns import AXES, GROUP
from gofau_studies.landscape.landscape import (
    GoalMetric,
    Landscape,
    LandscapeError,
    LandscapeKey,
    OutcomeCode,
)
from gofau_studies.landscape.whole import whole
from gofau_studies.protocol.trials import TrialState

CELL = [*GROUP, *AXES, "seed"]
MOST_CELLS = 40_000
"""Largest grid of one landscape: random samples would span the square of their number."""

REQUIRED = [*CELL, "state", "outcome", "value"]


def landscapes(
    trials: pd.DataFrame,
    goal: GoalMetric,
    cap: float | Mapping[str, float],
    *,
    choose: Mapping[str, object] | None = None,
    split: Sequence[str] = (),
) -> list[Landscape]:
    """Build one landscape for every (problem, direction, rule) among the rows of ``trials``.

    Rows whose state isn't ``completed``, and trials that were stopped early, are missing. A column
    beyond the known ones may be a further axis (``gamma``, ``weight_decay``): where it makes two
    rows share a cell and seed, either ``choose`` one of its values or ``split`` the rule by it.

    Args:
        trials: columns problem, direction, rule, lr, init_scale, seed, state, outcome, value;
            steps_to_target and frozen_fraction are used when there.
        goal: the metric that ``value`` holds.
        cap: value of a diverged trial, for all problems or by problem.
        choose: column to the value that rows must have.
        split: columns whose value becomes part of the rule's label, ``hybrid[gamma=0.5]``; a row
            without one keeps its label.

    Raises:
        LandscapeError: a column is missing, a value isn't in its column, or several rows share a
            cell and seed, or the rows are no grid.
    """
    frame = _choose(trials, choose or {})
    _require(frame, [*REQUIRED, *split])
    if frame[CELL].isna().any(axis=None):
        raise LandscapeError("trials", "an empty key, axis or seed", "a value in each row")
    frame = labelled(frame, split)
    _refuse_duplicates(frame)
    return [
        _landscape(LandscapeKey(*map(str, key)), rows, goal, cap)
        for key, rows in frame.groupby(GROUP, sort=False)
        if isinstance(key, tuple)
    ]


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise LandscapeError("trials", f"no column {', '.join(absent)}", "them in the table")


def _choose(frame: pd.DataFrame, choose: Mapping[str, object]) -> pd.DataFrame:
    for column, value in choose.items():
        _require(frame, [column])
        kept = frame[frame[column] == value]
        if kept.empty:
            known = ", ".join(map(str, frame[column].unique()[:10]))
            raise LandscapeError(f"choose {column}", value, f"one of: {known}")
        frame = kept
    return frame


def with_misses(trials: pd.DataFrame) -> pd.DataFrame:
    """The same rows, ``steps_to_target`` infinite where a completed trial never reached it."""
    steps = trials["steps_to_target"]
    missed = (trials["state"] == TrialState.COMPLETED) & steps.isna()
    return trials.assign(steps_to_target=steps.mask(missed, np.inf))


def labelled(frame: pd.DataFrame, split: Sequence[str]) -> pd.DataFrame:
    """The same rows, with the values of the columns ``split`` in their rules' labels."""
    if not split:
        return frame
    parts = [frame[column].map(lambda value, name=column: _part(name, value)) for column in split]
    labels = [", ".join(filter(None, row)) for row in zip(*parts, strict=True)]
    rules = frame["rule"].astype(str)
    named = [f"{r}[{label}]" if label else r for r, label in zip(rules, labels, strict=True)]
    return frame.assign(rule=named)


def _part(name: str, value: float | str | None) -> str:
    """``gamma=0.5``; empty where a rule has no such setting."""
    if pd.isna(value):
        return ""
    return f"{name}={value:g}" if isinstance(value, int | float | np.number) else f"{name}={value}"


def _refuse_duplicates(frame: pd.DataFrame) -> None:
    doubled = frame[frame.duplicated(CELL, keep=False)]
    if doubled.empty:
        return
    first = doubled[(doubled[CELL] == doubled[CELL].iloc[0]).all(axis=1)]
    results = {*CELL, "state", "outcome", "value", "steps_to_target", "frozen_fraction"}
    others = [c for c in first.columns if c not in results and first[c].astype(str).nunique() > 1]
    where = ", ".join(f"{name}={first[name].iloc[0]}" for name in CELL)
    raise LandscapeError(
        "trials",
        f"{len(first)} rows at {where} that differ in {', '.join(others) or 'no column'}",
        "one row; choose a value of such a column or split the rules by it",
    )


def _landscape(
    key: LandscapeKey, rows: pd.DataFrame, goal: GoalMetric, cap: float | Mapping[str, float]
) -> Landscape:
    lr, at_lr = np.unique(rows["lr"].to_numpy(np.float64), return_inverse=True)
    init, at_init = np.unique(rows["init_scale"].to_numpy(np.float64), return_inverse=True)
    seeds, at_seed = np.unique(rows["seed"].to_numpy(np.int64), return_inverse=True)
    at = (at_lr, at_init, at_seed)
    shape = (len(lr), len(init), len(seeds))
    if len(lr) * len(init) > MOST_CELLS:
        raise LandscapeError(
            f"grid of {key}",
            f"{len(lr)} x {len(init)} cells from {len(rows)} trials",
            f"at most {MOST_CELLS:,}; bin random samples first (gofau_studies.landscape.bins)",
        )
    outcome = _outcomes(rows)
    value = np.where(outcome == OutcomeCode.MISSING, np.nan, rows["value"].to_numpy(np.float64))

    def spread(name: str) -> Floats | None:
        return _spread(rows[name].to_numpy(np.float64), at, shape) if name in rows else None

    codes = np.zeros(shape, dtype=np.int8)
    codes[at] = outcome
    return Landscape(
        key=key,
        goal=goal,
        lr=lr,
        init_scale=init,
        seeds=tuple(int(seed) for seed in seeds),
        loss=_spread(value, at, shape),
        outcome=codes,
        cap=float(cap if isinstance(cap, int | float) else _cap_of(cap, key.problem)),
        steps_to_target=spread("steps_to_target"),
        frozen_fraction=spread("frozen_fraction"),
    )


def _cap_of(caps: Mapping[str, float], problem: str) -> float:
    if problem not in caps:
        raise LandscapeError(f"cap of {problem}", "none", "the value of a diverged trial")
    return caps[problem]


def _outcomes(rows: pd.DataFrame) -> Codes:
    at, names = pd.factorize(rows["outcome"].where(whole(rows), "missing"), use_na_sentinel=False)
    codes = np.array([OutcomeCode.named(str(name)) for name in names], dtype=np.int8)
    return codes[at]


def _spread(values: Floats, at: tuple[object, ...], shape: tuple[int, ...]) -> Floats:
    array = np.full(shape, np.nan)
    array[at] = values  # type: ignore[index]
    return array
