"""The list of studies: its orders, and its changes as they happen."""

from typing import Any

import pytest

from service.studies.listing import SORTS
from studies.trials import StudyState
from tests.service.fakes import SPEC, Service

NAMES = ["beta", "Alpha", "beta", "Øre", "gamma", "alpha 2", "beta"]
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


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("by", SORTS)
def test_sorted_pages_hold_every_study_once(several: Service, by: str, sign: str) -> None:
    whole = _all(several, sign + by, 100)
    assert len({s["id"] for s in whole}) == len(NAMES)
    keys = [_key(s, by) for s in whole]
    assert keys == sorted(keys, reverse=sign == "-")
    for limit in (1, 2, 3):
        assert [s["id"] for s in _all(several, sign + by, limit)] == [s["id"] for s in whole]


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
