"""``/v1/worker``: what drivers and packs call, with a study's own ticket and token."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from gofau_service.api.dependencies import Use, Worker, address
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.api.result_counts import count
from gofau_service.errors import UnauthorizedError
from gofau_service.store import studies
from gofau_service.studies import leasing
from gofau_service.tokens import tickets
from gofau_studies.protocol.wire import (
    MAX_BATCH,
    Lease,
    LeaseRequest,
    LeaseStatus,
    ResultBatch,
    ResultReceipt,
    StudyFailure,
    TicketReceipt,
    TicketUse,
    WorkPage,
)

router = APIRouter(prefix="/v1/worker", tags=["workers"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64)]
LeaseId = Annotated[str, Path(max_length=64)]


@router.post("/tickets")
def exchange(request: Request, app: Use, use: TicketUse) -> TicketReceipt:
    """Make the driver's own token good, in exchange for the ticket that its job brought."""
    try:
        with app.store.write() as session:
            study_id = tickets.redeem(session, use.ticket, use.token_sha256)
            return TicketReceipt(study=studies.by_id(session, study_id).public_id)
    except UnauthorizedError:
        app.rates.take(address(request))
        raise


@router.get("/studies/{study}/work")
def work(
    app: Use,
    who: Worker,
    study: StudyId,
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
    limit: Annotated[int, Query(ge=1, le=MAX_BATCH)] = MAX_BATCH,
) -> WorkPage:
    """Waiting trials after an index, with the definitions of their cells."""
    with app.store.read() as session:
        return leasing.work(session, who, study, after, limit)


@router.post("/studies/{study}/leases", status_code=201)
def lease(app: Use, who: Worker, study: StudyId, request: LeaseRequest) -> Lease:
    """Lease trials; those that wait no more or have a result elsewhere are not granted."""
    with app.store.write() as session:
        lease = leasing.lease(session, who, study, request, app.settings.lease_ttl_s)
    if lease.reused:
        app.wake_up.request()
    return lease


@router.post("/studies/{study}/failure")
def failure(app: Use, who: Worker, study: StudyId, told: StudyFailure) -> LeaseStatus:
    """Fail what is left of a study that cannot be trained here, with the reason in words."""
    with app.store.write() as session:
        status = leasing.fail(session, who, study, told.reason, app.settings.lease_ttl_s)
    app.wake_up.request()
    return status


@router.post("/leases/{lease}/heartbeat")
def heartbeat(app: Use, who: Worker, lease: LeaseId) -> LeaseStatus:
    """Renew a lease."""
    with app.store.write() as session:
        return leasing.heartbeat(session, who, lease, app.settings.lease_ttl_s)


@router.post("/leases/{lease}/results")
def results(app: Use, who: Worker, lease: LeaseId, batch: ResultBatch) -> ResultReceipt:
    """Post results and failures; posting again changes nothing."""
    with app.store.write() as session:
        receipt = leasing.post(session, who, lease, batch)
    count(receipt)
    if receipt.stop:
        app.wake_up.request()
    return receipt


@router.post("/leases/{lease}/release")
def release(app: Use, who: Worker, lease: LeaseId) -> LeaseStatus:
    """Give back what the lease still holds, without counting the attempt."""
    with app.store.write() as session:
        return leasing.release(session, who, lease, app.settings.lease_ttl_s)
