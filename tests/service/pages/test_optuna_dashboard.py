"""What `gofau export --format optuna` writes, opened by optuna-dashboard in a browser."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from gofau_service.cli.local.ports import free_port
from gofau_service.client import Client
from tests.service.fakes import Service

SPEC = """
name: shown by optuna
problem: {name: digits-mlp, width: 16, depth: 1}
epochs: 2
directions: [sgd]
rules: [additive]
axes:
  lr: {log: [1.0e-2, 1.0], points: 3}
  init_scale: {values: [0.5, 1.0, 2.0]}
seeds: 1
"""
SECONDS = 60


@contextmanager
def dashboard(storage: str) -> Iterator[str]:
    """The address of an optuna-dashboard over ``storage``."""
    port = free_port()
    program = Path(sys.executable).with_name("optuna-dashboard")
    command = [program, storage, "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            transport = httpx.HTTPTransport(retries=8)  # each one waits twice as long
            with httpx.Client(transport=transport, timeout=SECONDS) as client:
                assert client.get(f"{url}/api/studies").is_success
            yield url
        finally:
            process.terminate()


@pytest.mark.slow
def test_the_dashboard_lists_the_study_and_draws_its_trials(
    page: Page, make_service: Callable[..., Service], tmp_path: Path
) -> None:
    service = make_service()
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    with Client(service.server.url) as client:
        study = client.submit(SPEC).id
        service.reconciler.look()
        service.worker(study).finish()
        [name] = client.study(study).to_optuna(storage)
    with dashboard(storage) as url:
        page.goto(f"{url}/dashboard")
        page.get_by_text(name).first.click()
        expect(page.get_by_text(name).first).to_be_visible()
        objective = "#plot-history .scatterlayer .trace:not(:has(.js-line)) path.point"
        expect(page.locator(objective)).to_have_count(9)
        importances = page.locator("#graph-hyperparameter-importances .barlayer .point")
        expect(importances).to_have_count(2)
        for axis in ("lr", "init_scale"):
            expect(page.locator("#graph-hyperparameter-importances")).to_contain_text(axis)
