"""Whose parameter an axis sets, and as what its values arrive there."""

from collections.abc import Iterator

import pytest

from gofau import catalog
from gofau.catalog import Parameter, RuleEntry
from gofau_studies.errors import SpecError
from gofau_studies.protocol.trial_facts import FACTS
from gofau_studies.spec import parse_spec, parse_yaml
from gofau_studies.spec.cells import cells
from gofau_studies.spec.resolution import examples
from gofau_studies.spec.settings import kinds
from tests.studies.spec.test_spec import BASE

RULE = RuleEntry(
    "test-warm",
    "A rule with a name of a schedule's setting, and with an integer.",
    (
        Parameter("lr", float, None, "step size", low=0.0),
        Parameter("warmup", float, 0.0, "its own", low=0.0),
        Parameter("repeats", int, 1, "how often", low=1),
    ),
)


@pytest.fixture(autouse=True)
def rule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    catalog.rules.complete()
    with monkeypatch.context() as patch:
        patch.setitem(catalog.rules._entries, RULE.name, RULE)
        yield


def swept(axis: str) -> str:
    text = BASE.replace("[additive, {name: multiplicative, lr_in: 1.0}]", "[test-warm]")
    return text.replace("init_scale: {values: [0.5, 1]}", axis)


def test_a_rules_own_parameter_keeps_its_name_under_a_schedule_that_has_it_too() -> None:
    spec = parse_yaml(swept("warmup: {values: [0.25, 0.5]}") + "schedule: cosine\n")
    found = [(c.definition["hyper"]["warmup"], c.definition["schedule"]) for c in cells(spec)]
    assert found == 3 * [(v, {"kind": "cosine", "warmup": 0.0, "floor": 0.0}) for v in (0.25, 0.5)]


def test_an_integer_parameter_takes_the_whole_numbers_of_an_axis() -> None:
    found = [c.definition["hyper"] for c in cells(parse_yaml(swept("repeats: {values: [1, 2]}")))]
    assert [(hyper["repeats"], type(hyper["repeats"])) for hyper in found[:2]] == [
        (1, int),
        (2, int),
    ]
    with pytest.raises(SpecError, match=r"axes\.repeats: got 1\.5, expected an integer >= 1"):
        parse_yaml(swept("repeats: {values: [1, 1.5]}"))


def test_names_of_settings_are_no_columns_of_a_trial_and_each_is_one_kinds() -> None:
    """An axis of such a name would stand in a column that a table has already."""
    named = [parameter.name for kind in kinds() for parameter in kind.named]
    assert len(set(named)) == len(named)
    assert not set(named) & set(FACTS)


def test_few_arms_show_what_axes_drive() -> None:
    """Each direction with each rule, and each further problem: not the product of all three."""
    data = {
        "name": "many",
        "problems": [{"name": "rosenbrock", "start_noise": i / 10} for i in range(1, 8)],
        "epochs": 4,
        "directions": [{"name": "sgd", "momentum": i / 10} for i in range(1, 6)],
        "rules": [{"name": "hybrid", "gamma": i / 10} for i in range(1, 4)],
        "axes": {"lr": {"values": [0.1]}},
    }
    spec = parse_spec(data)
    shown = list(examples(spec))
    assert len(shown) == 5 * 3 + 6 < spec.arm_count
    places = {arm.places for arm in shown}
    assert {problem for problem, _, _ in places} == set(range(7))
    assert {(direction, rule) for _, direction, rule in places} == {
        (direction, rule) for direction in range(5) for rule in range(3)
    }
