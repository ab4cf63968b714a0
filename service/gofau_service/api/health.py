"""``/healthz`` and ``/readyz``."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from gofau_service.api.dependencies import Use
from gofau_service.api.problem_details import PROBLEMS, problem
from gofau_service.store.errors import SQLAlchemyError

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process is alive, or ready."""

    status: str = "ok"


@router.get("/healthz")
async def healthz() -> Health:
    """Whether the process answers at all."""
    return Health()


@router.get("/readyz", responses={503: PROBLEMS[503]}, response_model=Health)
def readyz(app: Use, request: Request) -> Health | JSONResponse:
    """Whether the store answers."""
    try:
        app.store.ping()
    except SQLAlchemyError:
        return problem(request, 503, "Service unavailable", "the store does not answer")
    return Health()
