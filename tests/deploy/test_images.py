"""The steps of the service's image, run as a script in an empty virtual environment.

``USER`` and ``useradd`` need an engine and are left out; the rest runs as the file says it.
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

from service.cli.local.ports import free_port
from tests.deploy.dockerfile import ROOT, Step, steps

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVICE = steps(ROOT / "docker" / "service.Dockerfile")
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


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The image's folder and environment after all its steps."""
    assert {step.word for step in SERVICE} <= KNOWN
    app, bin_, venv = tmp_path / "app", tmp_path / "bin", tmp_path / "venv"
    app.mkdir()
    bin_.mkdir()
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    (bin_ / "useradd").write_text("#!/bin/sh\n")
    (bin_ / "useradd").chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GOFAU_", "PYTHON"))}
    environment = {**kept, "PATH": f"{venv / 'bin'}:{bin_}:{os.environ['PATH']}"}
    for step in SERVICE:
        if step.word == "ENV":
            environment |= dict(re.findall(r"(\w+)=(\S+)", step.text))
        elif step.word == "COPY":
            copy(step, app)
        elif step.word == "RUN":
            shell(step.text, app, environment)
    return app, {**environment, "GOFAU_DATA_DIR": str(tmp_path / "data")}


def test_the_service_is_installed_and_serves_without_torch_and_ray(
    built: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    _, environment = built
    [command] = [step.command for step in SERVICE if step.word == "CMD"]
    for absent in ("torch", "ray"):
        shell(f"if python -c 'import {absent}' 2>&-; then exit 1; fi", tmp_path, environment)
    shell("gofau migrate", tmp_path, environment)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [shutil.which(command[0], path=environment["PATH"]) or "", *command[1:]],
        cwd=tmp_path,
        env={**environment, "GOFAU_PORT": str(port)},
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not answers(f"{url}/readyz") and time.monotonic() < deadline:
                assert process.poll() is None
                time.sleep(0.2)
            assert httpx.get(f"{url}/v1/studies").json()["items"] == []
            assert "<!doctype html>" in httpx.get(url, follow_redirects=True).text.lower()
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False
