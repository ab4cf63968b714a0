"""Plug-ins: found once, checked, refused with their entry point's name; the template works."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gofau import catalog, version
from gofau.catalog import Registry, plugins
from gofau.catalog.plugins import PluginError, ProblemPlugin, RulePlugin
from gofau.directions import Direction
from gofau.fingerprint.code import code_of
from gofau.problems import Problem
from gofau.rules import UpdateRule

TEMPLATE = Path(__file__).parents[3] / "examples" / "plugin"
POINTS = [
    EntryPoint("moons-mlp", "gofau_moons.entries:moons_mlp", "gofau.problems"),
    EntryPoint("soft-sign", "gofau_moons.entries:soft_sign", "gofau.rules"),
    EntryPoint("lion", "gofau_moons.lion:lion", "gofau.directions"),
]


def fresh() -> None:
    plugins.problem_plugins.cache_clear()
    plugins.rule_plugins.cache_clear()
    plugins.direction_plugins.cache_clear()
    version.code_version.cache_clear()


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """What is installed, as a list to change; starts with the template's entry points."""
    installed = list(POINTS)
    monkeypatch.syspath_prepend(TEMPLATE)
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: [p for p in installed if p.group == group]
    )
    fresh()
    yield installed
    fresh()
    for name in [n for n in sys.modules if n.startswith("gofau_moons")]:
        del sys.modules[name]


def test_a_plugin_brings_its_entry_and_its_implementation(points: list[EntryPoint]) -> None:
    (problem,), (rule,) = plugins.problem_plugins(), plugins.rule_plugins()
    (direction,) = plugins.direction_plugins()
    assert direction.plugin.entry.name == direction.implementation(Direction).name == "lion"
    assert problem.plugin.entry.name == problem.implementation(Problem).name == "moons-mlp"
    assert rule.plugin.entry.name == rule.implementation(UpdateRule).name == "soft-sign"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("gofau_moons.missing:x", "got No module named 'gofau_moons.missing', expected a Problem"),
        ("gofau_moons.entries:missing", "got module .* has no attribute 'missing', expected a Pr"),
        ("gofau_moons.entries:soft_sign", r"got RulePlugin\(.*, expected a ProblemPlugin; repair"),
        (
            "broken_syntax:x",
            r"got SyntaxError: '\[' was never closed .*, expected a Problem",
        ),
        ("broken_value:x", "got ValueError: expected a positive input, expected a ProblemPlugin;"),
    ],
)
def test_an_entry_point_that_does_not_fit_is_named(
    points: list[EntryPoint],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    value: str,
    message: str,
) -> None:
    (tmp_path / "broken_syntax.py").write_text("x = [")
    (tmp_path / "broken_value.py").write_text("raise ValueError('expected a positive input')")
    monkeypatch.syspath_prepend(tmp_path)
    points[0] = EntryPoint("moons-mlp", value, "gofau.problems")
    with pytest.raises(PluginError, match=f"plug-in moons-mlp = {value} of .*{message}"):
        plugins.problem_plugins()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gofau_moons.nowhere:X", "got No module named 'gofau_moons.nowhere', expected gofau_moo"),
        ("gofau_moons.moons", "expected gofau_moons.moons"),
        ("gofau_moons.moons:TRAIN", "got 200, expected a subclass of UpdateRule"),
        ("gofau_moons.moons:MoonsMLP", "MoonsMLP'>, expected a subclass of UpdateRule"),
        ("gofau.rules.additive:Additive", "got the name 'additive', expected 'soft-sign'"),
        (
            "tests.gofau.catalog.broken_implementation:X",
            "got ZeroDivisionError: division",
        ),
    ],
)
def test_an_implementation_that_does_not_fit_is_named(
    points: list[EntryPoint], path: str, message: str
) -> None:
    (found,) = plugins.rule_plugins()
    broken = plugins.Found(found.point, RulePlugin(found.plugin.entry, path))
    with pytest.raises(PluginError, match=message):
        broken.implementation(UpdateRule)


def test_a_registry_asks_for_plugins_once_and_after_its_own(points: list[EntryPoint]) -> None:
    asked: list[int] = []

    def discover() -> list[catalog.ProblemEntry]:
        asked.append(1)
        assert "own" in registry.entries
        return [found.plugin.entry for found in plugins.problem_plugins()]

    registry: Registry[catalog.ProblemEntry] = Registry("problem", discover)
    registry.add(catalog.ProblemEntry("own", "An entry of our own."))
    assert registry.get("moons-mlp", "problem").classes == 2
    assert list(registry.entries) == ["own", "moons-mlp"]
    assert asked == [1]


def test_a_plugin_with_a_name_that_is_taken_is_refused_each_time(
    points: list[EntryPoint],
) -> None:
    (found,) = plugins.problem_plugins()
    registry: Registry[catalog.ProblemEntry] = Registry("problem", lambda: [found.plugin.entry])
    registry.add(catalog.ProblemEntry("moons-mlp", "Ours."))
    for _ in range(2):
        with pytest.raises(ValueError, match="problem 'moons-mlp' is registered already"):
            registry.get("moons-mlp", "problem")


@pytest.mark.parametrize(
    "registry",
    [catalog.rules, catalog.directions, catalog.problems],
    ids=["rule", "direction", "problem"],
)
def test_a_spec_is_not_blamed_for_a_plugin_with_a_name_of_ours(
    monkeypatch: pytest.MonkeyPatch, registry: Registry[catalog.RuleEntry]
) -> None:
    first = next(iter(registry.entries))
    plugin = ProblemPlugin(catalog.ProblemEntry(first, "Theirs."), "theirs:Class")
    found = plugins.Found(EntryPoint("mine", "theirs:entry", "gofau.rules"), plugin)
    for discover in ("rule_plugins", "direction_plugins", "problem_plugins"):
        monkeypatch.setattr(plugins, discover, lambda: (found,))
    with pytest.raises(PluginError, match=f"theirs:entry .*got the name '{first}', which is taken"):
        list(registry.discover())


def test_two_plugins_of_one_name_are_refused(points: list[EntryPoint]) -> None:
    points.append(EntryPoint("soft-sign-too", POINTS[1].value, "gofau.rules"))
    with pytest.raises(PluginError, match=r"plug-in soft-sign-too .*'soft-sign', which is taken"):
        plugins.rule_plugins()


def test_plugins_belong_to_the_inputs_and_not_to_the_version_of_the_code(
    points: list[EntryPoint], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_it, before = version.code_version(), template_sources()
    assert before.keys() == {
        "gofau_moons",
        "gofau_moons.entries",
        "gofau_moons.lion",
        "gofau_moons.moons",
        "gofau_moons.soft_sign",
    }
    shutil.copytree(TEMPLATE / "gofau_moons", tmp_path / "gofau_moons")
    with (tmp_path / "gofau_moons" / "moons.py").open("a") as file:
        file.write("\nCHANGED = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [n for n in sys.modules if n.startswith("gofau_moons")]:
        del sys.modules[name]
    fresh()
    after = template_sources()
    assert [name for name in before if after[name] != before[name]] == ["gofau_moons.moons"]
    assert version.code_version() == with_it


def template_sources() -> dict[str, str]:
    """The sources that training the template's problem by its direction and rule depends on."""
    (problem,), (rule,) = plugins.problem_plugins(), plugins.rule_plugins()
    (direction,) = plugins.direction_plugins()
    kind = problem.implementation(Problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalog.problems._entries, problem.plugin.entry.name, problem.plugin.entry)
        one = kind({})
        way = direction.implementation(Direction)()
        return code_of(one, way, rule.implementation(UpdateRule)(), one.module()).sources


def test_a_plugin_is_plain_data() -> None:
    entry = catalog.ProblemEntry("x", "Doc.")
    assert ProblemPlugin(entry, "a:B") == ProblemPlugin(entry, "a:B")


SERVICE = """
import sys, yaml
from gofau import catalog
from gofau_studies.spec import StudySpec
spec = StudySpec.model_validate(yaml.safe_load(open({study!r})))
print(spec.trial_count, list(catalog.rules.entries)[-1], list(catalog.directions.entries)[-1])
assert "torch" not in sys.modules, "validating needs torch"
"""

WORKER = """
from gofau_moons import entries  # the plug-in first, in whatever order a worker imports
from gofau.packing import PackPlan, TrialPlan, run_pack
hyper = {"sharpness": 0.5, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.0,
         "decoupled_decay": False}
trials = tuple(TrialPlan(k, 0, 1.0, {**hyper, "lr": lr}) for k, lr in enumerate((1e-3, 0.03)))
plan = PackPlan("moons-mlp", {"width": 8}, "lion", "soft-sign", 20, 20, trials, "val_loss")
for one in run_pack(plan):
    print(one.key, one.executor, one.outcome, one.metrics["val_accuracy"] > 0.9)
"""


@pytest.mark.slow
def test_the_template_installs_and_trains(tmp_path: Path) -> None:
    source, target = tmp_path / "plugin", tmp_path / "site"
    shutil.copytree(TEMPLATE, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "--target", str(target), str(source)], check=True)
    root = Path(__file__).parents[3]
    env = os.environ | {"PYTHONPATH": f"{target}:{root}", "OMP_NUM_THREADS": "1"}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        ended = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    study = SERVICE.format(study=str(source / "study.yaml"))
    assert run("-c", study) == "120 soft-sign lion\n"
    mlp = "compiled" if shutil.which(os.environ.get("CXX", "g++")) else "bmm"
    lines = run("-c", WORKER).splitlines()
    assert sorted(lines) == [f"0 {mlp} budget_exhausted False", f"1 {mlp} budget_exhausted True"]
    assert "3 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(source / "tests"))
