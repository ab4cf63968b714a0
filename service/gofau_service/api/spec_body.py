"""A spec in a request's body: JSON or YAML by content type."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from gofau_service.errors import UnsupportedError
from gofau_studies.errors import FieldError, SpecError
from gofau_studies.spec import StudySpec
from gofau_studies.spec.parsing import MAX_TEXT, parse_spec, parse_yaml, to_yaml, too_deep

JSON = "application/json"
EXAMPLE = {
    "name": "digits-mlp",
    "problem": {"name": "digits-mlp", "width": 64, "depth": 2},
    "epochs": 20,
    "directions": ["sgd"],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [1e-3, 10.0], "points": 9},
        "init_scale": {"log": [0.1, 10.0], "points": 7},
    },
    "seeds": 5,
    "goal": {"metric": "val_loss", "minimize": True, "target": 0.3},
}
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")


@dataclass(frozen=True)
class SubmittedSpec:
    """A spec as validated and as it came."""

    parsed: StudySpec
    text: str


async def submitted_spec(request: Request) -> SubmittedSpec:
    """Read the body.

    Raises:
        UnsupportedError: another content type.
        SpecError: not text, not YAML, or a spec with faults.
    """
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind != JSON and kind not in YAML:
        raise UnsupportedError(f"Content-Type: got {kind!r}, expected {JSON} or {YAML[0]}")
    body = await request.body()
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpecError([FieldError("", "bytes that are not UTF-8", "UTF-8 text")]) from error
    parse = parse_json if kind == JSON else parse_yaml
    return SubmittedSpec(await run_in_threadpool(parse, text), text)


def parse_json(text: str) -> StudySpec:
    """Parse JSON text into a spec, as strictly as YAML is.

    Raises:
        SpecError: text too long, not JSON, a repeated key, or a spec with faults.
    """
    if len(text) > MAX_TEXT:
        raise SpecError([FieldError("", f"{len(text)} characters", f"at most {MAX_TEXT}")])
    try:
        data = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse)
    except ValueError as error:
        raise SpecError([FieldError("", str(error), "a JSON document")]) from error
    except RecursionError as error:
        raise too_deep() from error
    return parse_spec(data)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        repeated = next(name for name, count in Counter(n for n, _ in pairs).items() if count > 1)
        raise ValueError(f"key {repeated!r} is repeated")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _example_yaml() -> str:
    return to_yaml(StudySpec.model_validate(EXAMPLE))


BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/StudySpec"}, "example": EXAMPLE},
            YAML[0]: {"schema": {"type": "string"}, "example": _example_yaml()},
        },
    }
}
