"""A spec in the words of its report."""

from collections.abc import Mapping

from gofau_service.store.tables.studies import Study
from gofau_studies.report.model import SpecSummary
from gofau_studies.spec import StudySpec
from gofau_studies.spec.entries import RuleSpec
from gofau_studies.spec.resolution import driven, examples, values


def summary(study: Study, spec: StudySpec) -> SpecSummary:
    """What a study asked for, each setting in words."""
    return SpecSummary(name=study.name, spec_hash=study.spec_hash, settings=_settings(spec))


def _settings(spec: StudySpec) -> dict[str, str]:
    shown = {
        "problems": ", ".join(p.label for p in spec.problems),
        "epochs": _counts(spec, "epochs"),
        "batch size": _counts(spec, "batch_size"),
        "directions": ", ".join(d.label for d in spec.directions),
        "seeds": str(len(spec.seeds)),
        "goal": f"{'minimize' if spec.goal.minimize else 'maximize'} {spec.goal.metric}",
    }
    for name, axis in spec.axes.items():
        low, high = axis.bounds
        count = f"{axis.size} values, " if spec.search.is_grid else ""
        shown[f"axis {name}"] = f"{count}{low:g} to {high:g}"
    if not spec.search.is_grid:
        found = spec.search
        shown["search"] = f"{found.sampler}, {found.budget} points a rule, seed {found.seed}"
    if spec.refine:
        shown["refined"] = f"{spec.refine.trials} cells a rule in {spec.refine.rounds} rounds"
    if spec.halving:
        shown["halving"] = _words(spec.halving.definition(spec.goal.metric, spec.goal.minimize))
    for rule in spec.rules:
        driven = [f"{a} → {', '.join(_drives(spec, a, rule.label))}" for a in spec.axes]
        shown[f"rule {rule.label}"] = "; ".join([*driven, *_schedules(spec, rule)])
    return shown


def _counts(spec: StudySpec, field: str) -> str:
    return ", ".join(map(str, values(spec, field)))


def _schedules(spec: StudySpec, rule: RuleSpec) -> list[str]:
    rates = spec.schedule_of(rule).definition()
    gamma = rule.gamma_schedule.definition() if rule.gamma_schedule else {}
    found = {"schedule": rates, "γ schedule": gamma}
    return [f"{name}: {_words(given)}" for name, given in found.items() if given]


def _words(given: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in given.items() if value is not None)


def _drives(spec: StudySpec, axis: str, label: str) -> list[str]:
    arms = (arm for arm in examples(spec) if arm.rule.label == label)
    return list(dict.fromkeys(p.name for arm in arms for p in driven(axis, arm)))
