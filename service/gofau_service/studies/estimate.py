"""What a spec would cost, before it is stored."""

from itertools import islice

from gofau.version import code_version
from gofau_service.answers import Plan
from gofau_service.store.earlier_results import reusable, seconds_per_epoch
from gofau_service.store.engine import Session
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
    epoch = seconds_per_epoch(session, [problem.name for problem in spec.problems])
    each = None if epoch is None else epoch * spec.epochs
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
