"""One report over several studies."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gofau.catalog.metrics import better_side
from gofau_service.errors import InvalidError
from gofau_service.reports.frame import trials_frame
from gofau_service.reports.notes import noted
from gofau_service.reports.provenance import provenance_of
from gofau_service.store import studies
from gofau_service.store.engine import Store
from gofau_service.store.tables.studies import Study
from gofau_studies.errors import FieldError
from gofau_studies.landscape.caps import caps
from gofau_studies.landscape.of_study import study_maps
from gofau_studies.report import build
from gofau_studies.report.model import AnalysisSettings, RobustnessReport, SpecSummary
from gofau_studies.report.provenance import mixtures
from gofau_studies.spec import StudySpec
from gofau_studies.spec.canonical import content_hash
from gofau_studies.spec.goal import doubts
from gofau_studies.spec.parsing import stored_spec


def compared(store: Store, public_ids: Sequence[str], owner: str | None) -> RobustnessReport:
    """One report over several studies; each rule's label names its study.

    Raises:
        NotFoundError: no such study.
        InvalidError: one study twice, or goals that differ.
        LandscapeError: trials that describe no landscape, or different grids.
    """
    with store.read() as session:
        found = [studies.find(session, public_id, owner) for public_id in public_ids]
        specs = [stored_spec(study.spec) for study in found]
        _check_comparable(public_ids, specs)
        frames = [trials_frame(session, study) for study in found]
        every = pd.concat(frames)
        told = provenance_of(session, found, every)
    maps = [
        one.renamed(f"{one.key.rule} @ {label}")
        for spec, frame, label in zip(specs, frames, _labels(found), strict=True)
        for one in study_maps(spec, frame, caps(spec, every)).landscapes
    ]
    hashes = [study.spec_hash for study in found]
    summary = SpecSummary(
        name=" and ".join(study.name for study in found),
        spec_hash=content_hash(hashes),
        settings={"studies": ", ".join(public_ids)},
    )
    settings = AnalysisSettings(tolerance=specs[0].goal.tolerance, baseline=maps[0].key.rule)
    rng = np.random.default_rng(int(summary.spec_hash[:16], 16))
    said = dict.fromkeys(doubt for study in found for doubt in doubts(study.spec))
    return noted(build(maps, summary, told, rng, settings), every, (*said, *mixtures(told)))


def _check_comparable(public_ids: Sequence[str], specs: Sequence[StudySpec]) -> None:
    if len(set(public_ids)) != len(public_ids):
        errors = [FieldError("study", list(public_ids), "each study once")]
        raise InvalidError("studies to compare", errors)
    goals = {f"{spec.goal.metric}, {better_side(spec.goal.minimize)} is better" for spec in specs}
    if len(goals) > 1:
        errors = [FieldError("study", sorted(goals), "one goal for all")]
        raise InvalidError("studies to compare", errors)


def _labels(found: Sequence[Study]) -> list[str]:
    """Names where they differ, ids where they don't."""
    names = [study.name for study in found]
    return names if len(set(names)) == len(names) else [study.public_id for study in found]
