"""``/v1/worker/studies/{study}/search`` and ``/rounds``: how a search goes on."""

from typing import Annotated

from fastapi import APIRouter, Path

from gofau_service.api.dependencies import Use, Worker
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.store import studies
from gofau_service.studies import rounds
from gofau_service.studies.leasing import mine
from gofau_service.studies.round_history import history
from gofau_studies.protocol.wire import RoundReceipt, SearchHistory, SearchRound

router = APIRouter(prefix="/v1/worker/studies/{study}", tags=["workers"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64)]


@router.get("/search")
def search(app: Use, who: Worker, study: StudyId) -> SearchHistory:
    """Every cell of the study with what it gave, in the order in which they were asked for."""
    with app.store.read() as session:
        return history(session, mine(studies.find(session, study), who))


@router.post("/rounds")
def append_round(app: Use, who: Worker, study: StudyId, wanted: SearchRound) -> RoundReceipt:
    """Append a round of points; posting its number again changes nothing."""
    with app.store.write() as session:
        found = mine(studies.lock(session, study), who)
        return rounds.append(session, found, wanted)
