"""A process that trains a pack, says each epoch on its output, and waits for leave to go on.

Run as ``python -m tests.workers.killed_pack CACHE_FOLDER FIRST LAST``: trials FIRST to LAST − 1.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import torch

from gofau.packing.calibration import folder
from gofau.packing.calibration.calibration import Calibration
from gofau.packing.plan.plan import TrialOutcome
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_yaml
from gofau_workers.train import packed
from gofau_workers.work import plan
from tests.workers.fake_service import SETTINGS

SPEC = """
name: killed
problem: {name: digits-mlp, width: 8, depth: 1}
epochs: 8
directions: [{name: sgd, momentum: 0.9}]
rules: [{name: hybrid, gamma: 0.5, gamma_schedule: inverse, schedule: cosine}]
axes:
  lr: {log: [0.01, 1], points: 6}
seeds: 1
"""

WIDE = Calibration("bmm", 8, 2.0, "not measured: on a busy machine it comes out anyhow")


def train(
    cache: Path, first: int, last: int, check: Callable[[], None], every: int = 2
) -> list[TrialOutcome]:
    """Train those trials of the spec as a worker would, all of them in one pack."""
    torch.set_num_threads(1)
    found = list(cells(parse_yaml(SPEC)))[first:last]
    trials = [
        WorkTrial(index=i, cell=cell.key, seed=0, attempts=0, definition=cell.definition)
        for i, cell in enumerate(found, start=first)
    ]
    settings = replace(SETTINGS, cache_dir=cache, checkpoint_every=every)
    with patch.object(folder, "measured", return_value=WIDE):
        return list(packed(settings)(plan(trials), check))


def ask() -> None:
    """Say that an epoch is done, and wait for leave to go on."""
    sys.stdout.write("epoch\n")
    sys.stdout.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    train(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), ask)
