"""A goal is held to what the catalog says of its metric; specs stored before that still open."""

from pathlib import Path

import pytest

from gofau import catalog
from gofau_studies.errors import SpecError
from gofau_studies.spec import parse_yaml, stored_spec, to_yaml
from gofau_studies.spec.cells import cells
from gofau_studies.spec.goal import doubts

BASE = """
name: a
problem: digits-mlp
epochs: 2
directions: [sgd]
rules: [additive]
axes: {lr: {log: [0.01, 1.0], points: 2}}
seeds: 2
"""

FAULTS = [
    ("{metric: val_accuracy, minimize: true}", "goal.minimize: got True, expected false or nothin"),
    ("{metric: val_loss, minimize: false}", "goal.minimize: got False, expected true or nothing"),
    ("{metric: val_accuracy, target: 90}", "goal.target: got 90.0, expected a number in [0, 1]"),
    ("{metric: val_accuracy, target: -0.1}", "goal.target: got -0.1, expected a number in [0, 1]"),
    ("{metric: val_accuracy, tolerance: 1.0}", "goal.tolerance: got 1.0, expected below 1"),
    ("{metric: 3}", "goal.metric: got 3, expected a valid string"),
    ("{minimize: true}", "goal.metric: got None, expected a value"),
]

# Hash of the spec and key of its first cell: another one means that stored results are not found.
HASHES = [
    ("", "1abd47bfed84f0bf", "80353363566cf2a1"),
    ("goal: {metric: val_loss}", "1abd47bfed84f0bf", "80353363566cf2a1"),
    ("goal: {metric: val_loss, minimize: true}", "1abd47bfed84f0bf", "80353363566cf2a1"),
    ("goal: {metric: train_loss, target: 0.3}", "596df79bd85878ff", "6921e9e0502176c2"),
    ("goal: {metric: val_accuracy, minimize: false}", "d053f316932c4fdb", "607808f35b446274"),
    (
        "goal: {metric: val_accuracy, minimize: false, target: 0.9}",
        "db212aeb7c6a2f34",
        "5d063f4ad6ac11c8",
    ),
    ("halving: {metric: val_accuracy, minimize: false}", "5d1604d90adaea89", "497ca34cafd7ffdc"),
    ("halving: {}", "5ea85aefe8be874e", "0cab08811f8694ba"),
]

READY_MADE = {
    "digits-mlp": ("4feecf4df5d78732", "3d336dffd229d311"),
    "digits-mlp-halving": ("8231a18ce1179594", "b8cf276ec686c881"),
    "toys": ("da26c823c9c00e92", "0798221a362cd565"),
    "cifar100-resnet18": ("d4e7b6944178175c", "290219fd8648c70a"),
}


@pytest.mark.parametrize(("goal", "message"), FAULTS)
def test_a_goal_that_contradicts_its_metric_is_refused(goal: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(f"{BASE}goal: {goal}")
    assert str(caught.value).startswith(message)
    assert len(caught.value.errors) == 1


@pytest.mark.parametrize(
    ("metric", "minimize"), [("val_accuracy", False), ("val_loss", True), ("train_loss", True)]
)
def test_a_metric_says_which_way_it_is_better(metric: str, minimize: bool) -> None:
    spec = parse_yaml(f"{BASE}goal: {{metric: {metric}}}")
    assert spec.goal.minimize is minimize
    assert next(cells(spec)).definition["minimize"] is minimize
    assert spec.hash == parse_yaml(to_yaml(spec)).hash
    assert "minimize" not in to_yaml(spec)


def test_halving_takes_the_direction_of_the_metric_that_it_names() -> None:
    spec = parse_yaml(f"{BASE}halving: {{metric: val_accuracy}}")
    assert next(cells(spec)).definition["halving"]["minimize"] is False
    of_goal = parse_yaml(f"{BASE}halving: {{}}\ngoal: {{metric: val_accuracy}}")
    assert next(cells(of_goal)).definition["halving"]["minimize"] is False


@pytest.mark.parametrize(("extra", "spec_hash", "key"), HASHES)
def test_specs_keep_their_hashes(extra: str, spec_hash: str, key: str) -> None:
    spec = parse_yaml(BASE + extra)
    assert (spec.hash[:16], next(cells(spec)).key[:16]) == (spec_hash, key)


@pytest.mark.parametrize("name", READY_MADE)
def test_ready_made_studies_keep_their_hashes(name: str) -> None:
    spec = parse_yaml(Path(f"studies/catalog/{name}.yaml").read_text())
    assert (spec.hash[:16], next(cells(spec)).key[:16]) == READY_MADE[name]


def wrong(**goal: object) -> dict[str, object]:
    """A spec as it was stored when an accuracy was minimized unless somebody objected."""
    data = parse_yaml(BASE).model_dump(mode="json")
    data["goal"] = {"metric": "val_accuracy", "minimize": True, "target": None, "tolerance": None}
    data["goal"] |= goal
    return data


def test_a_stored_spec_of_the_wrong_direction_opens_unchanged_and_says_so() -> None:
    spec = stored_spec(wrong())
    assert spec.goal.minimize is True
    assert spec.hash == "b36a70a22da7cac28d2eb452af74d80db879c8fc6760f616008776d17854fc17"
    assert next(cells(spec)).key.startswith("7493bae4990dfcc0")
    [said] = doubts(wrong())
    assert "minimized val_accuracy, of which higher is better" in said
    assert "minimize: true" in to_yaml(spec)


def test_a_stored_target_beyond_the_metric_and_a_halving_the_wrong_way_are_told() -> None:
    data = wrong(minimize=False, target=90.0)
    assert stored_spec(data).goal.target == 90.0
    assert "The target 90 is not a number in [0, 1]" in doubts(data)[0]
    data = parse_yaml(f"{BASE}halving: {{metric: val_accuracy}}").model_dump(mode="json")
    assert doubts(data) == ()
    data["halving"]["minimize"] = True
    assert stored_spec(data).halving.minimize is True  # type: ignore[union-attr]
    assert "halving thus stopped the better trials" in doubts(data)[0]


def test_only_directions_and_ranges_of_stored_specs_are_let_through() -> None:
    with pytest.raises(SpecError, match="epochs"):
        stored_spec(wrong() | {"epochs": 0})
    with pytest.raises(SpecError, match=r"goal\.metric: got 'val_acc'"):
        stored_spec(wrong(metric="val_acc"))


def test_every_metric_of_every_problem_is_declared() -> None:
    for problem in catalog.problems.entries.values():
        for name in problem.metric_names:
            entry = catalog.metrics.get(name, "metric")
            low, high = entry.range
            assert low < high
            cap = entry.cap(problem.cap)
            assert cap is None or low <= cap <= high
