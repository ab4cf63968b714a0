"""The pages themselves, and three small answers that only they need."""

from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape
from pydantic import BaseModel

from gofau_service.api.dependencies import Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.api.spec_body import SubmittedSpec, submitted_spec
from gofau_service.errors import NotFoundError
from gofau_service.pages.assets import HEADERS, assets
from gofau_service.store import jobs, studies
from gofau_studies.report.rows import ROWS

router = APIRouter(include_in_schema=False, responses=PROBLEMS)

PAGES = Environment(loader=PackageLoader("gofau_service", "pages"), autoescape=select_autoescape())
TITLES = {
    "studies": "Studies",
    "study": "Study",
    "submit": "New study",
    "compare": "Compare",
}


class Example(BaseModel):
    """A ready-made study."""

    name: str
    text: str


class MetricWords(BaseModel):
    """A number of the report in words; ``more`` and ``less`` say what a difference means."""

    name: str
    title: str
    doc: str
    more: str
    less: str


class JobLink(BaseModel):
    """The study's latest Ray job and where Ray's dashboard shows it."""

    submission_id: str
    state: str
    status: str | None
    url: str | None


@router.get("/", response_class=HTMLResponse)
def studies_page() -> HTMLResponse:
    """All studies."""
    return _shell("studies")


@router.get("/submit", response_class=HTMLResponse)
def submit_page() -> HTMLResponse:
    """A form and an editor for a new study."""
    return _shell("submit")


@router.get("/compare", response_class=HTMLResponse)
def compare_page() -> HTMLResponse:
    """Studies side by side."""
    return _shell("compare")


@router.get("/studies/{study}", response_class=HTMLResponse)
def study_page(study: Annotated[str, Path(max_length=64)]) -> HTMLResponse:
    """One study; the script finds out whether there is one of that id."""
    return _shell("study")


@router.get("/static/{name:path}")
def static(name: str, request: Request) -> Response:
    """A script or a style sheet."""
    asset = assets().get(name)
    if asset is None:
        raise NotFoundError(f"no file {name}")
    headers = {**HEADERS, "ETag": asset.etag}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)


@router.get("/pages/examples")
def examples() -> list[Example]:
    """The ready-made studies, as text."""
    folder = files("gofau_studies") / "catalog"
    found = sorted((e for e in folder.iterdir() if e.name.endswith(".yaml")), key=lambda e: e.name)
    return [Example(name=e.name.removesuffix(".yaml"), text=e.read_text("utf-8")) for e in found]


@router.get("/pages/metrics")
def metrics() -> list[MetricWords]:
    """Titles and meanings of the report's numbers, in print order."""
    return [MetricWords.model_validate(row, from_attributes=True) for row in ROWS]


@router.post("/pages/spec")
def spec(_: Reader, submitted: Annotated[SubmittedSpec, Depends(submitted_spec)]) -> dict[str, Any]:
    """A valid spec as plain data without its defaults: what the form is filled from."""
    return submitted.parsed.model_dump(mode="json", exclude_defaults=True)


@router.get("/pages/studies/{study}/job")
def job(app: Use, who: Reader, study: Annotated[str, Path(max_length=64)]) -> JobLink | None:
    """The latest Ray job of a study, if it has had one."""
    with app.store.read() as session:
        found = jobs.of_study(session, studies.find(session, study, who.sees).id)
        if not found:
            return None
        latest = found[0]
        board = app.settings.dashboard_url
        return JobLink(
            submission_id=latest.submission_id,
            state=latest.state,
            status=latest.status,
            url=f"{board}/#/jobs/{latest.submission_id}" if board else None,
        )


def _shell(page: str) -> HTMLResponse:
    modules = [name for name in assets() if name.endswith(".js") and not name.startswith("pages/")]
    text = PAGES.get_template("shell.html").render(
        page=page, title=TITLES[page], modules=modules, titles=TITLES
    )
    return HTMLResponse(text, headers=HEADERS)
