"""Which way each number of a report is better, written into the report itself.

Whoever reads its JSON needs no table of directions beside it.
"""

from gofau_studies.metrics.facts import Facts, facts_of
from gofau_studies.metrics.scalar import Scalar
from gofau_studies.protocol.trial_facts import Better, Way
from gofau_studies.report.model import (
    AcrossReport,
    AcrossRule,
    Comparison,
    Curve,
    CurveKind,
    GroupReport,
    RuleReport,
)
from gofau_studies.report.rows import ROBUSTNESS

PROFILE: tuple[Way, str] = ("higher", "share of problems")
CURVES: dict[CurveKind, tuple[Way, str]] = {
    CurveKind.GOAL: ROBUSTNESS["best"],
    CurveKind.TUNING: ROBUSTNESS["best"],
    CurveKind.LEARNING: ROBUSTNESS["best"],
    CurveKind.STEPS: ROBUSTNESS["time_to_target"],
    CurveKind.PROFILE: PROFILE,
}
"""Direction and unit of what each kind of curve shows."""


def facts_in(name: str, group: GroupReport) -> Facts:
    """Direction and unit of a number of a group."""
    both = all(low < high for low, high in (group.lr_range, group.init_range))
    return facts_of(
        ROBUSTNESS[name], minimize=group.minimize, metric_unit=group.shown_unit, both_axes=both
    )


def facts_across(name: str) -> Facts:
    """Direction and unit of a number over several problems, which has no goal metric's unit."""
    return facts_of(ROBUSTNESS[name], minimize=True, metric_unit="")


def judged(difference: Scalar) -> str:
    """``better`` or ``worse`` by the sign of a difference; empty where neither can be said."""
    if difference.better == "neither" or not difference.value:
        return ""
    return "better" if (difference.value < 0) == (difference.better == "lower") else "worse"


def directed(group: GroupReport) -> GroupReport:
    """The group with the direction of each of its numbers and curves."""
    return group.model_copy(
        update={
            "rules": tuple(_rule(rule, group) for rule in group.rules),
            "comparisons": tuple(_comparison(c, group) for c in group.comparisons),
            "curves": tuple(_curve(c, _facts(CURVES[c.kind], group)) for c in group.curves),
        }
    )


def directed_across(report: AcrossReport) -> AcrossReport:
    """The same of numbers over several problems."""
    facts = facts_of(PROFILE, minimize=True, metric_unit="")
    return report.model_copy(
        update={
            "rules": tuple(_across_rule(rule) for rule in report.rules),
            "profiles": tuple(_curve(curve, facts) for curve in report.profiles),
        }
    )


def _facts(found: tuple[Way, str], group: GroupReport) -> Facts:
    return facts_of(found, minimize=group.minimize, metric_unit=group.shown_unit)


def _rule(rule: RuleReport, group: GroupReport) -> RuleReport:
    found = {name: _scalar(s, facts_in(name, group).better) for name, s in rule.scalars.items()}
    return rule.model_copy(update={"scalars": found})


def _across_rule(rule: AcrossRule) -> AcrossRule:
    found = {name: _scalar(s, facts_across(name).better) for name, s in rule.scalars.items()}
    return rule.model_copy(update={"scalars": found})


def _comparison(c: Comparison, group: GroupReport) -> Comparison:
    return c.model_copy(
        update={"difference": _scalar(c.difference, facts_in(c.metric, group).better)}
    )


def _scalar(scalar: Scalar, better: Better) -> Scalar:
    return scalar.model_copy(update={"better": better})


def _curve(curve: Curve, facts: Facts) -> Curve:
    return curve.model_copy(update={"better": facts.better, "unit": facts.unit})
