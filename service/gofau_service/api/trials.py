"""``/v1/studies/{study}/trials`` and ``/cells``."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from gofau_service.answers import Cell, Page, Trial, TrialDetail
from gofau_service.api.dependencies import Cursor, Limit, Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.pagination import decode
from gofau_service.store import studies, trial_list
from gofau_service.trials import heat_map, reading
from gofau_service.trials.heat_map import CellWish
from gofau_service.trials.sorting import Wish
from gofau_studies.protocol.trial_facts import NUMBERS
from gofau_studies.protocol.trials import Outcome, TrialState

router = APIRouter(prefix="/v1/studies/{study}", tags=["trials"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]
Label = Annotated[str | None, Query(max_length=100)]
Number = Annotated[int | None, Query(ge=0, lt=2**32)]
Where = Annotated[
    Sequence[Annotated[str, Query(max_length=200)]],
    Query(
        max_length=20,
        description="conditions that all hold, each an axis, a result or a metric compared with a "
        "number by <, <=, =, >= or >",
        examples=[["lr>=0.01", "val_accuracy>0.9"]],
    ),
]
Sort = Annotated[
    str | None,
    Query(
        max_length=100,
        description=f"an axis, a measured metric (its last value), or {', '.join(NUMBERS)}; "
        "descending with a minus in front. Trials without that number are left out",
        examples=["-value", "lr"],
    ),
]
Metric = Annotated[
    str | None,
    Query(
        max_length=100,
        description=f"what to aggregate instead of the goal: {', '.join(NUMBERS)}, or the last "
        "value of a measured metric",
        examples=["val_accuracy"],
    ),
]
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "as the tag says"}}
MAX_CELLS = 10_000


@router.get("/trials")
def list_trials(
    *,
    app: Use,
    who: Reader,
    study: StudyId,
    state: TrialState | None = None,
    outcome: Outcome | None = None,
    problem: Label = None,
    direction: Label = None,
    rule: Label = None,
    seed: Number = None,
    cell: Annotated[int | None, Query(ge=0, lt=2**31, description="ordinal of a cell")] = None,
    where: Where = (),
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Trial]:
    """Trials in the order of the grid, or sorted by an axis, a result or a metric."""
    wanted = trial_list.TrialFilter(
        state=state.value if state else None,
        outcome=outcome.value if outcome else None,
        problem=problem,
        direction=direction,
        rule=rule,
        seed=seed,
        cell=cell,
    )
    with app.store.read() as session:
        found = studies.find(session, study, who.sees)
        wish = Wish.parse(found, wanted, where, sort)
        rows, more = reading.trial_page(session, found, wish, cursor=cursor, limit=limit)
        items = tuple(reading.described(*row) for row in rows)
    return Page(items=items, next_cursor=more)


@router.get("/trials/{index}")
def get_trial(
    app: Use, who: Reader, study: StudyId, index: Annotated[int, Path(ge=0, lt=2**31)]
) -> TrialDetail:
    """One trial with its metrics and curves."""
    with app.store.read() as session:
        found = studies.find(session, study, who.sees)
        return reading.trial_detail(session, found, index)


@router.get("/cells", response_model=Page[Cell], responses=UNCHANGED)
def list_cells(
    *,
    app: Use,
    who: Reader,
    study: StudyId,
    problem: Label = None,
    direction: Label = None,
    rule: Label = None,
    metric: Metric = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_CELLS)] = 1000,
    known: Annotated[str | None, Header(alias="If-None-Match", max_length=200)] = None,
) -> Response:
    """Aggregates of cells: the heat map, kept up to date as results land.

    The ``ETag`` stays as long as no result has landed: sent back as ``If-None-Match``, it saves the
    body.
    """
    at = decode(cursor, int)
    wish = CellWish(problem, direction, rule, metric, at[0] if at else -1, limit)
    with app.store.read() as session:
        found = studies.find(session, study, who.sees)
        tag = heat_map.tag(found, wish)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if known == tag:
            return Response(status_code=304, headers=headers)
        body = heat_map.PAGES.get(session, found, wish)
    return Response(body, media_type="application/json", headers=headers)
