"""Drives what runs on Ray towards what the store wants.

Level-triggered: each look compares the whole of both and takes the next step of each difference,
so a step that was lost, or taken twice, does no harm. No transaction is open while Ray is asked.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable

from gofau_service.errors import RayUnreachableError
from gofau_service.reconciler import job_steps
from gofau_service.reconciler.heartbeats import Heartbeats
from gofau_service.reconciler.leadership import Candidate
from gofau_service.reconciler.lease_watch import LeaseWatch
from gofau_service.reconciler.ray_jobs import JobRequest, JobRunner, JobStatus
from gofau_service.settings import Settings
from gofau_service.store import jobs, studies
from gofau_service.store.engine import Store
from gofau_service.store.errors import SQLAlchemyError
from gofau_service.store.tables.jobs import Job
from gofau_service.store.tables.studies import Study
from gofau_studies.protocol.trials import StudyState
from gofau_studies.telemetry import tracing
from gofau_studies.telemetry.logs import bound

log = logging.getLogger(__name__)

LONGEST_BACKOFF_S = 60.0
NO_CLUSTER = "waiting: no Ray cluster is configured (GOFAU_RAY_ADDRESS)"
WANTS_JOB = (StudyState.RUNNING,)


class Reconciler:
    """Looks at the store and at Ray once per `look`, and acts if this replica leads."""

    def __init__(
        self,
        store: Store,
        runner: JobRunner | None,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._runner = runner
        self._settings = settings
        self._clock = clock
        self._candidate = Candidate(store, settings.leader_ttl_s, Heartbeats(clock))
        self._leases = LeaseWatch(store, settings.lease_ttl_s, Heartbeats(clock))
        self._ended_for = Heartbeats(clock)
        self._not_before: dict[int, float] = {}

    def look(self) -> bool:
        """One look; false when another replica leads."""
        with tracing.unless_idle("reconcile"):
            return self._look()

    def _look(self) -> bool:
        if not self._leads():
            return False
        if self._runner is None:
            self._explain_waiting()
            return True
        self._observe_jobs(self._runner)
        self._restart_jobs()
        self._start_studies()
        return True

    def _leads(self) -> bool:
        """Whether this replica leads; if so, the leases of silent workers have expired."""
        try:
            if not self._candidate.leads():
                return False
            self._leases.expire_silent()
        except SQLAlchemyError:
            # Without the store no worker can renew a lease, so its silence says nothing.
            self._leases.start_afresh()
            raise
        return True

    def _explain_waiting(self) -> None:
        with self._store.read() as session:
            waiting = studies.in_states(session, [StudyState.QUEUED, StudyState.RUNNING])
            silent = [study.id for study in waiting if study.message != NO_CLUSTER]
        for study_id in silent:
            with self._store.write() as session:
                job_steps.say(session, study_id, NO_CLUSTER)

    def _observe_jobs(self, runner: JobRunner) -> None:
        with self._store.read() as session:
            found = jobs.all_open_with_studies(session)
        self._ended_for.keep({job.id for job, _ in found})
        for job, study in found:
            with bound(study=study.public_id, job=job.submission_id):
                self._observe_job(runner, job, study)

    def _observe_job(self, runner: JobRunner, job: Job, study: Study) -> None:
        try:
            self._observe(runner, job, study)
            self._say(study, None)
        except RayUnreachableError as error:
            log.warning("%s", error)
            self._say(study, f"waiting for the Ray cluster: {error}")

    def _say(self, study: Study, message: str | None) -> None:
        """Set or clear the note that Ray is away; other notes stay."""
        if message is None and not (study.message or "").startswith("waiting"):
            return
        with self._store.write() as session:
            job_steps.say(session, study.id, message)

    def _observe(self, runner: JobRunner, job: Job, study: Study) -> None:
        status = runner.status(job.submission_id)
        wanted = study.state in WANTS_JOB
        if job.state == jobs.STARTING and status is JobStatus.UNKNOWN and wanted:
            with tracing.span("submit job"):
                self._submit(runner, job, study)
        elif status.ended:
            said = runner.log_tail(job.submission_id) if status is JobStatus.FAILED else ""
            with tracing.span("end job", status=status.value), self._store.write() as session:
                job_steps.end(session, job.id, status, said)
            log.info("job ended: %s", status)
        else:
            self._stay(runner, job, status, wanted, StudyState(study.state).final)

    def _stay(
        self, runner: JobRunner, job: Job, status: JobStatus, wanted: bool, final: bool
    ) -> None:
        if (job.state, job.status) != (jobs.ACTIVE, status.value):
            with self._store.write() as session:
                job_steps.see(session, job.id, status)
        lingering = final and self._ended_for.age_s(job.id, final) < self._settings.job_linger_s
        if not wanted and not lingering:
            runner.stop(job.submission_id)

    def _submit(self, runner: JobRunner, job: Job, study: Study) -> None:
        with self._store.write() as session:
            ticket = job_steps.ticket(session, job, study.owner)
        runner.submit(
            JobRequest(
                submission_id=job.submission_id,
                python=self._settings.worker_python,
                environment={
                    "GOFAU_SERVICE_URL": self._settings.url_for_workers,
                    "GOFAU_STUDY": study.public_id,
                    "GOFAU_TICKET": ticket,
                    **tracing.as_environment(),
                },
                study=study.public_id,
            )
        )
        with self._store.write() as session:
            job_steps.see(session, job.id, JobStatus.PENDING)
        log.info("job submitted")

    def _restart_jobs(self) -> None:
        """Give running studies without a job another one, later and later, up to a limit."""
        with self._store.read() as session:
            running = studies.in_states(session, [StudyState.RUNNING])
            without = [
                (study.id, job_steps.barren_tries(session, study))
                for study in running
                if jobs.open_job(session, study.id) is None
            ]
        for study_id, tries in without:
            if not self._give_up(study_id, tries) and self._is_due(study_id, tries):
                self._begin(study_id)

    def _give_up(self, study_id: int, tries: int) -> bool:
        if tries < self._settings.job_tries:
            return False
        with self._store.write() as session:
            return job_steps.give_up(session, study_id, self._settings.job_tries)

    def _is_due(self, study_id: int, tries: int) -> bool:
        pause = min(self._settings.job_backoff_s * 2 ** (tries - 1), LONGEST_BACKOFF_S)
        due = self._not_before.setdefault(study_id, self._clock() + (pause if tries else 0))
        if self._clock() < due:
            return False
        del self._not_before[study_id]
        return True

    def _begin(self, study_id: int) -> None:
        with self._store.write() as session:
            begun = job_steps.begin(session, study_id)
        if begun and self._runner is not None:
            self._observe_jobs(self._runner)

    def _start_studies(self) -> None:
        """Start queued studies while there is room, each owner in turn."""
        with self._store.read() as session:
            running = studies.in_states(session, [StudyState.RUNNING, StudyState.CANCELLING])
            queued = studies.in_states(session, [StudyState.QUEUED])
            room = max(self._settings.max_running_studies - len(running), 0)
            busy = Counter(study.owner for study in running)
            chosen = fair_order(queued, busy, self._settings.owner_running_studies)[:room]
            ids = [study.id for study in chosen]
        for study_id in ids:
            self._begin(study_id)


def fair_order(queued: Iterable[Study], running: Counter[str], most: int) -> list[Study]:
    """Queued studies in starting order: the owner with the fewest running, then the oldest.

    Studies of owners that would have more than ``most`` running are left out.
    """
    waiting = sorted(queued, key=lambda study: study.id)
    order: list[Study] = []
    busy = Counter(running)
    while waiting:
        following = min(waiting, key=lambda study: (busy[study.owner], study.id))
        if busy[following.owner] >= most:
            break
        waiting.remove(following)
        busy[following.owner] += 1
        order.append(following)
    return order
