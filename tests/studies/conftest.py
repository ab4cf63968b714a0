"""Landscapes made by formula, for tests of metrics, reports and figures."""

from collections.abc import Callable

import numpy as np
import pytest

from gofau_studies.landscape.landscape import GoalMetric, Landscape, LandscapeKey, OutcomeCode

Make = Callable[..., Landscape]


def bowl(
    rule: str = "additive",
    *,
    problem: str = "digits-mlp",
    direction: str = "sgd",
    width: float = 1.0,
    slope: float = 1.0,
    best: float = 0.1,
    edge: float = 1.5,
    seeds: int = 5,
    noise: float = 0.0,
    missing: float = 0.0,
    points: tuple[int, int] = (11, 9),
    goal: GoalMetric | None = None,
    seed: int = 0,
) -> Landscape:
    """A parabolic valley along log lr = -1 + slope * log init that diverges beyond ``edge``."""
    rng = np.random.default_rng(seed)
    lr, init = np.logspace(-4, 1, points[0]), np.logspace(-1.5, 1.5, points[1])
    x, z = np.log10(lr)[:, None, None], np.log10(init)[None, :, None]
    away = x + 1 - slope * z
    shape = (*points, seeds)
    loss = best + 0.3 * (away / width) ** 2 + 0.2 * z**2 + noise * rng.standard_normal(shape)
    diverged = np.broadcast_to(away > edge, shape)
    outcome = np.where(diverged, OutcomeCode.DIVERGED, OutcomeCode.BUDGET_EXHAUSTED)
    outcome[(loss <= 0.3) & ~diverged] = OutcomeCode.REACHED_TARGET
    gone = rng.random(shape) < missing
    outcome[gone] = OutcomeCode.MISSING
    steps = np.where(outcome == OutcomeCode.REACHED_TARGET, np.ceil(20 + 30 * away**2), np.inf)
    return Landscape(
        key=LandscapeKey(problem, direction, rule),
        goal=goal or GoalMetric("val_loss", target=0.3),
        lr=lr,
        init_scale=init,
        seeds=tuple(range(seeds)),
        loss=np.where(diverged | gone, np.nan, loss),
        outcome=outcome.astype(np.int8),
        cap=float(np.log(10)),
        steps_to_target=steps,
    )


@pytest.fixture(name="bowl", scope="session")
def bowl_fixture() -> Make:
    """The maker of test landscapes."""
    return bowl
