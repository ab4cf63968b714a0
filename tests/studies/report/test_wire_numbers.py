"""Numbers that are not finite come back from a report's JSON as what they were, everywhere."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from math import inf, nan
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import BaseMetadata
from pydantic import BaseModel

from gofau_studies.report.model import RobustnessReport
from gofau_studies.report.part import ReportPart

AT = datetime(2026, 1, 2, tzinfo=UTC)


def filled(kind: Any, number: float) -> Any:
    """A value of an annotation in which every float is ``number``."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal or kind is Any:
        return parts[0] if parts else "text"
    if origin in (Annotated, Union, UnionType):
        return filled(next(part for part in parts if part is not NoneType), number)
    if origin is tuple:
        kinds = parts[:1] if Ellipsis in parts else parts
        return tuple(filled(part, number) for part in kinds)
    if origin is dict:
        return {filled(parts[0], number): filled(parts[1], number)}
    if issubclass(kind, BaseModel):
        return made(kind, number)
    plain = {float: number, int: 3, str: "text", bool: True, datetime: AT}
    return next(iter(kind)) if issubclass(kind, Enum) else plain[kind]


def made(model: type[BaseModel], number: float) -> BaseModel:
    """A model all of whose numbers are ``number``, but for those that a range holds."""
    values = {}
    for name, field in model.model_fields.items():
        bounded = any(isinstance(part, BaseMetadata) for part in field.metadata)
        values[name] = field.default if bounded else filled(field.annotation, number)
    return model(**values)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)


@pytest.mark.parametrize("number", [inf, -inf, nan, 0.5])
def test_every_number_of_a_report_survives_its_json(number: float) -> None:
    report = made(RobustnessReport, number)
    assert isinstance(report, RobustnessReport)
    again = RobustnessReport.from_json(report.to_json())
    found = list(numbers(again.model_dump(exclude={"settings"})))
    assert len(found) > 20
    assert set(map(repr, found)) == {repr(number)}
    assert again.settings == report.settings


def test_the_filler_reaches_every_part() -> None:
    text = repr(made(RobustnessReport, 0.5))
    parts = [part.__name__ for part in ReportPart.__subclasses__() if part.__name__ != "Supplement"]
    assert [name for name in parts if f"{name}(" not in text and name != "RobustnessReport"] == []
