"""Client and service agree: what one promises the other reads."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from service.client import AsyncClient, Client, ConflictError, calls, models
from service.pagination import Page
from service.settings import Settings
from service.studies import schemas as studies
from service.tokens import schemas as tokens
from service.trials import schemas as trials
from studies.parsing import parse_spec
from studies.trials import Outcome, StudyState, TrialState
from tests.service.fakes import SPEC, TRIALS, FakeRunner, Service


@pytest.mark.parametrize(
    "read, promised",
    [
        (models.Study, studies.StudyView),
        (models.StudyDetail, studies.StudyDetail),
        (models.Counts, studies.StateCounts),
        (models.Plan, studies.Estimate),
        (models.Trial, trials.TrialView),
        (models.TrialDetail, trials.TrialDetail),
        (models.Cell, trials.CellView),
        (models.Token, tokens.TokenView),
        (models.NewToken, tokens.NewToken),
        (models.Page, Page),
    ],
)
def test_every_field_that_the_client_reads_is_promised(
    read: type[BaseModel], promised: type[BaseModel]
) -> None:
    assert set(read.model_fields) <= set(promised.model_fields)


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

    async def last() -> models.Study | None:
        async with AsyncClient(service.server.url) as waiting:
            seen = [update async for update in waiting.watch(study.id)]
            assert (await waiting.send(calls.get(study.id))).state is seen[-1].state
            return seen[-1]

    assert asyncio.run(last()) == models.Study.model_validate(client.get(study.id).model_dump())
