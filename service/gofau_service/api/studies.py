"""``/v1/studies``: submit, validate, list, get, cancel."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from gofau_service import answers
from gofau_service.api.dependencies import Cursor, Limit, Parts, Reader, Submitter, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.api.spec_body import BODY, SubmittedSpec, submitted_spec
from gofau_service.store import studies, study_list
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Study
from gofau_service.studies import extension, lifecycle, submission
from gofau_service.studies.estimate import estimate
from gofau_service.studies.extension import Extension
from gofau_service.tokens.principal import Principal
from gofau_studies.protocol.trials import StudyState
from gofau_studies.spec import Tag

router = APIRouter(prefix="/v1/studies", tags=["studies"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]
Spec = Annotated[SubmittedSpec, Depends(submitted_spec)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="the same key and spec again give the same study",
    ),
]
Text = Annotated[str | None, Query(max_length=200)]
Sort = Annotated[
    str,
    Query(
        max_length=20,
        description=f"one of {', '.join(study_list.SORTS)}; descending with a minus in front",
        examples=["-created", "name"],
    ),
]
Time = Annotated[float | None, Query(ge=0, lt=1e11, description="seconds since 1970")]


class TagChange(BaseModel):
    """New tags of a study; they replace the old ones."""

    model_config = ConfigDict(extra="forbid")

    tags: Annotated[list[Tag], Field(max_length=50)]


@router.post("", status_code=201, openapi_extra=BODY)
def submit(
    *,
    app: Use,
    who: Submitter,
    spec: Spec,
    response: Response,
    key: Key = None,
    reuse: Annotated[bool, Query(description="take results that are there already")] = True,
) -> answers.StudyDetail:
    """Submit a spec as JSON or YAML; all its trials are stored, or nothing is."""
    wanted = submission.Submission(spec.parsed, spec.text, key, reuse)
    study, new = submission.submit_safely(app.store, who, wanted, app.settings)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/v1/studies/{study.id}"
    app.wake_up.request()
    return study


@router.post("/validate", openapi_extra=BODY)
def validate(app: Use, _: Reader, spec: Spec) -> answers.Plan:
    """Check a spec and say what it would cost, without storing anything."""
    submission.check_size(spec.parsed, app.settings)
    with app.store.read() as session:
        return estimate(session, spec.parsed)


@router.get("")
def list_studies(
    *,
    app: Use,
    who: Reader,
    state: StudyState | None = None,
    name: Text = None,
    tag: Text = None,
    problem: Text = None,
    rule: Text = None,
    owner: Text = None,
    spec_hash: Annotated[
        str | None, Query(alias="hash", max_length=200, description="the spec's hash")
    ] = None,
    open_: Annotated[
        bool | None, Query(alias="open", description="whether the study has not ended")
    ] = None,
    created_after: Time = None,
    created_before: Time = None,
    sort: Sort = "-created",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> answers.Page[answers.Study]:
    """Studies, from the newest on or sorted by what a list of them shows."""
    wanted = study_list.StudyFilter(
        owner=who.sees or owner,
        state=state.value if state else None,
        name=name,
        tag=tag,
        problem=problem,
        rule=rule,
        spec_hash=spec_hash,
        open=open_,
        created_after=created_after,
        created_before=created_before,
    )
    with app.store.read() as session:
        return submission.study_page(session, wanted, sort=sort, cursor=cursor, limit=limit)


@router.get("/{study}")
def get_study(app: Use, who: Reader, study: StudyId) -> answers.StudyDetail:
    """One study with its counts, progress and spec."""
    with app.store.read() as session:
        return submission.detail(session, studies.find(session, study, who.sees))


@router.post("/{study}/cancel")
def cancel(app: Use, who: Submitter, study: StudyId) -> answers.StudyDetail:
    """End a study: what has not ended is cancelled."""
    return _changed(app, who, study, lifecycle.cancel)


@router.post("/{study}/pause")
def pause(app: Use, who: Submitter, study: StudyId) -> answers.StudyDetail:
    """Run nothing more until the study is resumed; what has completed is kept."""
    return _changed(app, who, study, lifecycle.pause)


@router.post("/{study}/resume")
def resume(app: Use, who: Submitter, study: StudyId) -> answers.StudyDetail:
    """Queue a paused study again."""
    return _changed(app, who, study, lifecycle.resume)


@router.post("/{study}/retry")
def retry(app: Use, who: Submitter, study: StudyId) -> answers.StudyDetail:
    """Let failed trials wait again, with all their attempts."""
    return _changed(app, who, study, lifecycle.retry)


@router.post("/{study}/extend")
def extend(app: Use, who: Submitter, study: StudyId, wanted: Extension) -> answers.StudyDetail:
    """Give a study more seeds or wider axes; only the new trials run."""
    return _changed(
        app,
        who,
        study,
        lambda session, found: extension.extend(session, found, wanted, app.settings),
    )


@router.patch("/{study}")
def set_tags(app: Use, who: Submitter, study: StudyId, change: TagChange) -> answers.StudyDetail:
    """Replace a study's tags."""
    with app.store.write() as session:
        found = studies.lock(session, study, who.sees)
        studies.set_tags(session, found.id, change.tags)
        found.revision += 1
        return submission.detail(session, found)


@router.delete("/{study}", status_code=204, responses={202: {"description": "gone soon"}})
def delete(
    app: Use,
    who: Submitter,
    study: StudyId,
    force: Annotated[bool, Query(description="cancel an open study first")] = False,
) -> Response:
    """Delete a study with its trials; 202 where its job has to end first."""
    with app.store.write() as session:
        found = studies.lock(session, study, who.sees)
        done = lifecycle.delete(session, found, force)
    app.wake_up.request()
    return Response(status_code=204 if done else 202)


def _changed(
    app: Parts, who: Principal, study: str, change: Callable[[Session, Study], object]
) -> answers.StudyDetail:
    """Change a locked study, have the reconciler look at it, and show it as it is then."""
    with app.store.write() as session:
        found = studies.lock(session, study, who.sees)
        change(session, found)
        view = submission.detail(session, found)
    app.wake_up.request()
    return view
