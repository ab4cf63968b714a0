"""Other websites, whose pages a browser on this machine shows, may do nothing to the service."""

from collections.abc import Callable

import pytest

from tests.service.fakes import SPEC, Service

EVIL = "https://evil.example"
YAML = "name: x\nproblem: digits-mlp\n"


def own(service: Service) -> str:
    return str(service.http.base_url).rstrip("/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_of_another_site_submits_nothing(service: Service, headers: dict[str, str]) -> None:
    simple = {**headers, "Content-Type": "text/plain"}
    answer = service.http.post("/v1/studies", content=YAML, headers=simple)
    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")
    assert "other sites may change nothing here" in answer.json()["detail"]


def test_another_site_ends_no_study(service: Service) -> None:
    study = service.submit()["id"]
    path = f"/v1/studies/{study}/cancel"
    assert service.http.post(path, headers={"Origin": EVIL}).status_code == 403
    assert service.study(study)["state"] == "queued"


def test_the_service_s_own_page_submits(service: Service) -> None:
    for headers in (
        {"Origin": own(service)},
        {"Origin": own(service), "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ):
        assert service.http.post("/v1/studies", json=SPEC, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil", "[::2", "10.0.0.7"]
)
def test_a_name_that_was_bent_to_this_machine_reads_nothing(service: Service, host: str) -> None:
    answer = service.http.get("/v1/studies", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        f"Host: got {host!r}, expected a name of this machine's loopback"
    )


@pytest.mark.parametrize(
    "host", ["localhost:9", "127.0.0.1", "[::1]:80", "gofau.localhost", "127.8.8.8"]
)
def test_loopback_has_many_names(service: Service, host: str) -> None:
    assert service.http.get("/v1/studies", headers={"Host": host}).status_code == 200


def test_addresses_that_the_settings_name_are_own(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite, public_url="https://lab.example/gofau")
    headers = {"Host": "lab.example", "Origin": "https://lab.example"}
    assert service.http.post("/v1/studies", json=SPEC, headers=headers).status_code == 201


def test_with_tokens_any_name_and_any_origin_will_do(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite, auth=True, admin_token="secret")
    headers = {"Host": "lab.example", "Origin": EVIL, "Authorization": "Bearer secret"}
    assert service.http.post("/v1/studies", json=SPEC, headers=headers).status_code == 201
    assert service.http.get("/v1/studies", headers={"Host": "lab.example"}).status_code == 401
