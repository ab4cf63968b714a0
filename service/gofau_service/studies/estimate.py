"""What a spec would cost, before it is stored."""

from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gofau.version import code_version
from gofau_service.answers import Plan
from gofau_service.store.tables.studies import Arm, Cell
from gofau_service.store.tables.trials import Trial
from gofau_service.studies.reuse import reusable
from gofau_studies.protocol.trials import TrialState
from gofau_studies.spec import StudySpec
from gofau_studies.spec.cells import cells
from gofau_studies.spec.packs import bucket_key

PACK_SIZE = 128
CHUNK = 1000


def estimate(session: Session, spec: StudySpec) -> Plan:
    """Count trials, cells and packs, and time them by earlier trials of the same problems."""
    version = code_version()
    buckets: dict[str, int] = {}
    found = 0
    enumerated = cells(spec)
    while chunk := list(islice(enumerated, CHUNK)):
        for cell in chunk:
            bucket = bucket_key(cell.definition)
            buckets[bucket] = buckets.get(bucket, 0) + len(spec.seeds)
        if spec.halving is None:
            found += reusable(session, [c.key for c in chunk], list(spec.seeds), version)
    each = _seconds(session, spec)
    return Plan(
        name=spec.name,
        spec_hash=spec.hash,
        trials=spec.trial_count,
        cells=spec.cell_count,
        packs=sum(-(-count // PACK_SIZE) for count in buckets.values()),
        reusable=found,
        seconds_per_trial=each,
        seconds=None if each is None else each * (spec.trial_count - found),
    )


def _seconds(session: Session, spec: StudySpec) -> float | None:
    """Mean wall time per epoch of the latest trials of these problems, times the epochs."""
    names = [problem.name for problem in spec.problems]
    recent = (
        select(Trial.wall_s, Trial.epochs_run)
        .join(Cell, (Cell.study_id == Trial.study_id) & (Cell.ordinal == Trial.cell))
        .join(Arm, (Arm.study_id == Cell.study_id) & (Arm.ordinal == Cell.arm))
        .where(
            Trial.state == TrialState.COMPLETED.value,
            Arm.problem_name.in_(names),
            Trial.epochs_run > 0,
        )
        .limit(10_000)
        .subquery()
    )
    total = select(func.sum(recent.c.wall_s), func.sum(recent.c.epochs_run))
    seconds, epochs = session.execute(total).one()
    return float(seconds) / epochs * spec.epochs if epochs else None
