"""Spec entries that name something in the catalog: problems, directions and rules."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gofau_studies.spec.faults import fault, telling
from gofau_studies.spec.schedules import GammaSchedule, Schedule

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
Label = Annotated[str, Field(max_length=100), AfterValidator(telling)]
Value = bool | int | float | str


class NamedEntry(BaseModel):
    """``name`` alone, or a mapping of ``name``, an optional ``label`` and parameters.

    ``{name: hybrid, gamma: 0.5}`` and ``{name: hybrid, parameters: {gamma: 0.5}}`` are the same.
    The label stands in tables and figures and is unique among its siblings; by default it is the
    name, with the parameters where siblings share the name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Name
    label: Label = ""
    parameters: dict[str, Value] = {}

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"name": data}
        if not isinstance(data, Mapping):
            return data
        known = {key: value for key, value in data.items() if key in cls.model_fields}
        inline = {key: value for key, value in data.items() if key not in cls.model_fields}
        if inline:
            given = known.get("parameters", {})
            twice = sorted(inline.keys() & given.keys()) if isinstance(given, Mapping) else []
            if twice:
                raise fault(f"parameters.{twice[0]}", given[twice[0]], "each parameter once")
            known["parameters"] = {**inline, **given} if isinstance(given, Mapping) else given
        return known


E = TypeVar("E", bound=NamedEntry)


def label_entries(entries: tuple[E, ...]) -> tuple[E, ...]:
    """Give every entry without a label its name, with its parameters where a name repeats."""
    repeats = Counter(entry.name for entry in entries)
    return tuple(
        entry if entry.label else entry.model_copy(update={"label": _label(entry, repeats)})
        for entry in entries
    )


def _label(entry: NamedEntry, repeats: Counter[str]) -> str:
    distinction = [f"{key}={value}" for key, value in entry.parameters.items()]
    if isinstance(entry, RuleSpec):
        changing = (entry.schedule, entry.gamma_schedule)
        distinction += [found.kind for found in changing if found is not None]
    if repeats[entry.name] == 1 or not distinction:
        return entry.name
    return f"{entry.name}({', '.join(distinction)})"[:100]


class ProblemSpec(NamedEntry):
    """A problem of the catalog with its parameters."""


class DirectionSpec(NamedEntry):
    """A direction of the catalog with its parameters."""


class RuleSpec(NamedEntry):
    """An update rule with its parameters, and what each axis drives in it.

    ``drives: {lr: [lr_out]}`` names the parameters that an axis sets; by default ``lr`` drives
    what the catalog says for the rule, and any other axis the parameter of its own name.
    ``schedule`` changes the rule's learning rates over the steps, instead of the study's own
    schedule, and ``gamma_schedule`` its γ over the epochs.
    """

    drives: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = {}
    schedule: Schedule | None = None
    gamma_schedule: GammaSchedule | None = None
