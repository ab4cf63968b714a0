"""The command line in this process, against the real API over a socket."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gofau_service.cli import entry
from gofau_service.settings import Settings
from tests.service.fakes import FakeRunner, Service

LIMIT = 100

GOOD = """
name: small
problem: {name: digits-mlp, width: 16, depth: 1}
epochs: 2
directions: [sgd]
rules: [additive, multiplicative]
axes:
  lr: {log: [1.0e-2, 1.0], points: 3}
seeds: 2
"""


@dataclass
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Gofau = Callable[..., Ran]


@pytest.fixture
def gofau(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Gofau:
    """Runs the command line, in an empty folder and without settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in ("GOFAU_URL", "GOFAU_API_TOKEN", "GOFAU_DATA_DIR", "GOFAU_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object) -> Ran:
        code = entry.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def start(folder: Path) -> Service:
    """A service on SQLite, with jobs that never start by themselves."""
    settings = Settings(data_dir=folder, max_trials=LIMIT, reconcile=False)
    return Service.start(settings, FakeRunner())


@pytest.fixture
def service(
    gofau: Gofau, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service of the test's own, which commands find."""
    started = start(tmp_path_factory.mktemp("service"))
    monkeypatch.setenv("GOFAU_URL", started.server.url)
    yield started
    started.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = start(tmp_path_factory.mktemp("shared"))
    yield started
    started.close()


@pytest.fixture
def empty(gofau: Gofau, monkeypatch: pytest.MonkeyPatch, shared: Service) -> Service:
    """A service that commands find and that tests leave empty."""
    monkeypatch.setenv("GOFAU_URL", shared.server.url)
    return shared


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A valid spec in a file."""
    path = tmp_path / "study.yaml"
    path.write_text(GOOD)
    return path
