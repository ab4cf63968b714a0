"""Tokens, scopes, owners, quotas and rates."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from gofau_service.api.rate_limit import RateLimit
from gofau_service.errors import SettingsError, ThrottledError
from gofau_service.settings import Settings
from gofau_service.store.tables.tokens import TokenRow
from tests.service.fakes import SPEC, TRIALS, Clock, Service

ADMIN = "an-admin-token-from-the-environment"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def guarded(database: str, make_service: Callable[..., Service]) -> Service:
    return make_service(database, auth=True, admin_token=ADMIN)


def token(service: Service, **wanted: Any) -> dict[str, Any]:
    body = {"name": "t", "owner": "ada", "scopes": ["submit"], **wanted}
    answer = service.http.post("/v1/tokens", json=body, headers=bearer(ADMIN))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_call_without_a_good_token_is_refused(guarded: Service) -> None:
    for headers in ({}, bearer("guess"), {"Authorization": "Basic eDp5"}, {"Authorization": "x"}):
        answer = guarded.http.get("/v1/studies", headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("scopes", "read", "submit", "admin"),
    [(["read"], 200, 403, 403), (["submit"], 200, 201, 403), (["admin"], 200, 201, 200)],
)
def test_scopes_allow_what_they_say(
    guarded: Service, scopes: list[str], read: int, submit: int, admin: int
) -> None:
    headers = bearer(token(guarded, scopes=scopes)["token"])
    assert guarded.http.get("/v1/studies", headers=headers).status_code == read
    assert guarded.http.post("/v1/studies", json=SPEC, headers=headers).status_code == submit
    assert guarded.http.get("/v1/tokens", headers=headers).status_code == admin
    assert guarded.http.get("/metrics", headers=headers).status_code == admin


def test_owners_see_their_own_studies_and_admins_all(guarded: Service) -> None:
    ada, bob = (bearer(token(guarded, owner=name)["token"]) for name in ("ada", "bob"))
    study = guarded.http.post("/v1/studies", json=SPEC, headers=ada).json()
    assert study["owner"] == "ada"
    path = f"/v1/studies/{study['id']}"
    for call in (path, path + "/trials", path + "/cells", path + "/report", path + "/export"):
        assert guarded.http.get(call, headers=bob).status_code == 404
    assert guarded.http.post(path + "/cancel", headers=bob).status_code == 404
    assert guarded.http.delete(path, headers=bob).status_code == 404
    assert guarded.http.get("/v1/studies", headers=bob).json()["items"] == []
    assert guarded.http.get("/v1/studies?owner=ada", headers=bob).json()["items"] == []
    listed = guarded.http.get("/v1/studies?owner=ada", headers=bearer(ADMIN)).json()["items"]
    assert [item["id"] for item in listed] == [study["id"]]


def test_two_owners_may_use_one_idempotency_key(guarded: Service) -> None:
    ids = set()
    for owner in ("ada", "bob"):
        headers = {**bearer(token(guarded, owner=owner)["token"]), "Idempotency-Key": "k"}
        ids.add(guarded.http.post("/v1/studies", json=SPEC, headers=headers).json()["id"])
    assert len(ids) == 2


def test_a_token_is_stored_as_a_hash_only(guarded: Service) -> None:
    secret = token(guarded)["token"]
    with guarded.store.read() as session:
        rows = session.scalars(select(TokenRow)).all()
        stored = [str(getattr(row, column.key)) for row in rows for column in row.__table__.columns]
    assert not any(secret in text or ADMIN in text for text in stored)
    listed = guarded.http.get("/v1/tokens", headers=bearer(ADMIN))
    assert secret not in listed.text
    assert [item["name"] for item in listed.json()["items"]] == ["t", "from the environment"]


def test_a_revoked_token_is_refused(guarded: Service) -> None:
    made = token(guarded)
    assert guarded.http.get("/v1/studies", headers=bearer(made["token"])).status_code == 200
    revoked = guarded.http.delete(f"/v1/tokens/{made['id']}", headers=bearer(ADMIN)).json()
    assert revoked["revoked_at"] is not None
    assert guarded.http.get("/v1/studies", headers=bearer(made["token"])).status_code == 401
    assert guarded.http.delete("/v1/tokens/none", headers=bearer(ADMIN)).status_code == 404


def test_an_expired_token_is_refused(guarded: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made = token(guarded, expires_in_s=60)
    headers = bearer(made["token"])
    assert guarded.http.get("/v1/studies", headers=headers).status_code == 200
    from gofau_service.store import tokens as repository

    later = repository.now() + 61
    monkeypatch.setattr(repository, "now", lambda: later)
    assert guarded.http.get("/v1/studies", headers=headers).status_code == 401


def test_an_owner_may_not_have_too_many_open_trials(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite, owner_open_trials=TRIALS * 2)
    service.submit()
    second = service.submit()["id"]
    refused = service.http.post("/v1/studies", json=SPEC)
    assert (refused.status_code, refused.json()["title"]) == (403, "Quota exceeded")
    expected = f"local has {2 * TRIALS} open trials and asked for {TRIALS} more; expected at most"
    assert refused.json()["detail"].startswith(expected)
    service.http.post(f"/v1/studies/{second}/cancel")
    third = service.submit()["id"]
    grown = service.http.post(f"/v1/studies/{third}/extend", json={"seeds": 3})
    assert grown.status_code == 403


def test_an_owner_may_not_have_too_many_running_studies(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite, max_running_studies=10, owner_running_studies=1)
    ids = [service.submit()["id"] for _ in range(2)]
    service.reconciler.look()
    assert [service.study(i)["state"] for i in ids] == ["running", "queued"]


def test_callers_are_held_to_a_rate(sqlite: str, make_service: Callable[..., Service]) -> None:
    service = make_service(sqlite, auth=True, admin_token=ADMIN, rate_per_s=0.001, rate_burst=3)
    seen = [service.http.get("/v1/studies", headers=bearer(ADMIN)) for _ in range(4)]
    assert [answer.status_code for answer in seen] == [200, 200, 200, 429]
    assert int(seen[-1].headers["retry-after"]) > 900
    guesses = [service.http.get("/v1/studies", headers=bearer("x")).status_code for _ in range(4)]
    assert guesses == [401, 401, 401, 429]


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    limit = RateLimit(2.0, 3, clock)
    for _ in range(3):
        limit.take("a")
    limit.take("b")
    with pytest.raises(ThrottledError, match="more than 2 requests a second"):
        limit.take("a")
    clock.at += 0.5
    limit.take("a")
    clock.at += 100
    for _ in range(3):
        limit.take("a")
    with pytest.raises(ThrottledError):
        limit.take("a")


@pytest.mark.parametrize(
    ("environment", "required"),
    [
        ({}, False),
        ({"GOFAU_HOST": "localhost"}, False),
        ({"GOFAU_HOST": "::1"}, False),
        ({"GOFAU_HOST": "0.0.0.0"}, True),
        ({"GOFAU_HOST": "service.example"}, True),
        ({"GOFAU_HOST": "0.0.0.0", "GOFAU_AUTH": "false"}, False),
        ({"GOFAU_AUTH": "true"}, True),
    ],
)
def test_tokens_are_demanded_beyond_loopback(environment: dict[str, str], required: bool) -> None:
    assert Settings.from_environment(environment).auth_required == required


def test_a_setting_that_cannot_be_is_named() -> None:
    with pytest.raises(SettingsError, match="GOFAU_PORT: got 'x', expected a valid integer"):
        Settings.from_environment({"GOFAU_PORT": "x"})


def test_a_database_url_that_cannot_be_read_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsError, match="GOFAU_DATABASE_URL: got another text, expected an SQ"):
        Settings.from_environment({"GOFAU_DATABASE_URL": "secret"})


def test_no_other_origin_is_let_in(service: Service) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for answer in (
        service.http.get("/v1/studies", headers=headers),
        service.http.options("/v1/studies", headers=headers),
    ):
        assert "access-control-allow-origin" not in answer.headers
