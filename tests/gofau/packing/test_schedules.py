"""Schedules: known values, and the same effect in a pack as alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gofau.packing import PackPlan, Schedule, run_pack

Plans = Callable[..., PackPlan]

KNOWN = [
    (Schedule(), [1, 1, 1, 1]),
    (Schedule(warmup_steps=2), [0.5, 1, 1, 1]),
    (Schedule("cosine"), [1, 0.8535533905932737, 0.5, 0.14644660940672627]),
    (Schedule("cosine", floor=0.5), [1, 0.9267766952966369, 0.75, 0.5732233047033631]),
    (Schedule("cosine", warmup_steps=2), [0.5, 1, 1, 0.5]),
    (Schedule("step"), [1, 1, 0.1, 0.01]),
    (Schedule("step", factor=0.5, drops=(0.25,)), [1, 0.5, 0.5, 0.5]),
    (Schedule("step", drops=()), [1, 1, 1, 1]),
    (Schedule("cosine", warmup=0.5), [0.5, 1, 1, 0.5]),
    (Schedule(warmup_steps=8), [0.125, 0.25, 0.375, 0.5]),
]


@pytest.mark.parametrize(("schedule", "factors"), KNOWN)
def test_known_factors(schedule: Schedule, factors: list[float]) -> None:
    got = [schedule.factor_at(step, 4) for step in range(1, 5)]
    assert got == pytest.approx(factors)


def test_each_trial_follows_its_own_schedule(plan: Plans) -> None:
    kinds = [Schedule(), Schedule("cosine"), Schedule("step"), Schedule(warmup_steps=4)]
    base = plan("sgd", "additive", 8, epochs=3, dtype="float64")
    trials = tuple(replace(t, schedule=kinds[t.key % 4]) for t in base.trials)
    together = {o.key: o for o in run_pack(replace(base, trials=trials), width=3)}
    for trial in trials:
        (alone,) = run_pack(replace(base, trials=(trial,)))
        assert together[trial.key].curves["val_loss"] == pytest.approx(
            alone.curves["val_loss"], rel=1e-9
        )
    constant = next(iter(run_pack(replace(base, trials=base.trials[1:2]))))
    assert together[1].curves["val_loss"][-1] != pytest.approx(constant.metrics["val_loss"], 1e-6)


def test_a_halved_rate_is_the_schedule_at_one_half(plan: Plans) -> None:
    base = plan("sgd", "additive", 1, epochs=1, batch_size=33, dtype="float64")
    (trial,) = base.trials
    lr = trial.hyper["lr"]
    assert isinstance(lr, float)
    warm = replace(trial, schedule=Schedule(warmup_steps=2))
    half = replace(trial, hyper={**trial.hyper, "lr": lr / 2})
    (first,) = run_pack(replace(base, trials=(warm,)))
    (second,) = run_pack(replace(base, trials=(half,)))
    assert first.curves["val_loss"] == pytest.approx(second.curves["val_loss"], rel=1e-12)
