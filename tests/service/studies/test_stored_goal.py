"""Studies stored when an accuracy was minimized unless somebody objected: they open, and say so."""

import io
from typing import Any

import pytest

from gofau_service.cli.tables import study_table
from gofau_service.client import Client
from gofau_studies.protocol.wire import SearchHistory
from gofau_studies.spec.goal import doubts
from gofau_workers.search.planner import next_round
from tests.service.fakes import SPEC, Service, result

WRONG = {"metric": "val_accuracy", "minimize": True, "target": 0.9}


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The time when no goal was held to its metric."""
    monkeypatch.setattr("gofau_studies.spec.checks.check_goal", lambda goal: None)
    return monkeypatch


def stored(service: Service, **changes: Any) -> str:
    worker = service.started({**SPEC, "goal": WRONG, **changes})
    waiting = [trial.index for trial in worker.work().trials]
    worker.post(worker.lease(*waiting).lease, *waiting, make=lambda i: result(i, best=0.1))
    return worker.study


def test_everything_of_such_a_study_opens_and_its_report_says_so(
    service: Service, before: pytest.MonkeyPatch
) -> None:
    study = stored(service)
    before.undo()
    refused = service.http.post("/v1/studies", json={**SPEC, "goal": WRONG})
    assert refused.status_code == 422
    assert [e["path"] for e in refused.json()["errors"]] == ["goal.minimize"]
    shown = service.study(study)
    [said] = shown["doubts"]
    assert said.startswith("Wrong direction: this study minimized val_accuracy, of which higher")
    assert shown["goal"] == {**WRONG, "tolerance": None}
    listed = service.http.get("/v1/studies").json()["items"]
    assert [one["doubts"] for one in listed] == [[said]]
    for form in ("report", "report.html", "report.md"):
        answer = service.http.get(f"/v1/studies/{study}/{form}")
        assert answer.status_code == 200, answer.text
        assert "Wrong direction" in answer.text
    assert service.http.get(f"/v1/studies/{study}/report").json()["notes"][0] == said
    for form in ("csv", "ndjson", "parquet"):
        path = f"/v1/studies/{study}/export"
        assert service.http.get(path, params={"format": form}).status_code == 200
    assert service.http.get(f"/v1/studies/{study}/cells").json()["items"]
    with Client(service.server.url) as client:
        assert client.study(study).spec().goal.minimize is True
        assert client.study(study).tuning_curves()
        assert client.get(study).doubts == (said,)
        from rich.console import Console

        console = Console(file=io.StringIO(), width=300)
        console.print(study_table(client.get(study)))
        assert "Wrong direction" in console.file.getvalue()  # type: ignore[attr-defined]


def test_such_a_study_is_extended_as_it_ran(service: Service, before: pytest.MonkeyPatch) -> None:
    study = stored(service)
    before.undo()
    answer = service.http.post(f"/v1/studies/{study}/extend", json={"seeds": 3})
    assert answer.is_success, answer.text
    assert service.study(study)["goal"]["minimize"] is True


def test_rounds_of_such_a_search_go_on(service: Service, before: pytest.MonkeyPatch) -> None:
    axes = {name: {**axis, "points": None} for name, axis in SPEC["axes"].items()}
    axes = {name: {k: v for k, v in axis.items() if v is not None} for name, axis in axes.items()}
    search = {"sampler": "tpe", "trials": 12, "batch": 2}
    worker = service.started({**SPEC, "goal": WRONG, "axes": axes, "search": search})
    before.undo()
    waiting = [trial.index for trial in worker.work().trials]
    worker.post(worker.lease(*waiting).lease, *waiting, make=lambda i: result(i, best=0.1))
    headers = {"Authorization": f"Bearer {worker.token}"}
    path = f"/v1/worker/studies/{worker.study}"
    history = SearchHistory.model_validate(
        service.http.get(f"{path}/search", headers=headers).json()
    )
    wanted = next_round(history)
    assert wanted is not None
    body = wanted.model_dump(mode="json")
    posted = service.http.post(f"{path}/rounds", headers=headers, json=body)
    assert posted.is_success, posted.text
    assert posted.json()["new"]


def test_a_study_of_the_right_direction_has_no_doubts(service: Service) -> None:
    assert service.study(service.submit()["id"])["doubts"] == []
    assert doubts({"goal": {"metric": "of a plug-in that is gone", "minimize": True}}) == ()
