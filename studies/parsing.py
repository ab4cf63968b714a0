"""From YAML or JSON text to a `StudySpec`, with every fault named by its field."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from studies.errors import FieldError, SpecError
from studies.spec import StudySpec

MAX_TEXT = 1_000_000
MAX_DEPTH = 32

PLAIN = {"tuple_type": "a list", "dict_type": "a mapping", "model_type": "a mapping"}
"""Pydantic's findings in the words of YAML."""


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases (no bombs) and without repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"line {event.start_mark.line + 1}: aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            where = f"line {key_node.start_mark.line + 1}"
            if not isinstance(key, str):
                raise yaml.YAMLError(f"{where}: key {key!r} is not text")
            if key in seen:
                raise yaml.YAMLError(f"{where}: key {key!r} is repeated")
            seen.add(key)
        return super().construct_mapping(node, deep)


_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def parse_yaml(text: str) -> StudySpec:
    """Parse YAML (or JSON) text into a spec.

    Raises:
        SpecError: text too long, not YAML, not a mapping, or a spec with faults.
    """
    if len(text) > MAX_TEXT:
        raise SpecError([FieldError("", f"{len(text)} characters", f"at most {MAX_TEXT}")])
    try:
        data = yaml.load(text, Loader=_PlainLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SpecError([FieldError("", _first_line(error), "a YAML or JSON document")]) from error
    return parse_spec(data)


def parse_spec(data: object) -> StudySpec:
    """Validate plain data into a spec.

    Raises:
        SpecError: one `FieldError` a fault, with the field's path.
    """
    if not isinstance(data, Mapping):
        raise SpecError([FieldError("", data, "a mapping of spec fields")])
    if _depth(data) > MAX_DEPTH:
        raise SpecError([FieldError("", "deep nesting", f"at most {MAX_DEPTH} levels")])
    try:
        return StudySpec.model_validate(data)
    except ValidationError as error:
        raise SpecError(field_errors(error.errors(include_url=False))) from error


def field_errors(details: Sequence[ErrorDetails]) -> list[FieldError]:
    """Pydantic's findings as `FieldError` values, in order, without repeats."""
    found = [_field_error(detail) for detail in details if not _follows(detail)]
    return list({(e.path, e.expected): e for e in found}.values())


def _follows(detail: ErrorDetails) -> bool:
    """Whether a list counts as too short only because entries of it have faults of their own."""
    least = detail.get("ctx", {}).get("min_length", 0)
    given = detail["input"]
    return (
        detail["type"] == "too_short"
        and isinstance(given, list | tuple | dict)
        and len(given) >= least
    )


def _field_error(detail: ErrorDetails) -> FieldError:
    context = detail.get("ctx", {})
    base = _path(detail["loc"])
    if detail["type"] == "field":
        path = ".".join(part for part in (base, context["path"]) if part)
        return FieldError(path, context["got"], context["expected"])
    if detail["type"] == "missing":
        return FieldError(base, None, "a value, since the field is required")
    if detail["type"] == "extra_forbidden":
        return FieldError(base, detail["input"], "no such field")
    if detail["type"] == "too_short":
        return FieldError(base, detail["input"], f"a length of at least {context['min_length']}")
    return FieldError(base, detail["input"], PLAIN.get(detail["type"]) or _message(detail))


def _message(detail: ErrorDetails) -> str:
    return detail["msg"].removeprefix("Input should be ")


def _path(loc: Sequence[int | str]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _depth(value: object) -> int:
    deepest, stack = 0, [(value, 1)]
    while stack:
        item, depth = stack.pop()
        deepest = max(deepest, depth)
        if depth > MAX_DEPTH:
            break
        if isinstance(item, Mapping):
            stack.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list | tuple):
            stack.extend((child, depth + 1) for child in item)
    return deepest


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__


def to_yaml(spec: StudySpec) -> str:
    """The spec as YAML that `parse_yaml` reads back to the same spec."""
    data = json.loads(spec.model_dump_json(exclude_defaults=True))
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
