"""One contract over every sampler: deterministic, resumable, fair, inside the ranges."""

import numpy as np
import pytest

from gofau_studies.landscape.observations import observations
from gofau_studies.protocol.wire import SearchHistory
from gofau_studies.spec.parsing import parse_yaml
from gofau_studies.spec.space import Space
from gofau_workers.search import cma
from gofau_workers.search.planner import distinct, next_round
from tests.workers.search.simulated import CAP, SPEC, Simulation, bowl, spec_of

SEARCHES = {
    "random": "search: {sampler: random, trials: 20, seed: 3}",
    "sobol": "search: {sampler: sobol, trials: 20, seed: 3}",
    "tpe": "search: {sampler: tpe, trials: 23, seed: 3, batch: 5}",
    "gp": "search: {sampler: gp, trials: 13, seed: 3, batch: 2}",
    "cmaes": "search: {sampler: cmaes, trials: 23, seed: 3, batch: 5}",
}
ADAPTIVE = ("tpe", "gp", "cmaes")


@pytest.fixture(scope="module", params=SEARCHES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def finished(name: str) -> Simulation:
    return Simulation(spec_of(SEARCHES[name])).run()


def test_every_rule_gets_the_same_budget(finished: Simulation) -> None:
    budget = finished.spec.search.budget
    assert [len(finished.points(arm)) for arm in (0, 1)] == [budget, budget]
    assert len(finished.cells) == finished.spec.cell_count


def test_points_are_distinct_and_inside_the_ranges(finished: Simulation) -> None:
    space = Space.of(finished.spec.axes)
    for arm in (0, 1):
        points = finished.points(arm)
        assert all(map(space.holds, points))
        assert len({tuple(p.values()) for p in points}) == len(points)


def test_rules_share_the_points_known_at_submission(finished: Simulation) -> None:
    first = [[c.point for c in finished.cells if c.arm == a and c.round == 0] for a in (0, 1)]
    assert first[0] == first[1]
    assert len(first[0]) == finished.spec.search.at_submission


def test_a_run_taken_up_from_its_history_is_the_uninterrupted_run(
    name: str, finished: Simulation
) -> None:
    again = Simulation(spec_of(SEARCHES[name]))
    while again.step():
        taken_up = Simulation(again.spec)
        taken_up.cells, taken_up.rounds = list(again.cells), again.rounds
        assert next_round(taken_up.history) == next_round(again.history)
    assert again.cells == finished.cells


@pytest.mark.parametrize("sampler", ADAPTIVE)
def test_another_seed_gives_other_points(sampler: str) -> None:
    text = SEARCHES[sampler]
    one, other = (Simulation(spec_of(t)) for t in (text, text.replace("seed: 3", "seed: 4")))
    assert one.points(0) != other.points(0)
    one.step()
    other.step()
    assert not {tuple(p.values()) for p in one.points(0)} & {
        tuple(p.values()) for p in other.points(0)
    }


@pytest.mark.parametrize("sampler", ADAPTIVE)
def test_rounds_improve_on_the_start(sampler: str) -> None:
    text = f"search: {{sampler: {sampler}, trials: 16, batch: 2}}"
    if sampler != "gp":
        text = f"search: {{sampler: {sampler}, trials: 60, batch: 5}}"
    run = Simulation(spec_of(text)).run()
    for arm in (0, 1):
        assert run.best(arm, run.rounds) < run.best(arm, 0)


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_rule_that_always_diverges_keeps_its_budget(sampler: str) -> None:
    def loss(point: dict[str, float], rule: str) -> float:
        return CAP if rule == "hybrid" else bowl(point, rule)

    run = Simulation(spec_of(SEARCHES[sampler]), loss).run()
    assert len(run.points(1)) == run.spec.search.budget


@pytest.mark.parametrize("sampler", ADAPTIVE)
def test_points_that_gave_nothing_are_no_obstacle(sampler: str) -> None:
    run = Simulation(spec_of(SEARCHES[sampler]))
    gone = {"values": [], "diverged": 0, "failed": 2}
    run.cells = [c.model_copy(update=gone) if i % 3 else c for i, c in enumerate(run.cells)]
    wanted = next_round(run.history)
    assert wanted is not None
    assert {len(arm.points) for arm in wanted.arms} == {run.spec.search.batch}


def test_a_spent_budget_has_no_next_round(finished: Simulation) -> None:
    assert next_round(finished.history) is None


def test_last_bits_of_a_value_steer_nothing() -> None:
    run = Simulation(spec_of(SEARCHES["cmaes"]))
    shaken = run.history.model_copy(
        update={
            "cells": [
                c.model_copy(update={"values": [v * (1 + 1e-12) for v in c.values]})
                for c in run.cells
            ]
        }
    )
    assert next_round(shaken) == next_round(run.history)


def test_repeated_points_are_replaced_by_fresh_ones() -> None:
    spec = spec_of(SEARCHES["tpe"])
    run = Simulation(spec)
    known = observations(run.history)["digits-mlp", "sgd", "additive"]
    corner = {"lr": 10.0, "init_scale": 0.1}
    space = Space.of(spec.axes)
    points = distinct(spec, space, known, [known[0].point, corner, corner])
    assert points[1] == corner
    assert len({tuple(p.values()) for p in [*points, known[0].point]}) == 4
    assert all(map(space.holds, points))


def test_cmaes_moves_its_mean_to_better_generations() -> None:
    spec = spec_of("search: {sampler: cmaes, trials: 200, batch: 10}")
    run = Simulation(spec).run()
    space = Space.of(spec.axes)
    known = observations(run.history)["digits-mlp", "sgd", "additive"]
    late = cma.propose(space, known, 50, seed=1, batch=10, minimize=True)
    found = np.mean([bowl(p, "additive") for p in late])
    assert found < 0.1 * np.mean([one.value for one in known if one.round == 0])


def test_maximising_mirrors_minimising() -> None:
    spec = spec_of(
        "search: {sampler: tpe, trials: 30}\ngoal: {metric: val_accuracy, minimize: false}"
    )
    run = Simulation(spec, lambda point, rule: -bowl(point, rule))
    mirrored = Simulation(spec_of("search: {sampler: tpe, trials: 30}"))
    one, other = next_round(run.history), next_round(mirrored.history)
    assert one is not None
    assert other is not None
    assert one.arms == other.arms


def test_uncapped_divergence_counts_as_the_worst_seen() -> None:
    run = Simulation(spec_of(SEARCHES["tpe"]))
    history = run.history
    dead = history.cells[0].model_copy(update={"values": [], "diverged": 2})
    uncapped = SearchHistory(
        spec=history.spec,
        next_round=1,
        finished=False,
        arms=[arm.model_copy(update={"cap": None}) for arm in history.arms],
        cells=[dead, *history.cells[1:]],
    )
    first = observations(uncapped)["digits-mlp", "sgd", "additive"][0]
    worst = max(v for c in history.cells[1:] for v in c.values)
    assert first.value == float(f"{worst:.6g}")
    assert first.diverged == 1.0


GRID = SPEC.replace("10]}", "10], points: 6}")


def negated(history: SearchHistory) -> SearchHistory:
    """The same search, told the negatives of its values to maximize."""
    goal = {**history.spec["goal"], "minimize": False}
    return history.model_copy(
        update={
            "spec": {**history.spec, "goal": goal},
            "arms": [
                arm.model_copy(update={"cap": None if arm.cap is None else -arm.cap})
                for arm in history.arms
            ],
            "cells": [
                cell.model_copy(update={"values": [-value for value in cell.values]})
                for cell in history.cells
            ],
        }
    )


@pytest.mark.parametrize("capped", [True, False])
@pytest.mark.parametrize(
    "search",
    [
        "search: {sampler: tpe, trials: 30, batch: 4}",
        "search: {sampler: cmaes, trials: 30, batch: 4}",
        "refine: {trials: 8, rounds: 2}",
    ],
)
def test_to_maximize_is_to_minimize_the_negative(search: str, capped: bool) -> None:
    spec = spec_of(search) if "search:" in search else parse_yaml(f"{GRID}{search}")
    run = Simulation(spec)
    run.step()
    history = run.history
    if not capped:
        arms = [arm.model_copy(update={"cap": None}) for arm in history.arms]
        history = history.model_copy(update={"arms": arms})
    planned = next_round(history)
    assert planned is not None
    assert next_round(negated(history)) == planned
