"""SQL that lists trials and cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.studies.models import Arm, Cell
from service.trials.models import Measurement, Trial

Found = Row[Trial, Cell, Arm]


@dataclass(frozen=True)
class TrialFilter:
    """What a listing is narrowed to; ``None`` leaves a field open."""

    state: str | None = None
    outcome: str | None = None
    problem: str | None = None
    direction: str | None = None
    rule: str | None = None
    seed: int | None = None
    cell: int | None = None


def joined(study_id: int) -> Select[Trial, Cell, Arm]:
    """Trials of a study with their cells and arms."""
    return (
        select(Trial, Cell, Arm)
        .join(Cell, (Cell.study_id == Trial.study_id) & (Cell.ordinal == Trial.cell))
        .join(Arm, (Arm.study_id == Cell.study_id) & (Arm.ordinal == Cell.arm))
        .where(Trial.study_id == study_id)
    )


def page(
    session: Session, study_id: int, wanted: TrialFilter, after: int, limit: int
) -> Sequence[Found]:
    """Trials after an index, in order of their index."""
    query = narrowed(joined(study_id), wanted).where(Trial.index > after)
    return session.execute(query.order_by(Trial.index).limit(limit)).all()


def ended_after(
    session: Session, study_id: int, revision: int, index: int, limit: int
) -> Sequence[Found]:
    """Trials that ended after a place in the order of their ending."""
    later = tuple_(Trial.revision, Trial.index) > tuple_(revision, index)
    query = joined(study_id).where(Trial.revision >= revision, later)
    return session.execute(query.order_by(Trial.revision, Trial.index).limit(limit)).all()


def narrowed(query: Select[Trial, Cell, Arm], wanted: TrialFilter) -> Select[Trial, Cell, Arm]:
    """The query with a filter's conditions."""
    for column, value in (
        (Trial.state, wanted.state),
        (Trial.outcome, wanted.outcome),
        (Trial.seed, wanted.seed),
        (Trial.cell, wanted.cell),
        (Arm.problem, wanted.problem),
        (Arm.direction, wanted.direction),
        (Arm.rule, wanted.rule),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def trial(session: Session, study_id: int, index: int) -> Found:
    """One trial with its cell and arm.

    Raises:
        NotFoundError: the study has no trial of that index.
    """
    found = session.execute(joined(study_id).where(Trial.index == index)).first()
    if found is None:
        raise NotFoundError(f"no trial {index} in this study")
    return found


def measurement(session: Session, study_id: int, index: int) -> Measurement | None:
    """What a trial measured, if it completed."""
    return session.get(Measurement, (study_id, index))


def cells(
    session: Session,
    study_id: int,
    arms: Sequence[int] | None,
    after: int,
    limit: int,
) -> Sequence[Cell]:
    """Cells after an ordinal, of some arms or of all."""
    query = select(Cell).where(Cell.study_id == study_id, Cell.ordinal > after)
    if arms is not None:
        query = query.where(Cell.arm.in_(arms))
    return session.scalars(query.order_by(Cell.ordinal).limit(limit)).all()
