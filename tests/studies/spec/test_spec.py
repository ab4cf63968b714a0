from pathlib import Path

import pytest

from gofau_studies.errors import SpecError
from gofau_studies.spec import StudySpec, parse_spec, parse_yaml, to_yaml
from gofau_studies.spec.schedules import GammaSchedule, Halving, Schedule

BASE = """
name: base
problem: {name: digits-mlp, width: 8, depth: 1}
epochs: 2
batch_size: 64
directions: [sgd]
rules: [additive, {name: multiplicative, lr_in: 1.0}]
axes:
  lr: {log: [0.01, 1], points: 3}
  init_scale: {values: [0.5, 1]}
seeds: 2
"""

FAULTS = [
    ("name: base", "name: ' '", "name: got ' ', expected"),
    ("name: base", "", "name: got None, expected a value, since the field is required"),
    ("name: base", "nmae: base", "nmae: got 'base', expected no such field"),
    ("epochs: 2", "epochs: '2'", "epochs: got '2', expected a valid integer"),
    ("epochs: 2", "epochs: 0", "epochs: got 0, expected greater than or equal to 1"),
    ("epochs: 2", "epochs: 2.5", "epochs: got 2.5, expected a valid integer"),
    ("epochs: 2", "epochs: true", "epochs: got True, expected a valid integer"),
    ("batch_size: 64", "batch_size: 2000", "batch_size: got 2000, expected at most 1437"),
    ("digits-mlp", "digit-mlp", "problems[0].name: got 'digit-mlp', expected a known problem"),
    ("width: 8", "width: -8", "problems[0].width: got -8, expected an integer in [1, 4096]"),
    ("width: 8", "widht: 8", "problems[0].widht: got 8, expected one of: width, depth"),
    ("[sgd]", "[sdg]", "directions[0].name: got 'sdg', expected a known direction"),
    ("[sgd]", "[]", "directions: got [], expected"),
    ("[sgd]", "sgd", "directions: got 'sgd', expected a list"),
    ("[additive", "[addtive", "rules[0].name: got 'addtive', expected a known rule: additive"),
    ("lr_in: 1.0", "lr_in: -1", "rules[1].lr_in: got -1, expected a finite number > 0"),
    ("lr_in: 1.0", "lr_in: .nan", "rules[1].lr_in: got nan, expected a finite number > 0"),
    ("lr_in: 1.0", "lr_in: one", "rules[1].lr_in: got 'one', expected a finite number > 0"),
    ("lr_in: 1.0", "lr_out: 0.1", "rules[1].lr_out: got 0.1, expected no value here"),
    ("lr_in: 1.0", "gamma: 0.1", "rules[1].gamma: got 0.1, expected one of: lr_in, lr_out"),
    ("[additive, {", "[additive, additive, {", "rules: got 'additive', expected distinct entries"),
    ("[0.01, 1]", "[-0.01, 1]", "axes.lr.log: got [-0.01, 1.0], expected positive bounds"),
    (
        "[0.01, 1]",
        "[1, 0.01]",
        "axes.lr.log: got [1.0, 0.01], expected [low, high] with low",
    ),
    ("[0.01, 1]", "[0.01]", "axes.lr.log[1]: got"),
    ("[0.01, 1]", "[0.01, .inf]", "axes.lr.log[1]: got inf, expected a finite number"),
    ("log: [0.01, 1], points: 3", "", "axes.lr: got None, expected exactly one of log, linear"),
    ("points: 3", "points: 1", "axes.lr.points: got 1, expected greater than or equal to 2"),
    (", points: 3", "", "axes.lr.points: got None, expected an integer in [2, 10000]"),
    ("[0.5, 1]", "[]", "axes.init_scale.values: got [], expected at least one value"),
    ("[0.5, 1]", "[1, 1]", "axes.init_scale.values: got [1.0, 1.0], expected distinct values"),
    ("[0.5, 1]", "[-1, 1]", "axes.init_scale: got -1.0, expected a finite number > 0"),
    ("  lr: {", "  lrr: {", "axes.lrr: got 'lrr', expected an axis that drives a parameter of"),
    (
        "  lr: {log: [0.01, 1], points: 3}",
        "",
        "rules[0].lr: got None, expected a finite number > 0",
    ),
    ("[0.01, 1]", "[1e-308, 1e+308]", "axes.lr.log: got [1e-308, 1e+308], expected a range that"),
    ("[0.01, 1]", "[1, 2, 3]", "axes.lr.log: got [1, 2, 3], expected a length of at most 2"),
    ("epochs: 2", "epochs: 010", "epochs: got '010', expected a valid integer"),
    ("epochs: 2", "epochs: 1:30", "epochs: got '1:30', expected a valid integer"),
    ("epochs: 2", "epochs: 0x10", "epochs: got '0x10', expected a valid integer"),
    ("name: base", "name: base\ntags: [' ']", "tags[0]: got ' ', expected text that is not blank"),
    ("name: base", 'name: "a\\0b"', "name: got 'a\\x00b', expected text without NUL characters"),
    ("name: base", f"name: {'x' * 201}", "expected text of at most 200 characters"),
    (
        "width: 8",
        "width: 8, parameters: {width: 9}",
        "problems[0].parameters.width: got 9, expected each parameter once",
    ),
    (
        "[additive, {",
        "[additive, {name: additive, label: b}, {",
        "rules: got ['additive', 'b'], expected entries that differ in more than their labels",
    ),
    ("seeds: 2", "stop_at_target: true", "stop_at_target: got True, expected false, or a goal.t"),
    (
        "seeds: 2",
        "fixed: {weight_decay: [1]}",
        "fixed.weight_decay: got [1], expected a number, true, false or text",
    ),
    ("init_scale: {", "gamma: {", "axes.gamma: got 'gamma', expected an axis that drives"),
    ("seeds: 2", "seeds: 0", "seeds: got 0, expected a count in [1, 100000] or a list of seeds"),
    ("seeds: 2", "seeds: [1, 1]", "seeds: got 1, expected distinct entries"),
    ("seeds: 2", "seeds: [-1]", "seeds[0]: got -1, expected greater than or equal to 0"),
    ("seeds: 2", "goal: {metric: loss}", "goal.metric: got 'loss', expected a metric of digits"),
    ("seeds: 2", "search: astrology", "search.sampler: got 'astrology', expected 'grid', "),
    ("seeds: 2", "fixed: {lr: 1}", "fixed.lr: got 1, expected one of: weight_decay"),
    ("seeds: 2", "fixed: {init_scale: 1}", "fixed.init_scale: got 1, expected no value"),
    ("seeds: 2", "problems: []", "problem: got"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_fault_is_named_by_path_value_and_expectation(old: str, new: str, message: str) -> None:
    assert old in BASE
    with pytest.raises(SpecError) as caught:
        parse_yaml(BASE.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "spec: got [1], expected a mapping of spec fields"),
        ("", "spec: got None, expected a mapping of spec fields"),
        ("just text", "spec: got 'just text', expected a mapping of spec fields"),
        ("a: &x [1]\nb: *x", "line 2: aliases are not allowed"),
        ("name: a\nname: b", "line 2: key 'name' is repeated"),
        ("1: a", "line 1: key 1 is not text"),
        ("{", "expected a YAML or JSON document"),
        ("!!python/object/apply:os.system ['true']", "expected a YAML or JSON document"),
        ("a: " + "[" * 2000, "spec: got 'deep nesting', expected at most 32 levels"),
        ("a: !!bool xyz", "line 1: 'xyz' is no bool"),
        ("a: !!timestamp xyz", "line 1: 'xyz' is no timestamp"),
        ("a:\n  <<: {b: 1}", "line 2: merge keys are not allowed"),
        ("name: a\nproblem:x\nb: c", "line 3, column 1: could not find expected ':'"),
        ("a: " + "[" * 40 + "]" * 40, "spec: got 'deep nesting', expected at most 32 levels"),
        ("a" * 1_000_001, "spec: got '1000001 characters', expected at most 1000000"),
    ],
)
def test_text_that_is_no_spec(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(text)
    assert message in str(caught.value)


def test_numbers_are_what_they_look_like_and_dates_are_names() -> None:
    text = BASE.replace("name: base", "name: 2026-11-26").replace("[0.01, 1]", "[.5e-2, 1_0]")
    spec = parse_yaml(text)
    assert spec.name == "2026-11-26"
    assert spec.axes["lr"].log == (0.005, 10.0)


def test_every_fault_of_a_spec_is_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(BASE.replace("epochs: 2", "epochs: 0").replace("points: 3", "points: 1"))
    assert [e.path for e in caught.value.errors] == ["epochs", "axes.lr.points"]


def test_counts_and_defaults() -> None:
    spec = parse_yaml(BASE)
    assert spec.cell_count == 2 * 3 * 2
    assert spec.trial_count == 24
    assert spec.seeds == (0, 1)
    assert (spec.goal.metric, spec.goal.minimize) == ("val_loss", True)
    assert parse_yaml(BASE.replace("seeds: 2", "")).seeds == (0, 1, 2, 3, 4)


def test_exponents_without_a_dot_are_numbers() -> None:
    assert parse_yaml(BASE.replace("0.01", "1e-2")).hash == parse_yaml(BASE).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [("name: base", "name: other"), ("seeds: 2", "seeds: [0, 1]"), ("epochs: 2", "epochs: 2\n")],
)
def test_what_changes_no_result_changes_no_hash(old: str, new: str) -> None:
    assert parse_yaml(BASE.replace(old, new)).hash == parse_yaml(BASE).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs: 2", "epochs: 3"),
        ("seeds: 2", "seeds: 3"),
        ("lr_in: 1.0", "lr_in: 2.0"),
        ("width: 8", "width: 9"),
        ("[sgd]", "[adam]"),
        ("points: 3", "points: 4"),
    ],
)
def test_what_can_change_a_result_changes_the_hash(old: str, new: str) -> None:
    assert parse_yaml(BASE.replace(old, new)).hash != parse_yaml(BASE).hash


def test_labels_tell_entries_of_one_name_apart() -> None:
    rules = (
        "[{name: hybrid, gamma: 0.3}, {name: hybrid, gamma: 0.7}, {name: additive, label: plain}]"
    )
    spec = parse_yaml(BASE.replace("[additive, {name: multiplicative, lr_in: 1.0}]", rules))
    assert [r.label for r in spec.rules] == ["hybrid(gamma=0.3)", "hybrid(gamma=0.7)", "plain"]


def test_a_spec_survives_its_own_yaml_and_json() -> None:
    spec = parse_yaml(BASE)
    assert parse_yaml(to_yaml(spec)) == spec
    assert parse_spec(spec.model_dump(mode="json")) == spec
    assert StudySpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_spec_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse_yaml(BASE).epochs = 3  # type: ignore[misc]


def catalog_files() -> list[Path]:
    return sorted((Path(__file__).parents[3] / "studies" / "catalog").glob("*.yaml"))


@pytest.mark.parametrize("path", catalog_files(), ids=lambda p: p.stem)
def test_every_ready_made_study_is_valid(path: Path) -> None:
    spec = parse_yaml(path.read_text())
    assert spec.name == path.stem
    assert len(spec.seeds) >= 3


def test_every_field_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "spec.md").read_text()
    models = (StudySpec, Schedule, GammaSchedule, Halving)
    names = [name for model in models for name in model.model_fields]
    assert [name for name in names if f"`{name}`" not in text] == []
