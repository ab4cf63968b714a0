"""Schedules and halving in specs: faults by field, definitions of cells, and what shares a pack."""

import pytest

from gofau_studies.errors import SpecError
from gofau_studies.spec import StudySpec, parse_spec, parse_yaml, to_yaml
from gofau_studies.spec.cells import Cell, cells
from gofau_studies.spec.entries import RuleSpec
from gofau_studies.spec.packs import bucket_key
from tests.studies.spec.test_spec import BASE

HYBRID = "rules: [{name: hybrid, gamma: 0.5, gamma_schedule: exponential}]"

FAULTS = [
    ("schedule: linear", "schedule.kind: got 'linear', expected 'constant', 'cosine' or 'step'"),
    ("schedule: {kind: cosine, warmup: 1}", "schedule.warmup: got 1, expected less than 1"),
    ("schedule: {kind: cosine, warmup: -0.1}", "schedule.warmup: got -0.1, expected greater"),
    ("schedule: {kind: cosine, floor: 1.5}", "schedule.floor: got 1.5, expected less than or"),
    ("schedule: {kind: step, floor: 0.5}", "schedule.floor: got 0.5, expected no floor of a step"),
    ("schedule: {floor: 0.5}", "schedule.floor: got 0.5, expected no floor of a constant schedule"),
    ("schedule: {kind: cosine, drops: [0.1]}", "schedule.drops: got (0.1,), expected no drops"),
    (
        "schedule: {kind: step, drops: []}",
        "schedule.drops: got [], expected a length of at least 1",
    ),
    (
        "schedule: {kind: step, drops: [0.5, 0.2]}",
        "schedule.drops: got [0.5, 0.2], expected rising",
    ),
    ("schedule: {kind: step, drop_factor: 0}", "schedule.drop_factor: got 0, expected greater"),
    ("schedule: {kind: step, step: 3}", "schedule.step: got 3, expected no such field"),
    ("halving: {first: 2}", "halving.first: got 2, expected below epochs = 2"),
    ("halving: {factor: 1}", "halving.factor: got 1, expected greater than or equal to 2"),
    ("halving: {rungs: 0}", "halving.rungs: got 0, expected greater than or equal to 1"),
    (
        "halving: {metric: f1, minimize: true}",
        "halving.metric: got 'f1', expected a metric of digits-mlp: val_loss",
    ),
    (
        "halving: {metric: val_accuracy, minimize: true}",
        "halving.minimize: got True, expected false or nothing, since higher is better",
    ),
    ("halving: {minimize: true}", "halving.metric: got None, expected the metric that is minim"),
    ("halving: true", "halving: got True, expected a mapping"),
    ("checkpoint_every: 0", "checkpoint_every: got 0, expected greater than or equal to 1"),
    (
        "rules: [{name: additive, schedule: {kind: cosine, floor: 2}}]",
        "rules[0].schedule.floor: got 2, expected less than or equal to 1",
    ),
    (
        "rules: [{name: additive, gamma_schedule: random}]",
        "rules[0].gamma_schedule: got 'random', expected none, since the rule additive has no",
    ),
    (
        "rules: [{name: hybrid, gamma: 0.1, gamma_schedule: random}]",
        "rules[0].gamma: got 0.1, expected no value and no axis",
    ),
    (
        "rules: [{name: hybrid, gamma_schedule: {kind: random, patience: 1}}]",
        "rules[0].gamma_schedule.patience: got 1, expected no patience of a random schedule",
    ),
    (
        "rules: [{name: hybrid, gamma_schedule: linear}]",
        "rules[0].gamma_schedule.kind: got 'linear', expected 'exponential', 'inverse' or 'random'",
    ),
    (
        "rules: [additive, {name: additive, label: b, schedule: constant}]",
        "rules: got ",
    ),
]


LONE = [
    "schedule: {kind: step, drops: [true]}",
    "rules: [{name: additive, schedule: {kind: cosine, floor: 2}}]",
    "axes: {lr: {log: [1, 2], points: fast}}",
    "axes: 5",
]


@pytest.mark.parametrize("extra", LONE)
def test_a_fault_inside_a_list_is_told_once(extra: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(base(extra))
    assert len(caught.value.errors) == 1


def base(extra: str) -> str:
    field = extra.partition(":")[0]
    kept = [line for line in BASE.strip().splitlines() if not line.startswith(f"{field}:")]
    return "\n".join([*kept, extra])


def with_axis(axis: str, extra: str = "") -> str:
    return BASE.replace("init_scale: {values: [0.5, 1]}", axis) + extra


@pytest.mark.parametrize(("extra", "message"), FAULTS)
def test_a_fault_names_its_field(extra: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(base(extra))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("axis", "extra", "message"),
    [
        ("floor: {values: [0, 0.1]}", "", "axes.floor: got 'floor', expected an axis that drives"),
        (
            "warmup: {values: [0, 1]}",
            "",
            "axes.warmup: got 1.0, expected a finite number in [0, 1)",
        ),
        (
            "floor: {values: [0, 0.1]}",
            "schedule: {kind: cosine, floor: 0.2}",
            "schedule.floor: got 0.2, expected no value here, since an axis sets it",
        ),
        (
            "gamma: {values: [0, 1]}",
            "",
            "axes.gamma: got 'gamma', expected an axis that drives a parameter of every rule",
        ),
    ],
)
def test_an_axis_that_no_schedule_has(axis: str, extra: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(with_axis(axis, extra))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    ["halving: {first: 1}\nsearch: {sampler: tpe, trials: 20}", "halving: {}\nrefine: {trials: 5}"],
)
def test_halving_beside_what_learns_from_ends(extra: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(BASE.replace("{values: [0.5, 1]}", "{log: [0.5, 1], points: 3}") + extra)
    assert "expected none beside a search or refinement" in str(caught.value)


def test_a_spec_without_schedules_hashes_as_it_did_before_there_were_any() -> None:
    spec = parse_yaml(BASE)
    assert spec.hash == "6916a612e0bb944ae3ed78115a3c06ec929924b04a07953bd2e9e2f0bcfb2c9a"
    assert (
        next(cells(spec)).key == "db3598442a92c3c525e9769c6659dcba8ac397be471524d4e4fa10945a9a2fae"
    )
    assert parse_yaml(base("schedule: constant")).hash == spec.hash
    assert parse_yaml(base("checkpoint_every: 5")).hash == spec.hash


@pytest.mark.parametrize(
    "extra", ["schedule: cosine", "schedule: {warmup: 0.1}", "halving: {}", HYBRID]
)
def test_what_changes_results_changes_the_hash(extra: str) -> None:
    spec = parse_yaml(base(extra))
    assert spec.hash != parse_yaml(BASE).hash
    keys = {cell.key for cell in cells(parse_yaml(BASE))}
    assert keys.isdisjoint(cell.key for cell in cells(spec))
    assert parse_yaml(to_yaml(spec)) == spec
    assert parse_spec(spec.model_dump(mode="json")) == spec
    assert StudySpec.model_validate_json(spec.model_dump_json()) == spec


def definitions(text: str, name: str) -> list[object]:
    return [cell.definition.get(name) for cell in cells(parse_yaml(text))]


def test_a_rule_has_its_own_schedule_or_the_studys() -> None:
    rules = "rules: [additive, {name: additive, label: b, schedule: {kind: step, drops: [0.5]}}]"
    found = definitions(base(rules) + "\nschedule: {kind: cosine, warmup: 0.1}", "schedule")
    assert found[0] == {"kind": "cosine", "warmup": 0.1, "floor": 0.0}
    assert found[-1] == {"kind": "step", "warmup": 0.0, "drop_factor": 0.1, "drops": [0.5]}
    plain = "rules: [additive, {name: additive, label: b, schedule: cosine}]"
    assert definitions(base(plain), "schedule")[0] is None


def test_an_axis_drives_a_schedule() -> None:
    text = with_axis("warmup: {values: [0, 0.2]}")
    found = {cell.point["warmup"]: cell.definition for cell in cells(parse_yaml(text))}
    assert {warmup: d["schedule"] for warmup, d in found.items()} == {
        0.0: {"kind": "constant", "warmup": 0.0},
        0.2: {"kind": "constant", "warmup": 0.2},
    }
    assert all("warmup" not in d["hyper"] for d in found.values())


def test_gamma_schedules_leave_gamma_to_the_rule() -> None:
    text = base("rules: [{name: hybrid, gamma_schedule: {kind: inverse, patience: 1}}]")
    spec = parse_yaml(text.replace("init_scale: {values: [0.5, 1]}", "gamma: {values: [0.2, 0.9]}"))
    found = [cell.definition for cell in cells(spec)]
    assert {d["hyper"]["gamma"] for d in found} == {0.2, 0.9}
    assert all(d["gamma_schedule"] == {"kind": "inverse", "patience": 1} for d in found)


def test_halving_is_part_of_the_cell() -> None:
    own = "halving: {first: 1, rungs: 2, metric: val_accuracy, minimize: false}"
    assert definitions(base("halving: {}"), "halving")[0] == {
        "first": 1, "factor": 3, "rungs": None, "metric": "val_loss", "minimize": True,
    }  # fmt: skip
    assert definitions(base(own), "halving")[0] == {
        "first": 1, "factor": 3, "rungs": 2, "metric": "val_accuracy", "minimize": False,
    }  # fmt: skip


CHOICES = (
    "rules: [{name: hybrid, label: a}, {name: hybrid, label: b, schedule: cosine}, "
    "{name: hybrid, label: c, gamma_schedule: exponential}]"
)


def by_rule(text: str) -> dict[str, Cell]:
    return {cell.rule: cell for cell in cells(parse_yaml(text))}


def test_schedules_vary_inside_a_pack_but_do_not_compete_under_halving() -> None:
    free = by_rule(base(CHOICES)).values()
    assert len({bucket_key(cell.definition) for cell in free}) == 1
    halved = by_rule(base(CHOICES) + "\nhalving: {}").values()
    assert len({bucket_key(cell.definition) for cell in halved}) == 3


def test_labels_tell_schedules_apart() -> None:
    rules = (
        "rules: [{name: hybrid, gamma: 0.5, schedule: cosine}, "
        "{name: hybrid, gamma: 0.5, gamma_schedule: inverse}]"
    )
    labels = [rule.label for rule in parse_yaml(base(rules)).rules]
    assert labels == ["hybrid(gamma=0.5, cosine)", "hybrid(gamma=0.5, inverse)"]
    assert RuleSpec.model_validate({"name": "hybrid", "schedule": "cosine"}).schedule is not None
