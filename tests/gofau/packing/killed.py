"""Runs of packs that end in the middle, as when their process is killed."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gofau.packing import Checkpointing, PackPlan, TrialOutcome, run_pack


class KilledError(Exception):
    """Stands for whatever ends the process."""


def killed_after(
    plan: PackPlan, calls: int, checkpoint: Checkpointing, width: int = 3
) -> list[TrialOutcome]:
    """Run until progress has been reported ``calls`` times; what had been yielded by then."""
    left = calls

    def tick(_: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError

    seen: list[TrialOutcome] = []
    with pytest.raises(KilledError):
        seen.extend(run_pack(plan, width=width, checkpoint=checkpoint, on_progress=tick))
    return seen


def timeless(outcomes: Sequence[TrialOutcome]) -> dict[int, TrialOutcome]:
    """Records by key, without how long they took."""
    return {o.key: replace(o, wall_s=0.0) for o in outcomes}
