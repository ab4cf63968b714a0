"""``/v1/studies/{study}/provenance``: what results depended on and where they were computed."""

from typing import Annotated

from fastapi import APIRouter, Path

from gofau_service.answers import StudyProvenance
from gofau_service.api.dependencies import Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.store import studies
from gofau_service.studies.provenance import study_provenance

router = APIRouter(prefix="/v1/studies/{study}", tags=["trials"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]


@router.get("/provenance")
def provenance(app: Use, who: Reader, study: StudyId) -> StudyProvenance:
    """Data, code and processors of a study's results; trials name them by digest."""
    with app.store.read() as session:
        found = studies.find(session, study, who.sees)
        return study_provenance(session, found.id)
