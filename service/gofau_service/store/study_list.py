"""Lists of studies: narrowed, sorted, by keyset."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Double, Select, case, cast, exists, func, select
from sqlalchemy.orm import Session

from gofau_service.store import studies
from gofau_service.store.keyset import Order
from gofau_service.store.tables.studies import Arm, Study, StudyTag
from gofau_studies.protocol.trials import StudyState

SORTS = ("created", "name", "owner", "state", "progress", "rate", "time_left", "trials")
NEVER = 1e300
"""The time left, in seconds, of a study that has no rate."""


@dataclass(frozen=True)
class StudyFilter:
    """What a listing is narrowed to; ``None`` leaves a field open."""

    owner: str | None = None
    state: str | None = None
    name: str | None = None
    tag: str | None = None
    problem: str | None = None
    rule: str | None = None
    spec_hash: str | None = None
    open: bool | None = None
    created_after: float | None = None
    created_before: float | None = None


@dataclass(frozen=True)
class Place:
    """Where a page ends: the sorted value and the internal id of its last study.

    ``at`` is when the first page was read: later pages take rates at that time, so that a list
    does not reorder itself by the clock alone.
    """

    at: float
    value: str | float
    last: int


Listed = tuple[Study, Place]


def page(
    session: Session,
    wanted: StudyFilter,
    order: Order,
    *,
    at: float,
    after: Place | None,
    limit: int,
) -> list[Listed]:
    """Studies in an order, each with its place; those after ``after``, if given."""
    key = _key(order.by, at)
    query = _narrowed(select(Study.id, key), wanted)
    if after is not None:
        query = query.where(*order.after(key, after.value, Study.id, after.last))
    rows = session.execute(query.order_by(*order.terms(key, Study.id)).limit(limit)).all()
    found = {study.id: study for study in studies.by_ids(session, [row[0] for row in rows])}
    return [(found[n], Place(at, value, n)) for n, value in rows if n in found]


def _key(by: str, at: float) -> Any:
    """The expression that a sort compares; never null.

    States come in the order of a study's life. Without a rate a study counts as slower than all
    others, and its end as further away.
    """
    ended = Study.completed + Study.failed + Study.cancelled
    total = ended + Study.waiting + Study.running + Study.unplanned
    done = Study.completed + Study.failed - Study.reused
    lasted = func.coalesce(Study.ended_at, at) - Study.started_at
    goes = (done > 0) & (lasted > 0)
    left = case((goes & Study.ended_at.is_(None), (total - ended) * lasted / done), else_=NEVER)
    keys: dict[str, Any] = {
        "created": Study.id,
        "name": func.lower(Study.name),
        "owner": Study.owner,
        "state": case({s.value: i for i, s in enumerate(StudyState)}, value=Study.state),
        "progress": cast(ended, Double) / total,
        "rate": case((goes, done / lasted), else_=-1.0),
        "time_left": left,
        "trials": total,
    }
    return keys[by]


def _narrowed(query: Select[Any], wanted: StudyFilter) -> Select[Any]:
    for column, value in (
        (Study.owner, wanted.owner),
        (Study.state, wanted.state),
        (Study.spec_hash, wanted.spec_hash),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.open is not None:
        query = query.where(Study.state.in_(studies.OPEN) == wanted.open)
    if wanted.name is not None:
        query = query.where(func.lower(Study.name).contains(wanted.name.lower(), autoescape=True))
    if wanted.tag is not None:
        tagged = exists().where(StudyTag.study_id == Study.id, StudyTag.tag == wanted.tag)
        query = query.where(tagged)
    for column, value in ((Arm.problem_name, wanted.problem), (Arm.rule, wanted.rule)):
        if value is not None:
            query = query.where(exists().where(Arm.study_id == Study.id, column == value))
    if wanted.created_after is not None:
        query = query.where(Study.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        query = query.where(Study.created_at < wanted.created_before)
    return query
