"""The schedule of a rule's learning rates, of which some settings may be axes."""

from collections.abc import Mapping
from typing import Any

from gofau.catalog import CatalogError, Parameter, Scalar
from gofau_studies.spec.fields import Arm, SpecFields
from gofau_studies.spec.schedules import AXES
from gofau_studies.spec.setting import Part, Setting


class Rates(Setting):
    """``schedule``, absent where nothing changes the rates."""

    rank = 2
    named = tuple(AXES.values())

    def drives(self, axis: str, arm: Arm) -> tuple[Parameter, ...]:
        """The setting of that name, where the arm's kind of schedule has it."""
        return (AXES[axis],) if axis in AXES and arm.schedule.has(axis) else ()

    def settle(self, arm: Arm) -> Part:
        """The arm's schedule, with the settings that axes give."""
        schedule = arm.schedule

        def part(driven: Mapping[str, Scalar]) -> dict[str, Any]:
            found = schedule.definition(driven)
            return {"schedule": found} if found else {}

        return part

    def check(self, spec: SpecFields) -> None:
        """Refuse a setting that stands both in a schedule and on an axis."""
        for i, rule in enumerate(spec.rules):
            path = "schedule" if rule.schedule is None else f"rules[{i}].schedule"
            schedule = spec.schedule_of(rule)
            for name in sorted(AXES.keys() & spec.axes.keys()):
                if getattr(schedule, name) != AXES[name].default:
                    expected = "no value here, since an axis sets it"
                    raise CatalogError(f"{path}.{name}", getattr(schedule, name), expected)


KIND = Rates()
