"""``gofau export``: filters, and trackers' formats through the real API."""

import json
import sys
from pathlib import Path

import optuna
import pytest

from tests.service.cli.conftest import Gofau
from tests.service.cli.test_changes import TRIALS, done, study

__all__ = ["done", "study"]


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_curves_come_with_every_trial(gofau: Gofau, done: str) -> None:
    found = rows(gofau("export", done, "--format", "curves").out)
    plain = rows(gofau("export", done, "--format", "ndjson").out)
    assert len(found) == TRIALS
    detail = gofau("trials", done, "--limit", 1, "--json").json[0]
    assert found[0]["index"] == detail["index"]
    assert found[0]["curves"] == {"val_loss": [2.5, 1.0, 0.25], "val_accuracy": [0.1, 0.4, 0.5]}
    assert [{k: v for k, v in r.items() if k not in ("metrics", "curves")} for r in found] == plain


def test_filters_narrow_every_format(gofau: Gofau, done: str) -> None:
    for kind in ("ndjson", "curves"):
        found = rows(gofau("export", done, "--format", kind, "--rule", "additive").out)
        assert {row["rule"] for row in found} == {"additive"}
        assert len(found) == TRIALS // 2
        assert gofau("export", done, "--format", kind, "--state", "failed").out == ""
        cut = rows(gofau("export", done, "--format", kind, "--limit", 5).out)
        assert [row["index"] for row in cut] == [0, 1, 2, 3, 4]
    assert len(gofau("export", done, "--limit", 3).out.splitlines()) == 4


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # in MLflow's own mappings
@pytest.mark.parametrize("kind", ["tensorboard", "mlflow"])
def test_a_tracker_gets_a_run_a_trial(gofau: Gofau, done: str, tmp_path: Path, kind: str) -> None:
    said = gofau("export", done, "--format", kind, "--out", "runs")
    assert said.out == f"wrote {TRIALS} runs to runs\n"
    assert any((tmp_path / "runs").iterdir())
    again = gofau("export", done, "--format", kind, "--out", "runs")
    assert again.code == 2
    assert "got something there, expected nothing or an empty folder" in again.err


def test_what_was_left_out_is_said(gofau: Gofau, done: str) -> None:
    few = ("--rule", "additive", "--limit", 2)
    said = gofau("export", done, "--format", "tensorboard", "--out", "a", *few).out
    assert said == "wrote 2 runs to a (of the trials that --rule additive --limit 2 leaves)\n"
    waiting = gofau("submit", "study.yaml", "--fresh", "--json").json["id"]
    said = gofau("export", waiting, "--format", "tensorboard", "--out", "b").out
    assert said == (
        f"wrote 0 runs to b; left out {TRIALS} trials that neither completed nor failed\n"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("tensorboard",), "got no folder, expected one for tensorboard; give it with --out"),
        (("mlflow",), "got no folder, expected one for mlflow; give it with --out"),
        (("optuna",), "got no file, expected one for optuna; give it with --out"),
        (
            ("optuna", "--out", "o.db", "--state", "failed"),
            "got no trial that --state failed leaves, expected one or more; give other filters",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(
    gofau: Gofau, done: str, arguments: tuple[str, ...], message: str
) -> None:
    ran = gofau("export", done, "--format", *arguments)
    assert (ran.code, message in " ".join(ran.err.split())) == (2, True)


def test_optuna_gets_the_trials_that_filters_leave(gofau: Gofau, done: str, tmp_path: Path) -> None:
    few = ("--rule", "additive", "--limit", 3)
    said = gofau("export", done, "--format", "optuna", "--out", "o.db", *few)
    (name,) = optuna.get_all_study_names(f"sqlite:///{tmp_path / 'o.db'}")
    assert said.out == f"wrote {name} to o.db\n"
    assert name.endswith("/additive")
    kept = optuna.load_study(study_name=name, storage=f"sqlite:///{tmp_path / 'o.db'}").trials
    assert [trial.user_attrs["index"] for trial in kept] == [0, 1, 2]


@pytest.mark.parametrize(
    "kind, package", [("mlflow", "mlflow.tracking"), ("optuna", "optuna.study")]
)
def test_a_missing_package_is_named_with_its_remedy(
    gofau: Gofau,
    done: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: str,
    package: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    ran = gofau("export", done, "--format", kind, "--out", "runs")
    assert ran.code == 2
    assert "install it with pip install 'gofau[trackers]'" in " ".join(ran.err.split())
    assert not list(tmp_path.glob("runs*"))
