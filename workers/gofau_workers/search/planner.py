"""The next round of a study: what to try once everything asked for before has ended."""

import numpy as np

from gofau_studies.landscape.observations import Labels, Observation, observations
from gofau_studies.protocol.wire import ArmPoints, SearchHistory, SearchRound
from gofau_studies.refine import rounds as refinement
from gofau_studies.spec import StudySpec
from gofau_studies.spec.draws import sobol_cube
from gofau_studies.spec.parsing import stored_spec
from gofau_studies.spec.space import Point, Space
from gofau_workers.search import cma, optuna_samplers


def next_round(history: SearchHistory) -> SearchRound | None:
    """The round that follows a history, or ``None`` when the study's budget is spent.

    A function of the history alone, spec and seed included: a driver that was killed is replaced
    by another that plans the same.
    """
    if history.finished:
        return None
    spec = stored_spec(history.spec)
    if spec.search.is_grid:
        return refinement.next_round(spec, history)
    found = observations(history)
    count = min(spec.search.batch, spec.search.budget - max(map(len, found.values())))
    if count <= 0:
        return None
    number = history.next_round
    return SearchRound(
        number=number, arms=[_arm(spec, labels, found[labels], number, count) for labels in found]
    )


def _arm(
    spec: StudySpec, labels: Labels, known: list[Observation], number: int, count: int
) -> ArmPoints:
    space = Space.of(spec.axes)
    proposed = _propose(spec, space, known, number, count)
    problem, direction, rule = labels
    return ArmPoints(
        problem=problem,
        direction=direction,
        rule=rule,
        points=distinct(spec, space, known, proposed),
    )


def _propose(
    spec: StudySpec, space: Space, known: list[Observation], number: int, count: int
) -> list[Point]:
    search, minimize = spec.search, spec.goal.minimize
    # Rules draw from the same stream, so that they differ by what they were told alone.
    seed = int(np.random.SeedSequence([search.seed, number]).generate_state(1)[0])
    if search.sampler == "cmaes":
        return cma.propose(space, known, count, seed=seed, batch=search.batch, minimize=minimize)
    return optuna_samplers.propose(
        search.sampler, space, known, count, seed=seed, minimize=minimize
    )


def distinct(
    spec: StudySpec, space: Space, known: list[Observation], proposed: list[Point]
) -> list[Point]:
    """``proposed`` with each repeated point replaced by the next unused one of a Sobol sequence.

    Samplers repeat corners of the box; training a point twice with the same seeds would tell
    nothing new, and leaving it out would give its rule a smaller budget.
    """
    seen = {tuple(one.point.values()) for one in known}
    spare = spec.search.at_submission
    points: list[Point] = []
    for point in space.points(space.cube(proposed)):
        chosen = point
        while tuple(chosen.values()) in seen:
            cube = sobol_cube(1, len(space.names), spec.search.seed, skip=spare)
            [chosen] = space.points(cube)
            spare += 1
        seen.add(tuple(chosen.values()))
        points.append(chosen)
    return points
