"""The request of a study: its spec, what its fields mean, and the cells and packs that it names."""

from gofau_studies.spec.fields import MAX_SEEDS, Tag
from gofau_studies.spec.parsing import parse_spec, parse_yaml, stored_spec, to_yaml
from gofau_studies.spec.study import StudySpec

__all__ = [
    "MAX_SEEDS",
    "StudySpec",
    "Tag",
    "parse_spec",
    "parse_yaml",
    "stored_spec",
    "to_yaml",
]
