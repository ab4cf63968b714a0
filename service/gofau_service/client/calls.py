"""Every verb as a value: the request to send and how to read the answer.

Both clients are built on these, so a verb is written once for blocking and for async code.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import BaseModel, ValidationError

from gofau_service.answers import (
    Cell,
    M,
    NewToken,
    Page,
    Plan,
    Study,
    StudyDetail,
    StudyProvenance,
    Token,
    Trial,
    TrialDetail,
)
from gofau_service.client.errors import ClientError, ServiceFailedError
from gofau_studies.spec import StudySpec

if TYPE_CHECKING:
    from gofau_studies.report.model import RobustnessReport

T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)

Spec = StudySpec | Mapping[str, Any] | Path | str
"""A spec as a value, as plain data, as a file to read, or as YAML text."""

Filter = str | int | list[str]
"""The value of a filter of a listing; a list gives it several times."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One HTTP request and the reader of its answer.

    ``repeatable`` says that sending it twice does what sending it once does.
    """

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, Filter] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    repeatable: bool = True

    @property
    def options(self) -> dict[str, Any]:
        """The request's parts as httpx takes them."""
        return {"params": dict(self.params), "headers": dict(self.headers), "content": self.content}


def sendable(name: str, text: str) -> str:
    """The text, if a header can carry it.

    Raises:
        ClientError: it cannot, or not unchanged.
    """
    if not text.isascii() or not text.isprintable() or not text or text != text.strip():
        raise ClientError(f"{name}: got {text!r}, expected ASCII characters, printable ones alone")
    return text


def submit(spec: Spec, key: str | None = None, fresh: bool = False) -> Call[StudyDetail]:
    """Store a study. Under one ``key`` it is stored once, however often the call is sent."""
    content, kind = encode(spec)
    chosen = uuid4().hex if key is None else sendable("key", key)
    headers = {"Content-Type": kind, "Idempotency-Key": chosen}
    params = {"reuse": "false"} if fresh else {}
    return Call("POST", "/v1/studies", _model(StudyDetail), params, headers, content)


def validate(spec: Spec) -> Call[Plan]:
    """Check a spec and count what it would run; nothing is stored."""
    content, kind = encode(spec)
    return Call("POST", "/v1/studies/validate", _model(Plan), {}, {"Content-Type": kind}, content)


def list_studies(**filters: Filter) -> Call[Page[Study]]:
    """One page of studies, newest first unless ``sort`` says otherwise."""
    return Call("GET", "/v1/studies", _model(Page[Study]), filters)


def get(study: str) -> Call[StudyDetail]:
    """A study by its id."""
    return Call("GET", _study(study), _model(StudyDetail))


def act(study: str, action: str) -> Call[StudyDetail]:
    """Change a study's state: ``cancel``, ``pause``, ``resume`` or ``retry``."""
    return Call("POST", f"{_study(study)}/{action}", _model(StudyDetail))


def extend(study: str, change: Mapping[str, Any]) -> Call[StudyDetail]:
    """Give a study more seeds or wider axes; only the new trials run."""
    return _send("POST", f"{_study(study)}/extend", change, StudyDetail)


def tag(study: str, tags: Sequence[str]) -> Call[StudyDetail]:
    """Replace a study's tags."""
    return _send("PATCH", _study(study), {"tags": list(tags)}, StudyDetail)


def delete(study: str, force: bool) -> Call[bool]:
    """Delete a study with its trials; ``False``: as soon as its job has ended."""
    params = {"force": "true"} if force else {}
    return Call("DELETE", _study(study), lambda answer: answer.status_code == 204, params)


def trials(study: str, **filters: Filter) -> Call[Page[Trial]]:
    """One page of a study's trials, in the order of its grid unless ``sort`` says otherwise."""
    return Call("GET", f"{_study(study)}/trials", _model(Page[Trial]), filters)


def trial(study: str, index: int) -> Call[TrialDetail]:
    """One trial with its curves."""
    return Call("GET", f"{_study(study)}/trials/{index}", _model(TrialDetail))


def cells(study: str, **filters: Filter) -> Call[Page[Cell]]:
    """One page of a study's cells: the heat map, of the goal or of another ``metric``."""
    return Call("GET", f"{_study(study)}/cells", _model(Page[Cell]), filters)


def compare(studies: Sequence[str]) -> Call["RobustnessReport"]:
    """One report over several studies; the first is the baseline."""
    return Call("GET", "/v1/compare", _report, {"study": list(studies)})


def provenance(study: str) -> Call[StudyProvenance]:
    """What results depended on, and where they were computed."""
    return Call("GET", f"{_study(study)}/provenance", _model(StudyProvenance))


def export(study: str, kind: str, **filters: Filter) -> Call[bytes]:
    """All trials as ``csv``, ``ndjson`` or ``parquet``."""
    params = {"format": kind, **filters}
    return Call("GET", f"{_study(study)}/export", lambda answer: answer.content, params)


def catalog() -> Call[dict[str, Any]]:
    """Directions, rules and problems that a spec may name, with their parameters."""
    return Call("GET", "/v1/catalog", _data)


def limits() -> Call[dict[str, Any]]:
    """The limits that requests are held to."""
    return Call("GET", "/v1/limits", _data)


def create_token(
    name: str, owner: str, scopes: Sequence[str], expires_in_s: float | None
) -> Call[NewToken]:
    """Make a token."""
    body = {"name": name, "owner": owner, "scopes": list(scopes), "expires_in_s": expires_in_s}
    return replace(_send("POST", "/v1/tokens", body, NewToken), repeatable=False)


def list_tokens() -> Call[Page[Token]]:
    """One page of tokens, newest first."""
    return Call("GET", "/v1/tokens", _model(Page[Token]))


def revoke_token(token: str) -> Call[None]:
    """Refuse a token from now on."""
    return Call("DELETE", f"/v1/tokens/{segment(token)}", lambda _: None)


def report(study: str) -> Call["RobustnessReport"]:
    """The robustness report as data."""
    return Call("GET", f"{_study(study)}/report", _report)


def report_html(study: str) -> Call[str]:
    """The robustness report as one self-contained page."""
    return Call("GET", f"{_study(study)}/report.html", _text)


def report_markdown(study: str) -> Call[str]:
    """The robustness report as Markdown."""
    return Call("GET", f"{_study(study)}/report.md", _text)


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


def _study(study: str) -> str:
    return f"/v1/studies/{segment(study)}"


def _send(method: str, path: str, body: Mapping[str, Any], model: type[B]) -> Call[B]:
    content = json.dumps(body, allow_nan=False).encode()
    return Call(method, path, _model(model), {}, {"Content-Type": "application/json"}, content)


def _data(response: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    return body


def _text(response: httpx.Response) -> str:
    return response.text


def _model(model: type[B]) -> Callable[[httpx.Response], B]:
    def read(response: httpx.Response) -> B:
        try:
            # A later release may say more, also inside parts that are closed to their makers.
            return model.model_validate_json(response.content, extra="ignore")
        except ValidationError as error:
            raise _unexpected(response, error) from error

    return read


def _report(response: httpx.Response) -> "RobustnessReport":
    # Reports bring the analysis with them; other calls need not wait for its imports.
    from gofau_studies.report.model import RobustnessReport

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
