"""Each parameter of the catalog, asked for, is the one that runs."""

from collections.abc import Mapping

import pytest

from gofau import catalog
from gofau_studies.spec import StudySpec
from gofau_studies.spec.parsing import parse_spec
from tests.each import case
from tests.workers.bases import BASE, TOY, Data
from tests.workers.trained import pending, records, trained


def other(parameter: catalog.Parameter) -> catalog.Scalar:
    """A value that a parameter may have instead of its default."""
    if parameter.kind is bool:
        return not parameter.default
    if parameter.kind is str:
        return next(choice for choice in parameter.choices if choice != parameter.default)
    if parameter.kind is int:
        return int(parameter.default or 0) + (1 if parameter.default == parameter.low else -1)
    return 0.5 if parameter.default != 0.5 else 0.25


def problems_with_parameters() -> list[str]:
    """All but those whose data must be fetched; they have archives of their own."""
    return [
        name
        for name, entry in catalog.problems.entries.items()
        if entry.parameters and "gofau.data fetch" not in entry.doc and not name.startswith("test-")
    ]


@pytest.mark.parametrize("problem", problems_with_parameters())
def test_every_parameter_of_a_problem_is_felt(problem: str) -> None:
    entry = catalog.problems.get(problem, "problem")
    small = {p.name: 2 for p in entry.parameters if p.kind is int}
    base: Data = {**BASE, "epochs": 1, "problem": {"name": problem, **small}}
    if entry.full_batch:
        base |= {"batch_size": 64}
    before = records(base)
    for parameter in entry.parameters:
        value = 3 if parameter.kind is int else other(parameter)
        again = {**base, "problem": {"name": problem, **small, parameter.name: value}}
        with case(parameter.name):
            assert records(again) != before


CONTEXT: dict[str, dict[str, catalog.Scalar]] = {
    "dampening": {"momentum": 0.5},
    "nesterov": {"momentum": 0.5},
    "amsgrad": {"beta2": 0.5},
    "decoupled_decay": {"weight_decay": 0.1, "momentum": 0.5},
}
"""What a parameter needs beside it to have an effect, where there is such a one.

Without momentum, both kinds of decay are the same for the additive rule with plain gradients.
"""

VALUES = {"g_bound": 1e-3, "lr": 0.02, "lr_out": 0.02}
SIZES = {"lr": 0.01, "lr_out": 0.01}


def hyper_spec(
    direction: catalog.DirectionEntry,
    rule: catalog.RuleEntry,
    values: Mapping[str, catalog.Scalar],
) -> StudySpec:
    def own(entry: catalog.Entry) -> dict[str, catalog.Scalar]:
        return {name: value for name, value in values.items() if entry.parameter(name)}

    sizes = {name: value for name, value in SIZES.items() if rule.parameter(name)}
    return parse_spec(
        {
            **TOY,
            "problem": "linear-regression",
            "dtype": "float64",
            "directions": [{"name": direction.name, **own(direction)}],
            "rules": [{"name": rule.name, **sizes, **own(rule)}],
            "axes": {"init_scale": {"values": [1.0]}},
            "fixed": own(catalog.common),
        }
    )


@pytest.mark.parametrize("direction", catalog.directions.entries)
def test_every_hyperparameter_is_felt_by_every_direction_and_rule(direction: str) -> None:
    for rule in catalog.rules.entries:
        with case(rule):
            assert unfelt(direction, rule, fused=True) == []


def test_every_hyperparameter_is_felt_without_kernels() -> None:
    """There each rule takes what its direction gives, whichever that is."""
    with_each = [("adam", rule) for rule in catalog.rules.entries]
    for direction, rule in (*with_each, *((way, "hybrid") for way in catalog.directions.entries)):
        with case(direction, rule):
            assert unfelt(direction, rule, fused=False) == []


def unfelt(direction: str, rule: str, fused: bool) -> list[str]:
    """Names of the hyperparameters that change nothing."""
    which, how = catalog.directions.entries[direction], catalog.rules.entries[rule]
    trials, asked = [], []
    for parameter in (*which.parameters, *how.parameters, *catalog.common.parameters):
        if which.decouples_decay and parameter.name == "decoupled_decay":
            continue
        beside = CONTEXT.get(parameter.name, {})
        value = VALUES.get(parameter.name, other(parameter))
        for values in (beside, {**beside, parameter.name: value}):
            trials += pending(hyper_spec(which, how, values), first=len(trials))
        asked.append(parameter.name)
    found = trained(trials, fused=fused)
    return [name for i, name in enumerate(asked) if found[2 * i] == found[2 * i + 1]]
