"""Extending a study: more seeds or a wider axis, and only the new trials run."""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from gofau_service.errors import ConflictError, InvalidError
from gofau_service.settings import Settings
from gofau_service.store import cells, rounds, trials
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Study
from gofau_service.studies import ledger, lifecycle
from gofau_service.studies.enumeration import Enumeration
from gofau_service.studies.submission import check_quota, check_size
from gofau_studies.errors import FieldError
from gofau_studies.protocol.trials import StudyState
from gofau_studies.spec import MAX_SEEDS, StudySpec
from gofau_studies.spec.parsing import stored_spec


def _as_it_came(given: Any, _: ValidatorFunctionWrapHandler) -> Any:
    return given


Seeds = Annotated[
    int | Annotated[list[int], Field(max_length=MAX_SEEDS)], WrapValidator(_as_it_came)
]
"""Judged with the extended spec, which names faults better than a union does."""


class Extension(BaseModel):
    """What a study shall have instead; all that it had stays in."""

    model_config = ConfigDict(extra="forbid")

    seeds: Seeds | None = Field(None, description="a larger count, or a longer list", examples=[10])
    axes: Annotated[dict[str, Any], Field(max_length=10)] | None = Field(
        None,
        description="axes to replace by wider ones",
        examples=[{"lr": {"log": [1e-4, 10.0], "points": 11}}],
    )


def extend(session: Session, study: Study, wanted: Extension, settings: Settings) -> int:
    """Append the trials that a locked study lacks; returns how many.

    Raises:
        ConflictError: the study was cancelled, or its search has not had all its rounds.
        InvalidError: something that the study had is missing, or it would grow too large.
        SpecError: the extended spec has faults.
    """
    if study.state in (StudyState.CANCELLED, StudyState.CANCELLING):
        raise ConflictError(f"study {study.public_id} is {study.state}; it is not extended")
    old = stored_spec(study.spec)
    if old.later_points and rounds.cell_count(session, study.id) != old.cell_count:
        raise ConflictError(
            f"study {study.public_id} has rounds of its search to come; it is extended after them"
        )
    new = _extended(old, wanted)
    check_size(new, settings)
    check_quota(session, study.owner, new.trial_count - old.trial_count, settings)
    old_cells, first = old.cell_count, old.trial_count
    had = set(old.seeds)
    added_seeds = [seed for seed in new.seeds if seed not in had]
    added_cells = _add_cells(session, study, old, new)
    trials.enumerate_trials(session, study.id, range(old_cells), added_seeds, first)
    first += old_cells * len(added_seeds)
    grown = range(old_cells, old_cells + added_cells)
    trials.enumerate_trials(session, study.id, grown, new.seeds, first)
    cells.set_trials(session, study.id, len(new.seeds))
    _store(session, study, new)
    return new.trial_count - old.trial_count


def _extended(old: StudySpec, wanted: Extension) -> StudySpec:
    if wanted.axes and (old.refine or not old.search.is_grid):
        errors = [FieldError("axes", wanted.axes, "only a plain grid has its axes widened")]
        raise InvalidError("an extension keeps what the study has", errors)
    data = old.model_dump(mode="json", exclude_none=True)
    if wanted.seeds is not None:
        data["seeds"] = wanted.seeds
    data["axes"] = {**data["axes"], **(wanted.axes or {})}
    new = stored_spec(data)
    missing = sorted(set(old.seeds) - set(new.seeds))
    if missing:
        raise _lacks("seeds", missing, "every seed of the study and more")
    for name, axis in old.axes.items():
        lost = sorted(set(axis.grid()) - set(new.axes[name].grid()))
        if lost:
            raise _lacks(f"axes.{name}", lost, "every value of the axis and more")
    if set(new.axes) != set(old.axes):
        raise _lacks("axes", sorted(new.axes), f"the study's axes: {', '.join(old.axes)}")
    return new


def _lacks(path: str, got: list[Any], expected: str) -> InvalidError:
    shown = f"lost {got}" if path != "axes" else str(got)
    error = FieldError(path, shown, expected)
    return InvalidError("an extension keeps what the study has", [error])


def _add_cells(session: Session, study: Study, old: StudySpec, new: StudySpec) -> int:
    arms = cells.arms(session, study.id)
    enumeration = Enumeration(
        new,
        {(arm.problem, arm.direction, arm.rule): ordinal for ordinal, arm in arms.items()},
        {ordinal: arm.definition for ordinal, arm in arms.items()},
        cells.keys(session, study.id),
    )
    rows = enumeration.rows(study.id, old.cell_count, len(new.seeds))
    added = cells.insert_cells(session, rows)
    if old.cell_count + added != new.cell_count:
        raise RuntimeError(f"study {study.public_id}: {added} cells added to {old.cell_count}")
    return added


def _store(session: Session, study: Study, new: StudySpec) -> None:
    study.waiting += new.trial_count - stored_spec(study.spec).trial_count
    study.spec = new.model_dump(mode="json")
    study.spec_hash = new.hash
    study.revision += 1
    if study.waiting:
        lifecycle.requeue(session, study)
    ledger.settle(session, study)
