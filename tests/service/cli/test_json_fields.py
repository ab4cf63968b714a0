"""What ``--json`` prints is what the API answers, with every field."""

from pathlib import Path
from typing import Any

from tests.service.cli.conftest import GOOD, Gofau
from tests.service.fakes import Service

MOVING = ("trials_per_s", "eta_s")
"""Fields of a study that the clock alone changes."""


def settled(study: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in study.items() if name not in MOVING}


def test_json_has_every_field_of_the_answer(gofau: Gofau, service: Service, spec: Path) -> None:
    submitted = gofau("submit", spec, "--json").json
    study = submitted["id"]
    service.reconciler.look()
    service.worker(study).finish()
    whole = service.http.get(f"/v1/studies/{study}").json()
    assert submitted.keys() == whole.keys()
    assert settled(gofau("show", study, "--json").json) == settled(whole)
    (listed,) = service.http.get("/v1/studies").json()["items"]
    (shown,) = gofau("list", "--json").json
    assert settled(shown) == settled(listed)
    trials = service.http.get(f"/v1/studies/{study}/trials").json()["items"]
    assert gofau("trials", study, "--json").json == trials
    report = service.http.get(f"/v1/studies/{study}/report").json()
    assert gofau("report", study, "--json").json == report


def test_a_plan_in_json_has_every_field(gofau: Gofau, service: Service, spec: Path) -> None:
    headers = {"Content-Type": "application/yaml"}
    plan = service.http.post("/v1/studies/validate", content=GOOD, headers=headers).json()
    assert gofau("validate", spec, "--json").json == plan
