"""What computed the trials of a report, as the report tells it."""

import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import pandas as pd

from gofau.version import code_version
from gofau_service.answers import StudyEnvironment, StudyInputs
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Study
from gofau_service.studies.provenance import study_provenance
from gofau_studies.report.model import Environment, Provenance, SeenInputs


def provenance_of(session: Session, studies: Sequence[Study], frame: pd.DataFrame) -> Provenance:
    """What computed the trials of some studies, and what analyses them now."""
    found = [study_provenance(session, study.id) for study in studies]
    versions = sorted(frame["code_version"].dropna().unique())
    return Provenance(
        code_version=", ".join(versions) or code_version(),
        packages={name: version(name) for name in ("gofau", "numpy", "scipy", "pandas")},
        machine=platform.platform(),
        analysed_at=datetime.now(UTC),
        environments=_environments(one for p in found for one in p.environments),
        inputs=_inputs(one for p in found for one in p.inputs),
    )


def _environments(found: Iterable[StudyEnvironment]) -> tuple[Environment, ...]:
    """Environments with their trials in all studies."""
    kept: dict[str | None, Environment] = {}
    for one in found:
        before = kept[one.digest].trials if one.digest in kept else 0
        kept[one.digest] = Environment(
            digest=one.digest, trials=before + one.trials, record=one.record
        )
    return tuple(kept.values())


def _inputs(found: Iterable[StudyInputs]) -> tuple[SeenInputs, ...]:
    """Inputs of each problem with their rules and trials in all studies."""
    kept: dict[tuple[str, str | None], SeenInputs] = {}
    for one in found:
        known = kept.get((one.problem, one.digest))
        rules = () if known is None else known.rules
        kept[one.problem, one.digest] = SeenInputs(
            problem=one.problem,
            rules=tuple(dict.fromkeys((*rules, one.rule))),
            digest=one.digest,
            trials=one.trials + (known.trials if known else 0),
            record=one.record,
        )
    return tuple(kept.values())
