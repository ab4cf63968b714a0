"""The services of the compose file as processes of this machine."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from gofau_service.cli.local import processes
from tests.deploy.dockerfile import ROOT

SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@dataclass(frozen=True)
class Containers:
    """Starts services with their own commands and environment, all under one mark.

    Containers have names and ports to themselves; ``here`` maps what the compose file says to
    addresses of this machine, where the service listens on ``port``.
    """

    folder: Path
    ray_folder: Path
    here: Mapping[str, str]
    port: int
    mark: str = field(default_factory=lambda: uuid4().hex)
    started: list[processes.Started] = field(default_factory=list)

    def start(self, name: str, *more: str) -> processes.Started:
        """Start a service, with ``more`` at the end of its command."""
        command = SERVICES[name]["command"]
        words = shlex.split(command) if isinstance(command, str) else command
        here = [self._here(word.replace("$$", "$")) for word in words]
        log = self.folder / f"{name}.log"
        process = processes.start([*here, *more], self.mark, self.environment(name), log)
        self.started.append(process)
        return process

    def healthy(self, name: str) -> bool:
        """Whether the service's own health check passes."""
        _, *words = SERVICES[name]["healthcheck"]["test"]
        here = [self._here(word) for word in words]
        done = subprocess.run(here, env=self.environment(name), check=False, capture_output=True)
        return done.returncode == 0

    def end(self) -> None:
        """End everything that was started, and what that started."""
        processes.sweep(self.mark)
        for process in self.started:
            process.end(10)

    def environment(self, name: str) -> dict[str, str]:
        """What the service's environment would be, on this machine."""
        given = {k: self._here(v) for k, v in SERVICES[name].get("environment", {}).items()}
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "GOFAU_CACHE_DIR": str(self.folder / "cache"),
            "GOFAU_PORT": str(self.port),
        }
        return {**self.secrets(name), **given, **own}

    def secrets(self, name: str) -> dict[str, str]:
        """What the service's env files hold."""
        files = [self.folder / path for path in SERVICES[name]["env_file"]]
        lines = [line for file in files for line in file.read_text().splitlines()]
        return {key: value for key, _, value in (line.partition("=") for line in lines)}

    def _here(self, text: str) -> str:
        for name, address in self.here.items():
            text = text.replace(name, address)
        return text
