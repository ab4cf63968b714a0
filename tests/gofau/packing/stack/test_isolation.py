"""A trial's record is its own: neighbours, order and pack size change nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gofau.packing import PackPlan, TrialOutcome, run_pack

Plans = Callable[..., PackPlan]
EXECUTORS = ["compiled", "bmm", "serial"]


def by_key(plan: PackPlan, width: int = 32) -> dict[int, TrialOutcome]:
    return {o.key: replace(o, wall_s=0.0) for o in run_pack(plan, width=width)}


def with_lr(plan: PackPlan, key: int, lr: float) -> PackPlan:
    trials = tuple(
        replace(t, hyper={**t.hyper, "lr": lr}) if t.key == key else t for t in plan.trials
    )
    return replace(plan, trials=trials)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_nan_leaves_the_neighbours_bitwise_untouched(plan: Plans, executor: str) -> None:
    calm = plan("sgd", "additive", 6, epochs=4, executor=executor)
    wild = with_lr(calm, 2, 1e30)
    before, after = by_key(calm), by_key(wild)
    assert after.pop(2).outcome == "nonfinite"
    assert before.pop(2).outcome == "budget_exhausted"
    assert after == before


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_order_of_trials_changes_nothing(plan: Plans, executor: str) -> None:
    given = plan("adam", "hybrid", 7, epochs=3, executor=executor)
    turned = replace(given, trials=tuple(reversed(given.trials)))
    assert by_key(turned) == by_key(given)


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_another_width_gives_the_same_records(plan: Plans, width: int) -> None:
    given = plan("adam", "hybrid", 7, epochs=3, dtype="float64")
    whole, cut = by_key(given), by_key(given, width)
    assert cut.keys() == whole.keys()
    for key, outcome in cut.items():
        assert outcome.outcome == whole[key].outcome
        assert outcome.curves["val_loss"] == pytest.approx(whole[key].curves["val_loss"], 1e-9)
