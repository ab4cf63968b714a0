"""Sorted lists, event streams of results, exports, comparisons and metrics."""

import csv
import io
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from tests.service.api.test_api import next_event
from tests.service.fakes import SPEC, TRIALS, Service, Worker, result
from tests.service.numbers import VALUES, pages, partly_done


def valued(index: int) -> dict[str, Any]:
    """A result whose values repeat and are not in the order of the trials."""
    loss = VALUES[index]
    return result(index, metrics={"val_loss": loss}, best=loss)


@pytest.fixture
def finished(any_service: Service) -> Worker:
    worker = any_service.started()
    lease = worker.lease(*range(TRIALS)).lease
    worker.post(lease, *range(10), make=valued)
    worker.post(lease, *range(10, TRIALS), make=valued)
    return worker


def test_sorted_pages_hold_every_trial_once(any_service: Service, finished: Worker) -> None:
    path = f"/v1/studies/{finished.study}/trials"
    for by, sign, limit in product(("value", "lr", "init_scale"), ("", "-"), (1, 7)):
        items = pages(any_service.http, path, sort=sign + by, limit=limit)
        assert sorted(t["index"] for t in items) == list(range(TRIALS))
        keys = [t["value"] if by == "value" else t["point"][by] for t in items]
        assert keys == sorted(keys, reverse=sign == "-"), (by, sign, limit)


def test_a_sorted_list_is_filtered(any_service: Service, finished: Worker) -> None:
    path = f"/v1/studies/{finished.study}/trials"
    for sort in ("value", "-lr"):
        items = pages(any_service.http, path, sort=sort, limit=2, rule="hybrid", seed=1)
        assert sorted(t["index"] for t in items) == list(range(13, TRIALS, 2))


def test_an_unknown_order_is_refused(service: Service) -> None:
    study = service.submit()["id"]
    answer = service.http.get(f"/v1/studies/{study}/trials", params={"sort": "-colour"})
    assert answer.json()["errors"] == [
        {
            "path": "sort",
            "got": "-colour",
            "expected": "one of: attempts, value, best, steps_to_target, steps, "
            "epochs_run, frozen_fraction, wall_s, lr, init_scale, val_loss, val_accuracy, "
            "train_loss; with - for descending",
        }
    ]
    wrong = service.http.get(f"/v1/studies/{study}/trials", params={"sort": "lr", "cursor": "WzFd"})
    assert wrong.status_code == 422


def events(service: Service, study: str, last: str | None = None) -> Iterator[dict[str, str]]:
    headers = {"Last-Event-ID": last} if last else {}
    path = f"/v1/studies/{study}/events"
    with service.http.stream("GET", path, params={"results": True}, headers=headers) as stream:
        lines = stream.iter_lines()
        while True:
            try:
                yield next_event(lines)
            except AssertionError:
                return


def test_results_are_streamed_once_each_and_resumed_anywhere(
    any_service: Service, finished: Worker
) -> None:
    whole = list(events(any_service, finished.study))
    assert [e["event"] for e in whole] == ["result"] * TRIALS + ["progress"]
    indexes = [json.loads(e["data"])["index"] for e in whole[:-1]]
    assert indexes == list(range(TRIALS))
    for at in (0, 8, 9, 10, TRIALS - 1):
        rest = list(events(any_service, finished.study, whole[at]["id"]))
        assert rest == whole[at + 1 :]


def test_an_export_holds_every_trial_in_each_format(any_service: Service, finished: Worker) -> None:
    path = f"/v1/studies/{finished.study}/export"
    listed = pages(any_service.http, f"/v1/studies/{finished.study}/trials")

    def get(kind: str) -> httpx.Response:
        answer = any_service.http.get(path, params={"format": kind})
        assert answer.headers["content-disposition"].endswith(f'.{kind}"')
        return answer

    rows = list(csv.DictReader(io.StringIO(get("csv").text)))
    assert [float(r["value"]) for r in rows] == VALUES
    assert [float(r["lr"]) for r in rows] == [t["point"]["lr"] for t in listed]
    lines = [json.loads(line) for line in get("ndjson").text.splitlines()]
    assert [r["init_scale"] for r in lines] == [t["point"]["init_scale"] for t in listed]
    table = pq.read_table(io.BytesIO(get("parquet").content))
    assert table.to_pylist() == lines
    assert table.column_names == list(rows[0])


def test_an_export_of_nothing_is_well_formed(service: Service) -> None:
    study = service.submit()["id"]
    path = f"/v1/studies/{study}/export?state=completed&format="
    assert len(service.http.get(path + "csv").text.splitlines()) == 1
    assert service.http.get(path + "ndjson").text == ""
    assert pq.read_table(io.BytesIO(service.http.get(path + "parquet").content)).num_rows == 0


def test_studies_are_compared_by_rule_and_seed(any_service: Service, finished: Worker) -> None:
    other = any_service.started({**SPEC, "name": "other", "batch_size": 32})
    other.finish()
    ids = {"study": [finished.study, other.study]}
    answer = any_service.http.get("/v1/compare", params=ids)
    assert answer.status_code == 200, answer.text
    group = answer.json()["groups"][0]
    labels = ["additive @ small", "hybrid @ small", "additive @ other", "hybrid @ other"]
    assert [rule["rule"] for rule in group["rules"]] == labels
    assert {c["baseline"] for c in group["comparisons"]} == {"additive @ small"}


@pytest.mark.parametrize("ids", [["{0}"], ["{0}", "{0}"], ["{0}", "none"], []])
def test_what_cannot_be_compared_is_refused(service: Service, ids: list[str]) -> None:
    study = service.submit()["id"]
    params = {"study": [i.format(study) for i in ids]}
    answer = service.http.get("/v1/compare", params=params)
    assert answer.status_code in (404, 422)
    assert answer.json()["status"] == answer.status_code


def test_metrics_count_what_the_store_holds(any_service: Service, finished: Worker) -> None:
    text = any_service.http.get("/metrics").text
    assert 'gofau_studies{state="completed"} 1.0' in text
    assert f'gofau_trials{{state="completed"}} {TRIALS}.0' in text
    assert "gofau_jobs 1.0" in text
    assert 'gofau_http_request_seconds_count{method="POST",route="/v1/studies"' in text


@pytest.fixture
def partly(any_service: Service) -> Worker:
    """A study that a test may change."""
    return partly_done(any_service)


def test_trials_of_an_extension_are_sorted_too(any_service: Service, partly: Worker) -> None:
    path = f"/v1/studies/{partly.study}"
    assert pages(any_service.http, path + "/trials", sort="lr", limit=100)
    assert any_service.http.post(path + "/extend", json={"seeds": 3}).is_success
    found = pages(any_service.http, path + "/trials", sort="lr", limit=7)
    assert sorted(trial["index"] for trial in found) == list(range(TRIALS * 3 // 2))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("value", "a condition such as value<0.5, with <, <=, =, >= or >"),
        ("value<nan", "a condition such as value<0.5, with <, <=, =, >= or >"),
        (
            "colour=1",
            "a condition on one of: attempts, value, best, steps_to_target, steps, "
            "epochs_run, frozen_fraction, wall_s, lr, init_scale, val_loss, val_accuracy, "
            "train_loss",
        ),
    ],
)
def test_a_condition_in_another_form_is_refused(
    service: Service, where: str, expected: str
) -> None:
    study = service.submit()["id"]
    answer = service.http.get(f"/v1/studies/{study}/trials", params={"where": where})
    assert answer.json()["errors"] == [{"path": "where", "got": where, "expected": expected}]


def test_cells_have_no_unknown_metric(service: Service) -> None:
    study = service.submit()["id"]
    answer = service.http.get(f"/v1/studies/{study}/cells", params={"metric": "lr"})
    expected = (
        "one of: attempts, value, best, steps_to_target, steps, epochs_run, frozen_fraction, "
        "wall_s, val_loss, val_accuracy, train_loss"
    )
    assert answer.json()["errors"] == [{"path": "metric", "got": "lr", "expected": expected}]


def test_a_known_heat_map_is_not_sent_again_until_results_land(
    any_service: Service, partly: Worker
) -> None:
    path = f"/v1/studies/{partly.study}/cells"
    whole = any_service.http.get(path)
    tag = whole.headers["etag"]
    again = any_service.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = any_service.http.get(path, params={"limit": 3}, headers={"If-None-Match": tag})
    assert (other.status_code, len(other.json()["items"])) == (200, 3)
    any_service.http.post(f"/v1/studies/{partly.study}/cancel")
    changed = any_service.http.get(path, headers={"If-None-Match": tag})
    assert changed.json()["items"][-1]["cancelled"] == 2
