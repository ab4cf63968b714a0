"""The service's side of the protocol in `gofau_studies.protocol.wire`."""

import secrets

from gofau.version import code_version
from gofau_service.errors import ConflictError, NotFoundError
from gofau_service.store import cells, leases, provenance, studies, trials
from gofau_service.store.base import now
from gofau_service.store.engine import Session
from gofau_service.store.tables.leases import LeaseRow
from gofau_service.store.tables.provenance import EnvironmentRow, InputsRow
from gofau_service.store.tables.studies import Study
from gofau_service.studies import ledger
from gofau_service.studies.enumeration import whole
from gofau_service.tokens.principal import Principal
from gofau_studies.protocol.trials import StudyState
from gofau_studies.protocol.wire import (
    Lease,
    LeaseRequest,
    LeaseStatus,
    ResultBatch,
    ResultReceipt,
    WorkPage,
    WorkTrial,
)

DONE, RELEASED, EXPIRED = "done", "released", "expired"


def work(session: Session, who: Principal, public_id: str, after: int, limit: int) -> WorkPage:
    """Waiting trials after an index; none while the study is not running."""
    study = mine(studies.find(session, public_id), who)
    rows = []
    if study.state == StudyState.RUNNING:
        rows = list(trials.waiting(session, study.id, after, limit))
    needed = cells.by_ordinal(session, study.id, (row.cell for row in rows))
    shared = {n: arm.definition for n, arm in cells.arms(session, study.id).items()}
    return WorkPage(
        study=study.public_id,
        state=StudyState(study.state),
        running=study.running,
        searching=study.unplanned > 0,
        checkpoint_every=study.spec.get("checkpoint_every"),
        trials=[
            WorkTrial(
                index=row.index,
                cell=needed[row.cell].key,
                seed=row.seed,
                attempts=row.attempts,
            )
            for row in rows
        ],
        cells={c.key: whole(shared[c.arm], c.changes) for c in needed.values()},
        next_after=rows[-1].index if len(rows) == limit else None,
    )


def lease(
    session: Session, who: Principal, public_id: str, request: LeaseRequest, ttl_s: float
) -> Lease:
    """Put the trials that still wait under a new lease, but for those that have a result already.

    Raises:
        ConflictError: the worker's gofau is another one than the service's.
    """
    _refuse_other_code(request)
    study = mine(studies.lock(session, public_id), who)
    row = leases.add(
        session,
        LeaseRow(
            public_id=secrets.token_hex(16),
            study_id=study.id,
            worker=request.worker,
            code_version=request.code_version,
            inputs=provenance.keep(session, InputsRow, request.inputs),
            environment=provenance.keep(session, EnvironmentRow, request.environment),
            state=leases.ACTIVE,
            granted=0,
            created_at=now(),
            beat_at=now(),
        ),
    )
    reused, granted = 0, []
    if study.state == StudyState.RUNNING:
        reused = ledger.adopt(session, study, row, request.trials)
        granted = ledger.grant(session, study, row, request.trials)
    row.granted = len(granted)
    if not granted:
        row.state = DONE
    return Lease(lease=row.public_id, granted=granted, reused=reused, ttl_s=ttl_s)


def fail(
    session: Session, who: Principal, public_id: str, reason: str, ttl_s: float
) -> LeaseStatus:
    """Fail what is left of a running study that its driver cannot train; a second time, nothing."""
    study = mine(studies.lock(session, public_id), who)
    if study.state == StudyState.RUNNING:
        leases.end_all(session, study.id, EXPIRED)
        ledger.give_up(session, study, reason.replace("\0", "\\0"))
    return LeaseStatus(held=False, stop=True, ttl_s=ttl_s)


def heartbeat(session: Session, who: Principal, public_id: str, ttl_s: float) -> LeaseStatus:
    """Renew a lease."""
    row = leases.find(session, public_id, who.study_id)
    beating = leases.beat(session, row.id)
    study = studies.by_id(session, row.study_id)
    return LeaseStatus(held=beating, stop=_should_stop(study), ttl_s=ttl_s)


def post(session: Session, who: Principal, public_id: str, batch: ResultBatch) -> ResultReceipt:
    """Store what a lease's trials gave; it ends when nothing is left under it."""
    study, row = _locked(session, who, public_id)
    receipt = ledger.record(session, study, row, batch)
    if row.state == leases.ACTIVE and not trials.holds_any(session, study.id, row.id):
        row.state = DONE
    return receipt


def release(session: Session, who: Principal, public_id: str, ttl_s: float) -> LeaseStatus:
    """Give back what a lease still holds."""
    study, row = _locked(session, who, public_id)
    if row.state == leases.ACTIVE:
        ledger.release(session, study, row)
        row.state = RELEASED
    return LeaseStatus(held=False, stop=_should_stop(study), ttl_s=ttl_s)


def expire(session: Session, lease_id: int, beats: int, reason: str, *, watched: bool) -> bool:
    """End a lease that has been silent since ``beats``; false when it has beaten or ended.

    The attempt counts only where the worker was lost while ``watched`` and wanted: a stack that
    was stopped, or a study that was paused, takes its workers with it and no trial is to blame.
    """
    study_id = leases.by_id(session, lease_id).study_id
    study = studies.lock_id(session, study_id)
    row = leases.lock(session, lease_id)
    if row.state != leases.ACTIVE or row.beats != beats:
        return False
    row.state = EXPIRED
    if watched and study.state == StudyState.RUNNING:
        ledger.expire(session, study, row, reason)
    else:
        ledger.release(session, study, row)
    return True


def _refuse_other_code(request: LeaseRequest) -> None:
    ours = code_version()
    if request.code_version != ours:
        raise ConflictError(
            f"worker {request.worker} has gofau {request.code_version}, the service has {ours}: "
            "results of both would be mixed, so no trial is leased and none has lost an attempt; "
            "bring workers and service to one version, then retry the study"
        )


def _locked(session: Session, who: Principal, public_id: str) -> tuple[Study, LeaseRow]:
    row = leases.find(session, public_id, who.study_id)
    study = studies.lock_id(session, row.study_id)
    return study, leases.lock(session, row.id)


def mine(study: Study, who: Principal) -> Study:
    """The study, if the token is good for it.

    Raises:
        NotFoundError: it is another study's.
    """
    if who.study_id != study.id:
        raise NotFoundError(f"no study {study.public_id} for this token")
    return study


def _should_stop(study: Study) -> bool:
    return study.state != StudyState.RUNNING
