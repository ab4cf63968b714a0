"""Writes the state file of a release: run once per release, and keep the file for good.

    python -m tests.gofau.optim.make_states states/0.1.0.pt

Each case holds an optimizer's state after three steps, the parameters then, the gradients of
three more steps and the parameters after those.
"""

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch

from gofau import Gofau
from tests.gofau.cases import gradients, ident, pairs, run, start

SHAPES = [(3, 2), (4,)]
COMMON: dict[str, Any] = {"weight_decay": 0.01, "zero_policy": "additive"}


def case(direction: str, rule: str, options: dict[str, Any]) -> dict[str, Any]:
    params, grads = start(SHAPES), gradients(SHAPES, 6)
    params[1].data.zero_()
    optimizer = Gofau(params, direction, rule, **COMMON, **options)
    middle = run(optimizer, params, grads[:3])
    saved = deepcopy(optimizer.state_dict())
    return {
        "build": {"direction": direction, "rule": rule, **COMMON, **options},
        "state": saved,
        "middle": middle,
        "grads": grads[3:],
        "end": run(optimizer, params, grads[3:]),
    }


if __name__ == "__main__":
    # The last variant of each direction has the most state.
    chosen = {(direction, rule): options for direction, rule, options in pairs()}
    stored = {ident(names): case(*names, options) for names, options in chosen.items()}
    torch.save(stored, Path(__file__).parent / sys.argv[1])
