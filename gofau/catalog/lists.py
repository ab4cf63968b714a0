"""All directions, rules, problems and metrics that there are.

Our own are declared beside their mathematics, in files that import this package; so they are
looked for when somebody first asks, as plug-ins are.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from gofau.catalog import plugins
from gofau.catalog.entries import DirectionEntry, ProblemEntry, RuleEntry
from gofau.catalog.found import DIRECTIONS, PROBLEMS, RULES, declared
from gofau.catalog.metrics import METRICS, MetricEntry, MetricError
from gofau.catalog.registry import Registry
from gofau.catalog.toys import TOYS


def _plugged_directions() -> Iterable[DirectionEntry]:
    for found in plugins.direction_plugins():
        found.refuse_name_in(directions.entries)
        yield found.plugin.entry


def _plugged_rules() -> Iterable[RuleEntry]:
    for found in plugins.rule_plugins():
        found.refuse_name_in(rules.entries)
        yield found.plugin.entry


def _plugged_problems() -> Iterable[ProblemEntry]:
    for found in plugins.problem_plugins():
        found.refuse_name_in(problems.entries)
        with found.blamed(MetricError, "metrics that it declares or the catalog has"):
            _admit_metrics(found.plugin.entry)
        yield found.plugin.entry


def _brought_metrics() -> Iterable[MetricEntry]:
    """None of its own: completing the problems brings in the metrics that plug-ins declare."""
    problems.complete()
    return ()


def _admit_metrics(problem: ProblemEntry) -> None:
    """Take in the metrics that a problem brings, and refuse a name that nobody declares."""
    brought = {one.name: one for one in problem.metrics if isinstance(one, MetricEntry)}
    for name in problem.metric_names:
        known, mine = metrics.declared.get(name), brought.get(name)
        if known is None and mine is None:
            raise MetricError(f"problem {problem.name!r}: metrics: {_undeclared(name)}")
        if known is not None and mine not in (None, known):
            expected = f"{known} as declared before, or another name"
            raise MetricError(f"problem {problem.name!r}: got {mine}, expected {expected}")
    for name, mine in brought.items():
        if name not in metrics.declared:
            metrics.add(mine)


def _undeclared(name: str) -> str:
    known = ", ".join(metrics.declared)
    nearest = get_close_matches(name, metrics.declared, 1)
    meant = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return (
        f"got {name!r}, expected one of the catalog's, {known}{meant}, or a "
        "gofau.catalog.MetricEntry that says which way it is better and what a diverged trial "
        f'counts as, such as MetricEntry({name!r}, "what it is", minimize=False, worst=0.0)'
    )


directions: Registry[DirectionEntry] = Registry(
    "direction", _plugged_directions, own=lambda: [one.entry for one in declared(DIRECTIONS)]
)
rules: Registry[RuleEntry] = Registry(
    "rule", _plugged_rules, own=lambda: [one.entry for one in declared(RULES)]
)
metrics: Registry[MetricEntry] = Registry("metric", _brought_metrics, own=lambda: METRICS)
problems: Registry[ProblemEntry] = Registry(
    "problem",
    _plugged_problems,
    _admit_metrics,
    own=lambda: (*(one.entry for one in declared(PROBLEMS)), *TOYS),
)
