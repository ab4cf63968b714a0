"""SQL on results that are there already: to take them, to count them, and to time by them.

A trial takes the result of another study's trial of the same cell, seed, code version and inputs.
The inputs are a worker's to know, since only it sees the data, so it is asked at the lease.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from gofau_service.store.base import now
from gofau_service.store.records import among
from gofau_service.store.tables.studies import Arm, Cell, Study
from gofau_service.store.tables.trials import Measurement, Trial
from gofau_studies.protocol.trial_facts import RESULTS
from gofau_studies.protocol.trials import TrialState

TIMED = 10_000
"""Earlier trials that a time is taken from, at most."""


@dataclass(frozen=True)
class Copied:
    """A trial that a result of another study has completed."""

    index: int
    cell: int
    outcome: str
    value: float | None
    wall_s: float


def copy_results(
    session: Session, study: Study, indexes: Iterable[int], version: str, inputs: str
) -> list[Copied]:
    """Give those of a locked study's waiting trials that have a result elsewhere the oldest one.

    A copy names its source, so that it can be told from a trial that ran. The counts of the study
    and of its cells are the caller's to change.
    """
    wanted = among(session, Trial.index, indexes)
    matches = _matches(study.id, wanted, version, inputs).subquery()
    if session.execute(select(matches.c.index).limit(1)).first() is None:
        return []
    study.revision += 1
    session.flush()
    statement = (
        update(Trial)
        .where(Trial.study_id == study.id, Trial.index == matches.c.index)
        .values(
            state=TrialState.COMPLETED.value,
            revision=study.revision,
            lease_id=None,
            error=None,
            ended_at=now(),
            source_study_id=matches.c.source_study_id,
            source_index=matches.c.source_index,
            **{name: matches.c[name] for name in RESULTS},
        )
        .returning(Trial.index, Trial.cell, Trial.outcome, Trial.value, Trial.wall_s)
        .execution_options(synchronize_session=False)
    )
    copied = [
        Copied(index, cell, outcome or "", value, wall_s or 0.0)
        for index, cell, outcome, value, wall_s in session.execute(statement)
    ]
    _copy_measurements(session, study)
    return copied


def reusable(session: Session, keys: list[str], seeds: list[int], version: str) -> int:
    """How many (cell, seed) pairs have a result of this code version, of whatever inputs."""
    query = (
        select(func.count(func.distinct(Cell.key + ":" + func.cast(Trial.seed, Cell.key.type))))
        .join(Trial, (Trial.study_id == Cell.study_id) & (Trial.cell == Cell.ordinal))
        .where(
            Cell.key.in_(keys),
            Trial.state == TrialState.COMPLETED.value,
            Trial.code_version == version,
            Trial.inputs.is_not(None),
            Trial.seed.in_(seeds),
        )
    )
    return session.execute(query).scalar_one()


def seconds_per_epoch(session: Session, problems: Sequence[str]) -> float | None:
    """Mean wall time of an epoch in earlier trials of these problems; ``None`` without any."""
    some = (
        select(Trial.wall_s, Trial.epochs_run)
        .join(Cell, (Cell.study_id == Trial.study_id) & (Cell.ordinal == Trial.cell))
        .join(Arm, (Arm.study_id == Cell.study_id) & (Arm.ordinal == Cell.arm))
        .where(
            Trial.state == TrialState.COMPLETED.value,
            Arm.problem_name.in_(problems),
            Trial.epochs_run > 0,
        )
        .limit(TIMED)
        .subquery()
    )
    total = select(func.sum(some.c.wall_s), func.sum(some.c.epochs_run))
    seconds, epochs = session.execute(total).one()
    return float(seconds) / epochs if epochs else None


def _matches(study_id: int, wanted: ColumnElement[bool], version: str, inputs: str) -> Select[Any]:
    """For each wanted trial that waits and has a result elsewhere, one such result: the oldest."""
    theirs, here, there = aliased(Trial), aliased(Cell), aliased(Cell)
    rank = func.row_number().over(
        partition_by=Trial.index, order_by=(theirs.study_id, theirs.index)
    )
    ranked = (
        select(
            Trial.index,
            theirs.study_id.label("source_study_id"),
            theirs.index.label("source_index"),
            rank.label("rank"),
            *(getattr(theirs, name) for name in RESULTS),
        )
        .join(here, (here.study_id == Trial.study_id) & (here.ordinal == Trial.cell))
        .join(there, (there.key == here.key) & (there.study_id != here.study_id))
        .join(
            theirs,
            (theirs.study_id == there.study_id)
            & (theirs.cell == there.ordinal)
            & (theirs.seed == Trial.seed),
        )
        .where(
            Trial.study_id == study_id,
            Trial.state == TrialState.WAITING.value,
            wanted,
            theirs.state == TrialState.COMPLETED.value,
            theirs.code_version == version,
            theirs.inputs == inputs,
        )
        .subquery()
    )
    return select(ranked).where(ranked.c.rank == 1)


def _copy_measurements(session: Session, study: Study) -> None:
    source = aliased(Measurement)
    rows = (
        select(literal(study.id), Trial.index, source.metrics, source.lengths, source.curves)
        .join(
            source,
            (source.study_id == Trial.source_study_id) & (source.index == Trial.source_index),
        )
        .where(Trial.study_id == study.id, Trial.revision == study.revision)
    )
    names = ["study_id", "index", "metrics", "lengths", "curves"]
    session.execute(insert(Measurement).from_select(names, rows))
