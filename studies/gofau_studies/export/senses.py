"""Which way a number of an exported run is better, in words, for trackers that know none."""

from gofau import catalog
from gofau.catalog.metrics import better_side
from gofau_studies.metrics.facts import RESULTS, facts_of
from gofau_studies.report.wording import sense
from gofau_studies.spec.goal import Goal


def sense_of(name: str, goal: Goal) -> str:
    """``higher is better, in percent`` of a metric or a result; empty of one without a direction.

    The goal's direction is the study's own, as its trials were judged.
    """
    own = catalog.metrics.entries.get(goal.metric)
    unit = own.unit if own is not None else ""
    if name in RESULTS:
        facts = facts_of(RESULTS[name], minimize=goal.minimize, metric_unit=unit or goal.metric)
        return sense(facts.better, facts.unit)
    if name == goal.metric:
        return sense(better_side(goal.minimize), unit)
    entry = catalog.metrics.entries.get(name)
    return "" if entry is None else sense(entry.better, entry.unit)
