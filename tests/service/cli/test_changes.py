"""Commands that change studies or look into them, and tokens, against the real API."""

import csv
import io
import json
from pathlib import Path

import pytest

from gofau_service.reconciler.ray_jobs import JobStatus
from tests.service.cli.conftest import GOOD, Gofau
from tests.service.fakes import Service

TRIALS = 12


@pytest.fixture
def study(gofau: Gofau, service: Service, spec: Path) -> str:
    """The id of a study that waits."""
    identity: str = gofau("submit", spec, "--json").json["id"]
    return identity


@pytest.fixture
def done(service: Service, study: str) -> str:
    """The id of a study whose trials have all completed."""
    service.reconciler.look()
    service.worker(study).finish()
    return study


def test_pause_and_resume(gofau: Gofau, study: str) -> None:
    assert gofau("pause", study).out == f"{study} is paused, {TRIALS} of {TRIALS} trials wait\n"
    assert gofau("resume", study, "--json").json["state"] == "queued"


def test_retry_lets_failed_trials_wait_again(gofau: Gofau, service: Service, spec: Path) -> None:
    spec.write_text(GOOD + "max_attempts: 1\n")
    study = gofau("submit", spec, "--json").json["id"]
    service.reconciler.look()
    worker = service.worker(study)
    worker.post(worker.lease(*range(TRIALS)).lease, *range(1, TRIALS), failures={0: "boom\nlong"})
    [failed] = gofau("trials", study, "--state", "failed", "--json").json
    assert (failed["index"], failed["error"]) == (0, "boom\nlong")
    assert "boom" in gofau("trials", study, "--state", "failed").out
    assert gofau("retry", study, "--json").json["counts"]["waiting"] == 1


def test_extend_adds_seeds_or_takes_a_wider_spec(gofau: Gofau, done: str, tmp_path: Path) -> None:
    assert gofau("extend", done, "--seeds", 3, "--json").json["counts"]["waiting"] == 6
    wider = tmp_path / "wider.yaml"
    axis = "{values: [1.0e-3, 1.0e-2, 0.1, 1.0]}"
    text = GOOD.replace("{log: [1.0e-2, 1.0], points: 3}", axis)
    wider.write_text(text.replace("seeds: 2", "seeds: 3"))
    extended = gofau("extend", done, wider, "--json").json
    assert (extended["trials"], extended["counts"]["completed"]) == (24, TRIALS)


@pytest.mark.parametrize("arguments", [[], ["study.yaml", "--seeds", "3"]])
def test_extend_takes_one_of_spec_and_seeds(gofau: Gofau, spec: Path, arguments: list[str]) -> None:
    ran = gofau("extend", "x", *arguments)
    assert ran.code == 2
    assert "expected either SPEC or --seeds" in ran.err


def test_a_narrower_spec_is_refused(gofau: Gofau, study: str) -> None:
    ran = gofau("extend", study, "--seeds", 1)
    assert ran.code == 2
    assert "seeds" in ran.err


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ("epochs: 2", "epochs: 3", "epochs"),
        ("[sgd]", "[adam]", "directions"),
        (
            "seeds: 2",
            "seeds: 3\nschedule: cosine\nstop_at_target: false\ndtype: float64",
            "dtype, rules",
        ),
    ],
)
def test_a_spec_that_asks_for_more_than_an_extension_is_refused(
    gofau: Gofau, study: str, spec: Path, old: str, new: str, fields: str
) -> None:
    spec.write_text(GOOD.replace(old, new))
    ran = gofau("extend", study, spec)
    assert ran.code == 2
    assert f"got other {fields} than the study has, expected its own" in ran.err
    assert gofau("show", study, "--json").json["trials"] == TRIALS


def test_tags_are_replaced(gofau: Gofau, study: str) -> None:
    assert gofau("tag", study, "b", "a").code == 0
    assert sorted(gofau("show", study, "--json").json["tags"]) == ["a", "b"]
    assert [s["id"] for s in gofau("list", "--tag", "a", "--json").json] == [study]
    assert gofau("tag", study).out == f"{study}: no tags\n"


def test_delete_refuses_a_study_that_runs_unless_forced(
    gofau: Gofau, service: Service, study: str
) -> None:
    service.reconciler.look()
    refused = gofau("delete", study)
    assert refused.code == 2
    assert gofau("delete", study, "--force").out == f"{study} goes as soon as its job has ended\n"
    finish_jobs(service)
    assert gofau("show", study).code == 2


def test_an_ended_study_is_deleted(gofau: Gofau, service: Service, done: str) -> None:
    finish_jobs(service)
    assert gofau("delete", done, "--json").json == {"study": done, "gone": True}
    assert gofau("show", done).code == 2


def finish_jobs(service: Service) -> None:
    """Let every job end, and the reconciler see it."""
    service.runner.jobs.update(dict.fromkeys(service.runner.jobs, JobStatus.SUCCEEDED))
    for _ in range(3):
        service.reconciler.look()


def test_trials_are_filtered_sorted_and_cut(gofau: Gofau, done: str) -> None:
    found = gofau("trials", done, "--sort", "-value", "--limit", 3, "--json").json
    values = [trial["value"] for trial in found]
    assert len(values) == 3
    assert values == sorted(values, reverse=True)
    rules = gofau("trials", done, "--rule", "additive", "--json").json
    assert {trial["rule"] for trial in rules} == {"additive"}
    assert "lr 0.01" in gofau("trials", done).out


def test_compare_reports_over_studies(gofau: Gofau, service: Service, done: str) -> None:
    other = gofau("submit", "study.yaml", "--fresh", "--json").json["id"]
    service.reconciler.look()
    service.worker(other).finish()
    assert gofau("compare", done, other).code == 0
    assert gofau("compare", done, other, "--json").json["groups"]
    assert gofau("compare", done).code == 2


def test_export_writes_every_trial_once(gofau: Gofau, done: str, tmp_path: Path) -> None:
    gofau("export", done, "--out", tmp_path / "t.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text())))
    assert len(rows) == TRIALS
    assert gofau("export", done).out.encode() == (tmp_path / "t.csv").read_bytes()
    gofau("export", done, "--format", "ndjson", "--out", tmp_path / "t.ndjson")
    lines = (tmp_path / "t.ndjson").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == TRIALS
    gofau("export", done, "--format", "parquet", "--out", tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").read_bytes().startswith(b"PAR1")
    assert not list(tmp_path.glob("*.part"))


def test_a_failed_export_leaves_no_file(gofau: Gofau, service: Service, tmp_path: Path) -> None:
    assert gofau("export", "nope", "--out", tmp_path / "t.csv").code == 2
    assert not list(tmp_path.glob("t.csv*"))


def test_tokens_are_made_listed_and_revoked(gofau: Gofau, service: Service) -> None:
    made = gofau("token", "create", "laptop", "--owner", "ada", "--days", 1, "--json").json
    assert (made["owner"], made["scopes"]) == ("ada", ["read"])
    assert made["token"]
    assert made["id"] in gofau("token", "list").out
    assert made["token"] not in gofau("token", "list", "--json").out
    assert gofau("token", "revoke", made["id"]).out == f"{made['id']} is revoked\n"
    [left] = gofau("token", "list", "--json").json
    assert left["revoked_at"] is not None
    assert gofau("list", "--token", made["token"]).code == 5
