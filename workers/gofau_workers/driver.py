"""The Ray job of one study: reads waiting trials, trains them in packs, and ends when none is left.

Nothing here is needed to recover: whatever this process knew is in the service's store, and a new
driver starts from there.
"""

import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from gofau_studies.protocol import wire
from gofau_studies.protocol.trials import StudyState
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.telemetry import logs, tracing
from gofau_studies.telemetry.logs import LogFormatError
from gofau_studies.telemetry.tracing import TracingError
from gofau_workers.checkpoints import discard
from gofau_workers.errors import NoProgressError, RefusedError, WorkerError
from gofau_workers.rounds import run_round
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings
from gofau_workers.ticket import redeem
from gofau_workers.work import pending

log = logging.getLogger(__name__)

ROUND_TRIALS = 100_000
IDLE_S = 2.0
STUCK_ROUNDS = 3

ACTIVE = (StudyState.QUEUED, StudyState.RUNNING)
Round = Callable[[WorkerSettings, list[WorkTrial]], None]


def plan_round(client: ServiceClient) -> bool:
    """Append the round that follows what the service has; false when none follows."""
    # Samplers bring torch and Optuna along, which a study without a search needs not wait for.
    from gofau_workers.search.planner import next_round

    wanted = next_round(client.search())
    if wanted is None:
        return False
    receipt = client.append(wanted)
    log.info("round %d: %d cells, new: %s", receipt.number, receipt.cells, receipt.new)
    return True


def drive(
    client: ServiceClient,
    settings: WorkerSettings,
    run: Round = run_round,
    sleep: Callable[[float], None] = time.sleep,
    plan: Callable[[ServiceClient], bool] = plan_round,
) -> None:
    """Run rounds until the study has neither waiting nor running trials, or stops being active.

    While its search goes on, a study with nothing left to run is given its next round of points.
    The checkpoints of a study that has ended are removed.

    Raises:
        NoProgressError: several rounds in a row moved no trial.
        RefusedError: the service leases nothing to a worker, and has been told to fail the study.
    """
    seen: dict[int, int] = {}
    stuck = 0
    while True:
        first, trials = _read(client)
        if first.state not in ACTIVE:
            log.info("study is %s: nothing to do", first.state)
            if first.state.final:
                discard(settings)
            return
        if trials:
            attempts = {trial.index: trial.attempts for trial in trials}
            stuck = stuck + 1 if attempts == seen else 0
            if stuck == STUCK_ROUNDS:
                raise NoProgressError(f"{stuck} rounds moved none of {len(trials)} waiting trials")
            seen = attempts
            every = first.checkpoint_every or settings.checkpoint_every
            _run(client, run, replace(settings, checkpoint_every=every), trials)
        elif first.running:
            sleep(IDLE_S)
        elif not first.searching or not plan(client):
            discard(settings)
            return


def _run(
    client: ServiceClient, run: Round, settings: WorkerSettings, trials: list[WorkTrial]
) -> None:
    """A round; a worker that is refused ends the study, since no attempt of it would be another."""
    try:
        run(settings, trials)
    except RefusedError as error:
        client.fail(str(error))
        raise


def _read(client: ServiceClient) -> tuple[wire.WorkPage, list[WorkTrial]]:
    pages: list[wire.WorkPage] = []
    for page in client.work():
        pages.append(page)
        if sum(len(p.trials) for p in pages) >= ROUND_TRIALS:
            break
    return pages[0], list(pending(pages))


def main() -> int:
    """Entry point of ``python -m gofau_workers.driver``; exit code 0 when nothing is left to do."""
    try:
        ticketed = WorkerSettings.from_environment(os.environ)
        logs.configure(os.environ.get(logs.VARIABLE, ""), [ticketed.token])
        settings = redeem(ServiceClient(ticketed), ticketed)
        logs.configure(os.environ.get(logs.VARIABLE, ""), [settings.token])
        tracing.start("gofau-driver")
        client = ServiceClient(settings)
        with (
            logs.bound(study=settings.study),
            tracing.continued(tracing.from_environment(os.environ)),
            tracing.span("driver"),
        ):
            drive(client, settings)
    except (WorkerError, LogFormatError, TracingError) as error:
        log.error("%s: %s", type(error).__name__, error)
        return 1
    finally:
        tracing.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
