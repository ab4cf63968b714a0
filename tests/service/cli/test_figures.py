"""``gofau figures`` against the real API: files that can be opened, and refusals."""

from pathlib import Path
from typing import Any

import pytest

from gofau_service.cli.commands import figures
from tests.service.cli.conftest import Gofau
from tests.service.fakes import SPEC, Service, diverged, result


def trained(index: int) -> dict[str, Any]:
    return diverged(index) if index % 12 > 9 else result(index)


def study(service: Service, **changes: Any) -> str:
    worker = service.started({**SPEC, **changes})
    waiting = [trial.index for trial in worker.work().trials]
    worker.post(worker.lease(*waiting).lease, *waiting, make=trained)
    return worker.study


def test_every_figure_becomes_a_file(gofau: Gofau, service: Service, tmp_path: Path) -> None:
    ran = gofau("figures", study(service), "--out", "paper")
    assert ran.code == 0, ran.err
    named = ran.out.split()
    assert named == [str(Path("paper") / Path(name).name) for name in named]
    assert {Path(name).stem.removeprefix("digits-mlp-sgd-") for name in named} >= {
        *("heatmap", "sensitivity", "tuning", "steps", "learning-additive", "learning-hybrid")
    }
    for name in named:
        assert (tmp_path / name).read_text("utf-8").startswith("<?xml")


@pytest.mark.parametrize("kind, start", [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_formats(gofau: Gofau, service: Service, tmp_path: Path, kind: str, start: bytes) -> None:
    arguments = ("--format", kind, "--only", "heatmap,tuning", "--width", 7, "--json")
    found = gofau("figures", study(service), *arguments).json
    assert found == [f"figures/digits-mlp-sgd-{name}.{kind}" for name in ("heatmap", "tuning")]
    assert all((tmp_path / path).read_bytes().startswith(start) for path in found)


def test_a_study_of_learning_rates_only(gofau: Gofau, service: Service) -> None:
    axes = {"lr": {"log": [0.01, 1.0], "points": 6}}
    ran = gofau("figures", study(service, axes=axes), "--only", "heatmap,sensitivity")
    assert ran.code == 0, ran.err
    assert len(ran.out.split()) == 2


def test_rules_split_by_a_further_axis(gofau: Gofau, service: Service) -> None:
    axes = {**SPEC["axes"], "gamma": {"values": [0.2, 0.8]}}
    ran = gofau("figures", study(service, axes=axes, rules=["hybrid"]), "--only", "learning")
    assert ran.out.split() == [
        f"figures/digits-mlp-sgd-learning-hybrid-gamma-{g}.svg" for g in ("0.2", "0.8")
    ]


def test_unknown_and_absent_kinds_are_refused(gofau: Gofau, service: Service) -> None:
    made = study(service)
    ran = gofau("figures", made, "--only", "heatmap,pie")
    assert (ran.code, ran.err) == (
        2,
        "error: --only: got pie, expected heatmap, frozen, learning, profile, sensitivity, steps, "
        "tuning\n",
    )
    ran = gofau("figures", made, "--only", "profile")
    assert ran.code == 2
    assert "--only: got profile, none of which this study has data for" in ran.err
    assert gofau("figures", made, "--width", 1).code == 2
    assert gofau("figures", "nope").code == 2


def test_without_matplotlib_the_remedy_is_named(
    gofau: Gofau, empty: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "find_spec", lambda name: None)
    ran = gofau("figures", "any")
    assert ran.code == 2
    assert "expected it; pip install 'gofau[figures]'" in ran.err
