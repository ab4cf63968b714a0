"""FSDP2 on gloo: shards train and resume as one process does, and one process takes over."""

from pathlib import Path

import pytest
import torch.multiprocessing as mp

from tests.interop.required import require
from tests.interop.sharded import HALF, STEPS, WORLD, alone, check, process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:torch.distributed is disabled, unavailable or uninit"),
    pytest.mark.filterwarnings("ignore:TypedStorage is deprecated"),
]


HOW = ["auto", "loop", "foreach", "wrapped"]


def spawn(task: str, folder: Path) -> Path:
    """Run a task's cases in two processes; they fail the test if one of them fails."""
    mp.spawn(process, args=(str(folder), [(task, how) for how in HOW]), nprocs=WORLD, join=True)
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes, which have resumed from them by then, left their checkpoints."""
    return spawn("resumed", tmp_path_factory.mktemp("checkpoints"))


@pytest.mark.parametrize("how", HOW)
def test_a_checkpoint_of_two_processes_resumes_in_them_and_in_one(
    how: str, checkpoints: Path
) -> None:
    whole, last = alone(how), alone(how)
    whole.train(range(STEPS), None)
    last.load(checkpoints / how)
    last.train(range(HALF, STEPS), None)
    check(last, whole)


def test_parameters_may_become_shards_after_the_optimizer_is_made(tmp_path: Path) -> None:
    require("accelerate")
    spawn("switched", tmp_path)
