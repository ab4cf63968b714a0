"""The processes that compose would start run a study to its end."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, text

from gofau_service.cli.local import processes
from gofau_service.cli.local.ports import free_port
from tests.deploy.containers import Containers
from tests.deploy.dockerfile import ROOT
from tests.e2e.folder import PATIENCE_S, SPEC, TRIALS
from tests.service.conftest import postgres_url

__all__ = ["postgres_url"]

pytestmark = pytest.mark.slow

NAMES = ("gcs", "dashboard", "service", "head_metrics", "worker_metrics", "agent", "client")
RAY = (
    "--object-store-memory=200000000",
    "--min-worker-port=0",
    "--max-worker-port=0",
)


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """Where the database of compose's URL is here."""
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE ROLE gofau LOGIN"))
        connection.execute(text("CREATE DATABASE gofau OWNER gofau"))
    folder = engine.url.query.get("host")
    yield f"@/gofau?host={folder}" if folder else f"@{engine.url.host}:{engine.url.port}/gofau"
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE gofau WITH (FORCE)"))
        connection.execute(text("DROP ROLE gofau"))
    engine.dispose()


@pytest.fixture
def ports() -> dict[str, int]:
    found: dict[str, int] = {}
    for name in NAMES:
        while (port := free_port()) in found.values():
            pass
        found[name] = port
    return found


@pytest.fixture
def containers(tmp_path: Path, database: str, ports: dict[str, int]) -> Iterator[Containers]:
    (tmp_path / "docker").mkdir()
    script = tmp_path / "docker" / "make-secrets.sh"
    script.write_text((ROOT / "docker" / "make-secrets.sh").read_text())
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    here = {
        "@postgres/gofau": database,
        "ray-head:8265": f"127.0.0.1:{ports['dashboard']}",
        "127.0.0.1:8265": f"127.0.0.1:{ports['dashboard']}",
        "127.0.0.1:8080": f"127.0.0.1:{ports['service']}",
        "127.0.0.1:52365": f"127.0.0.1:{ports['agent']}",
        "service:8080": f"127.0.0.1:{ports['service']}",
        "ray-head:6379": f"127.0.0.1:{ports['gcs']}",
        "--port=6379": f"--port={ports['gcs']}",
        "0.0.0.0": "127.0.0.1",
    }
    with tempfile.TemporaryDirectory(prefix="gofau-ray-") as short:
        made = Containers(tmp_path, Path(short), here, ports["service"])
        yield made
        made.end()


def until(
    ready: Callable[[], bool], process: processes.Started, seconds: float = PATIENCE_S
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        running = process.running  # asked first: what has ended since may have got ready
        try:
            if ready():
                return
        except httpx.TransportError:
            pass
        assert running, process.tail(40)
        time.sleep(0.2)
    pytest.fail(f"not ready after {seconds:g} s:\n{process.tail(40)}")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def start_all(containers: Containers, ports: dict[str, int]) -> None:
    migrate = containers.start("migrate")
    until(lambda: not migrate.running, migrate)
    assert migrate.tail() == "the schema is up to date"
    head = containers.start(
        "ray-head",
        *RAY,
        f"--temp-dir={containers.ray_folder}",
        f"--dashboard-port={ports['dashboard']}",
        f"--ray-client-server-port={ports['client']}",
        f"--metrics-export-port={ports['head_metrics']}",
        "--dashboard-agent-listen-port=0",
    )
    token = bearer(containers.secrets("ray-head")["RAY_AUTH_TOKEN"])
    jobs = f"http://127.0.0.1:{ports['dashboard']}/api/jobs/"
    until(lambda: httpx.get(jobs, headers=token).is_success, head)
    assert httpx.get(jobs, timeout=60).status_code == 401
    worker = containers.start(
        "ray-worker",
        *RAY,
        f"--metrics-export-port={ports['worker_metrics']}",
        f"--dashboard-agent-listen-port={ports['agent']}",
    )
    service = containers.start("service")
    for name, process in (("ray-head", head), ("ray-worker", worker), ("service", service)):
        until(partial(containers.healthy, name), process)


def submitted(containers: Containers, url: str) -> dict[str, int]:
    (containers.folder / "study.yaml").write_text(SPEC)
    token = containers.secrets("service")["GOFAU_ADMIN_TOKEN"]
    arguments = ["submit", "study.yaml", "--watch", "--json", "--url", url, "--token", token]
    done = subprocess.run(
        [sys.executable, "-m", "gofau_service.cli", *arguments],
        cwd=containers.folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)["study"]["counts"]
    return counts


def sample(url: str, name: str, headers: dict[str, str], **labels: str) -> float:
    families = text_string_to_metric_families(httpx.get(url, headers=headers, timeout=60).text)
    return sum(
        found.value
        for family in families
        for found in family.samples
        if found.name == name and labels.items() <= found.labels.items()
    )


def test_a_study_runs_to_its_end(containers: Containers, ports: dict[str, int]) -> None:
    start_all(containers, ports)
    url = f"http://127.0.0.1:{ports['service']}"
    counts = submitted(containers, url)
    assert (counts["completed"], sum(counts.values())) == (TRIALS, TRIALS)

    scrapes = bearer((containers.folder / "docker/env/metrics.token").read_text())
    assert sample(f"{url}/metrics", "gofau_results_total", scrapes, kind="stored") == TRIALS
    worker = f"http://127.0.0.1:{ports['worker_metrics']}/metrics"
    deadline = time.monotonic() + PATIENCE_S
    trained = 0.0
    while trained != TRIALS and time.monotonic() < deadline:
        time.sleep(0.5)
        trained = sample(worker, "ray_gofau_pack_trials_total", {}, end="completed")
    assert trained == TRIALS
    assert sample(worker, "ray_gofau_pack_seconds_count", {}) > 0

    lines = (containers.folder / "service.log").read_text().splitlines()
    jobs = [line for line in map(json.loads, lines) if line["message"] == "job submitted"]
    assert [line.keys() >= {"study", "job"} for line in jobs] == [True]
    secrets = {*containers.secrets("service").values(), *containers.secrets("ray-head").values()}
    for log in containers.folder.glob("*.log"):
        assert not [secret for secret in secrets if secret in log.read_text()], log.name
