"""From driver to store with real training: what is trained again, and what is not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gofau import version
from gofau.problems import Dataset
from gofau.problems.digits import DigitsMLP
from gofau.version import code_version
from gofau_service.store.engine import Store
from gofau_service.store.tables.trials import Trial
from gofau_studies.protocol.wire import WorkTrial
from gofau_workers import inputs, train
from gofau_workers.driver import drive
from gofau_workers.errors import RefusedError
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings
from gofau_workers.train import packed, train_pack
from tests.service.fakes import SPEC, Service
from tests.service.studies.test_leases import assert_consistent
from tests.service.test_search_drive import settings_of

SMALL = {
    **SPEC,
    "problem": {"name": "digits-mlp", "width": 4, "depth": 1},
    "epochs": 1,
    "rules": ["additive"],
}
SIZE = 12


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_settled", set())


def trained(service: Service, cache: Path, trials: int | None = None) -> dict[str, Any]:
    """Drive a new study with real packs; with ``trials``, until the driver is killed after them."""
    worker = service.started(SMALL)
    settings = replace(settings_of(service, worker), cache_dir=cache)

    def run(settings: WorkerSettings, waiting: list[WorkTrial]) -> None:
        client = ServiceClient(settings)
        try:
            train_pack(client, waiting[:trials], packed(settings))
        finally:
            client.close()
        if trials is not None:
            raise KeyboardInterrupt

    client = ServiceClient(settings)
    try:
        drive(client, settings, run)
    except KeyboardInterrupt:
        pass
    finally:
        client.close()
    assert_consistent(service.store, worker.study)
    return service.study(worker.study)


def values(store: Store, study: str) -> list[float | None]:
    from sqlalchemy import select

    from gofau_service.store import studies as repository

    with store.read() as session:
        row = repository.find(session, study)
        query = select(Trial.value).where(Trial.study_id == row.id).order_by(Trial.index)
        return list(session.scalars(query))


def turn_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    data = DigitsMLP({}).dataset()
    turned = Dataset(data.train_x, data.train_y.flip(0), data.val_x, data.val_y.flip(0))
    monkeypatch.setattr(DigitsMLP, "dataset", lambda _: turned)


def test_the_same_data_are_trained_on_once(service: Service, tmp_path: Path) -> None:
    first, second = trained(service, tmp_path), trained(service, tmp_path)
    assert (first["reused"], second["reused"]) == (0, SIZE)
    assert second["state"] == "completed"
    assert values(service.store, first["id"]) == values(service.store, second["id"])


def test_changed_labels_are_trained_on_anew(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = trained(service, tmp_path)
    turn_labels(monkeypatch)
    second = trained(service, tmp_path)
    assert second["reused"] == 0
    before, after = values(service.store, first["id"]), values(service.store, second["id"])
    assert all(a != b for a, b in zip(before, after, strict=True))


def test_a_study_that_was_broken_off_leaves_its_results_to_its_copy(
    service: Service, tmp_path: Path
) -> None:
    broken = trained(service, tmp_path, trials=5)
    assert broken["counts"]["completed"] == 5
    again = trained(service, tmp_path)
    assert (again["state"], again["reused"]) == ("completed", 5)


def test_data_that_change_while_a_study_runs_are_told(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study = trained(service, tmp_path, trials=5)["id"]
    turn_labels(monkeypatch)
    worker = service.worker(study)
    settings = replace(settings_of(service, worker), cache_dir=tmp_path)
    client = ServiceClient(settings)
    drive(client, settings, lambda s, waiting: train_once(s, waiting))
    client.close()
    notes = service.http.get(f"/v1/studies/{study}/report").json()["notes"]
    [said] = [note for note in notes if "different inputs" in note]
    assert "which differ in data.train_y, data.val_y, computed." in said


def train_once(settings: WorkerSettings, waiting: list[WorkTrial]) -> None:
    client = ServiceClient(settings)
    train_pack(client, waiting, packed(settings))
    client.close()


def test_a_driver_of_another_gofau_fails_its_study_with_the_reason(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(train, "code_version", lambda: "0.0+older")
    with pytest.raises(RefusedError):
        trained(service, tmp_path)
    [study] = service.http.get("/v1/studies").json()["items"]
    assert (study["state"], study["counts"]["failed"]) == ("failed", SIZE)
    assert f"has gofau 0.0+older, the service has {code_version()}" in study["message"]
    trial = service.http.get(f"/v1/studies/{study['id']}/trials/0").json()
    assert trial["attempts"] == 0
    assert version.code_version() == code_version()
