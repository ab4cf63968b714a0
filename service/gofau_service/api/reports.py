"""``/v1/studies/{study}/report`` as data, HTML and Markdown."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response

from gofau_service.api.dependencies import Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.reports.comparison import compared
from gofau_studies.render import html, markdown
from gofau_studies.report.model import RobustnessReport

across = APIRouter(tags=["reports"], responses=PROBLEMS)
router = APIRouter(prefix="/v1/studies/{study}", tags=["reports"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]


class MarkdownResponse(Response):
    """Markdown as UTF-8 text."""

    media_type = "text/markdown"


@across.get("/v1/compare")
def compare(
    app: Use,
    who: Reader,
    study: Annotated[
        list[Annotated[str, Query(max_length=64)]],
        Query(min_length=2, max_length=10, description="ids; the first is the baseline"),
    ],
) -> RobustnessReport:
    """One report over several studies with the same problems and grid, rules paired by seed."""
    return compared(app.store, study, who.sees)


@router.get("/report")
def report(app: Use, who: Reader, study: StudyId) -> RobustnessReport:
    """The robustness report; of an unfinished study, of the results so far."""
    return app.analyst.analyse(study, who.sees).report


@router.get("/report.html", response_class=HTMLResponse)
def report_html(app: Use, who: Reader, study: StudyId) -> HTMLResponse:
    """The report as one self-contained page."""
    analysis = app.analyst.analyse(study, who.sees)
    return HTMLResponse(html.render(analysis.report, analysis.landscapes))


@router.get("/report.md", response_class=MarkdownResponse)
def report_markdown(app: Use, who: Reader, study: StudyId) -> MarkdownResponse:
    """The report as Markdown."""
    analysis = app.analyst.analyse(study, who.sees)
    return MarkdownResponse(markdown.render(analysis.report))
