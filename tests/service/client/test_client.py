"""The blocking client: what it sends, what it makes of answers, when it asks again."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gofau_service.client import (
    Backoff,
    BadRequestError,
    BusyError,
    Client,
    ConflictError,
    Fault,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    ServiceFailedError,
    UnreachableError,
)
from gofau_studies.spec.parsing import parse_spec
from tests.service.client.conftest import Pauses, Script, problem, study

Connected = Callable[..., Client]
SPEC = {
    "name": "one",
    "problem": "digits-mlp",
    "epochs": 1,
    "directions": ["sgd"],
    "rules": ["additive"],
    "axes": {"lr": {"values": [0.1]}},
}
YAML = "name: one\n"


def ok(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


VERBS: list[tuple[str, Callable[[Client], Any], str, str, Any]] = [
    ("get", lambda c: c.get("abc").id, "GET", "/v1/studies/abc", study()),
    ("cancel", lambda c: c.cancel("abc").id, "POST", "/v1/studies/abc/cancel", study()),
    ("submit", lambda c: c.submit(YAML).id, "POST", "/v1/studies", study()),
    (
        "list",
        lambda c: next(c.list()).id,
        "GET",
        "/v1/studies",
        {"items": [study()], "next_cursor": None},
    ),
]


@pytest.mark.parametrize(
    "verb, method, path, body", [v[1:] for v in VERBS], ids=[v[0] for v in VERBS]
)
def test_verbs_send_their_request_and_read_the_study(
    connected: Connected, verb: Callable[[Client], Any], method: str, path: str, body: Any
) -> None:
    script = Script(ok(body))
    assert verb(connected(script)) == "abc"
    assert [(r.method, r.url.path) for r in script.requests] == [(method, path)]


def test_validate_reads_the_plan(connected: Connected) -> None:
    plan = {"name": "one", "spec_hash": "0", "trials": 6, "cells": 3, "packs": 1, "reusable": 2}
    script = Script(ok({**plan, "seconds_per_trial": None, "seconds": None}))
    found = connected(script).validate(YAML)
    assert (found.trials, found.cells, found.packs, found.reusable) == (6, 3, 1, 2)
    assert script.requests[0].url.path == "/v1/studies/validate"


@pytest.mark.parametrize("page, path", [("html", "report.html"), ("markdown", "report.md")])
def test_report_pages_come_as_text(connected: Connected, page: str, path: str) -> None:
    script = Script(httpx.Response(200, text="the page"))
    assert getattr(connected(script), f"report_{page}")("abc") == "the page"
    assert script.requests[0].url.path == f"/v1/studies/abc/{path}"


@pytest.mark.parametrize(
    "spec, kind, body",
    [
        (YAML, "application/yaml", YAML),
        (SPEC, "application/json", json.dumps(SPEC)),
        (
            parse_spec(SPEC),
            "application/json",
            parse_spec(SPEC).model_dump_json(exclude_defaults=True),
        ),
    ],
)
def test_specs_travel_as_what_they_are(
    connected: Connected, spec: Any, kind: str, body: str
) -> None:
    script = Script(ok(study()))
    connected(script).submit(spec)
    assert script.requests[0].headers["content-type"] == kind
    assert script.requests[0].content.decode() == body


def test_a_spec_file_is_read(connected: Connected, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(YAML)
    script = Script(ok(study()))
    connected(script).submit(tmp_path / "s.yaml")
    assert script.requests[0].content.decode() == YAML


def test_a_spec_value_reads_back_as_the_same_spec(connected: Connected) -> None:
    spec = parse_spec(SPEC)
    script = Script(ok(study()))
    connected(script).submit(spec)
    assert parse_spec(json.loads(script.requests[0].content)).hash == spec.hash


def test_a_retried_submission_keeps_its_key_and_two_submissions_differ(
    connected: Connected,
) -> None:
    cut = httpx.ReadError("cut")
    script = Script(cut, ok(study()), ok(study()))
    client = connected(script)
    client.submit(YAML)
    client.submit(YAML)
    first, again, other = (r.headers["idempotency-key"] for r in script.requests)
    assert first == again != other


def test_fresh_asks_for_training_without_reuse(connected: Connected) -> None:
    script = Script(ok(study()))
    connected(script).submit(YAML, key="k", fresh=True)
    assert script.requests[0].url.params["reuse"] == "false"
    assert script.requests[0].headers["idempotency-key"] == "k"


@pytest.mark.parametrize("identity", ["../x", "a/b", "a?b", "a#b", "ü", "%2e%2e"])
def test_an_id_stays_one_segment_of_the_path(connected: Connected, identity: str) -> None:
    script = Script(problem(404))
    with pytest.raises(NotFoundError):
        connected(script).get(identity)
    assert script.requests[0].url.raw_path.count(b"/") == 3
    assert script.requests[0].url.query == b""


def test_listings_are_read_page_by_page(connected: Connected) -> None:
    script = Script(
        ok({"items": [study(id="1"), study(id="2")], "next_cursor": "c"}),
        ok({"items": [study(id="3")], "next_cursor": None}),
    )
    found = [s.id for s in connected(script).list(state="running")]
    assert found == ["1", "2", "3"]
    assert [dict(r.url.params) for r in script.requests] == [
        {"state": "running"},
        {"state": "running", "cursor": "c"},
    ]


def test_the_token_goes_with_every_request(connected: Connected) -> None:
    script = Script(ok(study()))
    connected(script, token="secret").get("abc")
    assert script.requests[0].headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize("trouble", [httpx.ConnectError("refused"), problem(503), problem(502)])
def test_trouble_is_retried_with_growing_pauses(
    connected: Connected, pauses: Pauses, trouble: Any
) -> None:
    script = Script(trouble, trouble, ok(study()))
    assert connected(script).get("abc").id == "abc"
    assert pauses == [0.2, 0.4]


def test_no_connection_ends_as_unreachable(connected: Connected, pauses: Pauses) -> None:
    script = Script(*[httpx.ConnectError("refused")] * 3)
    expected = "got ConnectError: refused, expected an answer from http://service.test"
    with pytest.raises(UnreachableError, match=re.escape(expected)):
        connected(script).get("abc")
    assert len(pauses) == 2


def test_a_lasting_503_ends_as_what_the_service_said(connected: Connected) -> None:
    script = Script(*[problem(503, detail="warming up")] * 3)
    with pytest.raises(ServiceFailedError, match="warming up"):
        connected(script).get("abc")


@pytest.mark.parametrize(
    "status, kind",
    [
        (400, BadRequestError),
        (401, NotAllowedError),
        (403, NotAllowedError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, BadRequestError),
        (422, BadRequestError),
        (429, BusyError),
        (500, ServiceFailedError),
    ],
)
def test_a_refusal_is_typed_and_never_retried(
    connected: Connected, pauses: Pauses, status: int, kind: type[RefusedError]
) -> None:
    script = Script(problem(status))
    with pytest.raises(kind, match="because") as caught:
        connected(script).get("abc")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert pauses == []


def test_faults_are_named_by_field(connected: Connected) -> None:
    errors = [{"path": "axes.lr", "got": -1, "expected": "a finite number > 0"}]
    script = Script(problem(422, errors=errors))
    with pytest.raises(BadRequestError) as caught:
        connected(script).submit(YAML)
    assert caught.value.faults == (Fault("axes.lr", -1, "a finite number > 0"),)
    assert str(caught.value) == "axes.lr: got -1, expected a finite number > 0"


def test_the_advice_of_a_busy_service_is_kept(connected: Connected) -> None:
    answer = problem(429)
    answer.headers["retry-after"] = "7"
    with pytest.raises(BusyError) as caught:
        connected(Script(answer)).get("abc")
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        ok({"id": "abc"}),
        ok([1]),
    ],
)
def test_an_answer_that_is_not_the_apis_is_said_to_be_so(
    connected: Connected, answer: httpx.Response
) -> None:
    with pytest.raises(ServiceFailedError, match="is it a Gofau service"):
        connected(Script(answer)).get("abc")


def test_a_refusal_without_problem_details_still_says_what(connected: Connected) -> None:
    with pytest.raises(BadRequestError, match="HTTP 418"):
        connected(Script(httpx.Response(418, text="<html>"))).get("abc")


def test_pauses_grow_to_the_longest() -> None:
    backoff = Backoff(tries=6, first_s=1.0, factor=2.0, longest_s=5.0)
    assert list(backoff.pauses()) == [1.0, 2.0, 4.0, 5.0, 5.0]
