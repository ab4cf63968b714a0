"""torch.distributed.checkpoint stores and restores whole optimizers, here in one process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_state_dict,
    set_state_dict,
)
from torch.optim import Optimizer

from gofau import Gofau, Wrapped
from tests.interop.resume import HALF, STEPS, loss_of, net, plain

pytestmark = [
    pytest.mark.filterwarnings("ignore:torch.distributed is disabled, unavailable or uninit"),
    pytest.mark.filterwarnings("ignore:TypedStorage is deprecated"),
]


def in_groups(model: torch.nn.Module) -> list[dict[str, Any]]:
    """Matrices and vectors, with rules of their own."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    return [
        {"params": matrices, "name": "matrices", "lr_scale": 0.5},
        {"params": vectors, "rule": "additive", "lr": 0.02},
    ]


MAKERS: dict[str, Callable[[torch.nn.Module], Optimizer]] = {
    "torch": lambda m: torch.optim.Adam(m.parameters(), lr=0.05),
    "zeros": lambda m: Gofau(
        m.parameters(), "adam", "multiplicative", lr_out=0.05, zero_policy="additive"
    ),
    "decayed": lambda m: Gofau(m.parameters(), lr=0.05, lr_out=0.05, weight_decay=0.1),
    "stateless": lambda m: Gofau(m.parameters(), "sgd", "hybrid", lr=0.05, lr_out=0.05),
    "madam": lambda m: Gofau(m.parameters(), "madam", "madam", lr=0.05, p_scale=1.2),
    "groups": lambda m: Gofau(in_groups(m), "rmsprop", "hybrid", momentum=0.5),
    "wrapped": lambda m: Wrapped(
        torch.optim.AdamW(m.parameters(), lr=1.0), "hybrid", lr=0.05, lr_out=0.05
    ),
    "wrapped-zeros": lambda m: Wrapped(
        torch.optim.NAdam(m.parameters(), lr=1.0),
        "multiplicative",
        lr_out=0.05,
        zero_policy="additive",
    ),
}
OPTIONS = {
    "nested": StateDictOptions(),
    "flat": StateDictOptions(flatten_optimizer_state_dict=True),
    "full": StateDictOptions(full_state_dict=True, cpu_offload=True),
}


def train(model: torch.nn.Module, optimizer: Optimizer, steps: range) -> None:
    for step in steps:
        optimizer.zero_grad()
        loss_of(model, step).backward()
        optimizer.step()
    optimizer.zero_grad()


CASES = [
    (maker, option)
    for maker in MAKERS
    for option in OPTIONS
    # Torch finds the device of a full state in a tensor of at least one dimension, and asserts one.
    if (maker, option) != ("stateless", "full")
]


@pytest.mark.parametrize(("maker", "option"), CASES)
def test_a_run_resumes_in_a_new_model(maker: str, option: str, tmp_path: Path) -> None:
    make, options = MAKERS[maker], OPTIONS[option]
    model, other = net(), net()
    optimizer = make(model)
    train(model, optimizer, range(HALF))
    weights, states = get_state_dict(model, optimizer, options=options)
    dcp.save({"model": weights, "optimizer": states}, checkpoint_id=tmp_path)
    train(model, optimizer, range(HALF, STEPS))

    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(-3.0)
    resumed = make(other)
    weights, states = get_state_dict(other, resumed, options=options)
    loaded = {"model": weights, "optimizer": states}
    dcp.load(loaded, checkpoint_id=tmp_path)
    set_state_dict(
        other,
        resumed,
        model_state_dict=loaded["model"],
        optim_state_dict=loaded["optimizer"],
        options=options,
    )
    train(other, resumed, range(HALF, STEPS))
    assert plain(other.state_dict()) == plain(model.state_dict())
    assert plain(resumed.state_dict()) == plain(optimizer.state_dict())
