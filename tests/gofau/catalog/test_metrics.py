"""Metrics are declared once: which way they are better, their unit and their bounds."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from gofau import catalog
from gofau.catalog import SHARE, MetricEntry, MetricError, ProblemEntry, plugins
from gofau.catalog.plugins import PluginError, ProblemPlugin
from gofau_studies.errors import SpecError
from gofau_studies.spec.parsing import parse_yaml

F1 = MetricEntry("val_f1", "F1.", minimize=False, unit=SHARE, worst=0.0, best=1.0)

CONTRADICTIONS = [
    ({"name": ""}, "got an empty name"),
    ({"worst": 0.0, "best": 1.0}, "expected the lower one to be the best"),
    ({"worst": 1.0, "best": 1.0}, "expected the lower one to be the best"),
    ({"minimize": False, "worst": 1.0, "best": 0.0}, "expected the higher one to be the best"),
    ({"minimize": False, "worst": "cap"}, "a problem's cap, which bounds a loss from above"),
    ({"worst": float("inf")}, "worst: got inf, expected a number"),
    ({"best": float("nan")}, "best: got nan, expected a number"),
]

RANGES = [
    (F1, (0.0, 1.0), 0.0),
    (MetricEntry("a", "A.", True, worst="cap"), (-float("inf"), float("inf")), 2.3),
    (MetricEntry("b", "B.", True, worst=1.0, best=0.0), (0.0, 1.0), 1.0),
    (MetricEntry("c", "C.", False), (-float("inf"), float("inf")), None),
]


@pytest.fixture
def apart() -> Iterator[None]:
    """Give the catalog's registries back what they had."""
    kept = [(r, dict(r.entries)) for r in (catalog.metrics, catalog.problems)]
    yield
    for registry, entries in kept:
        registry._entries.clear()  # type: ignore[attr-defined]
        registry._entries.update(entries)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("given", "message"), CONTRADICTIONS)
def test_facts_that_contradict_each_other_are_refused(
    given: dict[str, object], message: str
) -> None:
    with pytest.raises(MetricError, match=message):
        MetricEntry(**{"name": "x", "doc": "X.", "minimize": True, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(("entry", "bounds", "cap"), RANGES)
def test_a_metric_knows_its_range_and_what_a_diverged_trial_counts_as(
    entry: MetricEntry, bounds: tuple[float, float], cap: float | None
) -> None:
    assert entry.range == bounds
    assert entry.cap(2.3) == cap
    assert entry.cap(float("inf")) == (None if entry.worst == "cap" else cap)


@pytest.mark.usefixtures("apart")
def test_a_problem_brings_a_metric_and_goals_take_its_direction() -> None:
    catalog.problems.add(ProblemEntry("with-f1", "F1.", metrics=("val_loss", F1)))
    assert catalog.problems.get("with-f1", "problem").metric_names == ("val_loss", "val_f1")
    text = (
        "{name: a, problem: with-f1, epochs: 1, directions: [sgd], rules: [additive], "
        "axes: {lr: {values: [0.1, 1.0]}}, goal: {metric: val_f1"
    )
    assert parse_yaml(f"{text}}}}}").goal.minimize is False
    with pytest.raises(SpecError, match=r"goal.target: got 1.5, expected a number in \[0, 1\]"):
        parse_yaml(f"{text}, target: 1.5}}}}")
    again = ProblemEntry("with-f1-too", "F1.", metrics=(F1, "val_loss"))
    catalog.problems.add(again)
    other = MetricEntry("val_f1", "F1.", minimize=True)
    with pytest.raises(MetricError, match="as declared before, or another name"):
        catalog.problems.add(ProblemEntry("other-f1", "F1.", metrics=(other,)))
    assert "other-f1" not in catalog.problems.entries


@pytest.mark.usefixtures("apart")
def test_a_metric_that_nobody_declares_is_refused_with_how_to_declare_it() -> None:
    brought = MetricEntry("val_auc", "AUC.", minimize=False)
    with pytest.raises(MetricError) as caught:
        catalog.problems.add(ProblemEntry("x", "X.", metrics=(brought, "val_acuracy")))
    said = str(caught.value)
    assert "did you mean 'val_accuracy'?" in said
    assert "MetricEntry('val_acuracy'" in said
    assert "x" not in catalog.problems.entries
    assert "val_auc" not in catalog.metrics.entries


def test_a_plugin_with_an_undeclared_metric_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = ProblemPlugin(ProblemEntry("theirs", "X.", metrics=("score",)), "theirs:Class")
    found = plugins.Found(EntryPoint("mine", "theirs:entry", "gofau.problems"), plugin)
    monkeypatch.setattr(plugins, "problem_plugins", lambda: (found,))
    with pytest.raises(PluginError, match=r"plug-in mine = theirs:entry .*got 'score'"):
        list(catalog.problems.discover())


@pytest.mark.usefixtures("apart")
def test_reading_metrics_brings_in_those_of_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = ProblemPlugin(ProblemEntry("theirs", "X.", metrics=(F1,)), "theirs:Class")
    found = plugins.Found(EntryPoint("mine", "theirs:entry", "gofau.problems"), plugin)
    monkeypatch.setattr(plugins, "problem_plugins", lambda: (found,))
    for registry in (catalog.metrics, catalog.problems):
        monkeypatch.setattr(registry, "_taken", {"own"})
    assert catalog.metrics.get("val_f1", "metric") is F1
