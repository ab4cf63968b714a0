"""Ctrl-C in ``gofau run`` and the same command again: one study, which goes on."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from gofau_service.cli.commands import run
from gofau_service.client import Study
from tests.service.cli.conftest import Gofau, Ran
from tests.service.fakes import Service

Follow = Callable[[Iterable[Study], Console], Study]


@pytest.fixture
def served(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service in the place of the stack that ``gofau run`` starts."""
    state = SimpleNamespace(url=service.server.url, token=None)

    @contextmanager
    def stack(_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(state=state, failure=None)

    monkeypatch.setattr(run, "local_stack", stack)
    monkeypatch.setattr(run, "announce", lambda *_: None)
    return service


def interrupted(gofau: Gofau, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> Ran:
    """Run the command, and press Ctrl-C once the study is there."""

    def press(_: Iterable[Study], __: Console) -> Study:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "follow", press)
        return gofau("run", *arguments)


def completed(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, served: Service, *arguments: object
) -> Ran:
    """Run the command while a worker trains whatever waits."""
    follow: Follow = run.follow

    def train(updates: Iterable[Study], console: Console) -> Study:
        served.reconciler.look()
        for study in studies(served):
            if study["state"] == "running":
                served.worker(study["id"]).finish()
        return follow(updates, console)

    with monkeypatch.context() as patch:
        patch.setattr(run, "follow", train)
        return gofau("run", *arguments, "--json")


def studies(served: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.http.get("/v1/studies").json()["items"]
    return found


def test_the_same_command_again_goes_on_with_the_open_study(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, served: Service, spec: Path
) -> None:
    first = interrupted(gofau, monkeypatch, spec)
    (left,) = studies(served)
    assert first.code == 130
    assert f"study {left['id']} goes on with 'gofau up', or with this command again" in first.err
    assert f"to drop it: 'gofau up', then 'gofau cancel {left['id']}'" in first.err
    second = completed(gofau, monkeypatch, served, spec)
    assert second.code == 0
    assert f"study {left['id']} of this spec is open and goes on: 0 of 12 trials" in second.err
    assert [s["id"] for s in studies(served)] == [left["id"]] == [second.json["study"]["id"]]


def test_a_paused_study_is_resumed(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, served: Service, spec: Path
) -> None:
    interrupted(gofau, monkeypatch, spec)
    (left,) = studies(served)
    served.http.post(f"/v1/studies/{left['id']}/pause")
    assert completed(gofau, monkeypatch, served, spec).json["study"]["id"] == left["id"]


@pytest.mark.parametrize("change", ["spec", "flag", "cancelled", "owner"])
def test_what_is_not_the_same_study_is_left_alone(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, served: Service, spec: Path, change: str
) -> None:
    interrupted(gofau, monkeypatch, spec)
    (left,) = studies(served)
    if change == "spec":
        spec.write_text(spec.read_text().replace("seeds: 2", "seeds: 1"))
    if change == "cancelled":
        served.http.post(f"/v1/studies/{left['id']}/cancel")
    if change == "owner":
        monkeypatch.setattr("gofau_service.cli.twins.LOCAL", SimpleNamespace(owner="somebody else"))
    again = interrupted(gofau, monkeypatch, spec, *(["--fresh"] if change == "flag" else []))
    assert "is open and goes on" not in again.err
    assert len(studies(served)) == 2


def test_another_way_to_write_it_is_the_same_study(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, served: Service, spec: Path
) -> None:
    interrupted(gofau, monkeypatch, spec)
    text = spec.read_text().replace("[sgd]", "[{name: sgd, momentum: 0}]")
    spec.write_text(text.replace("name: small", "name: renamed"))
    assert "is open and goes on" in interrupted(gofau, monkeypatch, spec).err
    assert len(studies(served)) == 1


def test_an_ended_study_is_named_and_its_results_are_reused(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, served: Service, spec: Path
) -> None:
    (ended,) = [completed(gofau, monkeypatch, served, spec).json["study"]["id"]]
    again = interrupted(gofau, monkeypatch, spec)
    assert f"study {ended} of the same spec has ended; its results are reused" in again.err
    assert len(studies(served)) == 2


def test_submit_makes_a_new_study_and_names_the_open_one(
    gofau: Gofau, service: Service, spec: Path
) -> None:
    first = gofau("submit", spec, "--json")
    second = gofau("submit", spec, "--json")
    assert first.err == ""
    assert f"note: study {first.json['id']} of the same spec is open already" in second.err
    assert first.json["id"] != second.json["id"]
    assert gofau("submit", spec, "--key", "k").code == 0
    assert "open already" not in gofau("submit", spec, "--key", "k").err
