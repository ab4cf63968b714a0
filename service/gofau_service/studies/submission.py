"""Submitting, listing and ending studies."""

import secrets
from dataclasses import dataclass
from typing import Any

from gofau_service import answers
from gofau_service.errors import ConflictError, InvalidError, QuotaError
from gofau_service.pagination import decode, encode, unknown
from gofau_service.settings import Settings
from gofau_service.store import cells, studies, study_list, trials
from gofau_service.store.base import now
from gofau_service.store.engine import Session, Store, analyze
from gofau_service.store.errors import IntegrityError
from gofau_service.store.keyset import Order
from gofau_service.store.tables.studies import Study
from gofau_service.studies.described import described, detailed
from gofau_service.studies.enumeration import Enumeration
from gofau_service.tokens.principal import Principal
from gofau_studies.errors import FieldError
from gofau_studies.protocol.trials import StudyState
from gofau_studies.spec import StudySpec
from gofau_studies.spec.canonical import content_hash

MANY = 10_000
"""Trials of one submission that change what the planner should expect."""


@dataclass(frozen=True)
class Submission:
    """A request to run a spec, and how it was asked."""

    spec: StudySpec
    source: str
    idempotency_key: str | None = None
    reuse: bool = True

    @property
    def request_hash(self) -> str:
        """What must be equal for an idempotency key to mean the same request."""
        return content_hash([self.spec.model_dump(mode="json"), self.reuse])


def submit(
    session: Session, who: Principal, wanted: Submission, settings: Settings
) -> tuple[Study, bool]:
    """Store a study with all trials known by now; the same key again gives the same study.

    Returns:
        The study, and whether it is new.

    Raises:
        InvalidError: more trials than the limit.
        ConflictError: the key came with another request before.
    """
    check_size(wanted.spec, settings)
    known = _earlier(session, who, wanted)
    if known is not None:
        return known, False
    check_quota(session, who.owner, wanted.spec.trial_count, settings)
    study = _add(session, who, wanted)
    enumeration = Enumeration(wanted.spec)
    seeds = wanted.spec.seeds
    count = cells.insert_cells(session, enumeration.rows(study.id, 0, len(seeds)))
    cells.insert_arms(session, enumeration.new_arms)
    trials.enumerate_trials(session, study.id, range(count), seeds, 0)
    studies.set_tags(session, study.id, wanted.spec.tags)
    if wanted.spec.trial_count >= MANY:
        analyze(session)
    return study, True


def submit_safely(
    store: Store, who: Principal, wanted: Submission, settings: Settings
) -> tuple[answers.StudyDetail, bool]:
    """`submit` in its own transaction; the loser of a race for one key gets the winner's study."""
    try:
        view, new = _submit_once(store, who, wanted, settings)
    except IntegrityError:
        view, new = _submit_once(store, who, wanted, settings)
    return view, new


def _submit_once(
    store: Store, who: Principal, wanted: Submission, settings: Settings
) -> tuple[answers.StudyDetail, bool]:
    with store.write() as session:
        study, new = submit(session, who, wanted, settings)
        return detail(session, study), new


def detail(session: Session, study: Study) -> answers.StudyDetail:
    """A study as the API shows it, with its spec."""
    tags = studies.tags(session, [study.id])[study.id]
    return detailed(study, tags)


def study_page(
    session: Session, wanted: study_list.StudyFilter, *, sort: str, cursor: str | None, limit: int
) -> answers.Page[answers.Study]:
    """A page of studies.

    Raises:
        InvalidError: an unknown order, or a cursor of another list.
    """
    order = Order.parse(sort, study_list.SORTS)
    after = decode(cursor, str, (int, float), (str, int, float), int)
    place = _place(order, cursor, after) if after else None
    at = place.at if place else now()
    rows = study_list.page(session, wanted, order, at=at, after=place, limit=limit + 1)
    tags = studies.tags(session, (study.id for study, _ in rows))
    items = [described(study, tags[study.id]) for study, _ in rows[:limit]]
    end = rows[limit - 1][1] if len(rows) > limit else None
    more = encode(str(order), end.at, end.value, end.last) if end else None
    return answers.Page(items=tuple(items), next_cursor=more)


def _place(order: Order, cursor: str | None, values: list[Any]) -> study_list.Place:
    """Where a cursor of this very order leads."""
    by, at, value, last = values
    if by != str(order) or isinstance(value, str) != (order.by in ("name", "owner")):
        raise unknown(cursor)
    return study_list.Place(at, value, last)


def check_size(spec: StudySpec, settings: Settings) -> None:
    """Raise `InvalidError` for a spec with more trials than the limit."""
    if spec.trial_count > settings.max_trials:
        expected = f"at most {settings.max_trials} trials (cells × seeds)"
        errors = [FieldError("axes", f"{spec.trial_count} trials", expected)]
        raise InvalidError("the grid is too large", errors)


def check_quota(session: Session, owner: str, more: int, settings: Settings) -> None:
    """Raise `QuotaError` where an owner would have too many open trials."""
    held = studies.open_trials(session, owner)
    if held + more > settings.owner_open_trials:
        raise QuotaError(
            f"{owner} has {held} open trials and asked for {more} more; "
            f"expected at most {settings.owner_open_trials} together"
        )


def _earlier(session: Session, who: Principal, wanted: Submission) -> Study | None:
    if wanted.idempotency_key is None:
        return None
    known = studies.by_idempotency_key(session, who.owner, wanted.idempotency_key)
    if known is not None and known.request_hash != wanted.request_hash:
        raise ConflictError(
            f"Idempotency-Key {wanted.idempotency_key!r} came with another spec before, "
            f"for study {known.public_id}; use a new key"
        )
    return known


def _add(session: Session, who: Principal, wanted: Submission) -> Study:
    spec = wanted.spec
    study = Study(
        public_id=secrets.token_hex(8),
        name=spec.name,
        owner=who.owner,
        state=StudyState.QUEUED.value,
        spec=spec.model_dump(mode="json"),
        source=wanted.source,
        spec_hash=spec.hash,
        request_hash=wanted.request_hash,
        idempotency_key=wanted.idempotency_key,
        reuse=wanted.reuse,
        goal_metric=spec.goal.metric,
        max_attempts=spec.max_attempts,
        waiting=spec.arm_count * spec.first_points * len(spec.seeds),
        unplanned=spec.arm_count * spec.later_points * len(spec.seeds),
        created_at=now(),
    )
    return studies.add(session, study)
