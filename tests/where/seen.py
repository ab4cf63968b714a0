"""A small study of what a copy of the repository adds, from its spec to what is read of it."""

import json
from dataclasses import dataclass
from typing import Any

from tests.where.copied import Copy

SPEC: dict[str, Any] = {
    "name": "made",
    "problem": {"name": "digits-mlp", "width": 8, "depth": 1},
    "epochs": 2,
    "directions": ["sgd"],
    "rules": ["additive"],
    "axes": {"lr": {"values": [0.01, 0.03, 0.1]}, "init_scale": {"values": [0.5, 1.0]}},
    "seeds": 2,
}

RUN = """
import json, subprocess, sys
from gofau.packing import run_pack
from gofau_service.settings import Settings
from gofau_workers.work import buckets, pending, plan, result
from tests.service.fakes import FakeRunner, Service

settings = Settings(database_url="sqlite:///seen.db", reconcile=False, events_every_s=0.05)
service = Service.start(settings, FakeRunner())
try:
    worker = service.started(json.loads(sys.argv[1]))
    packed, alone = {}, {}
    for pack in buckets(pending([worker.work()])).values():
        for outcome in run_pack(plan(pack)):
            packed[outcome.key] = result(outcome, len(pack)).model_dump(mode="json")
        first = pack[0]
        [outcome] = run_pack(plan([first]))
        alone[first.index] = result(outcome, 1).model_dump(mode="json")
    lease = worker.lease(*packed)
    worker.post(lease.lease, *packed, make=packed.__getitem__)
    catalog = service.http.get("/v1/catalog").json()
    report = service.http.get(f"/v1/studies/{worker.study}/report").json()
    cli = [sys.executable, "-m", "gofau_service.cli", "report", worker.study]
    told = subprocess.run([*cli, "--url", service.server.url], capture_output=True, text=True)
    state = service.study(worker.study)["state"]
finally:
    service.close()
kinds = ("directions", "rules", "problems", "metrics")
names = {kind: [one["name"] for one in catalog[kind]] for kind in kinds}
found = {"names": names, "report": report, "cli": told.stdout + told.stderr, "state": state}
print(json.dumps({**found, "packed": packed, "alone": alone}))
"""


@dataclass(frozen=True)
class Seen:
    """What was seen.

    Args:
        names: the API's catalog, by kind.
        report: the study's, as JSON.
        cli: what the command line prints of it.
        state: the study's.
        packed: the results of all trials, trained in packs, by index.
        alone: those of the first trial of each pack, trained by itself.
    """

    names: dict[str, list[str]]
    report: dict[str, Any]
    cli: str
    state: str
    packed: dict[str, dict[str, Any]]
    alone: dict[str, dict[str, Any]]

    def check(self) -> None:
        """See that the study completed, and that trials alone gave what they gave in packs."""
        assert self.state == "completed"
        assert self.alone
        for index, result in self.alone.items():
            together = self.packed[index]
            assert together["pack_size"] > result["pack_size"] == 1
            assert together["outcome"] == result["outcome"]
            for name, value in result["metrics"].items():
                assert abs(together["metrics"][name] - value) <= 1e-5 * abs(value)


def seen(copy: Copy, **changes: Any) -> Seen:
    """Train a study of `SPEC` with parts of it changed, or left out by ``None``, and look at it."""
    spec = {name: value for name, value in {**SPEC, **changes}.items() if value is not None}
    return Seen(**json.loads(copy.run(RUN, json.dumps(spec))))


def installed(group: str, point: str) -> dict[str, str]:
    """What installing a package leaves behind that has an entry point in a group."""
    folder = "made-1.0.dist-info"
    return {
        f"{folder}/METADATA": "Metadata-Version: 2.1\nName: made\nVersion: 1.0\n",
        f"{folder}/entry_points.txt": f"[{group}]\n{point}\n",
    }
