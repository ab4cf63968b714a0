"""A search on the real stack: its driver killed half-way changes nothing in the result."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import faults
from tests.e2e.folder import PATIENCE_S, Folder
from tests.each import case

pytestmark = pytest.mark.slow

SPEC = """
name: {name}
problem: {{name: digits-mlp, width: 16, depth: 1}}
epochs: 3
directions: [sgd]
rules: [additive, {{name: hybrid, gamma: 0.5}}]
axes:
  lr: {{log: [1.0e-3, 10]}}
  init_scale: {{log: [0.1, 10]}}
seeds: 2
search: {{sampler: tpe, trials: 34, batch: 8}}
"""
TRIALS = 2 * 34 * 2


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    if made.left:
        made.start("down").wait(PATIENCE_S)


def completed(folder: Folder, name: str) -> int:
    """How many trials of the study of that name have completed, asked of the service itself."""
    answer = httpx.get(f"{faults.stack(folder)['url']}/v1/studies", timeout=60)
    return sum(s["counts"]["completed"] for s in answer.json()["items"] if s["name"] == name)


def asked(folder: Folder, study: str) -> list[tuple[Any, ...]]:
    """Setting, seed and outcome of every trial, in the order in which they were asked for."""
    found = folder.json("trials", study, "--limit", "1000")
    ordered = sorted(found, key=lambda t: t["index"])
    return [(t["rule"], t["point"], t["seed"], t["outcome"]) for t in ordered]


def test_a_killed_driver_changes_nothing(folder: Folder) -> None:
    folder.gofau("up", "--detach", "--port", "0")
    spec = folder.path / "study.yaml"
    spec.write_text(SPEC.format(name="whole"))
    whole = folder.json("submit", "study.yaml", "--watch", "--fresh")["study"]
    spec.write_text(SPEC.format(name="broken"))
    process = folder.start("submit", "study.yaml", "--watch", "--fresh", "--json")
    for share in (1, 2):
        faults.until(lambda due=share * TRIALS // 3: completed(folder, "broken") >= due, "results")
        faults.kill(folder, faults.is_driver)
    process.communicate(timeout=PATIENCE_S)
    [broken] = [s for s in folder.json("list") if s["name"] == "broken"]
    assert (broken["state"], broken["counts"]["completed"]) == ("completed", TRIALS)
    assert asked(folder, broken["id"]) == asked(folder, whole["id"])
    tuned = folder.json("tuning", broken["id"])
    assert [row["points"] for row in tuned] == [34, 34]
    folder.gofau("export", broken["id"], "--format", "optuna", "--out", "study.db")
    assert (folder.path / "study.db").stat().st_size > 0
    folder.gofau("down")
    assert folder.left == []


def test_every_sampler_ends_its_search(folder: Folder) -> None:
    folder.gofau("up", "--detach", "--port", "0")
    studies = {name: submitted(folder, name) for name in ("random", "sobol", "tpe", "gp", "cmaes")}
    for sampler, study in studies.items():
        with case(sampler):
            assert_searched(folder, study)
    folder.gofau("down")
    assert folder.left == []


def submitted(folder: Folder, sampler: str) -> str:
    """A study of that sampler, which trains beside the others."""
    text = SPEC.format(name=sampler).replace("tpe, trials: 34, batch: 8", f"{sampler}, trials: 18")
    (folder.path / "study.yaml").write_text(text)
    study: str = folder.json("submit", "study.yaml", "--fresh")["id"]
    return study


def assert_searched(folder: Folder, study: str) -> None:
    ended = folder.json("watch", study)["study"]
    assert (ended["state"], ended["counts"]["completed"]) == ("completed", 2 * 18 * 2)
    points = {tuple(point.values()) for _, point, _, _ in asked(folder, study)}
    assert len(points) >= 18
    shares = folder.json("importances", study)
    assert [(row["rule"], row["axis"]) for row in shares] == [
        (rule, axis) for rule in ("additive", "hybrid") for axis in ("lr", "init_scale")
    ]
    for rule in ("additive", "hybrid"):
        assert sum(r["fanova"] for r in shares if r["rule"] == rule) == pytest.approx(1)
