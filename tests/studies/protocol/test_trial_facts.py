"""The list of a trial's facts holds together, and a worker's result is held to it."""

from typing import Any

import pytest
from pydantic import ValidationError

from gofau_studies.protocol.trial_facts import FACTS, NUMBERS, POSTED, kind
from gofau_studies.protocol.wire import TrialResult

RESULT: dict[str, Any] = {
    "index": 3,
    "outcome": "diverged",
    "metrics": {"val_loss": None},
    "curves": {"val_loss": [1.0, None]},
    "best": 1.0,
    "steps_to_target": None,
    "steps": 4,
    "epochs_run": 1,
    "frozen_fraction": 0.0,
    "executor": "bmm",
    "pack_size": 2,
    "wall_s": 0.5,
}


def test_facts_that_are_compared_are_numbers_with_a_title_and_results_have_a_type() -> None:
    assert {name for name in NUMBERS if not issubclass(kind(name), int | float)} == set()
    assert [name for name in NUMBERS if not FACTS[name].title] == ["value"]
    typed = [name for name, fact in FACTS.items() if fact.posted is not None]
    assert typed == list(POSTED)


def test_a_result_says_every_fact_that_is_a_result_s() -> None:
    said = TrialResult.model_validate(RESULT).model_dump(mode="json")
    assert said == {**RESULT, "executor_reason": ""}
    assert {*POSTED, "index", "metrics", "curves"} == said.keys()


@pytest.mark.parametrize(
    "name, got, expected",
    [
        ("steps", None, "valid integer"),
        ("frozen_fraction", 1.5, "less than or equal to 1"),
        ("wall_s", -1.0, "greater than or equal to 0"),
        ("executor", "x" * 41, "at most 40"),
        ("outcome", "abducted", "'reached_target'"),
        ("best", float("nan"), "finite number"),
        ("colour", "red", "not permitted"),
    ],
)
def test_a_result_out_of_bounds_is_refused(name: str, got: object, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        TrialResult.model_validate({**RESULT, name: got})


@pytest.mark.parametrize("name", ["outcome", "steps_to_target", "wall_s"])
def test_a_result_that_lacks_a_fact_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name}\\n  Field required"):
        TrialResult.model_validate({k: v for k, v in RESULT.items() if k != name})
