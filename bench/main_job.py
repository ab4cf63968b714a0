"""The main job through the real path: service, Ray, packs, report.

Prints ``trials``, ``completed``, ``trials_per_s`` (from submission to the last result) and
``first_result_s`` (from submission to the first one). Without ``--quick`` it also runs a sample
with one Tune trial for each training, the peer, and prints the ratio.

    python bench/main_job.py --quick --json
"""

import argparse
import json
import os
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import yaml

from gofau_service.cli.local.stack import StackOptions, local_stack
from gofau_service.client import Client, Study


def catalog_spec() -> dict[str, object]:
    """The study of `make demo`."""
    text = files("gofau_studies").joinpath("catalog/digits-mlp.yaml").read_text(encoding="utf-8")
    spec: dict[str, object] = yaml.safe_load(text)
    return spec


def smaller(spec: dict[str, object], lrs: int, scales: int, seeds: int) -> dict[str, object]:
    """The same study on a coarser grid."""
    axes = {
        "lr": {"log": [1.0e-3, 10.0], "points": lrs},
        "init_scale": {"log": [0.1, 10.0], "points": scales},
    }
    return {**spec, "axes": axes, "seeds": seeds}


def run(spec: dict[str, object], pack_size: int | None = None) -> dict[str, float]:
    """Run a study in a fresh folder, and return its figures."""
    if pack_size is not None:
        os.environ["GOFAU_PACK_SIZE"] = str(pack_size)
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="gofau-bench-") as folder,
        local_stack(StackOptions(Path(folder), port=0)) as stack,
        Client(stack.state.url) as client,
    ):
        ready = time.monotonic()
        study, first_result_s, study_s = follow(client, spec)
        client.report_html(study.id)
        reported = time.monotonic()
    os.environ.pop("GOFAU_PACK_SIZE", None)
    return {
        "trials": study.trials,
        "completed": study.counts.completed,
        "trials_per_s": round(study.counts.completed / study_s, 3),
        "first_result_s": round(first_result_s, 2),
        "study_s": round(study_s, 2),
        "start_s": round(ready - begun, 2),
        "report_s": round(reported - ready - study_s, 2),
    }


def follow(client: Client, spec: dict[str, object]) -> tuple[Study, float, float]:
    """Submit and watch: the ended study, seconds to its first result and to its end."""
    submitted = time.monotonic()
    seen: Study = client.submit(spec, fresh=True)
    first_result_s = None
    for update in client.watch(seen.id):
        seen = update
        if seen.counts.completed and first_result_s is None:
            first_result_s = time.monotonic() - submitted
    study_s = time.monotonic() - submitted
    return seen, study_s if first_result_s is None else first_result_s, study_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a coarse grid, within 50 s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    given = parser.parse_args()
    spec = catalog_spec()
    figures = run(smaller(spec, 5, 3, 3) if given.quick else spec)
    if not given.quick:
        peer = run(smaller(spec, 4, 2, 1), pack_size=1)
        figures["one_by_one_trials"] = peer["completed"]
        figures["one_by_one_s_per_trial"] = round(peer["study_s"] / peer["completed"], 3)
        figures["one_by_one_s_estimated"] = round(
            figures["one_by_one_s_per_trial"] * figures["trials"], 1
        )
        figures["ratio"] = round(figures["one_by_one_s_estimated"] / figures["study_s"], 2)
    for name, value in figures.items():
        print(f"{name:<24}{value}")
    if given.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
