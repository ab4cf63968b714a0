"""What a study stands on goes away and comes back: database, disk, network, the time of day."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from gofau_service.cli.local.ports import free_port
from tests.e2e import faults, full_disk
from tests.e2e.folder import Folder
from tests.service.conftest import postgres_server
from tests.service.store.test_faults import Proxy

__all__ = ["postgres_server"]

pytestmark = pytest.mark.slow

CUT_S = 30.0
FULL_S = 10.0
DAY_S = 86_400.0


def test_a_crash_of_postgresql(folder: Folder, calm: faults.Values, postgres_server: Any) -> None:
    uri = postgres_server.get_uri()
    folder.environment["GOFAU_DATABASE_URL"] = uri.replace("postgresql:", "postgresql+psycopg:", 1)
    with faults.running(folder) as study:
        crash(psutil.Process(postgres_server.get_pid()))
        faults.until(lambda: not faults.answers(folder), "an unready service")
        postgres_server.start()
    faults.assert_same(faults.values(folder, study), calm)
    faults.end(folder)


def test_a_cut_of_30_s_between_workers_and_service(folder: Folder, calm: faults.Values) -> None:
    port = free_port()
    with Proxy(port) as proxy:
        folder.environment["GOFAU_WORKER_URL"] = proxy.url
        with faults.running(folder, port=port) as study:
            proxy.cut()
            before = faults.completed(folder, study)
            time.sleep(CUT_S)
            # What each pack had sent when the cut came may be stored after that look.
            on_their_way = faults.CPUS * faults.PACK
            assert faults.completed(folder, study) <= before + on_their_way < faults.TRIALS
            proxy.mend()
        faults.assert_same(faults.values(folder, study), calm)
        faults.end(folder)


@pytest.fixture(params=full_disk.WAYS)
def disk(request: pytest.FixtureRequest, folder: Folder) -> Iterator[full_disk.Disk]:
    with request.param(folder) as made:
        yield made


def test_a_full_disk(disk: full_disk.Disk, folder: Folder, calm: faults.Values) -> None:
    with faults.running(folder) as study:
        disk.fill()
        body = (folder.path / "study.yaml").read_bytes().replace(b"seeds: 6", b"seeds: 5000")
        url = f"{faults.stack(folder)['url']}/v1/studies"
        headers = {"Content-Type": "application/yaml"}
        refused = httpx.post(url, content=body, headers=headers, timeout=120)
        assert (refused.status_code, refused.json()["title"]) == (503, "Service unavailable")
        assert len(httpx.get(url, timeout=60).json()["items"]) == 1
        time.sleep(FULL_S)
        disk.free()
    faults.assert_same(faults.values(folder, study), calm)
    faults.end(folder)


def test_a_clock_that_steps_a_day_ahead_and_two_back(folder: Folder, calm: faults.Values) -> None:
    step = folder.path / "step"
    step.write_text("0")
    folder.environment |= {
        "PYTHONPATH": str(Path(__file__).parent / "clock"),
        "GOFAU_TEST_CLOCK": str(step),
    }
    with faults.running(folder) as study:
        set_clock(step, DAY_S)
        begun = faults.completed(folder, study)
        faults.until(lambda: faults.completed(folder, study) > begun, "a result of tomorrow")
        set_clock(step, -DAY_S)
    attempts = {row["attempts"] for row in folder.json("trials", study, "--limit", "1000")}
    assert attempts == {1}
    faults.assert_same(faults.values(folder, study), calm)
    faults.end(folder)


def crash(server: psutil.Process) -> None:
    """Kill a server and all it has started, which leaves it no time to write anything down."""
    family = [server, *server.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    gone, left = psutil.wait_procs(family, timeout=30)
    assert (len(gone), left) == (len(family), [])


def set_clock(step: Path, seconds: float) -> None:
    fresh = step.with_suffix(".fresh")
    fresh.write_text(str(seconds))
    fresh.replace(step)
