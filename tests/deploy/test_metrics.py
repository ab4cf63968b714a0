"""Metrics: who may read them, what is counted, and that the dashboard asks for what exists."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gofau_workers import ray_metrics as observed
from gofau_workers.train import PackAccount
from tests.service.conftest import make_service, sqlite
from tests.service.fakes import Service

__all__ = ["make_service", "sqlite"]

OBSERVE = Path(__file__).parents[2] / "docker" / "observe"
TOKEN = "reads-metrics-alone"
PANELS = json.loads((OBSERVE / "gofau.json").read_text())["panels"]
QUERIES = [(p["title"], target["expr"]) for p in PANELS for target in p["targets"]]


class Recorded:
    """Stands in for Ray's counter and histogram."""

    made: dict[str, "Recorded"]

    def __init__(self, name: str, _doc: str, *_: object) -> None:
        self.values: list[tuple[float, dict[str, str]]] = []
        self.made[name] = self

    def inc(self, value: float, tags: dict[str, str]) -> None:
        self.values.append((value, tags))

    def observe(self, value: float) -> None:
        self.values.append((value, {}))


@pytest.fixture
def ray_metrics(monkeypatch: pytest.MonkeyPatch) -> dict[str, Recorded]:
    made: dict[str, Recorded] = {}
    kind = type("Recording", (Recorded,), {"made": made})
    monkeypatch.setattr(observed, "Counter", kind)
    monkeypatch.setattr(observed, "Histogram", kind)
    return made


@pytest.fixture
def guarded(sqlite: str, make_service: Callable[..., Service]) -> Service:
    return make_service(sqlite, auth=True, metrics_token=TOKEN, admin_token="an-admin-of-it")


def get(service: Service, path: str, token: str) -> Any:
    return service.http.get(path, headers={"Authorization": f"Bearer {token}"})


def test_the_metrics_token_reads_metrics_and_nothing_else(guarded: Service) -> None:
    assert get(guarded, "/metrics", TOKEN).status_code == 200
    assert get(guarded, "/metrics", "an-admin-of-it").status_code == 200
    assert get(guarded, "/v1/studies", TOKEN).status_code == 401
    assert guarded.http.get("/metrics").status_code == 401
    assert get(guarded, "/metrics", TOKEN + "x").status_code == 401


def test_no_metrics_token_is_no_way_in(sqlite: str, make_service: Callable[..., Service]) -> None:
    service = make_service(sqlite, auth=True)
    for given in ("Bearer", "Bearer x"):
        answer = service.http.get("/metrics", headers={"Authorization": given})
        assert answer.status_code == 401


def test_packs_are_counted_by_how_their_trials_ended(ray_metrics: dict[str, Recorded]) -> None:
    metrics = observed.PackMetrics()
    metrics.add(PackAccount(completed=5, failed=2), 1.5)
    assert ray_metrics["gofau_pack_trials_total"].values == [
        (5, {"end": "completed"}),
        (2, {"end": "failed"}),
    ]
    assert ray_metrics["gofau_pack_seconds"].values == [(1.5, {})]


@pytest.mark.parametrize("title, query", QUERIES)
def test_every_query_of_the_dashboard_names_what_is_exposed(
    title: str, query: str, guarded: Service, ray_metrics: dict[str, Recorded]
) -> None:
    get(guarded, "/healthz", TOKEN)
    observed.PackMetrics()
    from_ray = {f"ray_{name}{end}" for name in ray_metrics for end in ("", "_bucket", "_count")}
    families = text_string_to_metric_families(get(guarded, "/metrics", TOKEN).text)
    samples = [sample for family in families for sample in family.samples]
    labels = {name: {*sample.labels} for sample in samples for name in [sample.name]}
    named = set(re.findall(r"\b(?:ray_)?gofau_\w+", query))
    assert named, title
    assert named <= {*labels, *from_ray}
    grouped = re.search(r"by \(([^)]*)\)", query)
    for name in named & labels.keys():
        assert set(re.findall(r"\w+", grouped[1] if grouped else "")) <= labels[name]


def test_the_dashboard_reads_the_source_that_is_provisioned() -> None:
    [source] = yaml.safe_load((OBSERVE / "datasource.yml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}


def test_prometheus_asks_processes_that_compose_starts() -> None:
    compose = yaml.safe_load((OBSERVE.parents[1] / "docker-compose.yml").read_text())
    jobs = yaml.safe_load((OBSERVE / "prometheus.yml").read_text())["scrape_configs"]
    hosts = [
        t.partition(":")[0] for j in jobs for c in j.get("static_configs", ()) for t in c["targets"]
    ]
    ray = [config for job in jobs for config in job.get("dns_sd_configs", ())]
    names = [name for config in ray for name in config["names"]]
    assert {*hosts, *names} <= compose["services"].keys()
    for config in ray:
        for name in config["names"]:
            assert f"--metrics-export-port={config['port']}" in compose["services"][name]["command"]


def test_every_metric_is_documented(guarded: Service, ray_metrics: dict[str, Recorded]) -> None:
    get(guarded, "/healthz", TOKEN)
    observed.PackMetrics()
    text = (OBSERVE.parents[1] / "docs" / "observability.md").read_text()
    told = set(re.findall(r"^\| `((?:ray_)?gofau_\w+)`", text, re.MULTILINE))
    scraped = get(guarded, "/metrics", TOKEN).text
    families = {family.name for family in text_string_to_metric_families(scraped)}
    exposed = {*families, *(f"ray_{name}" for name in ray_metrics)}
    assert {name.removesuffix("_total") for name in told} == {
        name.removesuffix("_total") for name in exposed if not name.endswith("_created")
    }
