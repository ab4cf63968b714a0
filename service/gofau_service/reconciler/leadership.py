"""Which replica acts: a lease in the store, renewed by counting up."""

import secrets

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from gofau_service.reconciler.heartbeats import Silence
from gofau_service.store.engine import Store
from gofau_service.store.tables.jobs import Leadership

ROW = 1


class Candidate:
    """One replica's claim. Two that believe to lead at once do no harm: every step of the
    reconciler names the state it starts from, and submission ids are fixed."""

    def __init__(self, store: Store, ttl_s: float, silence: Silence) -> None:
        self.name = secrets.token_hex(8)
        self._store = store
        self._ttl_s = ttl_s
        self._silence = silence

    def leads(self) -> bool:
        """Renew or take the lease if that is possible; say whether it is held."""
        with self._store.read() as session:
            row = session.execute(select(Leadership.holder, Leadership.beats)).first()
        if row is None:
            return self._found()
        holder, beats = row
        if holder != self.name and self._silence.of("leader", (holder, beats)) < self._ttl_s:
            return False
        return self._advance(holder, beats)

    def _found(self) -> bool:
        try:
            with self._store.write() as session:
                session.execute(insert(Leadership).values(id=ROW, holder=self.name, beats=0))
        except IntegrityError:
            return False
        return True

    def _advance(self, holder: str, beats: int) -> bool:
        statement = (
            update(Leadership)
            .where(Leadership.holder == holder, Leadership.beats == beats)
            .values(holder=self.name, beats=beats + 1)
            .returning(Leadership.id)
        )
        with self._store.write() as session:
            return session.execute(statement).first() is not None
