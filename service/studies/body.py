"""A spec in a request's body: JSON or YAML by content type."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from service.errors import UnsupportedError
from service.studies.schemas import EXAMPLE
from studies.errors import FieldError, SpecError
from studies.parsing import parse_yaml, to_yaml
from studies.spec import StudySpec

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")


@dataclass(frozen=True)
class SubmittedSpec:
    """A spec as validated and as it came."""

    parsed: StudySpec
    text: str


async def submitted_spec(request: Request) -> SubmittedSpec:
    """Read the body; JSON is read as YAML's subset, so both give the same errors.

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
    return SubmittedSpec(await run_in_threadpool(parse_yaml, text), text)


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
