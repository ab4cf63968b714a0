from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gofau_studies.spec import parse_yaml
from gofau_studies.spec.axes import Axis
from gofau_studies.spec.canonical import canonical_json, content_hash
from gofau_studies.spec.cells import Cell, cells
from gofau_studies.spec.packs import bucket_key, buckets, cut
from tests.studies.spec.test_spec import BASE


def by_point(found: Iterable[Cell]) -> dict[tuple[str, float, float], Cell]:
    return {(c.rule, c.point["lr"], c.point["init_scale"]): c for c in found}


def test_every_combination_once_and_always_in_one_order() -> None:
    spec = parse_yaml(BASE)
    first, second = list(cells(spec)), list(cells(spec))
    assert first == second
    assert len({c.key for c in first}) == spec.cell_count == 12
    assert [(c.rule, c.point["lr"]) for c in first][::2] == [
        ("additive", 0.01), ("additive", 0.1), ("additive", 1.0),
        ("multiplicative", 0.01), ("multiplicative", 0.1), ("multiplicative", 1.0),
    ]  # fmt: skip


def test_the_lr_axis_drives_what_each_rule_says() -> None:
    hybrid = BASE.replace("rules: [", "rules: [{name: hybrid, gamma: 0.3}, ")
    found = by_point(cells(parse_yaml(hybrid)))
    additive = found["additive", 0.1, 0.5].definition
    multiplicative = found["multiplicative", 0.1, 0.5].definition
    both = found["hybrid", 0.1, 0.5].definition
    assert additive["hyper"]["lr"] == 0.1
    assert "lr_out" not in additive["hyper"]
    assert (multiplicative["hyper"]["lr_out"], multiplicative["hyper"]["lr_in"]) == (0.1, 1.0)
    assert "lr" not in multiplicative["hyper"]
    assert both["hyper"]["lr"] == both["hyper"]["lr_out"] == 0.1
    assert both["hyper"]["gamma"] == 0.3
    assert both["init_scale"] == 0.5


def test_a_rule_entry_can_say_what_an_axis_drives() -> None:
    rule = "{name: multiplicative, lr_out: 0.1, drives: {lr: [lr_in]}}"
    spec = parse_yaml(BASE.replace("{name: multiplicative, lr_in: 1.0}", rule))
    found = by_point(cells(spec))["multiplicative", 1.0, 0.5].definition["hyper"]
    assert (found["lr_in"], found["lr_out"]) == (1.0, 0.1)


def test_axes_reach_the_direction_and_the_common_settings() -> None:
    axes = "momentum: {values: [0, 0.9]}\n  weight_decay: {values: [0.01]}"
    spec = parse_yaml(BASE.replace("init_scale: {values: [0.5, 1]}", axes))
    found = list(cells(spec))
    assert {c.definition["hyper"]["momentum"] for c in found} == {0.0, 0.9}
    assert {c.definition["hyper"]["weight_decay"] for c in found} == {0.01}


def test_a_wider_axis_keeps_the_cells_it_had() -> None:
    narrow = parse_yaml(
        BASE.replace("{log: [0.01, 1], points: 3}", "{log: [1e-4, 10], points: 11}")
    )
    wide = parse_yaml(BASE.replace("{log: [0.01, 1], points: 3}", "{log: [1e-5, 100], points: 15}"))
    assert {c.key for c in cells(narrow)} < {c.key for c in cells(wide)}


def test_names_and_labels_are_not_part_of_a_cell() -> None:
    renamed = BASE.replace("name: base", "name: other").replace(
        "[additive", "[{name: additive, label: sum}"
    )
    keys = [c.key for c in cells(parse_yaml(BASE))]
    assert [c.key for c in cells(parse_yaml(renamed))] == keys


@given(low=st.floats(1e-12, 1e3), decades=st.floats(0.01, 12), points=st.integers(2, 60))
def test_a_log_axis_ascends_between_its_ends(low: float, decades: float, points: int) -> None:
    high = low * 10**decades
    grid = Axis(log=(low, high), points=points).grid()
    assert (grid[0], grid[-1], len(grid)) == (low, high, points)
    assert list(grid) == sorted(set(grid))


def test_canonical_json_has_one_form() -> None:
    assert (
        canonical_json({"b": 1.0, "a": [True, None, "ä"]}) == '{"a":[true,null,"\\u00e4"],"b":1.0}'
    )
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


@dataclass(frozen=True)
class Item:
    definition: dict[str, Any]


def test_numbers_stack_and_switches_do_not() -> None:
    base = {"rule": "additive", "init_scale": 1.0, "hyper": {"lr": 0.1, "nesterov": False}}
    other_numbers = {**base, "init_scale": 2.0, "hyper": {"lr": 0.2, "nesterov": False}}
    other_switch = {**base, "hyper": {"lr": 0.1, "nesterov": True}}
    other_rule = {**base, "rule": "hybrid"}
    assert bucket_key(base) == bucket_key(other_numbers)
    assert len({bucket_key(d) for d in (base, other_switch, other_rule)}) == 3
    assert [len(b) for b in buckets(map(Item, (base, other_rule, other_numbers))).values()] == [
        2,
        1,
    ]


@given(count=st.integers(0, 500), size=st.integers(1, 100))
def test_cut_loses_nothing_and_keeps_packs_even(count: int, size: int) -> None:
    items = [Item({"hyper": {}, "n": i}) for i in range(count)]
    packs = list(cut(items, size))
    assert [i for pack in packs for i in pack] == items
    assert all(1 <= len(pack) <= size for pack in packs)
    assert not packs or max(map(len, packs)) - min(map(len, packs)) <= 1


def test_cut_refuses_an_empty_pack() -> None:
    with pytest.raises(ValueError, match="pack size: got 0, expected an integer >= 1"):
        list(cut([Item({})], 0))
