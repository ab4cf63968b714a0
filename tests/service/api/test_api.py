"""What every client meets: problem details, pages, filters, documentation, limits."""

import re
from collections.abc import Callable

import pytest

from gofau_studies.report.model import RobustnessReport
from tests.service.fakes import SPEC, TRIALS, Service


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/v1/nowhere", 404, "Not Found"),
        ("GET", "/v1/studies/none", 404, "Not found"),
        ("GET", "/v1/studies/none/trials", 404, "Not found"),
        ("GET", "/v1/studies/none/report", 404, "Not found"),
        ("GET", "/v1/studies/none/events", 404, "Not found"),
        ("DELETE", "/healthz", 405, "Method Not Allowed"),
        ("GET", "/v1/studies?limit=0", 422, "Invalid request"),
        ("GET", "/v1/studies?cursor=!!", 422, "Invalid request"),
        ("GET", "/v1/studies?cursor=WzFd&state=odd", 422, "Invalid request"),
        ("POST", "/v1/worker/leases/x/heartbeat", 403, "Forbidden"),
    ],
)
def test_every_refusal_is_problem_details(
    service: Service, method: str, path: str, status: int, title: str
) -> None:
    answer = service.http.request(method, path)
    body = answer.json()
    assert (answer.status_code, body["status"], body["title"]) == (status, status, title)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "instance", "errors"}
    assert body["instance"] == path.partition("?")[0]


def test_a_bad_parameter_names_itself(service: Service) -> None:
    errors = service.http.get("/v1/studies?limit=0").json()["errors"]
    assert errors == [{"path": "limit", "got": "0", "expected": "greater than or equal to 1"}]


@pytest.mark.parametrize(
    ("path", "allow"),
    [("/v1/studies", "GET, POST"), ("/v1/studies/x", "DELETE, GET, PATCH"), ("/healthz", "GET")],
)
def test_a_refused_method_says_which_are_allowed(service: Service, path: str, allow: str) -> None:
    assert service.http.put(path).headers["allow"] == allow


def test_a_crash_shows_no_trace(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("secret path /etc")

    monkeypatch.setattr("gofau_service.api.catalog.code_version", crash)
    answer = service.http.get("/v1/catalog")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_body_beyond_the_limit_is_refused(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite, max_body_bytes=1000)
    declared = service.http.post("/v1/studies", content=b"x" * 1001)
    chunked = service.http.post("/v1/studies", content=iter([b"x" * 600] * 2))
    for answer in (declared, chunked):
        assert (answer.status_code, answer.json()["title"]) == (413, "Content too large")


def test_studies_are_listed_newest_first_in_pages(any_service: Service) -> None:
    ids = [any_service.submit({**SPEC, "name": f"study {i}"})["id"] for i in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = any_service.http.get("/v1/studies", params=params).json()
        seen += [study["id"] for study in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ids[::-1]
    assert cursor is None


def test_studies_are_filtered(any_service: Service) -> None:
    first = any_service.submit({**SPEC, "name": "Alpha_1", "tags": ["a", "b"]})
    second = any_service.submit({**SPEC, "name": "beta", "rules": ["additive"], "tags": ["b"]})
    cancelled = any_service.submit({**SPEC, "name": "gone"})
    any_service.http.post(f"/v1/studies/{cancelled['id']}/cancel")

    def found(**params: object) -> list[str]:
        page = any_service.http.get("/v1/studies", params=params).json()  # type: ignore[arg-type]
        return [study["name"] for study in page["items"]]

    assert found(state="cancelled") == ["gone"]
    assert found(name="ALPHA_") == ["Alpha_1"]
    assert found(name="%") == []
    assert found(tag="b") == ["beta", "Alpha_1"]
    assert found(rule="hybrid") == ["gone", "Alpha_1"]
    assert found(problem="digits-mlp", tag="a") == ["Alpha_1"]
    assert found(hash=second["spec_hash"]) == ["beta"]
    assert found(hash=second["spec_hash"], open=False) == []
    assert found(open=True) == ["beta", "Alpha_1"]
    assert found(owner="nobody") == []
    assert found(created_after=4e9) == []
    assert found(created_before=4e9, tag="a") == ["Alpha_1"]
    assert first["tags"] == ["a", "b"]
    assert second["tags"] == ["b"]


def test_trials_are_filtered_and_paged(any_service: Service) -> None:
    worker = any_service.started()
    worker.post(worker.lease(0, 5, 13).lease, 5, 13)
    path = f"/v1/studies/{worker.study}/trials"

    def found(**params: object) -> list[int]:
        page = any_service.http.get(path, params=params).json()  # type: ignore[arg-type]
        return [trial["index"] for trial in page["items"]]

    assert found(state="completed") == [5, 13]
    assert found(state="completed", rule="hybrid") == [13]
    assert found(outcome="reached_target") == [5, 13]
    assert found(state="running") == [0]
    assert found(seed=1, rule="additive", limit=3) == [1, 3, 5]
    assert found(cell=2) == [4, 5]
    page = any_service.http.get(path, params={"limit": 20}).json()
    rest = any_service.http.get(path, params={"cursor": page["next_cursor"]}).json()
    assert [t["index"] for t in rest["items"]] == list(range(20, TRIALS))


def test_cells_are_the_heat_map(any_service: Service) -> None:
    worker = any_service.started()
    worker.finish()
    path = f"/v1/studies/{worker.study}/cells"
    cells = any_service.http.get(path, params={"rule": "hybrid"}).json()["items"]
    assert [(c["point"]["lr"], c["point"]["init_scale"]) for c in cells] == [
        (lr, scale) for lr in (0.01, 0.1, 1.0) for scale in (0.5, 2.0)
    ]
    assert all(c["completed"] == c["reached_target"] == c["trials"] == 2 for c in cells)
    assert cells[0]["mean"] == pytest.approx(0.25 + 12.5 / 64)
    assert cells[0]["std"] == pytest.approx(2**-0.5 / 64)
    page = any_service.http.get(path, params={"limit": 7}).json()
    rest = any_service.http.get(path, params={"cursor": page["next_cursor"]}).json()["items"]
    assert [c["ordinal"] for c in page["items"] + rest] == list(range(12))


def test_reports_come_in_three_forms(any_service: Service) -> None:
    worker = any_service.started()
    early = any_service.http.get(f"/v1/studies/{worker.study}/report")
    assert early.status_code == 200, early.text
    worker.finish()
    path = f"/v1/studies/{worker.study}/report"
    report = RobustnessReport.model_validate_json(any_service.http.get(path).content)
    assert report.study.settings["rule hybrid"] == "lr → lr, lr_out; init_scale → init_scale"
    page = any_service.http.get(path + ".html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"(src|href)=.?(https?:)?//", page.text)
    markdown = any_service.http.get(path + ".md")
    assert markdown.text.startswith("# Robustness of small")
    assert any_service.http.get(path).json() == report.model_dump(mode="json")


def test_a_report_splits_rules_by_further_axes(service: Service) -> None:
    axes = {**SPEC["axes"], "gamma": {"values": [0.2, 0.8]}}
    worker = service.started({**SPEC, "rules": ["hybrid"], "axes": axes})
    worker.finish()
    groups = service.http.get(f"/v1/studies/{worker.study}/report").json()["groups"]
    assert [rule["rule"] for rule in groups[0]["rules"]] == [
        "hybrid[gamma=0.2]",
        "hybrid[gamma=0.8]",
    ]


def test_progress_is_streamed_to_the_end(any_service: Service) -> None:
    worker = any_service.started()
    before = any_service.study(worker.study)["revision"]
    with any_service.http.stream("GET", f"/v1/studies/{worker.study}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        first = next_event(lines)
        worker.finish()
        last = next_event(lines)
        while '"state":"completed"' not in last["data"]:
            last = next_event(lines)
    assert (first["event"], int(first["id"])) == ("progress", before)
    headers = {"Last-Event-ID": last["id"]}
    with any_service.http.stream(
        "GET", f"/v1/studies/{worker.study}/events", headers=headers
    ) as stream:
        again = next_event(stream.iter_lines())
    assert again["id"] == last["id"]


def next_event(lines: object) -> dict[str, str]:
    event: dict[str, str] = {}
    for line in lines:  # type: ignore[attr-defined]
        if not line and event:
            return event
        name, _, value = line.partition(": ")
        if name:
            event[name] = value
    raise AssertionError("the stream ended")


def test_the_documentation_is_complete_and_needs_no_network(service: Service) -> None:
    schema = service.http.get("/openapi.json").json()
    page = service.http.get("/docs").text
    assert not re.search(r"(src|href)=.?(https?:)?//", page)
    for path, verbs in schema["paths"].items():
        for verb, operation in verbs.items():
            assert operation["description"], f"{verb} {path} has no description"
            assert f"<code>{path}</code>" in page
    body = schema["paths"]["/v1/studies"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "application/yaml"}
    assert service.submit(body["application/json"]["example"])["trials"] == 630
    text = body["application/yaml"]["example"]
    headers = {"Content-Type": "application/yaml"}
    assert service.http.post("/v1/studies/validate", content=text, headers=headers).is_success


def test_catalog_and_limits(service: Service) -> None:
    catalog = service.http.get("/v1/catalog").json()
    hybrid = next(rule for rule in catalog["rules"] if rule["name"] == "hybrid")
    assert hybrid["lr_drives"] == ["lr", "lr_out"]
    gamma = next(p for p in hybrid["parameters"] if p["name"] == "gamma")
    assert (gamma["default"], gamma["expected"]) == (0.5, "a finite number in [0, 1]")
    assert service.http.get("/v1/limits").json()["max_trials"] == 1_000_000


def test_health(service: Service) -> None:
    assert service.http.get("/healthz").json() == {"status": "ok"}
    assert service.http.get("/readyz").json() == {"status": "ok"}
