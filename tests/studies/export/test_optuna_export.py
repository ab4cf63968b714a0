"""An exported study is one that Optuna opens, with every trial as it ended."""

from math import log
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState

from gofau_studies.export.optuna_storage import ExportError, write
from gofau_studies.spec import StudySpec, parse_yaml
from gofau_studies.spec.cells import cells

SPEC = """
name: export
problem: digits-mlp
epochs: 2
directions: [sgd]
rules: [additive, {name: hybrid, gamma: 0.5}]
axes:
  lr: {log: [0.01, 1], points: 3}
  init_scale: {values: [0.5, 1.0, 2.0]}
seeds: 1
goal: {metric: val_loss}
"""
CAP = pytest.approx(log(10))
ENDINGS: list[dict[str, Any]] = [
    {"state": "completed", "outcome": "reached_target", "value": 0.2},
    {"state": "completed", "outcome": "diverged", "value": 9.0},
    {"state": "completed", "outcome": "nonfinite", "value": None},
    {"state": "failed", "outcome": None, "value": None},
    {"state": "waiting", "outcome": None, "value": None},
    {"state": "cancelled", "outcome": None, "value": None},
]


def table(spec: StudySpec) -> pd.DataFrame:
    rows = [
        {
            "index": i,
            "problem": c.problem,
            "direction": c.direction,
            "rule": c.rule,
            **c.point,
            "seed": 0,
            **ENDINGS[i % len(ENDINGS)],
        }
        for i, c in enumerate(cells(spec))
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'study.db'}"


def test_every_arm_is_a_study_of_its_trials_that_ended(storage: str) -> None:
    spec = parse_yaml(SPEC)
    names = write(table(spec), spec, storage, "mine")
    assert names == ["mine/digits-mlp/sgd/additive", "mine/digits-mlp/sgd/hybrid"]
    assert sorted(optuna.get_all_study_names(storage)) == names
    loaded = optuna.load_study(study_name=names[0], storage=storage)
    assert [t.state for t in loaded.trials] == [
        TrialState.COMPLETE,
        TrialState.COMPLETE,
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.COMPLETE,
        TrialState.COMPLETE,
        TrialState.COMPLETE,
    ]
    assert [t.value for t in loaded.trials] == [0.2, CAP, CAP, None, 0.2, CAP, CAP]
    assert [t.user_attrs["index"] for t in loaded.trials] == [0, 1, 2, 3, 6, 7, 8]
    assert loaded.trials[1].user_attrs == {
        "index": 1,
        "seed": 0,
        "outcome": "diverged",
        "measured": 9.0,
    }
    assert loaded.trials[1].params == {"lr": 0.01, "init_scale": 1.0}
    assert loaded.user_attrs["metric"] == "val_loss"
    assert loaded.user_attrs["spec"] == spec.model_dump(mode="json")


def test_ranges_keep_their_scale(storage: str) -> None:
    spec = parse_yaml(SPEC)
    [name, _] = write(table(spec), spec, storage, "mine")
    ranges = optuna.load_study(study_name=name, storage=storage).trials[0].distributions
    assert ranges == {
        "lr": optuna.distributions.FloatDistribution(0.01, 1.0, log=True),
        "init_scale": optuna.distributions.FloatDistribution(0.5, 2.0),
    }


def test_a_diverged_trial_has_the_worst_score_whatever_it_measured(storage: str) -> None:
    spec = parse_yaml(SPEC.replace("val_loss", "val_accuracy"))
    [name, _] = write(table(spec), spec, storage, "mine")
    loaded = optuna.load_study(study_name=name, storage=storage)
    assert loaded.direction is optuna.study.StudyDirection.MAXIMIZE
    assert [t.value for t in loaded.trials[:3]] == [0.2, 0.0, 0.0]
    assert loaded.best_value == 0.2
    assert loaded.user_attrs["better"] == "higher"


def test_a_storage_that_has_the_study_is_left_as_it_is(storage: str) -> None:
    spec = parse_yaml(SPEC)
    [name, _] = write(table(spec), spec, storage, "mine")
    with pytest.raises(ExportError) as caught:
        write(table(spec), spec, storage, "mine")
    assert str(caught.value) == (
        f"{storage}: got a study {name!r} in it, expected none; write to another file"
    )
    assert len(optuna.load_study(study_name=name, storage=storage).trials) == 7
