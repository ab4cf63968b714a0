"""Progress and tables: what a person reads."""

import io
from typing import Any

import pytest
from rich.console import Console

from gofau_service.cli.progress import duration, follow, outcomes_line, states_line
from gofau_service.cli.tables import rules_table
from gofau_service.client import Study
from gofau_studies.metrics.scalar import Scalar
from gofau_studies.report.model import GroupReport, RuleReport
from tests.service.client.conftest import study


def seen(**changes: Any) -> Study:
    return Study.model_validate(study(**changes))


def console(terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def text(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3600, "1 h 00 min"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations_are_said_as_people_do(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_counts_of_states_and_outcomes_are_shown() -> None:
    assert states_line(seen()).plain == "2 running, 4 waiting, 1 failed, 2.0 trials/s"
    assert outcomes_line(seen()).plain == "1 reached target, 1 budget exhausted, 1 diverged"


def test_the_time_left_is_said_once_the_rate_is_steady() -> None:
    counts = {"waiting": 4, "running": 2, "completed": 10, "failed": 0, "cancelled": 0}
    assert "left" not in states_line(seen()).plain
    assert states_line(seen(counts=counts)).plain.endswith("2.0 trials/s, 3 s left")


def test_a_log_gets_a_line_at_each_change_of_state() -> None:
    shown = console(terminal=False)
    updates = [seen(state="queued"), seen(), seen(), seen(state="completed")]
    assert follow(updates, shown) == updates[-1]
    starts = [line.split(":")[0] for line in text(shown).splitlines()]
    assert starts == ["digits queued", "digits running", "digits completed"]


def test_a_terminal_gets_a_bar() -> None:
    shown = console(terminal=True)
    ended = seen(name="[bold]x", state="completed", message="2 packs died")
    follow([seen(), ended], shown)
    last = text(shown)
    for words in ("[bold]x", "completed", "4/10 trials", "40%", "2 running", "2 packs died"):
        assert words in last


def test_no_update_is_an_error() -> None:
    with pytest.raises(ValueError, match="got none, expected at least one"):
        follow([], console(terminal=False))


def group(**scalars: Scalar) -> GroupReport:
    rule = RuleReport(
        rule="additive", seeds=(0, 1), trials=4, results=4, diverged=0, scalars=scalars
    )
    return GroupReport(
        problem="digits",
        direction="sgd",
        goal_metric="val_loss",
        minimize=True,
        target=None,
        cap=2.3,
        tolerance=0.1,
        standard_init=1.0,
        lr_range=(0.01, 1.0),
        init_range=(1.0, 1.0),
        rules=(rule,),
    )


def measured(value: float | None, unit: str, **more: Any) -> Scalar:
    return Scalar(value=value, coverage=1.0, n_seeds=2, unit=unit, **more)


@pytest.mark.parametrize(
    "name, scalar, words",
    [
        (
            "divergence_rate",
            measured(0.25, "share", low=0.125, high=0.5),
            ["25 %", "[12.5 %, 50 %]"],
        ),
        ("best", measured(0.0365, "val_loss", low=0.03, high=0.04), ["0.0365", "[0.03, 0.04]"]),
        (
            "basin_width",
            measured(1.25, "decades of lr", low=1, high=2, bound="≥", censored=("low lr",)),
            ["≥ 1.25", "[1, 2]", "decades of lr"],
        ),
        ("lr_sensitivity", measured(1.0, "val_loss", reason="one seed"), ["1", "no interval"]),
        ("best", measured(None, "val_loss", reason="60% covered"), ["60% covered"]),
    ],
)
def test_a_scalar_is_shown_with_its_interval_and_bound(
    name: str, scalar: Scalar, words: list[str]
) -> None:
    shown = console(terminal=False)
    shown.print(rules_table(group(**{name: scalar})))
    for word in ["additive", "val_loss, lower is better", *words]:
        assert word in text(shown)
