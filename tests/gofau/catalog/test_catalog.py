"""The catalog's checks: what it takes, what it refuses and in which words."""

from math import inf, nan
from threading import Event, Thread

import pytest

from gofau import catalog
from gofau.catalog import CatalogError, Entry, Parameter, Registry
from tests.each import case

NUMBER = Parameter("x", float, None, "any")
UNIT = Parameter("x", float, None, "share", low=0.0, high=1.0, open_high=True)
POSITIVE = Parameter("x", float, None, "size", low=0.0, open_low=True)
COUNT = Parameter("x", int, 1, "count", low=1, high=16)
FLAG = Parameter("x", bool, False, "flag")
CHOICE = Parameter("x", str, "a", "word", choices=("a", "b"))

TAKEN = [
    (NUMBER, -2, -2.0),
    (UNIT, 0, 0.0),
    (POSITIVE, 1e-300, 1e-300),
    (COUNT, 16, 16),
    (FLAG, True, True),
    (CHOICE, "b", "b"),
]
REFUSED = [
    (NUMBER, nan, "a finite number"),
    (NUMBER, True, "a finite number"),
    (NUMBER, 10**400, "a finite number"),
    (UNIT, 1.0, "a finite number in [0, 1)"),
    (POSITIVE, 0.0, "a finite number > 0"),
    (POSITIVE, inf, "a finite number > 0"),
    (COUNT, 0, "an integer in [1, 16]"),
    (COUNT, 2.0, "an integer in [1, 16]"),
    (COUNT, True, "an integer in [1, 16]"),
    (FLAG, 1, "true or false"),
    (CHOICE, "c", "one of a, b"),
    (CHOICE, None, "one of a, b"),
]


@pytest.mark.parametrize(("parameter", "value", "expected"), TAKEN)
def test_values_are_taken_in_the_parameters_own_type(parameter, value, expected):
    got = parameter.check(value, "here")
    assert got == expected
    assert type(got) is parameter.kind


@pytest.mark.parametrize(("parameter", "value", "expected"), REFUSED)
def test_values_are_refused_with_path_value_and_range(parameter, value, expected):
    with pytest.raises(CatalogError) as caught:
        parameter.check(value, "rules[1].x")
    error = caught.value
    assert (error.path, error.got, error.expected) == ("rules[1].x", value, expected)
    assert str(error) == f"rules[1].x: got {value!r}, expected {expected}"


ENTRY = Entry(
    "entry", "two numbers", (Parameter("a", float, 1.0, ""), Parameter("b", float, None, ""))
)


def test_defaults_fill_what_is_not_given():
    assert ENTRY.resolve({"b": 2}, "e") == {"a": 1.0, "b": 2.0}
    assert ENTRY.resolve({}, "e", driven=frozenset({"b"})) == {"a": 1.0}


@pytest.mark.parametrize(
    ("given", "driven", "message"),
    [
        ({}, (), "e.b: got None, expected a finite number (or an axis)"),
        ({"c": 1.0}, (), "e.c: got 1.0, expected one of: a, b"),
        ({"b": 1.0}, ("b",), "e.b: got 1.0, expected no value here, since an axis sets it"),
    ],
)
def test_entries_refuse_what_they_cannot_resolve(given, driven, message):
    with pytest.raises(CatalogError) as caught:
        ENTRY.resolve(given, "e", frozenset(driven))
    assert str(caught.value) == message


def test_a_driven_number_does_not_spoil_a_flag():
    entry = catalog.directions.get("sgd", "d")
    resolved = entry.resolve({"nesterov": True}, "d", driven=frozenset({"momentum"}))
    assert resolved["nesterov"] is True


def test_a_registry_refuses_a_second_entry_of_one_name():
    registry: Registry[Entry] = Registry("thing")
    assert registry.add(ENTRY) is ENTRY
    with pytest.raises(ValueError, match="thing 'entry' is registered already"):
        registry.add(ENTRY)
    with pytest.raises(CatalogError, match="here: got 'x', expected a known thing: entry"):
        registry.get("x", "here")
    with pytest.raises(TypeError):
        registry.entries["x"] = ENTRY


def test_registries_that_need_one_another_are_read_by_two_threads_at_once():
    """Metrics look for those of problems' plug-ins, while problems are held to the metrics."""
    looking, seen = Event(), []

    def of_problems():
        assert looking.wait(5)
        seen.append(list(metrics.declared))
        return ()

    def of_plugins():
        looking.set()
        problems.complete()
        return ()

    problems = Registry("problem", own=of_problems)
    metrics = Registry("metric", of_plugins, own=lambda: [ENTRY])
    readers = [Thread(target=one.complete, daemon=True) for one in (problems, metrics)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(5)
    assert not any(reader.is_alive() for reader in readers)
    assert seen == [["entry"]]


def test_listings_begin_in_the_order_that_they_have_had():
    """Further ones come after them."""
    directions, rules = (list(one.entries) for one in (catalog.directions, catalog.rules))
    assert directions[:6] == ["sgd", "adagrad", "rmsprop", "adam", "adamw", "madam"]
    assert rules[:4] == ["additive", "multiplicative", "hybrid", "madam"]
    assert rules[4:6] == ["exponentiated_gradient", "hypentropy"]
    assert list(catalog.problems.entries)[:4] == [
        "digits-mlp",
        "digits-cnn",
        "mnist1d-mlp",
        "mnist1d-cnn",
    ]


def test_every_default_is_a_value_that_the_catalog_takes():
    listed = (catalog.directions, catalog.rules, catalog.problems)
    entries = [entry for one in listed for entry in one.entries.values()]
    for entry in (*entries, catalog.common, catalog.optimizer):
        with case(entry.name):
            names = [p.name for p in entry.parameters]
            assert len(names) == len(set(names))
            for parameter in entry.parameters:
                assert parameter.doc
                if parameter.default is not None:
                    assert parameter.check(parameter.default, entry.name) == parameter.default


def test_the_lr_axis_drives_step_sizes_that_the_rule_has():
    for entry in catalog.rules.entries.values():
        assert all(entry.parameter(name) is not None for name in entry.lr_drives)
