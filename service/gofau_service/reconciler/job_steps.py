"""What happens to a study's Ray job, each step in one transaction."""

from gofau_service.errors import NotFoundError
from gofau_service.reconciler.ray_jobs import JobStatus
from gofau_service.store import jobs, leases, studies, tokens
from gofau_service.store.base import now
from gofau_service.store.engine import Session
from gofau_service.store.tables.jobs import Job
from gofau_service.store.tables.studies import Study
from gofau_service.studies import ledger, lifecycle
from gofau_service.studies.leasing import EXPIRED
from gofau_service.tokens import tickets
from gofau_studies.protocol.trials import StudyState

BARREN = (JobStatus.FAILED.value, JobStatus.SUCCEEDED.value)
"""How a job ends that had its chance; a stopped or lost one had not."""


def ended_trials(study: Study) -> int:
    """Trials in a final state."""
    return study.completed + study.failed + study.cancelled


def begin(session: Session, study_id: int) -> bool:
    """Give a study a job to be submitted, unless it has one or wants none."""
    study = studies.lock_id(session, study_id)
    wants = study.state in (StudyState.QUEUED, StudyState.RUNNING)
    if not wants or jobs.open_job(session, study_id) is not None:
        return False
    earlier = jobs.of_study(session, study_id)
    sequence = earlier[0].sequence + 1 if earlier else 1
    job = Job(
        study_id=study_id,
        sequence=sequence,
        submission_id=f"gofau-{study.public_id}-{sequence}",
        state=jobs.STARTING,
        progress=ended_trials(study),
        created_at=now(),
    )
    jobs.add(session, job)
    if study.state == StudyState.QUEUED:
        studies.set_state(session, study, StudyState.RUNNING)
    return True


def ticket(session: Session, job: Job, owner: str) -> str:
    """A ticket for the job's study; earlier ones stay good, since a submission may have arrived."""
    return tickets.issue_ticket(session, owner, job.submission_id, job.study_id)


def see(session: Session, job_id: int, status: JobStatus) -> None:
    """Note that the cluster has the job."""
    job = jobs.by_id(session, job_id)
    if job.state != jobs.ENDED:
        job.state, job.status = jobs.ACTIVE, status.value


def end(session: Session, job_id: int, status: JobStatus, message: str) -> None:
    """Note that a job is over: its token is revoked and what it held waits again."""
    study = studies.lock_id(session, jobs.by_id(session, job_id).study_id)
    job = jobs.lock(session, job_id)
    if job.state == jobs.ENDED:
        return
    job.state, job.status, job.ended_at = jobs.ENDED, status.value, now()
    job.message = message or None
    tokens.revoke_of_study(session, study.id)
    for lease in leases.active_of(session, study.id):
        lease.state = EXPIRED
        if status in (JobStatus.FAILED, JobStatus.SUCCEEDED):
            ledger.expire(session, study, lease, f"the job {status.lower()} with the trial running")
        else:
            ledger.release(session, study, lease)
    if study.state == StudyState.CANCELLING:
        studies.set_state(session, study, StudyState.CANCELLED, study.message)
    if study.doomed:
        lifecycle.delete(session, study, force=True)


def barren_tries(session: Session, study: Study) -> int:
    """Jobs that ended one after the other without a trial more than there are now."""
    progress = ended_trials(study)
    over = [job for job in jobs.of_study(session, study.id) if job.status in BARREN]
    return sum(job.progress == progress for job in over)


def give_up(session: Session, study_id: int, tries: int) -> bool:
    """Fail what is left of a running study whose jobs get nowhere; false if they still might."""
    study = studies.lock_id(session, study_id)
    if study.state != StudyState.RUNNING or barren_tries(session, study) < tries:
        return False
    had = jobs.of_study(session, study_id)
    last = had[0].message if had else None
    error = f"{tries} jobs in a row got nowhere; the last one said: {last or 'nothing'}"
    ledger.give_up(session, study, error)
    return True


def say(session: Session, study_id: int, message: str | None) -> None:
    """Put a message on an open study, if it is another one than before."""
    try:
        study = studies.lock_id(session, study_id)
    except NotFoundError:
        return
    if not StudyState(study.state).final and study.message != message:
        study.message = message
        study.revision += 1
