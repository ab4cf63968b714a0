"""Which replica acts: a lease in the store, renewed by counting up."""

import secrets

from gofau_service.reconciler.heartbeats import Heartbeats
from gofau_service.store import leadership
from gofau_service.store.engine import Store


class Candidate:
    """One replica's claim. Two that believe to lead at once do no harm: every step of the
    reconciler names the state it starts from, and submission ids are fixed."""

    def __init__(self, store: Store, ttl_s: float, heartbeats: Heartbeats) -> None:
        self.name = secrets.token_hex(8)
        self._store = store
        self._ttl_s = ttl_s
        self._heartbeats = heartbeats

    def leads(self) -> bool:
        """Renew or take the lease if that is possible; say whether it is held."""
        with self._store.read() as session:
            leader = leadership.leader(session)
        if leader is None:
            return self._found()
        holder, beats = leader
        if holder != self.name and self._heartbeats.age_s("leader", (holder, beats)) < self._ttl_s:
            return False
        return self._advance(holder, beats)

    def _found(self) -> bool:
        with self._store.write() as session:
            return leadership.found(session, self.name)

    def _advance(self, holder: str, beats: int) -> bool:
        with self._store.write() as session:
            return leadership.advance(session, self.name, holder, beats)
