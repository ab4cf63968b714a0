"""Schedules and successive halving through the real service, driver and workers."""

from pathlib import Path

import pytest

from tests.e2e.folder import Folder

pytestmark = pytest.mark.slow

SCHEDULED = """
name: scheduled
problem: {name: digits-mlp, width: 16, depth: 1}
epochs: 4
directions: [sgd]
rules:
  - {name: hybrid, label: plain, gamma: 0.5}
  - {name: hybrid, label: twin, gamma: 0.5, schedule: {kind: step, drops: [0.5], drop_factor: 1.0}}
  - {name: hybrid, label: cosine, gamma: 0.5, schedule: {kind: cosine, warmup: 0.25}}
  - {name: hybrid, label: gamma, gamma_schedule: random}
axes:
  lr: {log: [1.0e-2, 1.0], points: 3}
  init_scale: {values: [1.0]}
seeds: 2
checkpoint_every: 1
"""

HALVED = """
name: halved
problem: {name: digits-mlp, width: 16, depth: 1}
epochs: 9
directions: [sgd]
rules: [additive]
axes:
  lr: {log: [1.0e-4, 1.0], points: 9}
  init_scale: {values: [1.0]}
seeds: 2
halving: {first: 1, factor: 3}
"""


def test_schedules_and_halving_run_end_to_end(folder: Folder) -> None:
    (folder.path / "scheduled.yaml").write_text(SCHEDULED)
    (folder.path / "halved.yaml").write_text(HALVED)
    folder.gofau("up", "--detach", "--port", "0")
    scheduled = folder.json("submit", "scheduled.yaml", "--watch")
    assert scheduled["study"]["counts"]["completed"] == 24
    trials = folder.json("trials", scheduled["study"]["id"], "--limit", "100")
    by_rule: dict[str, list[tuple[object, ...]]] = {}
    for trial in sorted(trials, key=lambda t: (t["point"]["lr"], t["seed"])):
        by_rule.setdefault(trial["rule"], []).append((trial["value"], trial["best"]))
    assert by_rule["plain"] == by_rule["twin"]
    assert by_rule["plain"] != by_rule["cosine"]
    assert by_rule["plain"] != by_rule["gamma"]
    assert {trial["pack_size"] for trial in trials} == {12}

    halved = folder.json("submit", "halved.yaml", "--watch")
    assert halved["study"]["counts"]["completed"] == 18
    assert halved["study"]["outcomes"]["stopped_early"] >= 9
    assert halved["report"]["notes"][0].startswith("Successive halving stopped")
    stopped = folder.json("trials", halved["study"]["id"], "--outcome", "stopped_early")
    assert len(stopped) == halved["study"]["outcomes"]["stopped_early"]
    assert list(Path(folder.path).rglob("checkpoints/*/*.pt")) == []
    folder.gofau("down")
    assert folder.left == []
