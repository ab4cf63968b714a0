"""Whatever arrives as a spec, parsing ends in a spec or in named faults, never in a traceback."""

from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gofau_studies.errors import SpecError
from gofau_studies.spec import StudySpec, parse_spec, parse_yaml
from tests.studies.spec.test_spec import BASE

FIELDS = [*StudySpec.model_fields, "problem"]

keys = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(keys, part, max_size=4),
    max_leaves=12,
)


def outcome(parse: Callable[[Any], StudySpec], data: object) -> StudySpec | None:
    try:
        return parse(data)
    except SpecError as error:
        told = [str(fault) for fault in error.errors if fault.expected]
    assert told
    return None


@given(values)
@settings(max_examples=200)
def test_anything(data: Any) -> None:
    assert outcome(parse_spec, data) is None


@given(st.sampled_from(FIELDS), values)
@settings(max_examples=300)
def test_one_field_of_a_good_spec_replaced(field: str, value: Any) -> None:
    data = {**yaml.safe_load(BASE), field: value}
    spec = outcome(parse_spec, data)
    if spec is not None:
        assert spec.trial_count >= 1


@given(
    st.sampled_from(["problem", "rules", "axes"]),
    st.sampled_from(["name", "label", "parameters", "drives", "lr", "values", "log", "points"]),
    values,
)
@settings(max_examples=300)
def test_one_entry_of_a_good_spec_replaced(field: str, key: str, value: Any) -> None:
    data = yaml.safe_load(BASE)
    if field == "rules":
        data["rules"][1][key] = value
    elif field == "axes":
        data["axes"]["lr"][key] = value
    else:
        data["problem"][key] = value
    outcome(parse_spec, data)


@given(st.text(max_size=200))
@settings(max_examples=300)
def test_any_text(text: str) -> None:
    assert outcome(parse_yaml, text) is None
