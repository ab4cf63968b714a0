"""A study through real processes, whose spans come to one collector as one trace."""

from pathlib import Path

import pytest

from tests.e2e.conftest import folder
from tests.e2e.folder import TRIALS, Folder
from tests.tracing.conftest import Collector, Received

__all__ = ["folder"]

pytestmark = pytest.mark.slow


def above(collector: Collector, span: Received) -> list[str]:
    """The names of the spans over this one, from its parent to the root."""
    by_id = {found.id: found for found in collector.received}
    names = []
    while span.parent:
        span = by_id[span.parent]
        names.append(f"{span.process} {span.name}")
    return names


def test_a_study_is_one_trace_from_the_service_to_its_results(
    folder: Folder, collector: Collector
) -> None:
    folder.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
    study = folder.json("run", "study.yaml")["study"]
    assert study["counts"]["completed"] == TRIALS

    collector.wait_for("reconcile", "submit job", "driver", "round", "pack", "train")
    jobs = ["gofau-service submit job", "gofau-service reconcile"]
    rounds = ["gofau-driver round", "gofau-driver driver", *jobs]
    packs = ["gofau-worker pack", *rounds]
    for name, expected in {
        "driver": jobs,
        "round": rounds[1:],
        "pack": rounds,
        "lease": packs,
        "train": packs,
        "post results": ["gofau-worker train", *packs],
        "POST /v1/worker/leases/{lease}/results": [
            "gofau-worker post results",
            "gofau-worker train",
            *packs,
        ],
    }.items():
        found = collector.named(name)
        assert found, name
        for span in found:
            assert above(collector, span) == expected

    for name in ("submit job", "driver", "round", "pack", "lease", "train", "post results"):
        assert {s.attributes["gofau.study"] for s in collector.named(name)} == {study["id"]}
    posted = [i for s in collector.named("post results") for i in s.attributes["gofau.trials"]]
    assert sorted(posted) == list(range(TRIALS))
    assert collector.refused == []
    [job] = collector.named("submit job")
    assert job.trace.hex() in service_log(folder.path)


def service_log(path: Path) -> str:
    [log] = path.rglob("service.log")
    return log.read_text()
