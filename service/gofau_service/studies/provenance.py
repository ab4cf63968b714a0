"""Reading what results depended on and where they were computed."""

from gofau_service.answers import StudyEnvironment, StudyInputs, StudyProvenance
from gofau_service.store import provenance
from gofau_service.store.engine import Session
from gofau_service.store.tables.provenance import EnvironmentRow, InputsRow


def study_provenance(session: Session, study_id: int) -> StudyProvenance:
    """All inputs and environments of a study's completed trials, counted."""
    places = provenance.environments(session, study_id)
    facts = provenance.records(session, EnvironmentRow, (d for d, _ in places if d))
    seen = provenance.inputs(session, study_id)
    records = provenance.records(session, InputsRow, (digest for *_, digest in seen if digest))
    return StudyProvenance(
        environments=tuple(
            StudyEnvironment(digest=digest, trials=count, record=facts.get(digest or "", {}))
            for digest, count in places
        ),
        inputs=tuple(
            StudyInputs(
                problem=problem,
                rule=rule,
                digest=digest,
                trials=count,
                record=records.get(digest or "", {}),
            )
            for (problem, rule, digest), count in seen.items()
        ),
    )
