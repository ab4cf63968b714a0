"""Where a study's packs keep their state, on a disk that later packs can read."""

import shutil
from pathlib import Path

from gofau.packing.plan.plan import PackPlan
from gofau.packing.recovery.checkpoint import Checkpointing, fingerprint
from gofau_workers.settings import WorkerSettings


def checkpointing(settings: WorkerSettings, plan: PackPlan) -> Checkpointing | None:
    """Where the pack of ``plan`` keeps its state, and finds that of its trials from before.

    A pack takes up each of its trials where any pack of the study left it, however the trials
    were cut into packs before. ``None`` where checkpoints are off.
    """
    if not settings.checkpoint_every:
        return None
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{fingerprint(plan)}.pt"
    return Checkpointing(path, settings.checkpoint_every, recover=True)


def discard(settings: WorkerSettings) -> None:
    """Remove what packs of a study that has ended left on this machine."""
    shutil.rmtree(_folder(settings), ignore_errors=True)


def _folder(settings: WorkerSettings) -> Path:
    return settings.cache_dir / "checkpoints" / settings.study
