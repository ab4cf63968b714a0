"""Two processes on gloo train as one: DDP, FSDP2 and distributed checkpoints."""

from typing import Any

import pytest
import torch.multiprocessing as mp

from tests.gofau.optim.distributed import WORLD, process

OPTIONS: list[dict[str, Any]] = [
    {"direction": "adam", "rule": "hybrid", "lr": 0.05, "lr_out": 0.05, "weight_decay": 0.01},
    {"direction": "sgd", "rule": "multiplicative", "lr_out": 0.1, "momentum": 0.9},
    {"direction": "adam", "rule": "multiplicative", "lr_out": 0.1, "zero_policy": "additive"},
    {"direction": "madam", "rule": "madam", "lr": 0.05, "p_scale": 1.2},
]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ddp", "fsdp", "fsdp_checkpoint"])
@pytest.mark.parametrize("implementation", ["loop", "foreach"])
def test_two_processes_train_as_one(task, implementation, tmp_path):
    cases = [(task, {**options, "implementation": implementation}) for options in OPTIONS]
    mp.spawn(process, args=(str(tmp_path), cases), nprocs=WORLD, join=True)
