"""One pack from lease to posted results: what a Tune trial does, without Tune."""

import logging
import os
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from gofau.errors import IncurableError
from gofau.packing import PlanError, run_pack
from gofau.packing.plan.identity import identified
from gofau.packing.plan.plan import PackPlan, TrialOutcome
from gofau.version import code_version
from gofau_studies.protocol import wire
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.telemetry import tracing
from gofau_studies.telemetry.logs import bound
from gofau_workers.checkpoints import checkpointing
from gofau_workers.errors import LeaseLostError
from gofau_workers.inputs import Looked, environment, look
from gofau_workers.lease import HeldLease
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings
from gofau_workers.work import ranges, result

log = logging.getLogger(__name__)

POST_EVERY_S = 1.0
POST_MOST = 1_000
MAX_ERROR = 4_000
NO_RETRY = "\nIt would fail again, so it was not tried again."


class PackStopped(Exception):  # noqa: N818 - the service asked for it; nothing went wrong
    """Raised inside a pack to end it early."""


@dataclass
class PackAccount:
    """What became of a pack's trials.

    Posted as completed, posted as failed, completed by results of other studies, not leased.
    """

    completed: int = 0
    failed: int = 0
    reused: int = 0
    refused: int = 0
    stopped: bool = False


@dataclass
class _Outbox:
    """Results on their way to the service, posted in batches."""

    lease: HeldLease
    pack_size: int
    account: PackAccount
    left: set[int]
    waiting: list[wire.TrialResult] = field(default_factory=list)
    posted_at: float = field(default_factory=time.monotonic)

    def add(self, outcome: TrialOutcome) -> None:
        self.waiting.append(result(outcome, self.pack_size))
        due = time.monotonic() - self.posted_at >= POST_EVERY_S
        # What a complete pack keeps on its disk goes once it is asked for more, so post it first.
        if due or len(self.waiting) >= min(len(self.left), POST_MOST):
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            self.lease.post(wire.ResultBatch(results=self.waiting))
            self.account.completed += len(self.waiting)
            self.left.difference_update(r.index for r in self.waiting)
            self.waiting = []
        self.posted_at = time.monotonic()

    def fail(self, error: BaseException) -> None:
        """Fail this attempt of every trial without a result."""
        self.flush()
        text = "".join(traceback.format_exception(error))[-MAX_ERROR:]
        self._post([wire.TrialFailure(index=index, error=text) for index in sorted(self.left)])

    def give_up(self, error: IncurableError) -> None:
        """Fail for good the trial to blame, or all of them where they share the fault."""
        self.flush()
        blamed = error.trial if isinstance(error, PlanError) else None
        indexes = self.left & {blamed} or self.left
        text = f"{type(error).__name__}: {error}"[: MAX_ERROR - len(NO_RETRY)] + NO_RETRY
        self._post(
            [wire.TrialFailure(index=i, error=text, incurable=True) for i in sorted(indexes)]
        )

    def _post(self, failures: list[wire.TrialFailure]) -> None:
        self.lease.post(wire.ResultBatch(failures=failures))
        self.left.difference_update(failure.index for failure in failures)
        self.account.failed += len(failures)


Plan = Callable[[list[WorkTrial]], PackPlan]
Train = Callable[[PackPlan, Callable[[], None]], Iterator[TrialOutcome]]


def packed(settings: WorkerSettings) -> Train:
    """Train with `gofau.packing`, calling back as it goes.

    Executor and width come from the calibration in the cache folder. The trials of a pack that
    was killed go on from its checkpoint there, in whatever packs they come to.
    """

    def train(pack_plan: PackPlan, check: Callable[[], None]) -> Iterator[TrialOutcome]:
        pack_plan = replace(
            identified(pack_plan), backend=settings.backend, memory_format=settings.memory_format
        )
        return run_pack(
            pack_plan,
            on_progress=lambda _epoch: check(),
            calibration=settings.cache_dir,
            checkpoint=checkpointing(settings, pack_plan),
        )

    return train


def train_pack(
    client: ServiceClient, pack: list[WorkTrial], train: Train, device: str = "cpu"
) -> PackAccount:
    """Lease a pack's trials, train those granted on ``device``, and post each result.

    Trials that have a result elsewhere are completed by it and not trained. Code that raises fails
    the attempt of every trial that has no result yet; the error travels with it. A fault that no
    retry can cure fails its trials for good; where it is one trial's, the others are trained
    without it. A lost lease or a stop request ends the pack quietly.

    Raises:
        RefusedError: the service has another gofau, so that it leases nothing.
    """
    account = PackAccount()
    looked = look(pack)
    request = _request(pack, looked, device)
    with tracing.span("lease", trials=request.trials):
        lease = client.lease(request)
    granted = set(lease.granted)
    account.reused = lease.reused
    account.refused = len(pack) - len(granted) - lease.reused
    if lease.reused:
        log.info("%d of %d trials have results of the same inputs already", lease.reused, len(pack))
    if not granted:
        return account
    with (
        bound(lease=lease.lease, trials=ranges(granted)),
        tracing.span("train", trials=lease.granted),
        HeldLease(client, lease) as held,
    ):
        log.info("pack begun: %d of %d trials granted", len(granted), len(pack))
        outbox = _Outbox(held, len(granted), account, set(granted))
        try:
            with looked.held:
                left = [trial for trial in pack if trial.index in granted]
                _train(left, partial(looked.plan, device=device), held, outbox, train)
        except (PackStopped, LeaseLostError) as stop:
            account.stopped = True
            log.info("pack stopped: %s", stop or "on request")
        log.info("pack ended: %d completed, %d failed", account.completed, account.failed)
    return account


def _request(pack: list[WorkTrial], looked: Looked, device: str) -> wire.LeaseRequest:
    return wire.LeaseRequest(
        worker=f"{socket.gethostname()}:{os.getpid()}",
        trials=[trial.index for trial in pack],
        code_version=code_version(),
        inputs=None if looked.inputs is None else dict(looked.inputs.record),
        environment=environment(device),
    )


def _train(
    trials: list[WorkTrial], plan: Plan, held: HeldLease, outbox: _Outbox, train: Train
) -> None:
    def check() -> None:
        if held.stop.is_set():
            raise PackStopped

    while trials:
        try:
            for outcome in train(plan(trials), check):
                outbox.add(outcome)
                check()
            outbox.flush()
            return
        except (PackStopped, LeaseLostError):
            raise
        except IncurableError as error:
            log.error("no retry can cure this: %s", error)
            tracing.fail(error)
            outbox.give_up(error)
            trials = [trial for trial in trials if trial.index in outbox.left]
        except Exception as error:
            log.exception("pack failed")
            tracing.fail(error)
            outbox.fail(error)
            return
