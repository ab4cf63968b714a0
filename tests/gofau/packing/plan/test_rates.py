"""Schedules: known values, and the same effect in a pack as alone."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gofau.packing import PackPlan, Schedule, run_pack
from gofau.packing.plan.rates import ScheduleKind, table

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
    assert schedule.factors(4).tolist() == pytest.approx(factors)


def one_by_one(schedule: Schedule, total: int) -> list[float]:
    """The equation, step by step in Python's own numbers."""
    warmup = schedule.warmup_steps or round(schedule.warmup * total)
    factors: list[float] = []
    for step in range(1, total + 1):
        progress = (step - 1 - warmup) / max(total - warmup, 1)
        if step <= warmup:
            factors.append(step / warmup)
        elif schedule.kind == "cosine":
            wave = 1 + math.cos(math.pi * progress)
            factors.append(schedule.floor + (1 - schedule.floor) * wave / 2)
        elif schedule.kind == "step":
            factors.append(schedule.factor ** sum(progress >= drop for drop in schedule.drops))
        else:
            factors.append(1.0)
    return factors


@given(
    kind=st.sampled_from(["constant", "cosine", "step"]),
    warmup=st.one_of(st.integers(0, 60), st.floats(0, 0.99)),
    floor=st.floats(0, 1),
    factor=st.floats(0, 1, exclude_min=True),
    drops=st.lists(st.floats(0.001, 0.999), max_size=4, unique=True).map(sorted).map(tuple),
    total=st.integers(1, 200),
)
def test_the_table_is_the_equation_bit_by_bit(
    *,
    kind: ScheduleKind,
    warmup: float,
    floor: float,
    factor: float,
    drops: tuple[float, ...],
    total: int,
) -> None:
    given_warmup = {"warmup_steps" if isinstance(warmup, int) else "warmup": warmup}
    one = Schedule(kind, floor=floor, factor=factor, drops=drops, **given_warmup)  # type: ignore[arg-type]
    rows = table([one, Schedule(), one], total)
    assert rows[0].tolist() == rows[2].tolist() == one_by_one(one, total)
    assert rows[1].tolist() == [1.0] * total


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
