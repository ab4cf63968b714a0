"""A stored study as the API says it."""

from typing import Any

from gofau_service import answers
from gofau_service.store.base import now
from gofau_service.store.tables.studies import Study
from gofau_studies.protocol.trials import OutcomeCounts
from gofau_studies.spec.goal import doubts

SAME = (
    "name",
    "owner",
    "state",
    "spec_hash",
    "reuse",
    "reused",
    "revision",
    "message",
    "created_at",
    "started_at",
    "ended_at",
)
"""What an answer says as the table has it."""


def described(study: Study, tags: list[str]) -> answers.Study:
    """A study's state, counts and rate."""
    return answers.Study.model_validate(_said(study, tags))


def detailed(study: Study, tags: list[str]) -> answers.StudyDetail:
    """The same with its spec."""
    whole = {**_said(study, tags), "spec": study.spec, "source": study.source}
    return answers.StudyDetail.model_validate(whole)


def _said(study: Study, tags: list[str]) -> dict[str, Any]:
    counts = answers.StateCounts.model_validate(study, from_attributes=True)
    total = counts.total + study.unplanned
    rate = _rate(study, study.completed + study.failed - study.reused)
    return {
        **{name: getattr(study, name) for name in SAME},
        "id": study.public_id,
        "tags": tags,
        "goal": study.spec["goal"],
        "trials": total,
        "counts": counts,
        "outcomes": OutcomeCounts.model_validate(study, from_attributes=True),
        "progress": counts.ended / total,
        "trials_per_s": rate,
        "eta_s": (total - counts.ended) / rate if rate and not study.ended_at else None,
        "doubts": doubts(study.spec),
    }


def _rate(study: Study, done: int) -> float | None:
    if study.started_at is None or done <= 0:
        return None
    lasted = (study.ended_at or now()) - study.started_at
    return done / lasted if lasted > 0 else None
