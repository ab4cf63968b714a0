"""Specs trained in this process by the way that a worker takes: cells, packs, plans, records."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gofau.packing import run_pack
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.spec import StudySpec
from gofau_studies.spec.cells import cells
from gofau_studies.spec.packs import bucket_key
from gofau_studies.spec.parsing import parse_spec
from gofau_workers.work import pack_up, plan, result

TIMES = ("index", "wall_s", "pack_size")
HOW = ("executor", "executor_reason")

Record = dict[str, Any]


def pending(spec: StudySpec, first: int = 0) -> list[WorkTrial]:
    """The trials of a spec, with definitions that have travelled as JSON."""
    every = ((cell, seed) for cell in cells(spec) for seed in spec.seeds)
    return [
        WorkTrial(
            index=i,
            cell=cell.key,
            seed=seed,
            attempts=0,
            definition=json.loads(json.dumps(cell.definition)),
        )
        for i, (cell, seed) in enumerate(every, start=first)
    ]


def trained(
    trials: Iterable[WorkTrial], size: int = 16, *, fused: bool = True
) -> dict[int, Record]:
    """The records of trials by index, without what a clock or the cut into packs decides."""
    waiting = list(trials)
    sizes = dict.fromkeys((bucket_key(trial.definition) for trial in waiting), size)
    found: dict[int, Record] = {}
    for pack in pack_up(waiting, sizes):
        for outcome in run_pack(plan(pack), fused=fused):
            record = result(outcome, len(pack)).model_dump(mode="json")
            found[outcome.key] = {k: v for k, v in record.items() if k not in (*TIMES, *HOW)}
    assert found.keys() == {trial.index for trial in waiting}
    return found


def records(data: Mapping[str, Any]) -> list[Record]:
    """The records of a spec's trials, in the order of its cells and seeds."""
    return [record for _, record in sorted(trained(pending(parse_spec(data))).items())]
