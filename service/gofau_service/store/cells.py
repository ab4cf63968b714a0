"""SQL on arms and cells, and the aggregates that cells keep."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Double, Row, Update, bindparam, case, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from gofau_service.store.records import among, given, records, takes_records
from gofau_service.store.tables.studies import Arm, Cell
from gofau_studies.protocol.trials import Outcome

CHUNK = 5_000
REAL: Double[float] = Double()
SUMS = (
    "completed",
    "failed",
    "cancelled",
    *(outcome.value for outcome in Outcome),
    "valued",
    "value_sum",
    "value_sumsq",
    "wall_s",
)


def insert_cells(session: Session, rows: Iterator[dict[str, Any]]) -> int:
    """Store cells in chunks and return how many there were."""
    count = 0
    while chunk := list(islice(rows, CHUNK)):
        session.connection().execute(insert(Cell), chunk)
        count += len(chunk)
    return count


def insert_arms(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store arms."""
    if rows:
        session.execute(insert(Arm), list(rows))


def arms(session: Session, study_id: int) -> dict[int, Arm]:
    """A study's arms by ordinal."""
    query = select(Arm).where(Arm.study_id == study_id).order_by(Arm.ordinal)
    return {arm.ordinal: arm for arm in session.scalars(query)}


def definitions(
    session: Session, study_id: int
) -> Iterable[Row[int, int, dict[str, float], dict[str, Any]]]:
    """Ordinal, arm, point and changes of every cell."""
    query = select(Cell.ordinal, Cell.arm, Cell.point, Cell.changes).where(
        Cell.study_id == study_id
    )
    return session.connection().execute(query)


def problem_names(session: Session, study_id: int) -> dict[int, str]:
    """The catalog's name of each arm's problem."""
    query = select(Arm.ordinal, Arm.problem_name).where(Arm.study_id == study_id)
    return dict(session.execute(query).all())


def by_ordinal(session: Session, study_id: int, ordinals: Iterable[int]) -> dict[int, Cell]:
    """Cells by ordinal."""
    query = select(Cell).where(Cell.study_id == study_id, among(session, Cell.ordinal, ordinals))
    return {cell.ordinal: cell for cell in session.scalars(query)}


def accumulate(session: Session, study_id: int, deltas: Mapping[int, Mapping[str, Any]]) -> None:
    """Add to the aggregates of cells, by ordinal; ``value_min`` and ``value_max`` widen."""
    if not deltas:
        return
    rows = [
        {
            "at": ordinal,
            "low": delta.get("low"),
            "high": delta.get("high"),
            **{f"add_{name}": delta.get(name, 0) for name in SUMS},
        }
        for ordinal, delta in sorted(deltas.items())
    ]
    added: dict[str, TypeEngine[Any]] = {f"add_{n}": getattr(Cell, n).type for n in SUMS}
    kinds = {"at": Cell.ordinal.type, "low": REAL, "high": REAL, **added}
    mine = update(Cell).where(Cell.study_id == study_id)
    if takes_records(session):
        statement = _widened(mine, dict(records(kinds).c.items()))
        session.connection().execute(statement, given(rows))
    else:
        statement = _widened(mine, {name: bindparam(name, type_=k) for name, k in kinds.items()})
        session.connection().execute(statement, rows)


def _widened(cells: Update, delta: Mapping[str, Any]) -> Update:
    """Add to the cells of an ordinal, given as column or parameter by name."""
    low, high = delta["low"], delta["high"]
    return cells.where(Cell.ordinal == delta["at"]).values(
        **{name: getattr(Cell, name) + delta[f"add_{name}"] for name in SUMS},
        value_min=case(
            (Cell.value_min <= low, Cell.value_min), else_=func.coalesce(low, Cell.value_min)
        ),
        value_max=case(
            (Cell.value_max >= high, Cell.value_max), else_=func.coalesce(high, Cell.value_max)
        ),
    )


def keys(session: Session, study_id: int) -> frozenset[str]:
    """The keys of a study's cells."""
    return frozenset(session.scalars(select(Cell.key).where(Cell.study_id == study_id)))


def set_trials(session: Session, study_id: int, count: int) -> None:
    """Set how many trials each cell of a study has."""
    session.execute(
        update(Cell)
        .where(Cell.study_id == study_id)
        .values(trials=count)
        .execution_options(synchronize_session=False)
    )


def arm_of(session: Session, study_id: int, ordinals: Iterable[int]) -> dict[int, int]:
    """The arm of each of the cells."""
    query = select(Cell.ordinal, Cell.arm).where(
        Cell.study_id == study_id, among(session, Cell.ordinal, ordinals)
    )
    return dict(session.execute(query).all())
