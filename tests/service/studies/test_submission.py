"""Submitting: all or nothing, once for a key, results that are there already are taken."""

import json
from typing import Any

import pytest
import yaml

from gofau_service.studies.enumeration import Enumeration, whole
from gofau_studies.spec.canonical import content_hash
from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_spec
from tests.service.fakes import SPEC, TRIALS, Service


def spec(**changes: Any) -> dict[str, Any]:
    return {**SPEC, **changes}


def test_arms_and_changes_give_every_definition_back() -> None:
    parsed = parse_spec(spec(rules=["additive", "hybrid"], directions=["sgd", "adam"]))
    enumeration = Enumeration(parsed)
    rows = list(enumeration.rows(1, 0, 2))
    shared = {arm["ordinal"]: arm["definition"] for arm in enumeration.new_arms}
    for row, cell in zip(rows, cells(parsed), strict=True):
        definition = whole(shared[row["arm"]], row["changes"])
        assert definition == cell.definition
        assert content_hash(definition) == row["key"] == cell.key
    assert [arm["ordinal"] for arm in enumeration.new_arms] == [0, 1, 2, 3]


def test_trials_are_enumerated_in_the_order_of_the_grid(any_service: Service) -> None:
    study = any_service.submit()["id"]
    page = any_service.http.get(f"/v1/studies/{study}/trials").json()
    seen = [
        (t["rule"], t["point"]["lr"], t["point"]["init_scale"], t["seed"]) for t in page["items"]
    ]
    expected = [
        (cell.rule, cell.point["lr"], cell.point["init_scale"], seed)
        for cell in cells(parse_spec(SPEC))
        for seed in (0, 1)
    ]
    assert seen == expected
    assert [t["index"] for t in page["items"]] == list(range(TRIALS))


def test_seeds_beyond_one_chunk_are_all_there(any_service: Service) -> None:
    axes = {"lr": {"values": [0.1]}, "init_scale": {"values": [1.0, 2.0]}}
    study = any_service.submit(spec(rules=["additive"], axes=axes, seeds=6000))
    assert study["trials"] == 12_000
    last = any_service.http.get(f"/v1/studies/{study['id']}/trials/11999").json()
    assert (last["seed"], last["point"]["init_scale"]) == (5999, 2.0)
    middle = any_service.http.get(f"/v1/studies/{study['id']}/trials/5000").json()
    assert (middle["seed"], middle["point"]["init_scale"]) == (5000, 1.0)


def test_yaml_and_json_mean_the_same(service: Service) -> None:
    text = yaml.safe_dump(SPEC)
    headers = {"Content-Type": "application/yaml"}
    submitted = service.http.post("/v1/studies", content=text, headers=headers).json()
    assert submitted["spec_hash"] == service.submit()["spec_hash"] == parse_spec(SPEC).hash
    assert submitted["source"] == text


def test_escaped_text_in_json_is_read_as_json(service: Service) -> None:
    body = b'{"name": "\\ud83d\\ude0d", ' + json.dumps(SPEC).encode()[1:].replace(
        b'"name": "small", ', b""
    )
    answer = service.http.post("/v1/studies", content=body)
    assert answer.json()["name"] == "\U0001f60d"


HOSTILE = [
    "'; DROP TABLE studies; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "a\nb\tc",
    "{{7*7}}",
    "%s%n",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_text(any_service: Service, text: str) -> None:
    wanted = spec(
        name=text, description=text, tags=[text], rules=[{"name": "additive", "label": text}]
    )
    worker = any_service.started(wanted)
    worker.finish()
    study = any_service.study(worker.study)
    assert (study["name"], study["tags"], study["spec"]["description"]) == (text, [text], text)
    found = any_service.http.get("/v1/studies", params={"name": text, "tag": text, "rule": text})
    assert [item["id"] for item in found.json()["items"]] == [worker.study]
    page = any_service.http.get(f"/v1/studies/{worker.study}/report.html")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    for path in ("export", "report.md", "trials", "cells"):
        assert any_service.http.get(f"/v1/studies/{worker.study}/{path}").status_code == 200


def test_a_nul_character_is_refused_or_kept_but_never_a_crash(any_service: Service) -> None:
    for answer in (
        any_service.http.post("/v1/studies", json=spec(name="a\0b")),
        any_service.http.get("/v1/studies", params={"name": "a\0b"}),
        any_service.http.get("/v1/studies/a%00b"),
    ):
        assert answer.status_code < 500


def test_the_same_key_gives_the_same_study(any_service: Service) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = any_service.http.post("/v1/studies", json=SPEC, headers=headers)
    again = any_service.http.post("/v1/studies", json=SPEC, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["Location"] == f"/v1/studies/{first.json()['id']}"
    other = any_service.http.post("/v1/studies", json=spec(name="x"), headers=headers)
    assert other.status_code == 409
    assert "'k1' came with another spec" in other.json()["detail"]
    assert len(any_service.http.get("/v1/studies").json()["items"]) == 1


BAD: list[tuple[dict[str, Any], str, object]] = [
    (spec(colour="red"), "colour", "no such field"),
    (spec(epochs="many"), "epochs", "a valid integer"),
    (spec(axes={"lr": {"log": [-1, 1], "points": 3}}), "axes.lr.log", "positive bounds"),
    (spec(axes={"lr": {"values": []}}), "axes.lr.values", "at least one value"),
    (spec(axes={"lr": {"values": [-0.1]}}), "axes.lr", "a finite number > 0"),
    (spec(rules=["magic"]), "rules[0].name", None),
    (spec(problem={"name": "digits-mlp", "width": 0}), "problems[0].width", None),
    ([1, 2], "", "a mapping of spec fields"),
    (
        spec(
            axes={
                "lr": {"linear": [1, 2], "points": 9999},
                "init_scale": {"linear": [1, 2], "points": 9999},
            }
        ),
        "axes",
        "at most 1000000 trials (cells × seeds)",
    ),
]


@pytest.mark.parametrize(("body", "path", "expected"), BAD)
@pytest.mark.parametrize("call", ["/v1/studies", "/v1/studies/validate"])
def test_a_bad_spec_is_refused_by_field_and_stores_nothing(
    service: Service, body: dict[str, Any], path: str, expected: object, call: str
) -> None:
    answer = service.http.post(call, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    error = answer.json()["errors"][0]
    assert error["path"] == path
    assert expected is None or error["expected"] == expected
    assert service.http.get("/v1/studies").json()["items"] == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"a: [1, 2", "application/yaml", 422),
        (b"just text", "application/yaml", 422),
        (b"a: &x [1]\nb: *x", "application/yaml", 422),
        (b"\xff\xfe", "application/yaml", 422),
        (b"", "application/json", 422),
        (b'{"name": "a", "name": "b"}', "application/json", 422),
        (b'{"name": NaN}', "application/json", 422),
        (b'{"name": "\\ud800"}', "application/json", 422),
        (b'{"epochs": 1e999}', "application/json", 422),
        (b'{"epochs": ' + b"9" * 5000 + b"}", "application/json", 422),
        (b"a: !!python/object/apply:os.system [ls]", "application/yaml", 422),
        (b"{" * 5000, "application/json", 422),
        (b"{}", "image/png", 415),
        (b"{}", "multipart/form-data", 415),
    ],
)
def test_a_body_that_is_no_spec_is_refused(
    service: Service, content: bytes, kind: str, status: int
) -> None:
    answer = service.http.post("/v1/studies", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_validate_counts_and_times_without_storing(any_service: Service) -> None:
    plan = any_service.http.post("/v1/studies/validate", json=SPEC).json()
    assert (plan["trials"], plan["cells"], plan["packs"], plan["reusable"]) == (TRIALS, 12, 2, 0)
    assert (plan["seconds_per_trial"], plan["seconds"]) == (None, None)
    assert any_service.http.get("/v1/studies").json()["items"] == []
    worker = any_service.started()
    worker.post(worker.lease(0, 1).lease, 0, 1)
    plan = any_service.http.post("/v1/studies/validate", json=spec(epochs=4)).json()
    assert (plan["reusable"], plan["seconds_per_trial"]) == (0, 0.5)
    assert any_service.http.post("/v1/studies/validate", json=SPEC).json()["reusable"] == 2
