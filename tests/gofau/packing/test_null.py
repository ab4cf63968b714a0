"""Near the edge of stability rounding decides: packing disagrees no more than one ulp does."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from gofau.packing import PackPlan, TrialPlan, run_pack
from tests.compilers import compiler_works

Plans = Callable[..., PackPlan]
RATES = np.geomspace(0.3, 300, 30)
SEEDS = range(3)


def across_the_edge(plan: Plans, scale: float) -> PackPlan:
    """Rates from stable to exploding, at an init scale for all trials."""
    (pattern,) = plan("sgd", "additive", 1).trials
    trials = tuple(
        TrialPlan(i, seed, scale, {**pattern.hyper, "lr": float(lr), "momentum": 0.5})
        for i, (lr, seed) in enumerate((lr, seed) for lr in RATES for seed in SEEDS)
    )
    return plan("sgd", "additive", trials=trials, epochs=15, target=1.0)


def outcomes(plan: PackPlan, executor: str) -> list[str]:
    given = replace(plan, executor=executor)  # type: ignore[arg-type]
    return [o.outcome for o in sorted(run_pack(given), key=lambda o: o.key)]


def test_outcomes_agree_within_the_one_ulp_null(plan: Plans) -> None:
    one_ulp = float(np.nextafter(np.float32(1), np.float32(2)))
    alone = outcomes(across_the_edge(plan, 1.0), "serial")
    nudged = outcomes(across_the_edge(plan, one_ulp), "serial")
    null = sum(a != b for a, b in zip(alone, nudged, strict=True))
    assert len(set(alone)) >= 3
    compiled = ["compiled"] if compiler_works() else []
    for executor in (*compiled, "bmm", "vmap"):
        packed = outcomes(across_the_edge(plan, 1.0), executor)
        different = sum(a != b for a, b in zip(alone, packed, strict=True))
        # Two counts of rare events differ by chance; three standard deviations are allowed.
        assert different <= null + 3 * max(1.0, (2 * null) ** 0.5), (executor, different, null)
    assert null < 0.2 * len(alone)


@pytest.mark.parametrize("executor", ["compiled", "bmm", "vmap", "serial"])
def test_the_same_pack_twice_is_bitwise_the_same(plan: Plans, executor: str) -> None:
    given = replace(across_the_edge(plan, 1.0), epochs=3, executor=executor)  # type: ignore[arg-type]
    runs = [{o.key: repr(replace(o, wall_s=0.0)) for o in run_pack(given)} for _ in range(2)]
    assert runs[0] == runs[1]
