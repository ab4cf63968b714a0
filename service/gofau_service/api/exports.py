"""``/v1/studies/{study}/export``: all trials as one stream."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from gofau_service.api.dependencies import Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.exports import formats, rows
from gofau_service.store import studies
from gofau_service.store.trial_list import TrialFilter
from gofau_studies.protocol.trials import Outcome, TrialState

router = APIRouter(prefix="/v1/studies/{study}", tags=["exports"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]
Label = Annotated[str | None, Query(max_length=100)]
Format = Literal["csv", "ndjson", "parquet", "curves"]
Writer = Callable[[Sequence[str], formats.Chunks], Iterator[bytes]]

WRITERS: dict[Format, tuple[str, Writer]] = {
    "csv": ("text/csv; charset=utf-8", formats.as_csv),
    "ndjson": ("application/x-ndjson", formats.as_ndjson),
    "parquet": ("application/vnd.apache.parquet", formats.as_parquet),
    "curves": ("application/x-ndjson", formats.as_ndjson),
}
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the trials",
        "content": {
            media.partition(";")[0]: {"schema": {"type": "string"}} for media, _ in WRITERS.values()
        },
    }
}


@router.get("/export", response_class=StreamingResponse, responses=BYTES)
def export(
    *,
    app: Use,
    who: Reader,
    study: StudyId,
    as_: Annotated[Format, Query(alias="format")] = "csv",
    state: TrialState | None = None,
    outcome: Outcome | None = None,
    problem: Label = None,
    direction: Label = None,
    rule: Label = None,
    limit: Annotated[int | None, Query(ge=1, lt=2**31, description="at most so many")] = None,
) -> StreamingResponse:
    """All trials of a study that match, one row a trial: labels, axis values, seed and results.

    ``curves`` is NDJSON with the measured metrics and their curves.
    """
    with app.store.read() as session:
        found = studies.find(session, study, who.sees)
        columns, study_id = rows.columns(found), found.id
    media, write = WRITERS[as_]
    wanted = TrialFilter(
        state=state.value if state else None,
        outcome=outcome.value if outcome else None,
        problem=problem,
        direction=direction,
        rule=rule,
    )
    name = f'attachment; filename="gofau-{study}.{as_}"'
    measured = as_ == "curves"
    body = write(
        [*columns, *rows.MEASURED] if measured else columns,
        rows.chunks(app.store, study_id, wanted, limit, measured=measured),
    )
    return StreamingResponse(body, media_type=media, headers={"Content-Disposition": name})
