from hashlib import sha256

import httpx
import pytest

from gofau_studies.protocol import wire
from gofau_workers.errors import ServiceError
from gofau_workers.service_client import ServiceClient
from gofau_workers.ticket import redeem
from tests.workers.fake_service import SETTINGS


def test_the_token_is_made_here_and_only_its_digest_is_sent() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"study": "s1"})

    client = ServiceClient(SETTINGS, httpx.MockTransport(answer))
    first, second = redeem(client, SETTINGS), redeem(client, SETTINGS)
    assert len({SETTINGS.token, first.token, second.token}) == 3
    for request, settings in zip(seen, (first, second), strict=True):
        use = wire.TicketUse.model_validate_json(request.content)
        assert use.ticket == SETTINGS.token
        assert use.token_sha256 == sha256(settings.token.encode()).hexdigest()
        assert settings.token.encode() not in request.content


def test_a_lost_answer_is_asked_for_again_with_the_same_token() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(503 if len(bodies) == 1 else 200, json={"study": "s1"})

    redeem(ServiceClient(SETTINGS, httpx.MockTransport(answer), lambda _: None), SETTINGS)
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_a_used_ticket_ends_the_driver() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401, text="was used"))
    with pytest.raises(ServiceError, match="HTTP 401 was used"):
        redeem(ServiceClient(SETTINGS, transport), SETTINGS)
