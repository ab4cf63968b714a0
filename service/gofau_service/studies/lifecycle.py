"""What people do to a stored study. Each takes its row locked and moves it to a clear state."""

from gofau_service.errors import ConflictError
from gofau_service.store import jobs, leases, studies
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Study
from gofau_service.studies import ledger, rounds
from gofau_service.studies.leasing import EXPIRED
from gofau_studies.protocol.trials import StudyState, TrialState


def cancel(session: Session, study: Study) -> None:
    """End a study now: what has not ended is cancelled, its job is stopped by the reconciler.

    Cancelling a cancelled study changes nothing.

    Raises:
        ConflictError: the study has ended otherwise.
    """
    if study.state in (StudyState.CANCELLED, StudyState.CANCELLING):
        return
    if StudyState(study.state).final:
        raise _wrong_state(study, "only an open study is cancelled")
    ledger.close(session, study, TrialState.CANCELLED)
    leases.end_all(session, study.id, EXPIRED)
    after = StudyState.CANCELLING if _has_job(session, study) else StudyState.CANCELLED
    studies.set_state(session, study, after, "cancelled on request")


def pause(session: Session, study: Study) -> None:
    """Run nothing more until `resume`; workers give back what they hold, uncounted.

    Raises:
        ConflictError: the study has ended or is being cancelled.
    """
    if study.state == StudyState.PAUSED:
        return
    if study.state not in (StudyState.QUEUED, StudyState.RUNNING):
        raise _wrong_state(study, "only a queued or running study is paused")
    studies.set_state(session, study, StudyState.PAUSED, "paused on request")


def resume(session: Session, study: Study) -> None:
    """Queue a paused study again; resuming one that goes on changes nothing.

    Raises:
        ConflictError: the study has ended or is being cancelled.
    """
    if study.state in (StudyState.QUEUED, StudyState.RUNNING):
        return
    if study.state != StudyState.PAUSED:
        raise _wrong_state(study, "only a paused study is resumed")
    studies.set_state(session, study, StudyState.QUEUED)


def retry(session: Session, study: Study) -> int:
    """Let failed trials wait again with all their attempts; returns how many.

    Raises:
        ConflictError: the study was cancelled.
    """
    if study.state in (StudyState.CANCELLED, StudyState.CANCELLING):
        raise _wrong_state(study, "its trials are not retried")
    count = ledger.reopen_failed(session, study)
    rounds.reopen(study)
    if count or study.unplanned:
        requeue(session, study)
    return count


def requeue(session: Session, study: Study) -> None:
    """Queue an ended study that has trials to run again."""
    if StudyState(study.state).final:
        studies.set_state(session, study, StudyState.QUEUED)


def delete(session: Session, study: Study, force: bool) -> bool:
    """Delete a study with all it has; returns whether that is done already.

    With ``force`` an open study is cancelled first, and is gone once its job has ended.

    Raises:
        ConflictError: the study is open and ``force`` was not given.
    """
    final = StudyState(study.state).final
    if not final and not force:
        raise _wrong_state(study, "an open study is deleted with force=true only")
    if not final:
        cancel(session, study)
    if _has_job(session, study):
        study.doomed = True
        return False
    studies.delete(session, study.id)
    return True


def _has_job(session: Session, study: Study) -> bool:
    return jobs.open_job(session, study.id) is not None


def _wrong_state(study: Study, rule: str) -> ConflictError:
    return ConflictError(f"study {study.public_id} is {study.state}; {rule}")
