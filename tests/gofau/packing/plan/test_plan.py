"""What a plan refuses, and with which words."""

from collections.abc import Callable
from dataclasses import replace
from math import nan

import pytest

from gofau.catalog import CatalogError, Scalar
from gofau.packing import (
    CheckpointError,
    Checkpointing,
    PackPlan,
    PlanError,
    Schedule,
    TrialPlan,
    run_pack,
)

Plans = Callable[..., PackPlan]

FIELDS = [
    ("epochs", 0, "epochs: got 0, expected an integer >= 1"),
    ("epochs", 1.5, "epochs: got 1.5, expected an integer >= 1"),
    ("batch_size", 0, "batch_size: got 0, expected an integer >= 1"),
    ("target", float("nan"), "target: got nan, expected a number, or None for no target"),
    ("divergence_factor", 0.5, "divergence_factor: got 0.5, expected >= 1"),
    ("divergence_factor", float("nan"), "divergence_factor: got nan, expected >= 1"),
    ("zero_policy", "drop", "zero_policy: got 'drop', expected one of leave, additive"),
    ("dtype", "int8", "dtype: got 'int8', expected one of float32, float64"),
    (
        "executor",
        "magic",
        "executor: got 'magic', expected one of auto, compiled, bmm, vmap, grouped",
    ),
    ("trials", (), "trials: got (), expected at least one trial"),
]
RUNS = [
    ({"batch_size": 34}, "batch_size: got 34, expected at most 33, the training examples"),
    ({"goal_metric": "f1"}, "goal_metric: got 'f1', expected a metric of test-blobs: val_loss"),
]
SCHEDULES = [
    ({"kind": "cosin"}, "schedule.kind: got 'cosin', expected constant, cosine or step"),
    ({"warmup_steps": -1}, "schedule.warmup_steps: got -1, expected >= 0"),
    ({"warmup": 1.0}, "schedule.warmup: got 1.0, expected a number in [0, 1)"),
    (
        {"warmup": 0.1, "warmup_steps": 1},
        "schedule.warmup: got 0.1, expected 0 beside warmup_steps",
    ),
    ({"floor": 1.5}, "schedule.floor: got 1.5, expected a number in [0, 1]"),
    ({"factor": 0.0}, "schedule.factor: got 0.0, expected a number in (0, 1]"),
    ({"drops": (0.5, 0.5)}, "schedule.drops: got (0.5, 0.5), expected rising numbers in (0, 1)"),
    ({"drops": (0.5, 1.0)}, "schedule.drops: got (0.5, 1.0), expected rising numbers in (0, 1)"),
]


@pytest.mark.parametrize(("field", "value", "message"), FIELDS)
def test_a_field_out_of_range(plan: Plans, field: str, value: object, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(**{field: value})
    assert str(caught.value).startswith(message)
    assert caught.value.path == field


@pytest.mark.parametrize(("fields", "message"), RUNS)
def test_a_plan_that_does_not_fit_its_problem(
    plan: Plans, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(PlanError) as caught:
        list(run_pack(plan(**fields)))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("fields", "message"), SCHEDULES)
def test_a_schedule_out_of_range(fields: dict[str, object], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        Schedule(**fields)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": 0}, "trials: got 'key 0 twice', expected unique keys"),
        ({"init_scale": 0.0}, "trials[key=1].init_scale: got 0.0, expected a finite number > 0"),
        (
            {"init_scale": float("nan")},
            "trials[key=1].init_scale: got nan, expected a finite number > 0",
        ),
        (
            {"init_scale": float("inf")},
            "trials[key=1].init_scale: got inf, expected a finite number > 0",
        ),
    ],
)
def test_a_bad_trial(plan: Plans, change: dict[str, object], message: str) -> None:
    first, second, *_ = plan().trials
    with pytest.raises(PlanError) as caught:
        plan(trials=(first, replace(second, **change)))  # type: ignore[arg-type]
    assert str(caught.value) == message


def altered(plan: PackPlan, **hyper: object) -> PackPlan:
    first, *rest = plan.trials
    merged: dict[str, object] = {**first.hyper, **hyper}
    return replace(plan, trials=(replace(first, hyper=merged), *rest))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hyper", "message"),
    [
        (
            {"amsgrad": True},
            "hyper.amsgrad: got ['False', 'True'], expected one flag for the whole pack",
        ),
        ({"amsgrad": "yes"}, "hyper.amsgrad: got 'yes', expected a number or a flag"),
        ({"amsgrad": 1}, "hyper.amsgrad: got ['1', 'False'], expected one flag"),
        ({"alpha": 0.9}, "trials[key=1].hyper: got ['amsgrad', 'beta1'"),
    ],
)
def test_trials_that_cannot_share_a_stack(
    plan: Plans, hyper: dict[str, object], message: str
) -> None:
    with pytest.raises(PlanError) as caught:
        list(run_pack(altered(plan(), **hyper)))
    assert str(caught.value).startswith(message)


def test_an_unknown_problem_names_the_known_ones(plan: Plans) -> None:
    with pytest.raises(CatalogError, match="a known problem: digits-mlp"):
        list(run_pack(plan(problem="no-such")))


@pytest.mark.parametrize("width", [0, -3])
def test_a_width_out_of_range(plan: Plans, width: int) -> None:
    with pytest.raises(PlanError, match=f"width: got {width}, expected >= 1"):
        list(run_pack(plan(), width=width))


def test_a_checkpoint_interval_out_of_range() -> None:
    with pytest.raises(CheckpointError, match="every: got 0, expected >= 1"):
        Checkpointing(None, every=0)  # type: ignore[arg-type]


def test_trials_are_values() -> None:
    assert TrialPlan(1, 2, 3.0, {}) == TrialPlan(1, 2, 3.0, {})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lr_out": None}, "trials[key=0].hyper: got ['amsgrad', "),
        ({"lr_inn": 1.0}, "trials[key=0].hyper: got ['amsgrad', "),
        ({"lr": -1.0}, "trials[key=0].hyper.lr: got -1.0, expected a finite number > 0"),
        ({"lr": True}, "trials[key=0].hyper.lr: got True, expected a finite number > 0"),
        ({"gamma": 2.0}, "trials[key=0].hyper.gamma: got 2.0, expected a finite number in [0, 1]"),
        ({"beta1": 1.0}, "trials[key=0].hyper.beta1: got 1.0, expected a finite number in [0, 1)"),
        ({"eps": nan}, "trials[key=0].hyper.eps: got nan, expected a finite number > 0"),
        ({"amsgrad": 1.0}, "trials[key=0].hyper.amsgrad: got 1.0, expected true or false"),
    ],
)
def test_hyperparameters_out_of_the_catalog(
    plan: Plans, changed: dict[str, Scalar | None], message: str
) -> None:
    given = plan(size=1)
    hyper = {n: v for n, v in {**given.trials[0].hyper, **changed}.items() if v is not None}
    with pytest.raises(PlanError) as caught:
        list(run_pack(replace(given, trials=(replace(given.trials[0], hyper=hyper),))))
    assert str(caught.value).startswith(message)
