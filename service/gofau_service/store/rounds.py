"""SQL on rounds, and on what their cells gave."""

from collections.abc import Sequence

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from gofau_service.store.tables.rounds import SearchRoundRow
from gofau_service.store.tables.studies import Cell
from gofau_service.store.tables.trials import Trial
from gofau_studies.protocol.trials import TrialState


def of_study(session: Session, study_id: int) -> Sequence[SearchRoundRow]:
    """A study's rounds in order."""
    query = select(SearchRoundRow).where(SearchRoundRow.study_id == study_id)
    return session.scalars(query.order_by(SearchRoundRow.number)).all()


def add(session: Session, row: SearchRoundRow) -> None:
    """Store a round.

    Raises:
        IntegrityError: the study has a round of that number.
    """
    session.add(row)
    session.flush()


def cell_count(session: Session, study_id: int) -> int:
    """How many cells a study has."""
    query = select(func.count()).select_from(Cell).where(Cell.study_id == study_id)
    return session.execute(query).scalar_one()


def points(session: Session, study_id: int) -> Sequence[Row[int, int, dict[str, float]]]:
    """Ordinal, arm and point of every cell, in the order in which they were asked for."""
    query = select(Cell.ordinal, Cell.arm, Cell.point).where(Cell.study_id == study_id)
    return session.execute(query.order_by(Cell.ordinal)).all()


def endings(
    session: Session, study_id: int
) -> Sequence[Row[int, int, str, str | None, float | None]]:
    """Cell, seed, state, outcome and value of every trial that completed or failed."""
    ended = (TrialState.COMPLETED.value, TrialState.FAILED.value)
    query = select(Trial.cell, Trial.seed, Trial.state, Trial.outcome, Trial.value).where(
        Trial.study_id == study_id, Trial.state.in_(ended)
    )
    return session.execute(query.order_by(Trial.cell, Trial.index)).all()
