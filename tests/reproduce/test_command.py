"""``python -m reproduce toys``."""

import json
from pathlib import Path

import pytest

from reproduce import __main__ as command
from reproduce.protocol import Protocol
from reproduce.tables import rows, summary
from reproduce.text import lines

TINY = Protocol(
    label="tiny", iterations=5, draws=3, rounds=1, tuning_starts=2, repetitions=2, configurations=4
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "QUICK", TINY)
    monkeypatch.setattr(command, "variants", lambda main: [main])


def test_json_is_all_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["toys", "--quick", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["rows_total"] == 16
    assert len(result["rows"]) == 16


def test_the_text_has_a_verdict_for_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["toys", "--quick"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("agrees") + shown.count("disagrees on") + shown.count(", undecided") >= 16
    assert "rows in the paper's order: " in shown


def test_out_holds_json_report_and_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["toys", "--quick", "--sensitivity", "--out", str(tmp_path / "new")]) == 0
    names = {path.name for path in (tmp_path / "new").iterdir()}
    figures = {f"{n}.{s}" for n in ("cells", "convex", "rosenbrock") for s in ("svg", "png")}
    assert names == {"toys.json", "report.md"} | figures
    report = (tmp_path / "new" / "report.md").read_text()
    assert report.count("| convex ") == 8
    assert "| tiny |" in report
    assert capsys.readouterr().err == "variant 1: tiny\n"


def test_an_unknown_result_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["cifar"])
    assert "invalid choice: 'cifar'" in capsys.readouterr().err


def test_repetitions_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["toys", "--quick", "--json", "--repetitions", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["repetitions"] == 3


def test_one_repetition_has_no_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["toys", "--repetitions", "1"])
    assert "--repetitions: got 1, expected an integer >= 2" in capsys.readouterr().err


def test_verdicts_in_words() -> None:
    shown = "\n".join(lines(summary(TINY, rows(TINY))))
    assert shown.startswith("T1: distance to the minimum after 100 iterations")
