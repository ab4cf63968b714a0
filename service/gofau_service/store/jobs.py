"""SQL on Ray jobs."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gofau_service.store.tables.jobs import Job
from gofau_service.store.tables.studies import Study

STARTING, ACTIVE, ENDED = "starting", "active", "ended"


def open_job(session: Session, study_id: int) -> Job | None:
    """The job of a study that may still do something."""
    return session.scalar(select(Job).where(Job.study_id == study_id, Job.state != ENDED))


def all_open(session: Session) -> Sequence[Job]:
    """All jobs that may still do something, oldest first."""
    return session.scalars(select(Job).where(Job.state != ENDED).order_by(Job.id)).all()


def all_open_with_studies(session: Session) -> list[tuple[Job, Study]]:
    """The same with their studies, to be read also when the session has ended."""
    found = [(job, session.get_one(Study, job.study_id)) for job in all_open(session)]
    session.expunge_all()
    return found


def by_id(session: Session, job_id: int) -> Job:
    """The job of that internal id."""
    return session.get_one(Job, job_id)


def lock(session: Session, job_id: int) -> Job:
    """The job as it is now; its study's row is locked, so it stays so."""
    query = select(Job).where(Job.id == job_id)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def of_study(session: Session, study_id: int) -> Sequence[Job]:
    """All jobs of a study, newest first."""
    query = select(Job).where(Job.study_id == study_id).order_by(Job.sequence.desc())
    return session.scalars(query).all()


def add(session: Session, job: Job) -> Job:
    """Store a job."""
    session.add(job)
    session.flush()
    return job
