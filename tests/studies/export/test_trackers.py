"""TensorBoard's and MLflow's own readers find every trial as it ended."""

import json
from collections.abc import Iterator
from contextlib import suppress
from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

from gofau_studies.export import mlflow_store, tensorboard_logs
from gofau_studies.export.folder import FolderError, fresh_folder
from gofau_studies.export.runs import Runs
from gofau_studies.spec import parse_yaml
from gofau_studies.spec.cells import cells

SPEC = parse_yaml("""
name: tracked
problem: digits-mlp
epochs: 2
directions: [sgd]
rules: [additive, {name: hybrid, gamma: 0.5}]
axes:
  lr: {log: [0.01, 1], points: 2}
seeds: 1
goal: {metric: val_loss}
""")
EMPTY: dict[str, Any] = {
    "outcome": None,
    "value": None,
    "best": None,
    "steps_to_target": None,
    "steps": None,
    "epochs_run": None,
    "frozen_fraction": None,
    "executor": None,
    "executor_reason": None,
    "pack_size": None,
    "code_version": None,
    "error": None,
    "ended_at": None,
    "wall_s": None,
    "metrics": {},
    "curves": {},
}
GOOD = {
    "state": "completed",
    "outcome": "reached_target",
    "value": 0.25,
    "best": 0.25,
    "steps_to_target": 22,
    "steps": 44,
    "epochs_run": 2,
    "executor": "bmm",
    "pack_size": 4,
    "wall_s": 0.5,
    "ended_at": "2026-11-01T12:00:00Z",
    "metrics": {"val_loss": 0.25, "sharpness": 3.0},
    "curves": {"val_loss": [2.5, 1.0, 0.25]},
}
BLOWN = {
    **GOOD,
    "outcome": "nonfinite",
    "value": None,
    "metrics": {"val_loss": None},
    "curves": {"val_loss": [2.5, None, None]},
}
BROKEN = {"state": "failed", "error": "RuntimeError: cheese", "ended_at": "2026-11-01T12:00:01Z"}
ENDINGS: list[dict[str, Any]] = [GOOD, BLOWN, BROKEN, {"state": "waiting"}]
ENDED_AT = 1793534400


def chunks(size: int = 100) -> Iterator[bytes]:
    """An export's lines, cut where no line ends."""
    rows = [
        {
            **EMPTY,
            "index": i,
            "problem": c.problem,
            "direction": c.direction,
            "rule": c.rule,
            **c.point,
            "seed": 7,
            "attempts": 1,
            **ENDINGS[i],
        }
        for i, c in enumerate(cells(SPEC))
    ]
    whole = "".join(json.dumps(row) + "\n" for row in rows).encode()
    yield from (whole[at : at + size] for at in range(0, len(whole), size))


@pytest.fixture
def runs() -> Runs:
    return Runs(chunks(), SPEC.axes)


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()


@pytest.mark.parametrize("size", [1, 100, 10_000_000])
def test_lines_are_found_however_they_are_cut(size: int) -> None:
    runs = Runs(chunks(size), SPEC.axes)
    assert [run.index for run in runs] == [0, 1, 2]
    assert (runs.written, runs.left_out) == (3, 1)


def test_tensorboard_reads_a_run_a_trial(runs: Runs, tmp_path: Path) -> None:
    tensorboard_logs.write(runs, SPEC, tmp_path / "out")
    folders = sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir())
    assert folders == [
        "0000000 digits-mlp sgd additive",
        "0000001 digits-mlp sgd additive",
        "0000002 digits-mlp sgd hybrid",
    ]
    first = read(tmp_path / "out" / folders[0])
    loss = [(s.step, s.value, s.wall_time) for s in first.Scalars("val_loss")]
    assert loss == [(0, 2.5, ENDED_AT), (1, 1.0, ENDED_AT), (2, 0.25, ENDED_AT)]
    assert [(s.step, s.value) for s in first.Scalars("sharpness")] == [(2, 3.0)]
    assert first.Scalars("steps_to_target")[0].value == 22
    assert first.Tensors("executor")[0].tensor_proto.string_val == [b"bmm"]


def test_tensorboard_keeps_what_was_not_finite(runs: Runs, tmp_path: Path) -> None:
    tensorboard_logs.write(runs, SPEC, tmp_path / "out")
    blown = read(tmp_path / "out" / "0000001 digits-mlp sgd additive")
    values = [s.value for s in blown.Scalars("val_loss")]
    assert values[0] == 2.5
    assert [isnan(v) for v in values] == [False, True, True]
    assert "value" not in blown.Tags()["scalars"]


def test_tensorboard_shows_hyperparameters_and_failures(runs: Runs, tmp_path: Path) -> None:
    tensorboard_logs.write(runs, SPEC, tmp_path / "out")
    broken = read(tmp_path / "out" / "0000002 digits-mlp sgd hybrid")
    found = {
        tag: broken.SummaryMetadata(tag).plugin_data.content
        for tag in broken.PluginTagToContent(metadata.PLUGIN_NAME)
    }
    start = metadata.parse_session_start_info_plugin_data(found[metadata.SESSION_START_INFO_TAG])
    params = {name: v.number_value or v.string_value for name, v in start.hparams.items()}
    assert params == {
        "problem": "digits-mlp",
        "direction": "sgd",
        "rule": "hybrid",
        "lr": 0.01,
        "seed": 7.0,
    }
    end = metadata.parse_session_end_info_plugin_data(found[metadata.SESSION_END_INFO_TAG])
    assert (end.status, end.end_time_secs) == (2, ENDED_AT + 1)  # STATUS_FAILURE
    assert broken.Tensors("error")[0].tensor_proto.string_val == [b"RuntimeError: cheese"]
    root = read(tmp_path / "out")
    about = metadata.parse_experiment_plugin_data(
        root.SummaryMetadata(metadata.EXPERIMENT_TAG).plugin_data.content
    )
    assert {info.name for info in about.hparam_infos} == params.keys()
    said = {info.name.tag: info.description for info in about.metric_infos}
    assert said["val_loss"] == "lower is better"
    assert said["value"] == "lower is better, in val_loss"
    assert said["steps"] == "in steps"
    assert said["sharpness"] == ""


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # in MLflow's own mappings
def test_mlflow_reads_a_run_a_trial(runs: Runs, tmp_path: Path) -> None:
    mlflow_store.write(runs, "tracked st_1", tmp_path / "out", SPEC.goal)
    client = MlflowClient(f"sqlite:///{tmp_path / 'out' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("tracked st_1")
    assert experiment is not None
    assert experiment.tags["gofau.better.val_loss"] == "lower is better"
    assert experiment.tags["gofau.better.value"] == "lower is better, in val_loss"
    found = client.search_runs([experiment.experiment_id])
    by_index = {int(run.data.tags["gofau.index"]): run for run in found}
    assert sorted(by_index) == [0, 1, 2]

    good = by_index[0]
    assert good.data.params == {
        "problem": "digits-mlp",
        "direction": "sgd",
        "rule": "additive",
        "lr": "0.01",
        "seed": "7",
    }
    assert (good.info.status, good.info.end_time) == ("FINISHED", 1000 * ENDED_AT)
    assert good.info.start_time == 1000 * ENDED_AT - 500
    assert (good.data.metrics["val_loss"], good.data.metrics["sharpness"]) == (0.25, 3.0)
    assert good.data.tags["gofau.outcome"] == "reached_target"
    history = client.get_metric_history(good.info.run_id, "val_loss")
    assert [(m.step, m.value) for m in history] == [(0, 2.5), (1, 1.0), (2, 0.25)]

    blown = client.get_metric_history(by_index[1].info.run_id, "val_loss")
    assert [m.value for m in blown] == pytest.approx([2.5, nan, nan], nan_ok=True)
    assert by_index[2].info.status == "FAILED"
    assert by_index[2].data.tags["gofau.error"] == "RuntimeError: cheese"


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # in MLflow's own mappings
def test_long_curves_go_to_mlflow_whole(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GOOD["curves"], "val_loss", [float(i) for i in range(2500)])
    mlflow_store.write(runs, "long", tmp_path / "out", SPEC.goal)
    client = MlflowClient(f"sqlite:///{tmp_path / 'out' / 'mlflow.db'}")
    [run] = client.search_runs(["1"], "tags.`gofau.index` = '0'")
    assert len(client.get_metric_history(run.info.run_id, "val_loss")) == 2500


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    expected = "there: got something there, expected nothing or an empty folder; name another"
    with pytest.raises(FolderError, match=expected), fresh_folder(tmp_path / "there"):
        pass


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with suppress(RuntimeError), fresh_folder(tmp_path / "out") as part:
        (part / "half").touch()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()
    with fresh_folder(tmp_path / "out") as part:
        (part / "whole").touch()
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "whole"]
