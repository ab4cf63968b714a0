"""A further axis is one file, and its values train, are reported and are asked for."""

import json
from typing import Any

import pytest

from tests.where.copied import Copy, Patch, copied

SETTINGS = "studies/gofau_studies/spec/settings"
BATCH_SIZE = '''"""The batch size, a field of the spec, as an axis."""

from gofau import catalog
from gofau.catalog import CatalogError, Parameter
from gofau_studies.spec.fields import DEFAULT_BATCH, Arm, SpecFields
from gofau_studies.spec.setting import Part, Setting

NAME = "batch_size"
SIZE = Parameter(NAME, int, DEFAULT_BATCH, "examples a step", low=1, high=1_000_000)


class BatchSize(Setting):
    """``batch_size``, wherever a step does not take the whole problem."""

    named = (SIZE,)

    def drives(self, axis: str, arm: Arm) -> tuple[Parameter, ...]:
        """The size."""
        whole = catalog.problems.get(arm.problem.name, "problems").full_batch
        return (SIZE,) if axis == NAME and not whole else ()

    def settle(self, arm: Arm) -> Part:
        """The axis's value in place of the spec's."""
        return lambda driven: driven

    def check(self, spec: SpecFields) -> None:
        """Refuse a size beside the axis."""
        if NAME in spec.axes and spec.batch_size != DEFAULT_BATCH:
            raise CatalogError(NAME, spec.batch_size, "no value here, since an axis sets it")


KIND = BatchSize()
'''
WIDTH = '''"""The width of a network, a parameter of the problem, as an axis."""

from gofau import catalog
from gofau.catalog import CatalogError, Parameter
from gofau_studies.spec.fields import Arm, SpecFields
from gofau_studies.spec.setting import Part, Setting

NAME = "width"


class Width(Setting):
    """``width`` of problems that have one."""

    named = (Parameter(NAME, int, 64, "units of a layer", low=1, high=4096),)

    def drives(self, axis: str, arm: Arm) -> tuple[Parameter, ...]:
        """The problem's own parameter."""
        found = catalog.problems.get(arm.problem.name, "problems").parameter(NAME)
        return (found,) if axis == NAME and found is not None else ()

    def settle(self, arm: Arm) -> Part:
        """The problem's parameters with the axis's value."""
        entry = catalog.problems.get(arm.problem.name, "problems")
        fixed = entry.resolve(arm.problem.parameters, "problems")
        return lambda driven: {"problem_parameters": {**fixed, **driven}}

    def check(self, spec: SpecFields) -> None:
        """Refuse a width beside the axis."""
        for i, problem in enumerate(spec.problems):
            if NAME in spec.axes and NAME in problem.parameters:
                expected = "no value here, since an axis sets it"
                raise CatalogError(f"problems[{i}].{NAME}", problem.parameters[NAME], expected)


KIND = Width()
'''
PATCHES: dict[str, Patch] = {
    "batch_size": {f"{SETTINGS}/batch_size.py": BATCH_SIZE},
    "width": {f"{SETTINGS}/width.py": WIDTH},
}
"""By axis, all that adds it: one is a field of the spec, one a parameter of the problem."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Where the values of both axes were seen."""
    both = {path: text for patch in PATCHES.values() for path, text in patch.items()}
    copy: Copy = copied(tmp_path_factory.mktemp("axis"), both)
    folder = tmp_path_factory.mktemp("store")
    found: dict[str, Any] = json.loads(copy.module("tests.where.axis_seen", str(folder)))
    return found


def test_an_axis_is_one_file() -> None:
    assert {name: len(patch) for name, patch in PATCHES.items()} == {"batch_size": 1, "width": 1}


def test_the_values_of_an_axis_are_those_that_train(seen: dict[str, Any]) -> None:
    """Of 1,437 examples: two epochs of five or of two steps; both learning rates in each pack."""
    steps = {256: 2 * 5, 512: 2 * 2}
    expected = [[2, size, width, steps[size]] for size in (256, 512) for width in (4, 8)]
    assert seen["packs"] == expected


def test_an_axis_is_seen_from_the_api_to_the_command_line(seen: dict[str, Any]) -> None:
    points = [
        {"lr": lr, "batch_size": size, "width": width}
        for lr in (0.1, 0.2)
        for size in (256, 512)
        for width in (4, 8)
    ]
    assert seen["points"] == sorted(points, key=lambda point: point["batch_size"])
    assert seen["wide"] == [point for point in points if point["width"] == 8]
    assert [float(width) for width in seen["csv"]] == [point["width"] for point in points]
    assert "batch_size 512, width 8" in seen["cli"]
    assert "width 4" not in seen["cli"]
    assert seen["rules"] == [
        f"additive[batch_size={size}, width={width}]" for size in (256, 512) for width in (4, 8)
    ]
    settings = seen["settings"]
    assert (settings["batch size"], settings["axis width"]) == ("256, 512", "2 values, 4 to 8")
    assert settings["rule additive"] == "lr → lr; batch_size → batch_size; width → width"
    assert {"batch_size", "width", "init_scale", "warmup"} < set(seen["catalog"])


def test_what_contradicts_an_axis_is_refused(seen: dict[str, Any]) -> None:
    problems = "an axis that drives a parameter of every rule and direction (rules[0], "
    expected = {
        "a fraction": "axes.width: got 4.5, expected an integer in [1, 4096]",
        "out of range": "axes.width: got 0, expected an integer in [1, 4096]",
        "more than there are": "axes.batch_size: got 2048, expected at most 1437, the training",
        "too few steps": "schedule.warmup: got 0.2, expected 0, or a share of a trial's 4 steps",
        "two values": "batch_size: got 32, expected no value here, since an axis sets it",
        "a value of the problem's": "problems[0].width: got 16, expected no value here, since",
        "no such setting": "axes.batch_size: got 'batch_size', expected an axis that drives a",
        "not of every problem": f"got 'batch_size', expected {problems}directions[0], problems[1])",
    }
    assert seen["refusals"].keys() == expected.keys()
    for name, said in expected.items():
        assert said in seen["refusals"][name]
