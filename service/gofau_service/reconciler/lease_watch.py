"""Takes back the trials of workers that have fallen silent."""

import logging

from gofau_service.reconciler.heartbeats import Heartbeats
from gofau_service.store import leases
from gofau_service.store.engine import Store
from gofau_service.studies import leasing
from gofau_studies.telemetry import tracing

log = logging.getLogger(__name__)


class LeaseWatch:
    """Expires leases whose heartbeat has stood still for the time to live.

    A lease that was there when the watch began, and has not beaten since, was lost unwatched:
    most likely the whole stack was stopped.
    """

    def __init__(self, store: Store, ttl_s: float, heartbeats: Heartbeats) -> None:
        self._store = store
        self._ttl_s = ttl_s
        self._heartbeats = heartbeats
        self._inherited: dict[int, int] | None = None

    def expire_silent(self) -> int:
        """Look at all leases once; returns how many expired."""
        with self._store.read() as session:
            rows = [(row.id, row.beats, row.worker) for row in leases.active(session)]
        if self._inherited is None:
            self._inherited = {lease_id: beats for lease_id, beats, _ in rows}
        self._heartbeats.keep({row[0] for row in rows})
        silent = [row for row in rows if self._heartbeats.age_s(row[0], row[1]) >= self._ttl_s]
        return sum(self._expire(*row) for row in silent)

    def start_afresh(self) -> None:
        """Give every lease a whole time to live from now on."""
        self._heartbeats.keep(set())

    def _expire(self, lease_id: int, beats: int, worker: str) -> bool:
        reason = f"worker {worker} was not heard of for {self._ttl_s:g} s"
        watched = (self._inherited or {}).get(lease_id) != beats
        with tracing.span("expire lease", lease=lease_id), self._store.write() as session:
            expired = leasing.expire(session, lease_id, beats, reason, watched=watched)
        if expired:
            log.warning("lease %d expired: %s", lease_id, reason)
        return expired
