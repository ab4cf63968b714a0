"""The study spec: the frozen, hashable request that a study is made from."""

from functools import cached_property
from typing import Self

from pydantic import ValidationInfo, model_validator

from gofau.catalog import CatalogError
from gofau_studies.spec.canonical import canonical_json, content_hash
from gofau_studies.spec.checks import check_against_catalog, check_sense
from gofau_studies.spec.faults import check_distinct, fault
from gofau_studies.spec.fields import SpecFields
from gofau_studies.spec.meaning import entry_meaning, meaning

STORED = {"stored": True}
"""Validation context of a spec that was accepted once: what has become a check since, such as the
directions and ranges of its metrics, is let through as it is."""


class StudySpec(SpecFields):
    """A robustness study: problems × directions × rules × axes × seeds."""

    @model_validator(mode="after")
    def _against_catalog(self, info: ValidationInfo) -> Self:
        check_distinct("seeds", self.seeds, "distinct entries")
        for field in ("problems", "directions", "rules"):
            labels = [entry.label for entry in getattr(self, field)]
            check_distinct(field, labels, "distinct entries, and a label each where names repeat")
        if self.stop_at_target and self.goal.target is None:
            raise fault("stop_at_target", True, "false, or a goal.target to stop at")
        try:
            check_against_catalog(self)
            if info.context != STORED:
                check_sense(self)
        except CatalogError as error:
            raise fault(error.path, error.got, error.expected) from error
        if info.context != STORED:
            self._check_apart()
        return self

    def _check_apart(self) -> None:
        for field in ("problems", "directions", "rules"):
            bare = {
                entry.label: canonical_json(entry_meaning(self, entry))
                for entry in getattr(self, field)
            }
            repeated = [label for label in bare if [*bare.values()].count(bare[label]) > 1]
            if repeated:
                raise fault(field, repeated, "entries that differ in more than their labels")

    @cached_property
    def hash(self) -> str:
        """Content hash of everything that can change a result: specs of one meaning share it."""
        return content_hash(meaning(self))
