"""The list of studies: its orders, and its changes as they happen."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from gofau_service.store.study_list import SORTS
from gofau_studies.protocol.trials import StudyState
from tests.service.api.test_api import next_event
from tests.service.fakes import SPEC, TRIALS, Service
from tests.service.tokens.test_auth import ADMIN, bearer, token

NAMES = ["beta", "Alpha", "beta", "Øre", "gamma", "alpha 2", "beta"]
EMPTY = {"waiting": 0, "running": 0, "completed": 0, "failed": 0, "cancelled": 0}
STATES = [str(state) for state in StudyState]


@pytest.fixture
def several(any_service: Service) -> Service:
    """Studies of two sizes, some of which have run for a while, ended or been paused."""
    ids = [
        any_service.submit({**SPEC, "name": name, "seeds": 1 + i % 2})["id"]
        for i, name in enumerate(NAMES)
    ]
    any_service.reconciler.look()
    any_service.http.post(f"/v1/studies/{ids[1]}/cancel")
    any_service.http.post(f"/v1/studies/{ids[4]}/pause")
    running = [s["id"] for s in _all(any_service, "created", 100) if s["state"] == "running"]
    for count, study in enumerate(running, start=3):
        worker = any_service.worker(study)
        worker.post(worker.lease(*range(count)).lease, *range(count))
    return any_service


def _all(service: Service, sort: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params: dict[str, str | int] = {"sort": sort, "limit": limit}
    while True:
        answer = service.http.get("/v1/studies", params=params)
        assert answer.is_success, answer.text
        found += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return found
        params["cursor"] = answer.json()["next_cursor"]


def _key(study: dict[str, Any], by: str) -> Any:
    keys = {
        "created": study["created_at"],
        "name": study["name"].replace("A", "a"),
        "owner": study["owner"],
        "state": STATES.index(study["state"]),
        "progress": study["progress"],
        "rate": study["trials_per_s"] is not None,
        "time_left": study["eta_s"] is None,
        "trials": study["trials"],
    }
    return keys[by]


def test_sorted_pages_hold_every_study_once(several: Service) -> None:
    for by, sign in product(SORTS, ("", "-")):
        whole = _all(several, sign + by, 100)
        assert len({s["id"] for s in whole}) == len(NAMES)
        keys = [_key(s, by) for s in whole]
        assert keys == sorted(keys, reverse=sign == "-"), sign + by
        found = _all(several, sign + by, 1)  # every place where a page may end
        assert [s["id"] for s in found] == [s["id"] for s in whole], sign + by


def test_the_default_is_newest_first(several: Service) -> None:
    listed = several.http.get("/v1/studies").json()["items"]
    assert [s["id"] for s in listed] == [s["id"] for s in _all(several, "-created", 2)]


def test_an_unknown_order_is_refused(service: Service) -> None:
    answer = service.http.get("/v1/studies", params={"sort": "-colour"})
    expected = f"one of: {', '.join(SORTS)}; with - for descending"
    assert answer.json()["errors"] == [{"path": "sort", "got": "-colour", "expected": expected}]


def test_a_cursor_is_good_for_its_own_order_only(several: Service) -> None:
    more = several.http.get("/v1/studies", params={"sort": "name", "limit": 1}).json()
    for sort in ("-name", "owner", "created"):
        params = {"sort": sort, "cursor": more["next_cursor"]}
        assert several.http.get("/v1/studies", params=params).status_code == 422


class Stream:
    """The stream of changes, read one event at a time."""

    def __init__(self, service: Service, last: str | None = None, **options: Any) -> None:
        headers = {**options.pop("headers", {}), **({"Last-Event-ID": last} if last else {})}
        self._opened = service.http.stream("GET", "/v1/studies/events", headers=headers)
        self._lines: Any = None

    def __enter__(self) -> "Stream":
        self._lines = self._opened.__enter__().iter_lines()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._opened.__exit__(*exception)

    def next(self) -> tuple[str, dict[str, Any], str]:
        event = next_event(self._lines)
        return event["event"], json.loads(event["data"]), event["id"]

    def until(self, study: str, **wanted: object) -> str:
        """Read on until an event shows the study so; return its id."""
        while True:
            name, data, at = self.next()
            assert name == "study"
            if data["id"] == study and wanted.items() <= data.items():
                return at


def test_changes_of_the_list_are_streamed(any_service: Service) -> None:
    old = any_service.submit()["id"]
    with Stream(any_service) as stream:
        assert stream.next()[:2] == ("reset", {})
        new = any_service.submit({**SPEC, "name": "new"})["id"]
        stream.until(new, state="queued", name="new")
        any_service.reconciler.look()
        stream.until(old, state="running")
        worker = any_service.worker(old)
        lease = worker.lease(0, 1).lease
        stream.until(old, counts={**EMPTY, "waiting": TRIALS - 2, "running": 2})
        worker.post(lease, 0)
        at = stream.until(old, progress=1 / TRIALS)
        any_service.http.post(f"/v1/studies/{new}/cancel")
        stream.until(new, state="cancelling")
        for _ in range(2):
            any_service.reconciler.look()
        stream.until(new, state="cancelled")
    any_service.http.patch(f"/v1/studies/{old}", json={"tags": ["kept"]})
    with Stream(any_service, at) as stream:
        assert {stream.next()[1]["id"] for _ in range(2)} == {old, new}
        any_service.http.delete(f"/v1/studies/{new}")
        assert stream.next()[:2] == ("deleted", {"id": new})


@pytest.mark.parametrize("last", ["odd", "00000000.3", "0.0"])
def test_an_unknown_place_in_the_stream_starts_anew(service: Service, last: str) -> None:
    with Stream(service, last) as stream:
        assert stream.next()[:2] == ("reset", {})


def test_a_place_that_was_forgotten_starts_anew(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gofau_service.events.study_changes.KEPT", 1)
    with Stream(service) as stream:
        at = stream.next()[2]
        for _ in range(2):
            stream.until(service.submit()["id"])
    with Stream(service, at) as stream:
        assert stream.next()[:2] == ("reset", {})


def test_a_listener_sees_the_changes_of_its_own_studies_only(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite, auth=True, admin_token=ADMIN, events_every_s=0.05)
    ada, bob = (bearer(token(service, owner=name)["token"]) for name in ("ada", "bob"))
    with Stream(service, headers=ada) as stream:
        assert stream.next()[0] == "reset"
        hidden = service.submit(headers=bob)["id"]
        mine = service.submit(headers=ada)["id"]
        name, data, _ = stream.next()
        assert (name, data["id"]) == ("study", mine)
        assert hidden != mine


def test_the_stream_of_a_study_ends_when_it_is_deleted(any_service: Service) -> None:
    study = any_service.submit()["id"]
    with any_service.http.stream("GET", f"/v1/studies/{study}/events") as stream:
        lines = stream.iter_lines()
        assert next_event(lines)["event"] == "progress"
        assert any_service.http.delete(f"/v1/studies/{study}?force=true").status_code == 204
        assert "deleted" not in "".join(lines)
