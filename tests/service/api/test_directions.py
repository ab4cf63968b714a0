"""Every number that the API answers is named by the catalog with direction and unit, or is none."""

from collections.abc import Iterator
from typing import Any

import pytest

from gofau_studies.protocol.trials import Outcome
from gofau_studies.report.rows import ROWS
from tests.service.fakes import Service

COUNTS = {"index", "seed", "ordinal", "cell", "pack_size", "trials", "revision", "reused", "valued"}
STATES = {"waiting", "running", "completed", "failed", "cancelled"}
OUTCOMES = {outcome.value for outcome in Outcome}
CLOCK = {"progress", "trials_per_s", "eta_s"}
"""Numbers that count or say how a study goes: none of them is a result."""

OF_METRIC = {"mean", "std", "minimum", "maximum"}
"""Moments of the number that a request for cells names, which the catalog has."""


@pytest.fixture
def schemas(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.http.get("/openapi.json").json()["components"]["schemas"]
    return found


@pytest.fixture
def known(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.http.get("/v1/catalog").json()
    return found


def numbers(schema: dict[str, Any]) -> Iterator[str]:
    """Fields that hold a number."""
    for name, field in schema.get("properties", {}).items():
        kinds = [field, *field.get("anyOf", [])]
        if any(kind.get("type") in ("number", "integer") for kind in kinds):
            yield name


@pytest.mark.parametrize("view", ["Trial", "TrialDetail", "Cell", "Study"])
def test_a_number_of_an_answer_is_a_result_of_the_catalog_or_counts(
    schemas: dict[str, Any], known: dict[str, Any], view: str
) -> None:
    named = {one["name"] for one in known["results"]}
    plain = COUNTS | STATES | OUTCOMES | CLOCK | OF_METRIC
    found = set(numbers(schemas[view]))
    assert found
    assert found <= named | plain, found - named - plain


def test_the_catalog_says_direction_and_unit_of_everything(known: dict[str, Any]) -> None:
    measured = {name for problem in known["problems"] for name in problem["metrics"]}
    assert measured == {one["name"] for one in known["metrics"]}
    for table in ("metrics", "results", "outcomes", "robustness"):
        assert known[table]
        for one in known[table]:
            assert one["better"] in {"lower", "higher", "neither", "goal"}, one
            assert isinstance(one["unit"], str)
    assert {one["name"] for one in known["robustness"]} >= {row.name for row in ROWS}
    for one in known["metrics"]:
        assert one["better"] == ("lower" if one["minimize"] else "higher")
        assert one["doc"]
    [accuracy] = [one for one in known["metrics"] if one["name"] == "val_accuracy"]
    assert accuracy == {
        "name": "val_accuracy",
        "doc": "The share of the validation examples that are told right.",
        "minimize": False,
        "better": "higher",
        "unit": "share",
        "worst": 0.0,
        "problem_cap": False,
        "best": 1.0,
    }


def test_the_goal_of_a_study_says_its_direction(service: Service) -> None:
    study = service.submit()
    assert study["goal"]["minimize"] is True
    spec = {**study["spec"], "name": "score", "goal": {"metric": "val_accuracy"}}
    assert service.submit(spec)["goal"]["minimize"] is False
