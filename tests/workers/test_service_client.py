import httpx
import pytest

from gofau_studies.protocol import wire
from gofau_workers.errors import LeaseLostError, ServiceError, ServiceUnreachableError
from gofau_workers.service_client import ServiceClient
from tests.workers.fake_service import SETTINGS, FakeService


def test_work_reads_every_page(service: FakeService) -> None:
    service.page_size = 5
    pages = list(service.client().work())
    assert [len(p.trials) for p in pages] == [5, 5, 5, 5, 4]
    assert [t.index for p in pages for t in p.trials] == list(range(24))


def test_work_gives_a_page_even_when_nothing_waits(service: FakeService) -> None:
    service.waiting.clear()
    pages = list(service.client().work())
    assert len(pages) == 1
    assert pages[0].trials == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_retried(service: FakeService, status: int) -> None:
    service.broken = [status, status]
    assert len(next(service.client().work()).trials) == 24
    assert len(service.calls) == 3


def test_a_refused_call_is_not_retried(service: FakeService) -> None:
    service.broken = [422]
    with pytest.raises(ServiceError, match="HTTP 422 out of order"):
        next(service.client().work())
    assert len(service.calls) == 1


def test_a_lost_lease_is_its_own_error(service: FakeService) -> None:
    with pytest.raises(LeaseLostError):
        service.client().heartbeat("no-such-lease")


def test_an_unreachable_service_is_given_up_after_the_patience() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    now = [0.0]
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    client = ServiceClient(SETTINGS, httpx.MockTransport(refuse), sleep, clock=lambda: now[0])
    with pytest.raises(ServiceUnreachableError, match="ConnectError: refused, retried for 5 s"):
        client.post("l", wire.ResultBatch())
    assert 1.8 < sum(pauses) <= SETTINGS.patience_s
    assert len(pauses) >= 4


def test_the_token_shows_in_no_representation() -> None:
    assert "secret" not in repr(SETTINGS)
