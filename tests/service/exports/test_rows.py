"""Exports with curves and filters, read in chunks of any size."""

import json
from typing import Any

import pytest

from gofau_service.exports import rows
from tests.service.fakes import SPEC, TRIALS, Service, Worker, result


@pytest.fixture
def finished(any_service: Service) -> Worker:
    """A study whose first trial failed; the others have their results."""
    worker = any_service.started()
    lease = worker.lease(*range(TRIALS)).lease
    worker.post(lease, *range(1, TRIALS), failures={0: "RuntimeError: cheese"})
    return worker


def read(service: Service, study: str, **params: Any) -> list[dict[str, Any]]:
    path = f"/v1/studies/{study}/export"
    with service.http.stream("GET", path, params={"format": "curves", **params}) as answer:
        return [json.loads(line) for line in answer.iter_lines()]


@pytest.mark.parametrize("size", [1, 5, TRIALS, 1000])
def test_every_trial_comes_once_with_what_it_measured(
    any_service: Service, finished: Worker, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(rows, "MEASURED_CHUNK", size)
    found = {row["index"]: row for row in read(any_service, finished.study, rule="hybrid")}
    assert sorted(found) == list(range(TRIALS // 2, TRIALS))
    for index, row in found.items():
        posted = result(index)
        assert (row["metrics"], row["curves"]) == (posted["metrics"], posted["curves"])


def test_a_trial_without_result_has_no_curves(any_service: Service, finished: Worker) -> None:
    first = read(any_service, finished.study, limit=1)[0]
    assert (first["index"], first["metrics"], first["curves"]) == (0, {}, {})


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_limit_is_a_limit(
    any_service: Service, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(rows, "MEASURED_CHUNK", size)
    study = any_service.submit(SPEC)["id"]
    for limit in (1, 3, 7, TRIALS, 1000):
        found = read(any_service, study, limit=limit)
        assert [row["index"] for row in found] == list(range(min(limit, TRIALS))), limit


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": "many"}, {"outcome": "bored"}])
def test_filters_that_make_no_sense_are_refused(
    any_service: Service, params: dict[str, Any]
) -> None:
    study = any_service.submit(SPEC)["id"]
    answer = any_service.http.get(f"/v1/studies/{study}/export", params=params)
    assert answer.status_code == 422
