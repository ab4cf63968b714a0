"""What a planner may depend on: every cell of a study with the values of its seeds."""

from math import isnan

from gofau_service.store import cells, rounds
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Arm, Study
from gofau_studies.landscape.caps import cap
from gofau_studies.landscape.counting import DIVERGED, counted_trials
from gofau_studies.protocol.trials import TrialState
from gofau_studies.protocol.wire import SearchArm, SearchCell, SearchHistory

Ending = tuple[int, str, str | None, float | None]
"""Seed, state, outcome and value."""


def history(session: Session, study: Study) -> SearchHistory:
    """A study's cells in the order in which they were asked for, with what they gave."""
    arms = cells.arms(session, study.id)
    had = rounds.of_study(session, study.id)
    starts = [row.first_cell for row in had]
    endings: dict[int, list[Ending]] = {}
    for cell, seed, state, outcome, value in rounds.endings(session, study.id):
        endings.setdefault(cell, []).append((seed, state, outcome, value))
    place = {seed: i for i, seed in enumerate(study.spec["seeds"])}
    found = [
        _cell(study, arms[arm], sum(start <= ordinal for start in starts), point, sorted_endings)
        for ordinal, arm, point in rounds.points(session, study.id)
        for sorted_endings in (sorted(endings.get(ordinal, []), key=lambda e: place[e[0]]),)
    ]
    return SearchHistory(
        spec=study.spec,
        next_round=len(had) + 1,
        finished=study.unplanned == 0,
        arms=[_arm(study, arm) for arm in arms.values()],
        cells=found,
    )


def _arm(study: Study, arm: Arm) -> SearchArm:
    bound = cap(arm.problem_name, study.goal_metric)
    return SearchArm(problem=arm.problem, direction=arm.direction, rule=arm.rule, cap=bound)


def _cell(
    study: Study, arm: Arm, number: int, point: dict[str, float], endings: list[Ending]
) -> SearchCell:
    bound = cap(arm.problem_name, study.goal_metric)
    minimize = bool(study.spec["goal"]["minimize"])
    done = [(outcome, value) for _, state, outcome, value in endings if state == "completed"]
    outcomes = [outcome for outcome, _ in done]
    values = counted_trials([value for _, value in done], outcomes, [bound] * len(done), minimize)
    return SearchCell(
        arm=arm.ordinal,
        round=number,
        point=point,
        values=[float(value) for value in values if not isnan(value)],
        diverged=sum(outcome in DIVERGED for outcome in outcomes),
        failed=sum(state == TrialState.FAILED for _, state, *_ in endings),
    )
