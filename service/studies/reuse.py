"""Content-addressed reuse: a trial whose (cell, seed, code version) has a result takes it."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from service.studies.models import Cell, Study
from service.trials.models import Measurement, Trial
from service.trials.recount import recount
from studies.trials import TrialState

COPIED = (
    "outcome",
    "value",
    "best",
    "steps_to_target",
    "steps",
    "epochs_run",
    "frozen_fraction",
    "executor",
    "executor_reason",
    "pack_size",
    "wall_s",
    "code_version",
)


def reuse_results(session: Session, study: Study, version: str) -> int:
    """Complete waiting trials of a locked study from any study's results; return how many.

    The copy names its source, so that it can be told from a trial that ran. Under successive
    halving nothing is reused: where a trial stopped depended on the others of its pack.
    """
    if study.spec.get("halving") or not _shares_cells(session, study.id):
        return 0
    matches = _matches(study.id, version).subquery()
    if session.execute(select(matches.c.index).limit(1)).first() is None:
        return 0
    study.revision += 1
    session.flush()
    statement = (
        update(Trial)
        .where(Trial.study_id == study.id, Trial.index == matches.c.index)
        .values(
            state=TrialState.COMPLETED.value,
            revision=study.revision,
            ended_at=study.created_at,
            source_study_id=matches.c.source_study_id,
            source_index=matches.c.source_index,
            **{name: matches.c[name] for name in COPIED},
        )
        .execution_options(synchronize_session=False)
    )
    session.execute(statement)
    _copy_measurements(session, study)
    recount(session, study)
    return study.reused


def reusable(session: Session, keys: list[str], seeds: list[int], version: str) -> int:
    """How many (cell, seed) pairs have a result of this code version."""
    query = (
        select(func.count(func.distinct(Cell.key + ":" + func.cast(Trial.seed, Cell.key.type))))
        .join(Trial, (Trial.study_id == Cell.study_id) & (Trial.cell == Cell.ordinal))
        .where(Cell.key.in_(keys), *_has_result(Trial, version), Trial.seed.in_(seeds))
    )
    return session.execute(query).scalar_one()


def _has_result(trial: type[Trial], version: str) -> tuple[ColumnElement[bool], ...]:
    return (trial.state == TrialState.COMPLETED.value, trial.code_version == version)


def _matches(study_id: int, version: str) -> Select[Any]:
    """For each waiting trial that has a result elsewhere, one such result: the oldest."""
    mine, theirs = aliased(Trial), aliased(Trial)
    here, there = aliased(Cell), aliased(Cell)
    rank = func.row_number().over(partition_by=mine.index, order_by=(theirs.study_id, theirs.index))
    ranked = (
        select(
            mine.index,
            theirs.study_id.label("source_study_id"),
            theirs.index.label("source_index"),
            rank.label("rank"),
            *(getattr(theirs, name) for name in COPIED),
        )
        .join(here, (here.study_id == mine.study_id) & (here.ordinal == mine.cell))
        .join(there, (there.key == here.key) & (there.study_id != here.study_id))
        .join(
            theirs,
            (theirs.study_id == there.study_id)
            & (theirs.cell == there.ordinal)
            & (theirs.seed == mine.seed),
        )
        .where(
            mine.study_id == study_id,
            mine.state == TrialState.WAITING.value,
            theirs.state == TrialState.COMPLETED.value,
            theirs.code_version == version,
        )
        .subquery()
    )
    return select(ranked).where(ranked.c.rank == 1)


def _shares_cells(session: Session, study_id: int) -> bool:
    """Whether any other study has a cell of this one, which is quick to rule out."""
    here, there = aliased(Cell), aliased(Cell)
    query = (
        select(here.ordinal)
        .join(there, (there.key == here.key) & (there.study_id != here.study_id))
        .where(here.study_id == study_id)
        .limit(1)
    )
    return session.execute(query).first() is not None


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
