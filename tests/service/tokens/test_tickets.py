"""What a job carries through Ray: good for one exchange, soon, and for nothing else."""

import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx
import pytest

from gofau_service.store import tokens as repository
from gofau_service.tokens.tickets import TTL_S, USED
from tests.service.fakes import SPEC, Service, redeemed


def sha(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def ticket(service: Service) -> tuple[str, str]:
    """A running study, and its job's ticket."""
    study = service.submit()["id"]
    service.reconciler.look()
    return study, service.runner.requests[-1].environment["GOFAU_TICKET"]


def exchange(service: Service, given: str, token: str) -> httpx.Response:
    body = {"ticket": given, "token_sha256": sha(token)}
    return service.http.post("/v1/worker/tickets", json=body)


def work(service: Service, study: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return service.http.get(f"/v1/worker/studies/{study}/work", headers=headers).status_code


def refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json().get("detail")) == (401, USED)


def test_a_ticket_gives_one_token_for_its_study(any_service: Service) -> None:
    study, given = ticket(any_service)
    assert work(any_service, study, "mine") == 401
    assert exchange(any_service, given, "mine").json() == {"study": study}
    assert work(any_service, study, "mine") == 200
    assert exchange(any_service, given, "mine").json() == {"study": study}
    assert refused(exchange(any_service, given, "a thief's"))
    assert work(any_service, study, "a thief's") == 401
    assert work(any_service, study, "mine") == 200


def test_a_ticket_itself_allows_no_call(any_service: Service) -> None:
    study, given = ticket(any_service)
    assert work(any_service, study, given) == 403
    headers = {"Authorization": f"Bearer {given}"}
    assert any_service.http.get("/v1/studies", headers=headers).status_code == 403


def test_one_of_many_exchanges_at_once_counts(any_service: Service) -> None:
    study, given = ticket(any_service)
    tokens = [f"token-{i}" for i in range(8)]
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda t=token: answers.append(exchange(any_service, given, t)))
        for token in tokens
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status_code for a in answers) == [200] + [401] * 7
    assert sorted(work(any_service, study, t) for t in tokens) == [200] + [401] * 7


def test_a_ticket_expires(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    _, given = ticket(service)
    late = repository.now() + TTL_S + 1
    monkeypatch.setattr(repository, "now", lambda: late)
    assert refused(exchange(service, given, "mine"))


def test_the_end_of_the_job_ends_its_ticket_and_its_token(service: Service) -> None:
    study, given = ticket(service)
    exchange(service, given, "mine")
    service.submit({**SPEC, "name": "other"})
    service.reconciler.look()
    other = redeemed(service.http, service.runner.requests[-1])
    service.runner.jobs.clear()
    service.reconciler.look()
    assert work(service, study, "mine") == 401
    assert refused(exchange(service, given, "mine"))
    assert refused(exchange(service, service.runner.requests[1].environment["GOFAU_TICKET"], other))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"ticket": "guess"}, 401),
        ({"ticket": ""}, 422),
        ({"token_sha256": "mine"}, 422),
        ({"token_sha256": sha("mine").upper()}, 422),
        ({"token": "mine"}, 422),
    ],
)
def test_what_is_no_exchange_is_refused(
    service: Service, change: dict[str, Any], status: int
) -> None:
    _, given = ticket(service)
    body = {"ticket": given, "token_sha256": sha("mine"), **change}
    assert service.http.post("/v1/worker/tickets", json=body).status_code == status
    assert exchange(service, given, "mine").status_code == 200


def test_a_persons_token_is_no_ticket(sqlite: str, make_service: Callable[..., Service]) -> None:
    service = make_service(sqlite, admin_token="an-admin-token-of-some-length")
    assert refused(exchange(service, "an-admin-token-of-some-length", "mine"))


def test_a_known_token_is_not_taken_over(service: Service) -> None:
    _, first = ticket(service)
    exchange(service, first, "mine")
    service.submit({**SPEC, "name": "other"})
    service.reconciler.look()
    second = service.runner.requests[-1].environment["GOFAU_TICKET"]
    assert refused(exchange(service, second, "mine"))


def test_guesses_are_held_to_a_rate(sqlite: str, make_service: Callable[..., Service]) -> None:
    service = make_service(sqlite, rate_burst=3, rate_per_s=0.001)
    statuses = [exchange(service, "guess", "mine").status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
