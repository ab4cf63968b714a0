"""What a spec asks for, however it is written: the form that its hash is of."""

from collections.abc import Iterable, Mapping
from typing import Any

from gofau import catalog
from gofau_studies.spec.entries import DirectionSpec, NamedEntry, RuleSpec
from gofau_studies.spec.fields import SpecFields
from gofau_studies.spec.settings.hyper import rule_drives

UNHASHED = ("name", "description", "tags", "max_attempts", "checkpoint_every")
"""Fields that change no result."""

HASHED_IF_USED = ("refine", "halving", "autocast")
"""Fields that the hash leaves out at their default, as it did before they existed."""


def meaning(spec: SpecFields) -> dict[str, Any]:
    """Everything of a spec that can change a result, in one form.

    Numbers have the type of their parameter, and parameters at their defaults are left out, as are
    drives that say what holds anyhow. A study's schedule stands with each rule that follows it,
    and what decides a halving is named.
    """
    fields = type(spec).model_fields
    unused = {name for name in HASHED_IF_USED if getattr(spec, name) == fields[name].default}
    data = spec.model_dump(mode="json", exclude={*UNHASHED, *unused, "schedule"})
    for field in ("problems", "directions", "rules"):
        entries: Iterable[NamedEntry] = getattr(spec, field)
        data[field] = [{"label": entry.label, **entry_meaning(spec, entry)} for entry in entries]
    data["fixed"] = _chosen(spec.fixed, (*catalog.common.parameters, catalog.init_scale))
    directions = (catalog.directions.get(d.name, "directions") for d in spec.directions)
    if all(direction.decouples_decay for direction in directions):
        data["fixed"].pop("decoupled_decay", None)
    if spec.halving is not None:
        data["halving"] = spec.halving.definition(spec.goal.metric, spec.goal.minimize)
    return data


def entry_meaning(spec: SpecFields, entry: NamedEntry) -> dict[str, Any]:
    """What an entry of a spec asks for, without its label."""
    known = _registry(entry).get(entry.name, "name").parameters
    said: dict[str, Any] = {
        "name": entry.name,
        "parameters": _chosen(entry.parameters, known),
    }
    return said | _of_rule(spec, entry) if isinstance(entry, RuleSpec) else said


def _of_rule(spec: SpecFields, rule: RuleSpec) -> dict[str, Any]:
    unsaid = rule.model_copy(update={"drives": {}})
    drives = {axis: sorted(names) for axis, names in rule.drives.items()}
    changed = {a: n for a, n in drives.items() if n != sorted(rule_drives(a, unsaid))}
    said: dict[str, Any] = {"drives": changed}
    if schedule := spec.schedule_of(rule).definition():
        said["schedule"] = schedule
    if rule.gamma_schedule is not None:
        said["gamma_schedule"] = rule.gamma_schedule.definition()
    return said


def _registry(entry: NamedEntry) -> "catalog.Registry[Any]":
    if isinstance(entry, RuleSpec):
        return catalog.rules
    return catalog.directions if isinstance(entry, DirectionSpec) else catalog.problems


def _chosen(
    given: Mapping[str, object], known: Iterable[catalog.Parameter]
) -> dict[str, catalog.Scalar]:
    """The values that differ from the catalog's defaults, each in its parameter's type."""
    checked = {
        p.name: (p.check(given[p.name], p.name), p.default) for p in known if p.name in given
    }
    return {name: value for name, (value, default) in checked.items() if value != default}
