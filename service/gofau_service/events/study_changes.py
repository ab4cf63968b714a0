"""Changes of the list of studies, numbered for all listeners of one replica.

The first look remembers the revision of every study; each later look gives a number to every
study that came, changed or went since. A listener that has seen a number asks for what came after.
"""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice

from gofau_service.store import studies
from gofau_service.store.engine import Session, Store
from gofau_service.studies.described import described

KEPT = 5_000
"""Changes that are remembered, of different studies; who has seen none of them starts anew."""

Mark = tuple[int, int]
"""What differs once a study has changed: its revision, and how many of its trials wait."""


@dataclass(frozen=True)
class Change:
    """The latest change of a study: how it is now, or, without a view, that it is gone."""

    number: int
    study: str
    owner: str
    view: str | None = None
    revision: int = 0
    ended: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether the study is there and open."""
        return self.view is not None and not self.ended


@dataclass(frozen=True)
class Seen:
    """A study as the last look found it."""

    public_id: str
    owner: str
    mark: Mark


class StudyChanges:
    """Looks at the store when a listener asks and the last look is older than a pause.

    Laws: a listener that goes on after a number sees, for each study of its owner that changed
    since, the latest change; numbers only grow. Safe in any thread.

    Args:
        store: where the studies are.
        every_s: pause between two looks.
    """

    def __init__(self, store: Store, every_s: float) -> None:
        self.name = secrets.token_hex(4)
        self._store = store
        self._every_s = every_s
        self._looked = -float("inf")
        self._seen: dict[int, Seen] | None = None
        self._changes: OrderedDict[str, Change] = OrderedDict()
        self._number = 0
        self._forgotten = 0
        self._turn = threading.Lock()

    def now(self) -> int:
        """The number of the latest change."""
        with self._turn:
            self._look()
            return self._number

    def after(self, number: int, owner: str | None) -> tuple[list[Change], int] | None:
        """Changes after a number that ``owner`` (or anybody) may see, and where they lead.

        Returns:
            ``None`` where changes after that number have been forgotten, or never were.
        """
        with self._turn:
            self._look()
            if not self._forgotten <= number <= self._number:
                return None
            later = [change for change in self._changes.values() if change.number > number]
            return [c for c in later if owner in (None, c.owner)], self._number

    def glance(self, study: str, owner: str | None) -> Change | None:
        """The same as `latest` if the last look is not too old, without waiting for anybody."""
        return None if self._is_due() else self._known(study, owner)

    def latest(self, study: str, owner: str | None) -> Change | None:
        """The latest change of a study that ``owner`` (or anybody) may see, if it is known."""
        with self._turn:
            self._look()
            return self._known(study, owner)

    def _known(self, study: str, owner: str | None) -> Change | None:
        found = self._changes.get(study)
        return found if found is not None and owner in (None, found.owner) else None

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked >= self._every_s

    def _look(self) -> None:
        if not self._is_due():
            return
        with self._store.read() as session:
            found = _marks(session)
            if self._seen is not None:
                self._note(session, self._seen, found)
        self._seen = found
        self._looked = time.monotonic()

    def _note(self, session: Session, before: dict[int, Seen], found: dict[int, Seen]) -> None:
        for gone in before.keys() - found.keys():
            self._add(Change(self._number + 1, before[gone].public_id, before[gone].owner))
        changed = sorted(n for n, seen in found.items() if before.get(n) != seen)
        for study in studies.by_ids(session, changed):
            view = described(study, studies.tags(session, [study.id])[study.id])
            change = Change(
                number=self._number + 1,
                study=study.public_id,
                owner=study.owner,
                view=view.model_dump_json(),
                revision=view.revision,
                ended=view.state.final,
            )
            self._add(change)
        for old in list(islice(self._changes.values(), max(len(self._changes) - KEPT, 0))):
            self._forgotten = self._changes.pop(old.study).number

    def _add(self, change: Change) -> None:
        self._number = change.number
        self._changes[change.study] = change
        self._changes.move_to_end(change.study)


def _marks(session: Session) -> dict[int, Seen]:
    return {row[0]: Seen(row[1], row[2], (row[3], row[4])) for row in studies.marks(session)}
