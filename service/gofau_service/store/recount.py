"""Aggregates computed from the trials alone: what bulk changes use, and what tests compare with."""

from typing import Any

from sqlalchemy import Float, and_, bindparam, case, func, literal, null, select, update
from sqlalchemy.orm import Session

from gofau_service.store import cells
from gofau_service.store.tables.studies import Arm, Cell, Study
from gofau_service.store.tables.trials import Trial
from gofau_studies.landscape.caps import cap
from gofau_studies.landscape.counting import DIVERGED, PARTIAL
from gofau_studies.protocol.trials import Outcome, TrialState

ENDS = (TrialState.COMPLETED, TrialState.FAILED, TrialState.CANCELLED)
COUNTED = (*(str(end) for end in ENDS), *(str(outcome) for outcome in Outcome))


def recount(session: Session, study: Study) -> None:
    """Set the aggregates of a locked study's cells, and its own counts, from its trials."""
    minimize = bool(study.spec["goal"]["minimize"])
    for arm in cells.arms(session, study.id).values():
        rows = tallied(session, study, arm, minimize)
        if rows:
            _overwrite(session, study.id, rows)
    for state in TrialState:
        setattr(study, state.value, _count(session, study.id, Trial.state == state.value))
    for outcome in Outcome:
        setattr(study, outcome.value, _count(session, study.id, Trial.outcome == outcome.value))
    study.reused = _count(session, study.id, Trial.source_study_id.is_not(None))
    session.flush()


def tallied(session: Session, study: Study, arm: Arm, minimize: bool) -> list[dict[str, Any]]:
    """The aggregates of an arm's cells, straight from the trials."""
    value = counted_in_sql(cap(arm.problem_name, study.goal_metric), minimize)
    query = (
        select(
            Trial.cell.label("at"),
            *(_sum_where(Trial.state == end.value, end.value) for end in ENDS),
            *(_sum_where(Trial.outcome == out.value, out.value) for out in Outcome),
            func.count(value).label("valued"),
            func.coalesce(func.sum(value), 0.0).label("value_sum"),
            func.coalesce(func.sum(value * value), 0.0).label("value_sumsq"),
            func.min(value).label("value_min"),
            func.max(value).label("value_max"),
            func.coalesce(func.sum(Trial.wall_s), 0.0).label("wall_s"),
        )
        .join(Cell, (Cell.study_id == Trial.study_id) & (Cell.ordinal == Trial.cell))
        .where(Trial.study_id == study.id, Cell.arm == arm.ordinal)
        .group_by(Trial.cell)
        .order_by(Trial.cell)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def _sum_where(condition: Any, name: str) -> Any:
    return func.sum(case((condition, 1), else_=0)).label(name)


def counted_in_sql(bound: float | None, minimize: bool) -> Any:
    """`gofau_studies.landscape.counting.counted` of `Trial` rows; null for nothing."""
    done = and_(Trial.state == TrialState.COMPLETED.value, Trial.outcome.not_in(PARTIAL))
    diverged = Trial.outcome.in_(DIVERGED)
    limit = null() if bound is None else literal(bound, Float)
    kept: Any = Trial.value
    if bound is not None:
        beyond = Trial.value > bound if minimize else Trial.value < bound
        kept = case((beyond, limit), else_=Trial.value)
    return case((and_(done, diverged), limit), (done, kept), else_=null())


def _overwrite(session: Session, study_id: int, rows: list[dict[str, Any]]) -> None:
    names = [name for name in rows[0] if name != "at"]
    statement = (
        update(Cell)
        .where(Cell.study_id == bindparam("of_study"), Cell.ordinal == bindparam("at"))
        .values({name: bindparam(f"to_{name}") for name in names})
    )
    values = [
        {"of_study": study_id, "at": row["at"], **{f"to_{n}": row[n] for n in names}}
        for row in rows
    ]
    session.connection().execute(statement, values)


def _count(session: Session, study_id: int, condition: Any) -> int:
    query = select(func.count()).select_from(Trial).where(Trial.study_id == study_id, condition)
    return session.execute(query).scalar_one()
