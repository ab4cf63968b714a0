"""The page over real processes: a service that is killed mid-watch, and a study that trains."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from gofau_service.cli.local.ports import free_port
from gofau_service.reconciler.reconciler import Reconciler
from gofau_service.settings import Settings
from gofau_service.store.engine import Store
from tests.e2e.folder import PATIENCE_S
from tests.service.fakes import FakeRunner, Worker, redeemed
from tests.service.pages.stored import SPEC, TRIALS, finish

pytestmark = pytest.mark.slow

STUDY = """
name: from the page
problem: {name: digits-mlp, width: 16, depth: 1}
epochs: 2
directions: [sgd]
rules: [additive, hybrid]
axes:
  lr: {log: [1.0e-2, 1.0], points: 3}
  init_scale: {values: [0.5, 1.0]}
seeds: 2
"""


class Killable:
    """A service in a process of its own, on one port and one database."""

    def __init__(self, folder: Path, port: int) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GOFAU_")}
        self.environment = {**kept, "GOFAU_DATA_DIR": str(folder), "GOFAU_PORT": str(port)}
        self.environment["GOFAU_RECONCILE"] = "false"
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gofau_service"], env=self.environment
        )
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{self.url}/readyz").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the service did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Killable]:
    made = Killable(tmp_path, free_port())
    made.start()
    yield made
    made.kill()


def _worker(killable: Killable, http: httpx.Client, study: str) -> Worker:
    """A worker with the token that the study's job got."""
    settings = Settings(data_dir=Path(killable.environment["GOFAU_DATA_DIR"]))
    store, runner = Store(settings.database), FakeRunner()
    Reconciler(store, runner, settings).look()
    store.close()
    request = next(r for r in runner.requests if r.study == study)
    return Worker(http, study, redeemed(http, request))


def test_watching_goes_on_when_the_service_comes_back(page: Page, killable: Killable) -> None:
    with httpx.Client(base_url=killable.url, timeout=60) as http:
        study = http.post("/v1/studies", json=SPEC).json()["id"]
        worker = _worker(killable, http, study)
        page.goto(f"{killable.url}/studies/{study}")
        finish(worker, leave=20)
        status = page.locator("#at-status")
        expect(status).to_contain_text(f"{TRIALS - 20} of {TRIALS} trials ended")
        killable.kill()
        expect(status).to_contain_text("connection lost, trying again")
        killable.start()
        expect(status).not_to_contain_text("connection lost")
        finish(worker)
        expect(status.locator(".badge")).to_have_text("Completed")
        expect(page.locator(".verdicts > li")).to_have_count(2)


def test_the_list_goes_on_when_the_service_comes_back(page: Page, killable: Killable) -> None:
    with httpx.Client(base_url=killable.url, timeout=60) as http:
        study = http.post("/v1/studies", json=SPEC).json()["id"]
        worker = _worker(killable, http, study)
        page.goto(killable.url)
        finish(worker, leave=20)
        row = page.locator(f"tr[data-study='{study}']")
        expect(row).to_contain_text(f"{TRIALS - 20} of {TRIALS}")
        page.evaluate("window.kept = true")
        killable.kill()
        lost = page.get_by_text("The connection to the service is lost")
        expect(lost).to_be_visible()
        killable.start()
        expect(lost).to_be_hidden()
        finish(worker)
        expect(row).to_contain_text("Completed")
        expect(row).to_contain_text(f"{TRIALS} of {TRIALS}")
        newer = http.post("/v1/studies", json={**SPEC, "name": "newer"}).json()["id"]
        expect(page.locator("tr[data-study]").first).to_have_attribute("data-study", newer)
        assert page.evaluate("window.kept")


def test_a_study_submitted_on_the_page_trains_to_its_end(page: Page, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GOFAU_")}
    environment["GOFAU_DATA_DIR"] = str(tmp_path)

    def gofau(*arguments: str) -> str:
        command = [sys.executable, "-m", "gofau_service.cli", *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=True
        )
        return done.stdout

    url = json.loads(gofau("up", "--detach", "--port", "0", "--json"))["service"]
    try:
        page.goto(f"{url}/submit")
        expect(page.locator("#check")).to_contain_text("Ready")
        page.get_by_label("The same as YAML").fill(STUDY)
        expect(page.locator("#check")).to_contain_text("24 trials in 12 cells")
        page.get_by_role("button", name="Submit the study").click()
        expect(page.locator("#at-status .badge")).to_have_text(
            "Completed", timeout=1000 * PATIENCE_S
        )
        expect(page.locator("#at-status")).to_contain_text("24 completed")
        expect(page.locator("#at-status a")).to_contain_text("gofau-")
        page.locator(".map canvas").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator("#at-cell .chart .marks li")).to_have_count(2)
    finally:
        gofau("down")
