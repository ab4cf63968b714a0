"""Bad specs, by command line and by API: the field, what was got, what is expected; exit code 2
or 422; nothing stored."""

from pathlib import Path

import httpx
import pytest

from gofau_service.cli.commands import library_commands
from tests.service.cli.conftest import GOOD, LIMIT, Gofau
from tests.service.fakes import Service

CASES: list[tuple[str, str, str, str]] = [
    ("unknown field", GOOD + "epoch: 3\n", "epoch", "no such field"),
    ("wrong type", GOOD.replace("epochs: 2", "epochs: two"), "epochs", "a valid integer"),
    ("negative epochs", GOOD.replace("epochs: 2", "epochs: -2"), "epochs", "greater than"),
    ("negative lr", GOOD.replace("[1.0e-2, 1.0]", "[-1, 1]"), "axes.lr.log", "positive bounds"),
    (
        "negative lr in a list",
        GOOD.replace("{log: [1.0e-2, 1.0], points: 3}", "{values: [-1, 1]}"),
        "axes.lr",
        "> 0",
    ),
    (
        "empty axis",
        GOOD.replace("{log: [1.0e-2, 1.0], points: 3}", "{values: []}"),
        "axes.lr.values",
        "at least one value",
    ),
    (
        "unknown rule",
        GOOD.replace("multiplicative", "additiv"),
        "rules[1].name",
        "additive, multiplicative, hybrid",
    ),
    (
        "no rule",
        GOOD.replace("[additive, multiplicative]", "[]"),
        "rules",
        "at least 1",
    ),
    ("a list", "- a\n- b\n", "", "a mapping of spec fields"),
    ("a word", "hello", "", "a mapping of spec fields"),
    ("nothing", "", "", "a mapping of spec fields"),
    ("not YAML", "a: [1", "", "a YAML or JSON document"),
    ("an alias", "a: &x 1\nb: *x\n", "", "a YAML or JSON document"),
    ("a missing field", GOOD.replace("epochs: 2\n", ""), "epochs", "the field is required"),
]
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize("text, path, expected", [c[1:] for c in CASES], ids=IDS)
@pytest.mark.parametrize("command", ["submit", "validate", "run"])
def test_the_command_line_names_the_fault_and_sends_nothing(
    gofau: Gofau, empty: Service, spec: Path, command: str, text: str, path: str, expected: str
) -> None:
    spec.write_text(text)
    ran = gofau(command, spec)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(f"error: {path or 'spec'}: got ")
    assert expected in ran.err
    assert "Traceback" not in ran.err
    assert stored(empty) == []


@pytest.mark.parametrize("text, path, expected", [c[1:] for c in CASES], ids=IDS)
def test_faults_come_as_json_where_asked(
    gofau: Gofau, spec: Path, text: str, path: str, expected: str
) -> None:
    spec.write_text(text)
    ran = gofau("submit", spec, "--json")
    assert ran.code == 2
    first = ran.json["error"]["errors"][0]
    assert first["path"] == path
    assert expected in first["expected"]


@pytest.mark.parametrize("text, path, expected", [c[1:] for c in CASES], ids=IDS)
def test_the_api_names_the_fault_and_stores_nothing(
    empty: Service, text: str, path: str, expected: str
) -> None:
    answer = post(empty, text)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    first = answer.json()["errors"][0]
    assert first["path"] == path
    assert expected in first["expected"]
    assert stored(empty) == []


def test_a_grid_over_the_limit_is_refused_by_api_and_command_line(
    gofau: Gofau, empty: Service, spec: Path
) -> None:
    big = GOOD.replace("seeds: 2", "seeds: 17")
    expected = f"at most {LIMIT} trials"
    answer = post(empty, big)
    assert answer.status_code == 422
    assert [e["path"] for e in answer.json()["errors"]] == ["axes"]
    assert expected in answer.json()["errors"][0]["expected"]
    spec.write_text(big)
    for command in ("submit", "validate"):
        ran = gofau(command, spec)
        assert ran.code == 2
        assert ran.err.startswith("error: axes: got '102 trials', expected at most 100 trials")
    assert stored(empty) == []


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_bad_input(gofau: Gofau, name: str) -> None:
    ran = gofau("validate", name, "--offline")
    assert ran.code == 2
    assert f"SPEC: got {name}" in ran.err
    assert "expected a file to read" in ran.err


def test_a_file_that_is_not_text_is_bad_input(gofau: Gofau, spec: Path) -> None:
    spec.write_bytes(b"\xff\xfe\x00")
    ran = gofau("validate", spec, "--offline")
    assert ran.code == 2
    assert "not UTF-8 text" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["submit"], ["list", "--limit", "0"], ["list", "--state", "odd"], ["show"]],
)
def test_a_misused_command_exits_with_2(gofau: Gofau, arguments: list[str]) -> None:
    assert gofau(*arguments).code == 2


def post(empty: Service, text: str) -> httpx.Response:
    headers = {"content-type": "application/yaml"}
    return empty.http.post("/v1/studies", content=text.encode(), headers=headers)


def stored(empty: Service) -> list[object]:
    items: list[object] = empty.http.get("/v1/studies").json()["items"]
    return items


def test_a_published_result_is_run_again_from_a_checkout_alone(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_commands, "find_spec", lambda name: None)
    ran = gofau("reproduce", "toys", "--quick")
    assert (ran.code, "expected a checkout of gofau" in " ".join(ran.err.split())) == (2, True)
