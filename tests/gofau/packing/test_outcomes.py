"""How trials end, and what their records hold."""

from collections.abc import Callable
from dataclasses import replace
from math import isnan, log

import pytest
import torch

from gofau.packing import PackPlan, TrialOutcome, TrialPlan, run_pack
from gofau.packing.plan.plan import ExecutorName
from gofau.packing.step.evaluation import finite_rows

Plans = Callable[..., PackPlan]
SGD = {
    "momentum": 0.0,
    "dampening": 0.0,
    "nesterov": False,
    "weight_decay": 0.0,
    "decoupled_decay": False,
}


def with_lr(plan: PackPlan, lr: float) -> PackPlan:
    trials = tuple(replace(t, hyper={**t.hyper, "lr": lr}) for t in plan.trials)
    return replace(plan, trials=trials)


def only(plan: PackPlan) -> TrialOutcome:
    (outcome,) = run_pack(replace(plan, trials=plan.trials[:1]))
    return outcome


def test_a_trial_that_just_ends(plan: Plans) -> None:
    got = only(plan(epochs=3))
    assert got.outcome == "budget_exhausted"
    assert (got.epochs_run, got.steps, got.steps_to_target) == (3, 9, None)
    assert {name: len(curve) for name, curve in got.curves.items()} == {
        "val_loss": 4,
        "val_accuracy": 4,
        "train_loss": 4,
    }
    assert got.metrics == {name: curve[-1] for name, curve in got.curves.items()}
    assert got.best == min(got.curves["val_loss"])
    assert got.curves["train_loss"][0] == pytest.approx(log(3), rel=0.2)


def test_the_target_counts_at_any_epoch(plan: Plans) -> None:
    run = only(plan(epochs=6))
    target = sorted(run.curves["val_loss"])[2]
    first = next(i for i, v in enumerate(run.curves["val_loss"]) if i and v <= target)
    got = only(plan(epochs=6, target=target))
    assert got.outcome == "reached_target"
    assert (got.epochs_run, got.steps_to_target) == (6, 3 * first)
    stopped = only(plan(epochs=6, target=target, stop_at_target=True))
    assert stopped.outcome == "reached_target"
    assert (stopped.epochs_run, stopped.steps_to_target) == (first, 3 * first)
    assert stopped.curves["val_loss"] == got.curves["val_loss"][: first + 1]


@pytest.mark.parametrize("minimize", [False, None])
def test_a_goal_is_maximized_where_its_metric_says_so(plan: Plans, minimize: bool | None) -> None:
    goal = {"goal_metric": "val_accuracy", "minimize": minimize}
    run = only(plan(epochs=6, **goal))
    assert run.best == max(run.curves["val_accuracy"])
    target = max(run.curves["val_accuracy"][1:])
    first = next(i for i, v in enumerate(run.curves["val_accuracy"]) if i and v >= target)
    got = only(plan(epochs=6, target=target, stop_at_target=True, **goal))
    assert got.outcome == "reached_target"
    assert (got.epochs_run, got.steps_to_target) == (first, 3 * first)
    missed = only(plan(epochs=2, target=1.1, **goal))
    assert missed.outcome == "budget_exhausted"


def test_divergence_is_judged_at_the_end(plan: Plans) -> None:
    got = only(with_lr(plan("sgd", "additive", epochs=3), 60.0))
    bound = 2 * max(got.curves["train_loss"][0], 1.1)
    assert got.outcome == "diverged"
    assert got.curves["train_loss"][-1] > bound
    assert got.epochs_run == 3
    tolerant = only(with_lr(plan("sgd", "additive", epochs=3, divergence_factor=1e9), 60.0))
    assert tolerant.outcome == "budget_exhausted"
    assert tolerant.curves == got.curves


def test_a_hopeless_trial_ends_early(plan: Plans) -> None:
    got = only(with_lr(plan("sgd", "additive", epochs=50, problem="test-linear"), 1e7))
    assert got.outcome == "diverged"
    assert got.epochs_run == 1


def test_divergence_outranks_a_target_met_before(plan: Plans) -> None:
    got = only(with_lr(plan("sgd", "additive", epochs=3, target=1e9), 60.0))
    assert got.outcome == "diverged"
    assert got.steps_to_target == 3


def test_a_non_finite_trial_has_no_metrics(plan: Plans) -> None:
    got = only(with_lr(plan("sgd", "additive", epochs=3), 1e38))
    assert got.outcome == "nonfinite"
    assert got.epochs_run == 1
    assert all(isnan(value) for value in got.metrics.values())
    assert got.best == got.curves["val_loss"][0]


def test_progress_counts_the_epochs_of_all_trials(plan: Plans) -> None:
    given = plan(size=5, epochs=4)
    calls: list[int] = []
    outcomes = list(run_pack(given, on_progress=calls.append, width=2))
    assert len(outcomes) == 5
    assert sum(calls) == 5 * 4
    assert max(calls) == 2


def test_wall_time_adds_up_over_the_trials(plan: Plans) -> None:
    assert all(outcome.wall_s > 0 for outcome in run_pack(plan(size=5), width=2))


@pytest.mark.parametrize(
    ("rule", "policy", "frozen"),
    [
        ("multiplicative", "leave", 8 / 139),
        ("multiplicative", "additive", 0.0),
        ("additive", "leave", 0.0),
        ("hybrid", "leave", 0.0),
    ],
)
def test_zero_tensors_and_the_zero_policy(
    plan: Plans, rule: str, policy: str, frozen: float
) -> None:
    given = plan("sgd", rule, 3, problem="test-zeros", zero_policy=policy)
    for outcome in run_pack(given):
        gamma = given.trials[outcome.key].hyper.get("gamma")
        if gamma == 1.0:
            continue
        assert outcome.frozen_fraction == pytest.approx(frozen)


@pytest.mark.parametrize("executor", ["auto", "serial"])
def test_the_loss_before_training_is_that_of_the_first_batch(executor: ExecutorName) -> None:
    trials = tuple(TrialPlan(k, 3, scale, {"lr": 1e-9}) for k, scale in enumerate((1.0, 100.0)))
    plan = PackPlan(
        "digits-mlp",
        {"norm": "batch", "width": 8, "depth": 4},
        "sgd",
        "additive",
        1,
        1437,
        tuple(replace(t, hyper={**t.hyper, **SGD}) for t in trials),
        "val_loss",
        dtype="float64",
        executor=executor,
    )
    for outcome in run_pack(plan):
        before, first_epoch = outcome.curves["train_loss"]
        # One batch holds all examples: its one step starts from where training starts.
        assert before == pytest.approx(first_epoch, rel=1e-12)
        # Normalised layers forget the scale of their weights; only the last layer shows it.
        assert before < 100 * 10


def test_rows_are_finite_if_all_of_their_numbers_are() -> None:
    inf, nan, most = float("inf"), float("nan"), torch.finfo(torch.float32).max
    rows = torch.tensor(
        [[1.0, -2.0], [inf, 1.0], [inf, -inf], [nan, 0.0], [most, most], [-most, most]]
    )
    expected = [True, False, False, False, True, True]
    assert finite_rows(rows).tolist() == expected
    assert finite_rows(rows[[0, 5]]).tolist() == [True, True]
