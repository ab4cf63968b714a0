"""From YAML or JSON text to a `StudySpec`, with every fault named by its field."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gofau_studies.errors import FieldError, SpecError
from gofau_studies.spec.study import STORED, StudySpec

MAX_TEXT = 1_000_000
MAX_DEPTH = 32

PLAIN = {"tuple_type": "a list", "dict_type": "a mapping", "model_type": "a mapping"}
"""Pydantic's findings in the words of YAML."""

SIZES = {
    "too_short": "a length of at least {min_length}",
    "too_long": "a length of at most {max_length}",
    "string_too_short": "text of {min_length} or more characters",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
}
"""Pydantic's findings on sizes and patterns, with what it knows of them."""

SCALARS = {"bool_type": "bool", "int_type": "int", "float_type": "float", "string_type": "str"}
"""What pydantic finds when a value is no member of a union, and the member that it then names."""

INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
MERGE, TIMESTAMP = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:timestamp"


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases (no bombs), without repeated keys, and with plain numbers.

    YAML 1.1 would take 010 for eight and 1:30 for ninety; both stay text here, which no field for
    a number takes. A date stays text, too, and 1e-3 is a number.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"line {event.start_mark.line + 1}: aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError) as error:
            where, kind = node.start_mark.line + 1, node.tag.rpartition(":")[2]
            raise yaml.YAMLError(f"line {where}: {node.value!r:.60} is no {kind}") from error

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            where = f"line {key_node.start_mark.line + 1}"
            if key_node.tag == MERGE:
                raise yaml.YAMLError(f"{where}: merge keys are not allowed")
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.YAMLError(f"{where}: key {key!r} is not text")
            if key in seen:
                raise yaml.YAMLError(f"{where}: key {key!r} is repeated")
            seen.add(key)
        return super().construct_mapping(node, deep)


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in (INT, FLOAT, TIMESTAMP)]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_PlainLoader.add_implicit_resolver(
    INT, re.compile(r"^[-+]?(0|[1-9][0-9_]*)$"), list("-+0123456789")
)
_PlainLoader.add_implicit_resolver(
    FLOAT,
    re.compile(
        r"""^[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+)([eE][-+]?[0-9]+)?$
        |^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$
        |^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$""",
        re.VERBOSE,
    ),
    list("-+.0123456789"),
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
    except yaml.YAMLError as error:
        raise SpecError([FieldError("", _gist(error), "a YAML or JSON document")]) from error
    except RecursionError as error:
        raise too_deep() from error
    return parse_spec(data)


def too_deep() -> SpecError:
    """What to raise for lists in lists in lists."""
    return SpecError([FieldError("", "deep nesting", f"at most {MAX_DEPTH} levels")])


def parse_spec(data: object, *, stored: bool = False) -> StudySpec:
    """Validate plain data into a spec.

    Args:
        data: a mapping of fields.
        stored: whether it was accepted before, so that what is refused only since is let through.

    Raises:
        SpecError: one `FieldError` a fault, with the field's path.
    """
    if not isinstance(data, Mapping):
        raise SpecError([FieldError("", data, "a mapping of spec fields")])
    if _depth(data) > MAX_DEPTH:
        raise too_deep()
    try:
        return StudySpec.model_validate(data, context=STORED if stored else None)
    except ValidationError as error:
        raise SpecError(field_errors(error.errors(include_url=False))) from error


def stored_spec(data: object) -> StudySpec:
    """The spec of a stored study.

    Metrics had no direction of their own once: a study that minimized an accuracy opens as it ran,
    and `gofau_studies.spec.goal.doubts` says so.

    Raises:
        SpecError: a spec that was never accepted, or that needs a plug-in which is gone.
    """
    return parse_spec(data, stored=True)


def field_errors(details: Sequence[ErrorDetails]) -> list[FieldError]:
    """Pydantic's findings as `FieldError` values, in order, without repeats."""
    found = [_field_error(detail) for detail in details if not _follows(detail)]
    return list({(e.path, e.expected): e for e in found}.values())


def _follows(detail: ErrorDetails) -> bool:
    """Whether a finding only follows from another: a default that needs a field with a fault, or
    a list that counts as too short because entries of it have faults of their own.
    """
    if detail["type"] == "default_factory_not_called":
        return True
    least = detail.get("ctx", {}).get("min_length", 0)
    given = detail["input"]
    return (
        detail["type"] == "too_short"
        and isinstance(given, list | tuple | dict)
        and len(given) >= least
    )


def _field_error(detail: ErrorDetails) -> FieldError:
    kind, got, context = detail["type"], detail["input"], detail.get("ctx", {})
    base = _path(detail["loc"])
    if kind == "field":
        path = ".".join(part for part in (base, context["path"]) if part)
        return FieldError(path, context["got"], context["expected"])
    if kind == "missing":
        return FieldError(base, None, "a value, since the field is required")
    if kind == "extra_forbidden":
        return FieldError(base, got, "no such field")
    if kind in SCALARS and detail["loc"][-1] == SCALARS[kind]:
        return FieldError(_path(detail["loc"][:-1]), got, "a number, true, false or text")
    if kind in SIZES:
        return FieldError(base, got, SIZES[kind].format(**context))
    return FieldError(base, got, PLAIN.get(kind) or _message(detail))


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


def _gist(error: yaml.YAMLError) -> str:
    """What is wrong and where, without the excerpt that YAML adds."""
    mark, said = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or said is None:
        return " ".join(str(error).split())[:300]
    return f"line {mark.line + 1}, column {mark.column + 1}: {said}"


def to_yaml(spec: StudySpec) -> str:
    """The spec as YAML that `parse_yaml` reads back to the same spec."""
    data = json.loads(spec.model_dump_json(exclude_defaults=True))
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
