"""A study across four hosts, one of which is cut off half-way: the account is exact."""

import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gofau_service.cli.local import processes
from gofau_service.client import Backoff, Client
from tests.e2e import faults
from tests.e2e.hosts import Hosts, missing
from tests.service.conftest import postgres_server

__all__ = ["postgres_server"]

pytestmark = pytest.mark.slow

ADMIN, RAY = secrets.token_urlsafe(32), secrets.token_hex(32)
SMALL = ("--object-store-memory=100000000", "--disable-usage-stats", "--log-color=false")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    if reason := missing():
        pytest.skip(reason)
    made = Hosts(tmp_path, "head", "first", "second", "base")
    try:
        made.build()
        yield made
    finally:
        made.end()
    assert processes.marked(made.mark) == []


def start_ray(hosts: Hosts, name: str, *arguments: str) -> processes.Started:
    ray = str(Path(sys.executable).with_name("ray"))
    address = f"--node-ip-address={hosts.addresses[name]}"
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": RAY,
        "RAY_ADDRESS": "",
        # A host that answers no more is given up after half a minute instead of a whole one, and
        # one that is busy has ten seconds for each answer.
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_timeout_ms": "10000",
        "RAY_health_check_failure_threshold": "3",
        "GOFAU_CACHE_DIR": "/tmp/cache",
        "GOFAU_PACK_SIZE": str(faults.PACK),
        "OMP_NUM_THREADS": "1",
    }
    return hosts.start(name, [ray, "start", "--block", address, *SMALL, *arguments], environment)


def start_service(hosts: Hosts, database: str) -> processes.Started:
    here = f"http://{hosts.addresses['base']}:8080"
    environment = {
        "GOFAU_DATABASE_URL": database.replace("postgresql:", "postgresql+psycopg:", 1),
        "GOFAU_HOST": hosts.addresses["base"],
        "GOFAU_PUBLIC_URL": here,
        "GOFAU_ADMIN_TOKEN": ADMIN,
        "GOFAU_RAY_ADDRESS": f"http://{hosts.addresses['head']}:8265",
        "GOFAU_RAY_TOKEN": RAY,
        "GOFAU_LEASE_TTL_S": "6",
    }
    # PostgreSQL is on this host: it listens on a socket in the machine's /tmp and nowhere else.
    command = [sys.executable, "-m", "gofau_service"]
    return hosts.start("base", command, environment, own_tmp=False)


def answer(
    process: processes.Started, url: str, token: str = ""
) -> Callable[[], httpx.Response | None]:
    """The answer at ``url``, or nothing as long as there is no good one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask() -> httpx.Response | None:
        assert process.running, process.tail(40)
        try:
            found = httpx.get(url, headers=headers, timeout=5)
        except httpx.TransportError:
            return None
        return found if found.is_success else None

    return ask


def start_all(hosts: Hosts, database: str) -> Client:
    """Everything on its host; the client is elsewhere."""
    dashboard = f"http://{hosts.addresses['head']}:8265"
    head = start_ray(
        hosts, "head", "--head", "--port=6379", "--num-cpus=0", "--dashboard-host=0.0.0.0"
    )
    service = start_service(hosts, database)
    faults.until(answer(head, f"{dashboard}/api/jobs/", RAY), "Ray's head")
    gcs = f"--address={hosts.addresses['head']}:6379"
    for name in ("first", "second"):
        start_ray(hosts, name, gcs, "--num-cpus=1")
    nodes = answer(head, f"{dashboard}/nodes?view=summary", RAY)
    faults.until(lambda: len(alive(nodes())) == 3, "three nodes")
    url = f"http://{hosts.addresses['base']}:8080"
    faults.until(answer(service, f"{url}/readyz"), "the service")
    return Client(url, ADMIN, backoff=Backoff(tries=20))


def alive(nodes: httpx.Response | None) -> list[str]:
    """The addresses of the nodes that live; Ray's head tells of a node before its agent reports."""
    summary = nodes.json()["data"]["summary"] if nodes else []
    reported = [node for node in summary if "ip" in node]
    return [node["ip"] for node in reported if node["raylet"].get("state") == "ALIVE"]


def test_a_host_that_is_cut_off_loses_and_doubles_nothing(
    hosts: Hosts, calm: faults.Values, postgres_server: Any
) -> None:
    with start_all(hosts, postgres_server.get_uri()) as client:
        study = client.submit(faults.SPEC).id
        faults.until(lambda: client.get(study).counts.completed, "results")
        faults.until(lambda: hosts.runs("second", faults.is_pack), "a pack where the cut will be")
        hosts.link("second", "down")
        cut = client.get(study).counts
        assert cut.completed + cut.failed < faults.TRIALS, "the study is too short to be disturbed"
        ended = faults.until(lambda: done(client, study), "the end of the study")
        assert (ended.counts.completed, ended.counts.failed) == (faults.TRIALS, 0)
        found = results(client, study)
        faults.assert_same(found, calm)
        hosts.link("second", "up")
        faults.until(lambda: not hosts.runs("second", faults.is_pack), "the lost pack's end")
        assert results(client, study) == found
        assert client.get(study).counts == ended.counts


def done(client: Client, study: str) -> Any:
    found = client.get(study)
    return found if found.state == "completed" else None


def results(client: Client, study: str) -> faults.Values:
    rows = list(client.trials(study))
    assert len(rows) == faults.TRIALS
    return {
        (t.rule, t.point["lr"], t.point["init_scale"], t.seed): float(t.value or 0) for t in rows
    }
