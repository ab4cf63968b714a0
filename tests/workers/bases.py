"""Specs that tests change one field of, and what they ask of the changed ones."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_spec

Data = dict[str, Any]

BASE: Data = {
    "name": "base",
    "problem": {"name": "digits-mlp", "width": 4, "depth": 1},
    "epochs": 2,
    "batch_size": 256,
    "directions": ["sgd"],
    "rules": ["multiplicative"],
    "axes": {"lr": {"values": [0.3]}},
    "seeds": [3],
}
TOY: Data = {**BASE, "problem": "rosenbrock", "batch_size": 64, "epochs": 9}
HYBRID: Data = {**TOY, "rules": [{"name": "hybrid", "drives": {"lr": ["lr"]}, "lr_out": 0.1}]}
DRAWN: Data = {
    **TOY,
    "axes": {"lr": {"log": [1e-3, 1e-2]}, "init_scale": {"log": [0.1, 1.0]}},
    "search": {"sampler": "random", "trials": 3, "seed": 0},
}
GRID: Data = {
    **TOY,
    "seeds": 2,
    "axes": {
        "lr": {"log": [1e-3, 1.0], "points": 4},
        "init_scale": {"log": [0.1, 1.0], "points": 3},
    },
}
REFINED: Data = {**GRID, "refine": {"trials": 6, "rounds": 2}}
PROPOSED: Data = {**DRAWN, "seeds": 2, "search": {"sampler": "tpe", "trials": 20, "batch": 4}}
HALVED: Data = {
    **TOY,
    "axes": {"lr": {"values": [1e-4, 2e-4, 4e-4, 8e-4, 1e-3, 1.1e-3, 1.2e-3, 1.3e-3, 1.4e-3]}},
    "halving": {"first": 2, "factor": 2},
}
JUDGED: Data = {
    **BASE,
    "axes": {"lr": {"values": [1e-3]}},
    "seeds": 8,
    "halving": {"first": 1, "factor": 2, "metric": "val_loss"},
}
COSINE: Data = {**TOY, "schedule": {"kind": "cosine"}}
STEP: Data = {**TOY, "schedule": {"kind": "step"}}
GAMMA: Data = {**HYBRID, "rules": [{**HYBRID["rules"][0], "gamma_schedule": "exponential"}]}
ZEROS: Data = {**TOY, "problem": "himmelblau", "axes": {"lr": {"values": [0.01]}}}
EDGE: Data = {
    **TOY,
    "problem": "quadratic",
    "rules": ["additive"],
    "axes": {"lr": {"values": [0.51]}},
    "divergence_factor": 1.0,
}
AIMED: Data = {**TOY, "goal": {"metric": "val_loss", "target": 7.0}}

Change = Mapping[str, Any]
Row = tuple[Data, Change]


def changed(base: Data, change: Change) -> Data:
    """A copy of ``base`` with the values at dotted paths replaced."""
    data = deepcopy(base)
    if "problems.0" in change:
        data["problems"] = [data.pop("problem")]
    for path, value in change.items():
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place: Any = data
        for step in way:
            place = place[step]
        place[last] = value
    return data


def hashes(base: Data, change: Change) -> tuple[str, str]:
    return parse_spec(base).hash, parse_spec(changed(base, change)).hash


def keys(data: Data) -> list[str]:
    return [cell.key for cell in cells(parse_spec(data))]
