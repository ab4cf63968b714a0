"""A study over further axes, from its spec to every place where its values are seen, as JSON.

Run in a copy that has them: ``python -m tests.where.axis_seen FOLDER``, an empty folder.
"""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from gofau.packing import run_pack
from gofau_service.client import Client
from gofau_service.settings import Settings
from gofau_studies.errors import SpecError
from gofau_studies.spec import parse_spec
from gofau_workers.work import bucket_sizes, pack_up, pending, plan, result
from tests.service.fakes import SPEC, FakeRunner, Service
from tests.where.fact_seen import printed

SWEPT = {
    **SPEC,
    "rules": ["additive"],
    "axes": {
        "lr": {"values": [0.1, 0.2]},
        "batch_size": {"values": [256, 512]},
        "width": {"values": [4, 8]},
    },
    "seeds": 1,
}
REFUSED: dict[str, dict[str, Any]] = {
    "a fraction": {"axes": {**SWEPT["axes"], "width": {"values": [4, 4.5]}}},
    "out of range": {"axes": {**SWEPT["axes"], "width": {"values": [0, 4]}}},
    "more than there are": {"axes": {**SWEPT["axes"], "batch_size": {"values": [64, 2048]}}},
    "too few steps": {"schedule": {"warmup": 0.2}},
    "two values": {"batch_size": 32},
    "a value of the problem's": {"problem": {"name": "digits-mlp", "width": 16}},
    "no such setting": {"problem": "rosenbrock"},
    "not of every problem": {"problems": ["digits-mlp", "rosenbrock"]},
}


def refusals() -> dict[str, str]:
    """What is said of specs that ask for something else of the same axes."""
    found = {}
    for name, change in REFUSED.items():
        data = {**SWEPT, **change}
        if "problems" in change:
            del data["problem"]
        try:
            parse_spec(data)
        except SpecError as error:
            found[name] = str(error)
    return found


def trained(service: Service) -> tuple[str, list[tuple[int, int, int, int]]]:
    """A study whose packs have been trained.

    With it, of each pack: trials, batch size, width and the steps that its first trial ran.
    """
    worker = service.started(SWEPT)
    waiting = list(pending([worker.work()]))
    packs = []
    for pack in pack_up(waiting, dict.fromkeys(bucket_sizes(waiting), 8)):
        asked = plan(pack)
        lease = worker.lease(*(trial.index for trial in pack)).lease
        ran = [result(one, len(pack)).model_dump(mode="json") for one in run_pack(asked)]
        by_index = {one["index"]: one for one in ran}
        worker.post(lease, *by_index, make=lambda index, known=by_index: known[index])
        width = int(asked.problem_parameters["width"])
        packs.append((len(pack), asked.batch_size, width, ran[0]["steps"]))
    return worker.study, packs


def seen(service: Service) -> dict[str, Any]:
    """The axes by where they were looked up."""
    study, packs = trained(service)
    with Client(service.server.url) as client:
        table = b"".join(client.export(study, "csv")).decode()
        points = [trial.point for trial in client.trials(study, sort="batch_size")]
        wide = [trial.point for trial in client.trials(study, where=["width>4"])]
        report = client.report(study)
    shown = printed("trials", study, "--url", service.server.url, "--where", "width>4")
    return {
        "cli": shown,
        "packs": sorted(packs),
        "points": points,
        "wide": wide,
        "csv": [row["width"] for row in csv.DictReader(io.StringIO(table))],
        "rules": [rule.rule for group in report.groups for rule in group.rules],
        "settings": report.study.settings,
        "catalog": [axis["name"] for axis in service.http.get("/v1/catalog").json()["axes"]],
        "refusals": refusals(),
    }


if __name__ == "__main__":
    started = Service.start(Settings(data_dir=Path(sys.argv[1]), reconcile=False), FakeRunner())
    try:
        sys.stdout.write(json.dumps(seen(started)))
    finally:
        started.close()
