"""A held lease: renewed in the background while a pack trains, released when it stops early."""

import logging
import threading
from contextvars import copy_context
from types import TracebackType
from typing import Self

from gofau_studies.protocol import wire
from gofau_studies.telemetry import tracing
from gofau_workers.errors import LeaseLostError, ServiceError
from gofau_workers.service_client import ServiceClient

log = logging.getLogger(__name__)

RENEWALS_PER_TTL = 3


class HeldLease:
    """Context manager that renews a lease until the block ends.

    ``stop`` is set when the service asks the worker to stop, when the lease is lost, or when the
    service cannot be reached any more. Leaving the block releases what is still held.
    """

    def __init__(self, client: ServiceClient, lease: wire.Lease) -> None:
        self._client = client
        self._lease = lease
        self._ended = threading.Event()
        # Its lines and calls carry the ids and the trace of the pack.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._renew,), name="lease", daemon=True
        )
        self.stop = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        try:
            self._client.release(self._lease.lease)
        except LeaseLostError:
            log.info("lease %s had been lost", self._lease.lease)

    def post(self, batch: wire.ResultBatch) -> None:
        """Post results under this lease.

        Raises:
            LeaseLostError: the lease is gone, so the results are not wanted.
        """
        posted = [*(r.index for r in batch.results), *(f.index for f in batch.failures)]
        with tracing.span("post results", trials=posted):
            receipt = self._client.post(self._lease.lease, batch)
        if receipt.refused:
            raise LeaseLostError(f"{receipt.refused} results came after the lease was lost")
        if receipt.stop:
            self.stop.set()

    def _renew(self) -> None:
        while not self._ended.wait(self._lease.ttl_s / RENEWALS_PER_TTL):
            try:
                status = self._client.heartbeat(self._lease.lease)
            except (LeaseLostError, ServiceError) as error:
                log.warning("lease %s not renewed: %s", self._lease.lease, error)
                self.stop.set()
                return
            if status.stop or not status.held:
                self.stop.set()
