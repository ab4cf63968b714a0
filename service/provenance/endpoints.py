"""``/v1/studies/{study}/provenance``: what results depended on and where they were computed."""

from typing import Annotated

from fastapi import APIRouter, Path

from service.dependencies import Reader, Use
from service.problems import PROBLEMS
from service.provenance import service
from service.provenance.schemas import StudyProvenance
from service.studies import repository as studies

router = APIRouter(prefix="/v1/studies/{study}", tags=["trials"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]


@router.get("/provenance")
def provenance(app: Use, who: Reader, study: StudyId) -> StudyProvenance:
    """Data, code and processors of a study's results; trials name them by digest."""
    with app.store.read() as session:
        found = studies.find(session, study, who.sees)
        return service.provenance(session, found.id)
