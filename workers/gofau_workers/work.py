"""Waiting trials as packs: what one Tune trial is asked to train."""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.gamma import Gamma
from gofau.packing.plan.halving import Halving
from gofau.packing.plan.plan import PackPlan, TrialOutcome, TrialPlan
from gofau.packing.plan.rates import Schedule
from gofau_studies.protocol import wire
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.spec.packs import SCHEDULES, buckets, cut

RENAMED = {"drop_factor": "factor"}
"""Settings of a schedule that a spec calls otherwise than a plan."""

WHOLE_ATTEMPTS = 2
"""Attempts that a trial makes with its pack; after that it runs alone."""


def pending(pages: Iterable[wire.WorkPage]) -> Iterator[WorkTrial]:
    """The trials of the pages, in order."""
    for page in pages:
        yield from page.waiting()


def ranges(indexes: Iterable[int]) -> str:
    """Trials' indexes for a log line, runs of them as their ends: ``0-44,50``."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and index == runs[-1][-1] + 1:
            runs[-1][1:] = [index]
        else:
            runs.append([index])
    return ",".join("-".join(map(str, run)) for run in runs)


def bucket_sizes(trials: Iterable[WorkTrial]) -> dict[str, int]:
    """How many trials each bucket holds."""
    return {key: len(bucket) for key, bucket in buckets(trials).items()}


def pack_up(trials: Iterable[WorkTrial], sizes: Mapping[str, int]) -> list[list[WorkTrial]]:
    """Cut trials into packs of the size that ``sizes`` gives for their bucket.

    A trial that lost its first attempt runs in a pack of the same size. After that it runs alone,
    so that one that kills its process stops taking its neighbours with it.
    """
    packs: list[list[WorkTrial]] = []
    for key, bucket in buckets(trials).items():
        by_attempts: dict[int, list[WorkTrial]] = {}
        for trial in bucket:
            by_attempts.setdefault(trial.attempts, []).append(trial)
        for attempts, group in by_attempts.items():
            packs.extend(cut(group, sizes[key] if attempts < WHOLE_ATTEMPTS else 1))
    return packs


def plan(pack: list[WorkTrial], device: str = "cpu") -> PackPlan:
    """The training plan of a pack on a torch device; all its trials share a bucket."""
    first = pack[0].definition
    own = ("init_scale", "hyper", "halving", *SCHEDULES)
    shared = {k: v for k, v in first.items() if k not in own}
    halving = Halving(**first["halving"]) if "halving" in first else None
    return PackPlan(trials=tuple(_trial(t) for t in pack), halving=halving, device=device, **shared)


def _trial(pending: WorkTrial) -> TrialPlan:
    given = pending.definition
    try:
        return TrialPlan(
            key=pending.index,
            seed=pending.seed,
            init_scale=given["init_scale"],
            hyper=given["hyper"],
            schedule=_schedule(given.get("schedule", {})),
            gamma=Gamma(**given.get("gamma_schedule", {})),
        )
    except PlanError as error:
        raise error.in_trial(pending.index) from error


def _schedule(given: Mapping[str, Any]) -> Schedule:
    named = {RENAMED.get(name, name): value for name, value in given.items()}
    if "drops" in named:
        named["drops"] = tuple(named["drops"])
    return Schedule(**named)


def result(outcome: TrialOutcome, pack_size: int) -> wire.TrialResult:
    """A trained trial as the service takes it: each fact of a result by its name."""
    known = {"index": outcome.key, "pack_size": pack_size}
    said = {
        name: known[name] if name in known else _plain(getattr(outcome, name))
        for name in wire.TrialResult.model_fields
    }
    return wire.TrialResult.model_validate(said)


def _plain(value: Any) -> Any:
    """The value as JSON has it: ``None`` for a number that is not finite."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value
