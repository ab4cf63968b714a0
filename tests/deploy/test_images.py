"""The steps of both images, run as scripts in empty virtual environments.

``USER`` needs an engine and is left out; commands that change the machine do nothing here; the
rest runs as the files say it.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from gofau_service.cli.local.ports import free_port
from tests.deploy.dockerfile import ROOT, Step, steps
from tests.e2e.folder import PATIENCE_S, SPEC

pytestmark = pytest.mark.slow

SERVICE = steps(ROOT / "docker" / "service.Dockerfile")
WORKER = steps(ROOT / "docker" / "worker.Dockerfile")
LEFT_OUT = ("useradd", "apt-get", "install", "rm")
"""What a container has to itself, and this machine does not: users, packages, system folders."""

KNOWN = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "CMD"}


def shell(command: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-euc", command],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr[-2000:]}"


def copy(step: Step, app: Path) -> None:
    *sources, target = step.text.split()
    for name in sources:
        source, place = ROOT / name, app / target
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place)


def build(image: list[Step], tmp_path: Path) -> dict[str, str]:
    """The image's environment after all its steps."""
    assert {step.word for step in image} <= KNOWN
    app, bin_, venv = tmp_path / "app", tmp_path / "bin", tmp_path / "venv"
    app.mkdir()
    bin_.mkdir()
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    for name in LEFT_OUT:
        (bin_ / name).write_text("#!/bin/sh\n")
        (bin_ / name).chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOFAU_", "PYTHON"))}
    environment = {**kept, "PATH": f"{venv / 'bin'}:{bin_}:{os.environ['PATH']}"}
    for step in image:
        if step.word == "ENV":
            environment |= dict(re.findall(r"(\w+)=(\S+)", step.text))
        elif step.word == "COPY":
            copy(step, app)
        elif step.word == "RUN":
            shell(step.text, app, environment)
    folders = {"GOFAU_DATA_DIR": tmp_path / "data", "GOFAU_CACHE_DIR": tmp_path / "cache"}
    kept_here = {name: str(folder) for name, folder in folders.items()}
    return {**environment, **kept_here, "PATH": f"{venv / 'bin'}:{os.environ['PATH']}"}


TRAIN = """
import opentelemetry.sdk
import ray
import torchvision
from gofau.packing import run_pack
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_yaml
from gofau_workers.trainable import PackTrainable
from gofau_workers.work import plan

spec = parse_yaml(open("study.yaml").read())
trials = [
    WorkTrial(index=i, cell=cell.key, seed=0, attempts=0, definition=cell.definition)
    for i, cell in enumerate(cells(spec))
]
assert len(list(run_pack(plan(trials[:3])))) == 3
"""


def test_the_workers_image_trains_and_its_driver_says_what_it_lacks(tmp_path: Path) -> None:
    environment = build(WORKER, tmp_path)
    [command] = [step.command for step in WORKER if step.word == "CMD"]
    shell(" ".join(command), tmp_path, environment)
    (tmp_path / "study.yaml").write_text(SPEC)
    (tmp_path / "train.py").write_text(TRAIN)
    shell("python train.py", tmp_path, environment)
    told = "python -m gofau_workers.driver 2>&1 | grep 'GOFAU_SERVICE_URL: got nothing'"
    shell(told, tmp_path, environment)


def test_the_service_is_installed_and_serves_without_torch_and_ray(tmp_path: Path) -> None:
    environment = build(SERVICE, tmp_path)
    [command] = [step.command for step in SERVICE if step.word == "CMD"]
    for absent in ("torch", "ray", "plotly", "optuna"):
        shell(f"if python -c 'import {absent}' 2>&-; then exit 1; fi", tmp_path, environment)
    shell("python -c 'import opentelemetry.sdk'", tmp_path, environment)
    shell("gofau migrate", tmp_path, environment)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [shutil.which(command[0], path=environment["PATH"]) or "", *command[1:]],
        cwd=tmp_path,
        env={**environment, "GOFAU_PORT": str(port)},
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not answers(f"{url}/readyz") and time.monotonic() < deadline:
                assert process.poll() is None
                time.sleep(0.2)
            assert httpx.get(f"{url}/v1/studies", timeout=60).json()["items"] == []
            page = httpx.get(url, follow_redirects=True, timeout=60).text
            assert "<!doctype html>" in page.lower()
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False
