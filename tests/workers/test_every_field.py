"""Each hashed field of a spec, changed alone, changes what is trained or is refused in words.

The fields are walked from the spec's schema, so that a new one without a row here fails.
"""

from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel

from gofau_studies.errors import SpecError
from gofau_studies.spec import StudySpec
from gofau_studies.spec.meaning import UNHASHED
from gofau_studies.spec.parsing import parse_spec
from tests.workers.bases import (
    AIMED,
    BASE,
    COSINE,
    DRAWN,
    EDGE,
    GAMMA,
    GRID,
    HALVED,
    HYBRID,
    JUDGED,
    PROPOSED,
    REFINED,
    STEP,
    TOY,
    ZEROS,
    Change,
    Data,
    Row,
    changed,
    hashes,
    keys,
)
from tests.workers.search.simulated import Simulation
from tests.workers.trained import records

CHANGED: dict[str, Row] = {
    "StudySpec.problems": (TOY, {"problem": "beale"}),
    "StudySpec.epochs": (BASE, {"epochs": 3}),
    "StudySpec.batch_size": (BASE, {"batch_size": 200}),
    "StudySpec.directions": (TOY, {"directions": ["adam"]}),
    "StudySpec.rules": (TOY, {"rules": ["additive"]}),
    "StudySpec.axes": (TOY, {"axes": {"lr": {"values": [0.3]}, "init_scale": {"values": [0.5]}}}),
    "StudySpec.fixed": (TOY, {"fixed": {"init_scale": 0.5}}),
    "StudySpec.seeds": (BASE, {"seeds": [4]}),
    "StudySpec.schedule": (TOY, {"schedule": "cosine"}),
    "StudySpec.halving": ({**HALVED, "halving": None}, {"halving": HALVED["halving"]}),
    "StudySpec.goal": (BASE, {"goal": {"metric": "val_accuracy", "minimize": False}}),
    "StudySpec.stop_at_target": (AIMED, {"stop_at_target": True}),
    "StudySpec.divergence_factor": (
        EDGE,
        {"divergence_factor": 1e6},
    ),
    "StudySpec.zero_policy": (ZEROS, {"zero_policy": "additive"}),
    "StudySpec.dtype": (BASE, {"dtype": "float64"}),
    "StudySpec.autocast": (BASE, {"autocast": "bfloat16"}),
    "Goal.metric": (BASE, {"goal": {"metric": "train_loss"}}),
    "Goal.target": (AIMED, {"goal": {"metric": "val_loss", "target": 4.2}}),
    "Axis.log": (GRID, {"axes.lr.log": [1e-3, 0.5]}),
    "Axis.linear": (
        {**TOY, "axes": {"lr": {"linear": [0.1, 0.3], "points": 2}}},
        {"axes.lr.linear": [0.1, 0.4]},
    ),
    "Axis.values": (TOY, {"axes.lr.values": [0.2]}),
    "Axis.points": (GRID, {"axes.lr.points": 5}),
    "Search.sampler": (DRAWN, {"search.sampler": "sobol"}),
    "Search.trials": (DRAWN, {"search.trials": 4}),
    "Search.seed": (DRAWN, {"search.seed": 1}),
    "Schedule.kind": (COSINE, {"schedule.kind": "step"}),
    "Schedule.warmup": (COSINE, {"schedule.warmup": 0.5}),
    "Schedule.floor": (COSINE, {"schedule.floor": 0.5}),
    "Schedule.drop_factor": (STEP, {"schedule.drop_factor": 0.5}),
    "Schedule.drops": (STEP, {"schedule.drops": [0.25]}),
    "GammaSchedule.kind": (GAMMA, {"rules.0.gamma_schedule": "inverse"}),
    "GammaSchedule.patience": (
        GAMMA,
        {"rules.0.gamma_schedule": {"kind": "exponential", "patience": 3}},
    ),
    "Halving.first": (HALVED, {"halving.first": 1}),
    "Halving.factor": (HALVED, {"halving.factor": 4}),
    "Halving.rungs": (HALVED, {"halving.rungs": 1}),
    "Halving.metric": (JUDGED, {"halving.metric": "val_accuracy"}),
    "ProblemSpec.name": (TOY, {"problem": "beale"}),
    "ProblemSpec.parameters": (BASE, {"problem": {"name": "digits-mlp", "width": 5, "depth": 1}}),
    "DirectionSpec.name": (TOY, {"directions": ["rmsprop"]}),
    "DirectionSpec.parameters": (TOY, {"directions": [{"name": "sgd", "momentum": 0.5}]}),
    "RuleSpec.name": (TOY, {"rules": ["exponentiated_gradient"]}),
    "RuleSpec.parameters": (TOY, {"rules": [{"name": "multiplicative", "lr_in": 2.0}]}),
    "RuleSpec.drives": (HYBRID, {"rules": [{"name": "hybrid"}]}),
    "RuleSpec.schedule": (TOY, {"rules": [{"name": "multiplicative", "schedule": "cosine"}]}),
    "RuleSpec.gamma_schedule": (HYBRID, {"rules": GAMMA["rules"]}),
}
"""Fields whose change shows in the records of the trials, or in which trials there are."""

PLANNED: dict[str, Row] = {
    "StudySpec.search": (GRID, {"search": PROPOSED["search"]}),
    "StudySpec.refine": (GRID, {"refine": REFINED["refine"]}),
    "Search.batch": (PROPOSED, {"search.batch": 5}),
    "Refine.trials": (REFINED, {"refine.trials": 8}),
    "Refine.rounds": (REFINED, {"refine.rounds": 3}),
}
"""Fields that decide which points later rounds ask for."""

REFUSED: dict[str, tuple[Data, Change, str]] = {
    "Goal.minimize": (
        BASE,
        {"goal": {"metric": "train_loss", "minimize": False}},
        "lower is better for train_loss",
    ),
    "Halving.minimize": (
        HALVED,
        {"halving": {"first": 2, "metric": "train_loss", "minimize": False}},
        "lower is better for train_loss",
    ),
}
"""Fields that can only say what holds anyhow."""

REPORTED: dict[str, tuple[Data, Change, str]] = {
    "Goal.tolerance": (
        TOY,
        {"goal": {"metric": "val_loss", "tolerance": 0.1}},
        "the basin of the report, which is no part of a trial",
    ),
    **{
        f"{kind}.label": (TOY, {field: {**entry, "label": "other"}}, "the name of a row")
        for kind, field, entry in (
            ("ProblemSpec", "problems.0", {"name": "rosenbrock"}),
            ("DirectionSpec", "directions.0", {"name": "sgd"}),
            ("RuleSpec", "rules.0", {"name": "multiplicative"}),
        )
    },
}
"""Fields that say how results are read: hashed, since the report is made by them."""

COMPUTED: dict[str, tuple[Data, Change, float]] = {
    "StudySpec.executor": (BASE, {"executor": "serial"}, 1e-5),
}
"""How it is computed: results agree within a relative tolerance, but not to the last bit."""

UNFELT: dict[str, Row] = {
    "StudySpec.name": (TOY, {"name": "other"}),
    "StudySpec.description": (TOY, {"description": "Words."}),
    "StudySpec.tags": (TOY, {"tags": ["a"]}),
    "StudySpec.max_attempts": (TOY, {"max_attempts": 7}),
    "StudySpec.checkpoint_every": (TOY, {"checkpoint_every": 2}),
}
"""Fields that change no result and are no part of the hash."""


def models(kind: object) -> Iterator[type[BaseModel]]:
    """Every model that an annotation mentions, and those that its fields do."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for part in get_args(kind):
        yield from models(part)


def fields() -> set[str]:
    return {
        f"{model.__name__}.{name}" for model in models(StudySpec) for name in model.model_fields
    }


def test_every_field_has_a_row() -> None:
    rows = (CHANGED, PLANNED, REFUSED, REPORTED, COMPUTED, UNFELT)
    named = [name for row in rows for name in row]
    assert sorted(named) == sorted(set(named))
    assert set(named) == fields()
    assert {name.removeprefix("StudySpec.") for name in UNFELT} == set(UNHASHED)


@pytest.mark.parametrize("field", CHANGED)
def test_a_changed_field_changes_the_records(field: str) -> None:
    base, change = CHANGED[field]
    first, second = hashes(base, change)
    assert first != second
    assert records(changed(base, change)) != records(base)


@pytest.mark.parametrize("field", PLANNED)
def test_a_changed_field_changes_what_rounds_ask_for(field: str) -> None:
    base, change = PLANNED[field]
    first, second = hashes(base, change)
    assert first != second
    runs = [Simulation(parse_spec(data)).run() for data in (base, changed(base, change))]
    assert [run.spec.cell_count for run in runs] == [len(run.cells) for run in runs]
    assert [(c.round, c.point) for c in runs[0].cells] != [
        (c.round, c.point) for c in runs[1].cells
    ]


@pytest.mark.parametrize("field", REFUSED)
def test_a_field_that_contradicts_another_is_refused(field: str) -> None:
    base, change, why = REFUSED[field]
    assert records(base)
    with pytest.raises(SpecError, match=why):
        parse_spec(changed(base, change))


@pytest.mark.parametrize("field", REPORTED)
def test_what_reports_are_made_by_is_hashed_and_trains_the_same(field: str) -> None:
    base, change, why = REPORTED[field]
    first, second = hashes(base, change)
    assert first != second, why
    assert keys(changed(base, change)) == keys(base)


@pytest.mark.parametrize("field", COMPUTED)
def test_how_it_is_computed_changes_nothing_but_rounding(field: str) -> None:
    base, change, tolerance = COMPUTED[field]
    first, second = hashes(base, change)
    assert first != second
    (mine,), (theirs,) = records(base), records(changed(base, change))
    for name, curve in mine.pop("curves").items():
        assert theirs["curves"][name] == pytest.approx(curve, rel=tolerance)
    for name in ("outcome", "epochs_run", "steps", "steps_to_target", "frozen_fraction"):
        assert mine[name] == theirs[name]


@pytest.mark.parametrize("field", UNFELT)
def test_a_field_that_is_not_hashed_changes_nothing(field: str) -> None:
    base, change = UNFELT[field]
    first, second = hashes(base, change)
    assert first == second
    assert keys(changed(base, change)) == keys(base)
