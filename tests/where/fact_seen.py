"""A trained trial's facts from a worker's result to every place where they are seen, as JSON.

Run in a copy with a further fact and outcome: ``python -m tests.where.fact_seen FOLDER FACT OUTCOME
OLD``. The folder has the store of a release without them, with a finished study of the id OLD.
"""

import csv
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gofau.packing import run_pack
from gofau_service.cli.entry import run
from gofau_service.client import Client
from gofau_service.settings import Settings
from gofau_workers.work import pending, plan, result
from tests.service.fakes import SPEC, FakeRunner, Service

TOY = {
    **SPEC,
    "problem": "himmelblau",
    "rules": ["additive"],
    "goal": {"metric": "val_loss"},
    "epochs": 6,
}


def trained(service: Service) -> tuple[str, list[dict[str, Any]]]:
    """A study whose trials have been trained in one pack, and the results that were posted."""
    service.reconciler.look()
    service.clock.at += 1000  # until the reconciler of the release before counts as gone
    worker = service.started(TOY)
    waiting = list(pending([worker.work()]))
    lease = worker.lease(*(trial.index for trial in waiting)).lease
    outcomes = run_pack(plan(waiting))
    posted = [result(one, len(waiting)).model_dump(mode="json") for one in outcomes]
    by_index = {one["index"]: one for one in posted}
    worker.post(lease, *by_index, make=lambda index: by_index[index])
    return worker.study, [by_index[index] for index in sorted(by_index)]


def printed(*arguments: str) -> str:
    """What a command prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert run(arguments) == 0
    return out.getvalue()


def seen(service: Service, name: str, outcome: str, old: str) -> dict[str, Any]:
    """The fact and the outcome of a study's trials, by where they were looked up."""
    study, posted = trained(service)
    path, url = f"/v1/studies/{study}", service.server.url
    with Client(url) as client:
        exports = {kind: b"".join(client.export(study, kind)) for kind in ("csv", "parquet")}
        trials = list(client.trials(study))
        table = client.study(study).to_pandas()
        ordered = [getattr(trial, name) for trial in client.trials(study, sort=name)]
        cells = [cell.mean for cell in client.cells(study, metric=name)]
        before = {getattr(trial, name) for trial in client.trials(old)}
        counts = [getattr(cell, outcome) for cell in client.cells(study)]
        rules = [rule.rule for rule in client.report(study).groups[0].rules]
    catalog = service.http.get("/v1/catalog").json()
    return {
        "posted": [one[name] for one in posted],
        "api": [t[name] for t in service.http.get(f"{path}/trials").json()["items"]],
        "client": [getattr(trial, name) for trial in trials],
        "pandas": table[name].tolist(),
        "csv": [row[name] for row in csv.DictReader(io.StringIO(exports["csv"].decode()))],
        "parquet": pq.read_table(io.BytesIO(exports["parquet"]))[name].to_pylist(),
        "kind": str(pq.read_schema(io.BytesIO(exports["parquet"])).field(name).type),
        "ordered": ordered,
        "cells": cells,
        "old": list(before),
        "cli": printed("trials", study, "--url", url, "--sort", name),
        "counts": counts,
        "ends": [trial.outcome == outcome for trial in trials],
        "rules": rules,
        "shown": printed("show", study, "--url", url),
        "catalog": catalog,
        "study": service.study(study),
    }


if __name__ == "__main__":
    folder, *asked = sys.argv[1:]
    started = Service.start(Settings(data_dir=Path(folder), reconcile=False), FakeRunner())
    try:
        sys.stdout.write(json.dumps(seen(started, *asked)))
    finally:
        started.close()
