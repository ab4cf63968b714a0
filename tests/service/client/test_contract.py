"""Client and service agree: what one promises the other reads."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gofau_service.answers import Study
from gofau_service.client import AsyncClient, Client, ConflictError, NotAllowedError, calls
from gofau_service.settings import Settings
from gofau_studies.protocol.trials import Outcome, StudyState, TrialState
from gofau_studies.spec.parsing import parse_spec
from tests.service.fakes import ENVIRONMENT, SPEC, TRIALS, FakeRunner, Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    started = Service.start(Settings(data_dir=tmp_path, reconcile=False), FakeRunner())
    yield started
    started.close()


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(service.server.url) as connected:
        yield connected


def test_a_study_from_submission_to_report(service: Service, client: Client) -> None:
    spec = parse_spec(SPEC)
    assert client.validate(spec).trials == TRIALS
    study = client.submit(spec, key="k")
    assert (study.state, study.trials, study.spec_hash) == (StudyState.QUEUED, TRIALS, spec.hash)
    assert client.submit(spec, key="k").id == study.id
    with pytest.raises(ConflictError):
        client.submit({**SPEC, "seeds": 3}, key="k")
    service.reconciler.look()
    service.worker(study.id).finish()
    seen = list(client.watch(study.id))
    assert seen[-1].succeeded
    assert seen[-1].outcomes[Outcome.REACHED_TARGET] == TRIALS
    assert [s.id for s in client.list(state="completed")] == [study.id]
    assert len(client.report(study.id).groups[0].rules) == 2
    told = client.provenance(study.id)
    assert [place.record for place in told.environments] == [ENVIRONMENT]
    assert {one.rule: one.trials for one in told.inputs} == {
        "additive": TRIALS // 2,
        "hybrid": TRIALS // 2,
    }
    assert client.report_markdown(study.id).startswith("# Robustness of small")


def test_trials_come_in_the_order_of_the_grid_across_pages(
    service: Service, client: Client
) -> None:
    study = client.submit(SPEC)
    found = list(client.trials(study.id, limit=7))
    assert [trial.index for trial in found] == list(range(TRIALS))
    assert {trial.state for trial in found} == {TrialState.WAITING}
    additive = list(client.trials(study.id, rule="additive", limit=5))
    assert [t.index for t in additive] == [t.index for t in found if t.rule == "additive"]


def test_cancel_ends_the_study(service: Service, client: Client) -> None:
    study = client.submit(SPEC)
    client.cancel(study.id)
    service.reconciler.look()
    assert client.get(study.id).state is StudyState.CANCELLED
    assert [s.state for s in client.watch(study.id)] == [StudyState.CANCELLED]


def test_the_async_client_watches_the_same_stream(service: Service, client: Client) -> None:
    study = client.submit(SPEC)
    service.reconciler.look()
    service.worker(study.id).finish()

    async def last() -> Study | None:
        async with AsyncClient(service.server.url) as waiting:
            seen = [update async for update in waiting.watch(study.id)]
            assert (await waiting.send(calls.get(study.id))).state is seen[-1].state
            return seen[-1]

    assert asyncio.run(last()) == Study.model_validate(client.get(study.id).model_dump())


def test_studies_and_trials_are_sorted_and_filtered(service: Service, client: Client) -> None:
    ids = [client.submit({**SPEC, "name": name}).id for name in ("b", "a")]
    assert [study.name for study in client.list(sort="name")] == ["a", "b"]
    service.reconciler.look()
    service.worker(ids[0]).finish()
    found = list(client.trials(ids[0], sort="-best", where=["lr<0.5", "init_scale>1"], limit=3))
    assert {(t.point["lr"] < 0.5, t.point["init_scale"]) for t in found} == {(True, 2.0)}
    bests = [trial.best for trial in found]
    assert bests == sorted(bests, reverse=True, key=lambda best: best or 0.0)
    assert len(bests) == TRIALS // 3
    assert {cell.mean for cell in client.cells(ids[0], metric="val_accuracy")} == {0.5}


def test_changes_of_the_list_are_followed(service: Service, client: Client) -> None:
    changes = client.changes()
    assert next(changes).kind == "reset"
    study = client.submit(SPEC)
    new = next(changes)
    assert (new.kind, new.id) == ("study", study.id)
    assert new.study is not None
    assert new.study.name == study.name
    client.delete(study.id, force=True)
    gone = next(changes)
    while gone.kind == "study":  # as it was cancelled
        gone = next(changes)
    assert (gone.kind, gone.id, gone.study) == ("deleted", study.id, None)


def test_the_async_client_follows_the_list_too(service: Service, client: Client) -> None:
    async def first() -> list[tuple[str, str | None]]:
        async with AsyncClient(service.server.url) as waiting:
            found = []
            async for change in waiting.changes():
                found.append((str(change.kind), change.study.name if change.study else None))
                if len(found) == 1:
                    await waiting.send(calls.submit(SPEC))
                else:
                    return found
        raise AssertionError("the stream ended")

    assert asyncio.run(first()) == [("reset", None), ("study", SPEC["name"])]


def test_a_refused_stream_of_the_list_says_why(tmp_path: Path) -> None:
    config = Settings(data_dir=tmp_path, reconcile=False, auth=True)
    guarded = Service.start(config, FakeRunner())
    try:
        with Client(guarded.server.url) as stranger, pytest.raises(NotAllowedError):
            next(stranger.changes())
    finally:
        guarded.close()
