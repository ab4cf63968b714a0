"""Points from Optuna's samplers, rebuilt each round from the trials that the service has."""

from collections.abc import Callable, Sequence

import optuna
from optuna.distributions import FloatDistribution
from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from gofau_studies.landscape.observations import Observation
from gofau_studies.spec.space import Point, Space

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(seed=seed, constant_liar=True),
    "gp": lambda seed: GPSampler(seed=seed),
}


def propose(
    name: str,
    space: Space,
    observed: Sequence[Observation],
    count: int,
    *,
    seed: int,
    minimize: bool,
) -> list[Point]:
    """``count`` points that an Optuna sampler asks for after ``observed``.

    The points of one round are asked one after the other without results in between: TPE takes
    the pending ones for bad (constant liar), the Gaussian process imagines their values. A
    function of its arguments alone.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ranges = {
        axis: FloatDistribution(low, high, log=bool(log))
        for axis, (low, high), log in zip(space.names, space.bounds, space.logs, strict=True)
    }
    study = optuna.create_study(
        sampler=SAMPLERS[name](seed), direction="minimize" if minimize else "maximize"
    )
    study.add_trials([_trial(one, ranges) for one in observed])
    asked = [study.ask(dict(ranges)).params for _ in range(count)]
    return [{axis: float(params[axis]) for axis in space.names} for params in asked]


def _trial(one: Observation, ranges: dict[str, FloatDistribution]) -> FrozenTrial:
    if one.value is None:
        return create_trial(
            state=TrialState.FAIL, params=dict(one.point), distributions=dict(ranges)
        )
    return create_trial(value=one.value, params=dict(one.point), distributions=dict(ranges))
