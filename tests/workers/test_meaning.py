"""What a spec means, however it is written; what would mean nothing is refused."""

import pytest

from gofau_studies.errors import SpecError
from gofau_studies.spec.parsing import parse_spec, stored_spec
from tests.workers.bases import (
    COSINE,
    DRAWN,
    GRID,
    HALVED,
    HYBRID,
    TOY,
    Change,
    Data,
    changed,
    hashes,
    keys,
)

PAIRS: list[tuple[str, Data, Change]] = [
    ("an integer for a number", {**TOY, "fixed": {"weight_decay": 1.0}}, {"fixed.weight_decay": 1}),
    ("an integer on an axis", {**TOY, "axes": {"lr": {"values": [1.0]}}}, {"axes.lr.values": [1]}),
    ("minus zero", {**TOY, "fixed": {"weight_decay": 0.0}}, {"fixed.weight_decay": -0.0}),
    (
        "minus zero on an axis",
        {**TOY, "axes": {"lr": {"values": [0.1]}, "weight_decay": {"values": [0.0]}}},
        {"axes.weight_decay.values": [-0.0]},
    ),
    ("a direction's default", TOY, {"directions": [{"name": "sgd", "momentum": 0.0}]}),
    ("a rule's default", TOY, {"rules": [{"name": "multiplicative", "lr_in": 1}]}),
    ("a problem's default", TOY, {"problem": {"name": "rosenbrock", "start_noise": 0}}),
    (
        "a drive that holds anyhow",
        TOY,
        {"rules": [{"name": "multiplicative", "drives": {"lr": ["lr_out"]}}]},
    ),
    (
        "drives in another order",
        {**HYBRID, "rules": [{"name": "hybrid", "drives": {"lr": ["lr", "lr_out"]}}]},
        {"rules.0.drives.lr": ["lr_out", "lr"]},
    ),
    (
        "fixed defaults",
        TOY,
        {"fixed": {"init_scale": 1, "weight_decay": 0, "decoupled_decay": False}},
    ),
    (
        "the study's schedule at the rule",
        COSINE,
        {"schedule": "constant", "rules": [{"name": "multiplicative", "schedule": "cosine"}]},
    ),
    ("a schedule's defaults", COSINE, {"schedule": {"kind": "cosine", "warmup": 0, "floor": 0}}),
    (
        "the goal of a halving",
        HALVED,
        {"halving": {"first": 2, "factor": 2, "metric": "val_loss", "minimize": True}},
    ),
    (
        "the goal's defaults",
        TOY,
        {"goal": {"metric": "val_loss", "minimize": True, "target": None}},
    ),
    ("a count of seeds", {**TOY, "seeds": 2}, {"seeds": [0, 1]}),
    ("axes in another order", GRID, {"axes": dict(reversed(GRID["axes"].items()))}),
    (
        "drawn axes in another order",
        {**DRAWN, "axes": {"lr": {"log": [1e-3, 1]}, "init_scale": {"log": [0.1, 1]}}},
        {"axes": {"init_scale": {"log": [0.1, 1]}, "lr": {"log": [1e-3, 1]}}},
    ),
    (
        "adamw's own decay",
        {**TOY, "directions": ["adamw"], "fixed": {"weight_decay": 0.1}},
        {"fixed": {"weight_decay": 0.1, "decoupled_decay": True}},
    ),
]


@pytest.mark.parametrize(("base", "change"), [row[1:] for row in PAIRS], ids=[r[0] for r in PAIRS])
def test_two_ways_to_say_it_are_one_spec(base: Data, change: Change) -> None:
    first, second = hashes(base, change)
    assert first == second
    assert sorted(keys(base)) == sorted(keys(changed(base, change)))


PLACES: list[tuple[str, Change, Change]] = [
    ("init_scale", {"fixed": {"init_scale": 0.5}}, {"axes.init_scale": {"values": [0.5]}}),
    ("weight_decay", {"fixed": {"weight_decay": 0.5}}, {"axes.weight_decay": {"values": [0.5]}}),
    (
        "momentum",
        {"directions": [{"name": "sgd", "momentum": 0.5}]},
        {"axes.momentum": {"values": [0.5]}},
    ),
    (
        "lr_in",
        {"rules": [{"name": "multiplicative", "lr_in": 0.5}]},
        {"axes.lr_in": {"values": [0.5]}},
    ),
    ("warmup", {"schedule": {"warmup": 0.5}}, {"axes.warmup": {"values": [0.5]}}),
]
"""Settings that may stand in the spec itself or on an axis of one value."""


@pytest.mark.parametrize(("fixed", "axis"), [row[1:] for row in PLACES], ids=[r[0] for r in PLACES])
def test_a_value_trains_the_same_wherever_it_stands(fixed: Change, axis: Change) -> None:
    base = {**TOY, "axes": {"lr": {"values": [0.3]}}}
    assert keys(changed(base, fixed)) == keys(changed(base, axis)) != keys(base)


REFUSED: list[tuple[Data, str]] = [
    (TOY | {"batch_size": 32}, "batch_size: got 32, expected 64 or nothing, since a step of"),
    (
        TOY | {"directions": [{"name": "sgd", "dampening": 0.5}]},
        "directions[0].dampening: got 0.5, expected 0.0 or nothing, since momentum = 0 leaves it",
    ),
    (
        TOY | {"axes": {"lr": {"values": [0.1]}, "dampening": {"values": [0.1, 0.2]}}},
        "axes.dampening: got 'dampening', expected an axis that changes something, which momentum",
    ),
    (TOY | {"fixed": {"decoupled_decay": True}}, "fixed.decoupled_decay: got True, expected False"),
    (
        TOY | {"directions": ["sgd", "adamw"], "fixed": {"decoupled_decay": False}},
        "fixed.decoupled_decay: got False, expected true or nothing, since adamw decouples",
    ),
    (
        TOY | {"rules": [{"name": "hybrid", "gamma": 0.0, "lr_in": 5.0}]},
        "rules[0].lr_in: got 5.0, expected 1.0 or nothing, since gamma = 0 leaves it without",
    ),
    (
        TOY | {"rules": [{"name": "hybrid", "gamma": 1, "lr_out": 0.1, "drives": {"lr": ["lr"]}}]},
        "axes.lr: got 'lr', expected an axis that changes something, which gamma = 1 leaves",
    ),
    (
        TOY
        | {
            "rules": [{"name": "multiplicative", "drives": {"momentum": ["lr_in"]}}],
            "axes": {"lr": {"values": [0.1]}, "momentum": {"values": [0.1]}},
        },
        "rules[0].drives.momentum: got ['lr_in'], expected an axis of another name",
    ),
    (
        TOY
        | {
            "rules": [{"name": "multiplicative", "drives": {"init_scale": ["lr_in"]}}],
            "axes": {"lr": {"values": [0.1]}, "init_scale": {"values": [0.1]}},
        },
        "rules[0].drives.init_scale: got ['lr_in'], expected an axis of another name",
    ),
    (
        TOY | {"directions": ["sgd", {"name": "sgd", "momentum": 0.0, "label": "again"}]},
        "directions: got ['sgd', 'again'], expected entries that differ in more than their labels",
    ),
    (
        TOY | {"rules": [{"name": "hybrid", "gamma_schedule": {"kind": "inverse", "patience": 9}}]},
        "rules[0].gamma_schedule.patience: got 9, expected below epochs = 9",
    ),
    (
        TOY | {"schedule": {"warmup": 0.1}},
        "schedule.warmup: got 0.1, expected 0, or a share of a trial's 9 steps that comes to 2",
    ),
    (
        TOY | {"axes": {"lr": {"values": [0.1]}, "warmup": {"values": [0.0, 0.01]}}},
        "axes.warmup: got 0.01, expected 0, or a share of a trial's 9 steps that comes to 2",
    ),
    (
        TOY | {"schedule": {"kind": "cosine", "warmup": 0.95}},
        "schedule.warmup: got 0.95, expected 2 steps or more of 9 after it, for the cosine",
    ),
    (
        TOY | {"epochs": 2, "schedule": {"kind": "step"}},
        "schedule.drops: got [0.5, 0.75], expected drops that come before the last of the 2",
    ),
    (
        DRAWN | {"search": {"sampler": "sobol", "trials": 4, "batch": 2}},
        "search.batch: got 2, expected none, since sobol draws all points at once",
    ),
    (
        DRAWN | {"search": {"sampler": "tpe", "trials": 10}},
        "search.trials: got 10, expected more than the 10 points that tpe starts from",
    ),
]


@pytest.mark.parametrize(("data", "message"), REFUSED)
def test_what_would_change_nothing_is_refused(data: Data, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(data)
    assert message in str(caught.value)


@pytest.mark.parametrize("data", [data for data, said in REFUSED if ".drives." not in said])
def test_a_study_that_was_stored_with_it_is_still_read(data: Data) -> None:
    """Those that named a setting in drives had trials without that setting, and never ran."""
    assert stored_spec(data).trial_count > 0
