"""Every verb as a value: the request to send and how to read the answer.

Both clients are built on these, so a verb is written once for blocking and for async code.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import BaseModel, ValidationError

from service.client.errors import ServiceFailedError
from service.client.models import M, Page, Plan, Study, StudyDetail, Trial
from studies.spec import StudySpec

if TYPE_CHECKING:
    from studies.report.model import RobustnessReport

T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)

Spec = StudySpec | Mapping[str, Any] | Path | str
"""A spec as a value, as plain data, as a file to read, or as YAML text."""

Filter = str | int
"""The value of a filter of a listing."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One HTTP request and the reader of its answer. All calls are safe to repeat."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Filter] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The request's parts as httpx takes them."""
        return {"params": dict(self.params), "headers": dict(self.headers), "content": self.content}


def submit(spec: Spec, key: str | None = None, fresh: bool = False) -> Call[StudyDetail]:
    """Store a study. Under one ``key`` it is stored once, however often the call is sent."""
    content, kind = encode(spec)
    headers = {"Content-Type": kind, "Idempotency-Key": key or uuid4().hex}
    params = {"reuse": "false"} if fresh else {}
    return Call("POST", "/v1/studies", _model(StudyDetail), params, headers, content)


def validate(spec: Spec) -> Call[Plan]:
    """Check a spec and count what it would run; nothing is stored."""
    content, kind = encode(spec)
    return Call("POST", "/v1/studies/validate", _model(Plan), {}, {"Content-Type": kind}, content)


def list_studies(**filters: Filter) -> Call[Page[Study]]:
    """One page of studies, newest first."""
    return Call("GET", "/v1/studies", _model(Page[Study]), filters)


def get(study: str) -> Call[StudyDetail]:
    """A study by its id."""
    return Call("GET", f"/v1/studies/{segment(study)}", _model(StudyDetail))


def cancel(study: str) -> Call[StudyDetail]:
    """Stop a study; what has completed is kept."""
    return Call("POST", f"/v1/studies/{segment(study)}/cancel", _model(StudyDetail))


def trials(study: str, **filters: Filter) -> Call[Page[Trial]]:
    """One page of a study's trials, in the order of its grid."""
    return Call("GET", f"/v1/studies/{segment(study)}/trials", _model(Page[Trial]), filters)


def report(study: str) -> Call["RobustnessReport"]:
    """The robustness report as data."""
    return Call("GET", f"/v1/studies/{segment(study)}/report", _report)


def report_html(study: str) -> Call[str]:
    """The robustness report as one self-contained page."""
    return Call("GET", f"/v1/studies/{segment(study)}/report.html", _text)


def report_markdown(study: str) -> Call[str]:
    """The robustness report as Markdown."""
    return Call("GET", f"/v1/studies/{segment(study)}/report.md", _text)


def page_after(call: Call[Page[M]], page: Page[M]) -> Call[Page[M]] | None:
    """The call for the page that follows, or ``None`` after the last."""
    if page.next_cursor is None:
        return None
    return replace(call, params={**call.params, "cursor": page.next_cursor})


def encode(spec: Spec) -> tuple[bytes, str]:
    """A spec as a request body and its content type."""
    if isinstance(spec, StudySpec):
        return spec.model_dump_json(exclude_defaults=True).encode(), "application/json"
    if isinstance(spec, Path):
        return spec.read_bytes(), "application/yaml"
    if isinstance(spec, str):
        return spec.encode(), "application/yaml"
    return json.dumps(spec, allow_nan=False).encode(), "application/json"


def segment(text: str) -> str:
    """One segment of a path, whatever the text contains."""
    return quote(text, safe="")


def _text(response: httpx.Response) -> str:
    return response.text


def _model(model: type[B]) -> Callable[[httpx.Response], B]:
    def read(response: httpx.Response) -> B:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise _unexpected(response, error) from error

    return read


def _report(response: httpx.Response) -> "RobustnessReport":
    # Reports bring the analysis with them; other calls need not wait for its imports.
    from studies.report.model import RobustnessReport

    return _model(RobustnessReport)(response)


def _unexpected(response: httpx.Response, error: ValidationError) -> ServiceFailedError:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    request = f"{response.request.method} {response.request.url.path}"
    return ServiceFailedError(
        response.status_code,
        "unexpected answer",
        f"{request}: the answer's {where or 'body'}: {first['msg']} (is it a Gofau service?)",
    )
