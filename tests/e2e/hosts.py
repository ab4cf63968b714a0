"""Hosts on one machine: network namespaces that are joined by a bridge.

Each host has an address, a loopback and a /tmp of its own; the machine itself is reached at the
bridge. Links are virtual Ethernet pairs, so that one can be pulled.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from gofau_service.cli.local import processes
from tests.e2e.faults import arguments

NETWORK = "198.18.77"
"""A network set aside for measurements between hosts (RFC 2544), which no one routes."""

ROOT = Path(__file__).parents[2]
INSIDE = """
ip link set lo up
if [ -n "$SHOWN" ]; then
  mkdir -p "$0${SHOWN#/tmp}"
  mount --bind "$SHOWN" "$0${SHOWN#/tmp}"
fi
mount --rbind "$0" /tmp
exec "$@"
"""
"""Gives a process its host's /tmp, in which a checkout that lies in /tmp is still seen."""


def missing() -> str | None:
    """Why there can be no such hosts here; ``None`` where there can."""
    if sys.platform != "linux" or os.getuid() != 0:
        return "network namespaces need Linux and root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2's ip"
    name = f"gofau{uuid4().hex[:6]}"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return "this machine refuses network namespaces"
    ip("netns", "del", name)
    return None


def ip(*arguments: str) -> None:
    """Run iproute2."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Hosts:
    """Hosts by name, and what runs on them."""

    def __init__(self, folder: Path, *names: str) -> None:
        tag = uuid4().hex[:5]
        self.mark = f"hosts-{tag}"
        self.addresses = {name: f"{NETWORK}.{i}" for i, name in enumerate(names, 1)}
        self._folder = folder
        self._bridge = f"gofau{tag}"
        self._spaces = {name: f"gofau{tag}{i}" for i, name in enumerate(names, 1)}
        self._started: list[processes.Started] = []

    def build(self) -> None:
        """Make the bridge, the hosts and their links."""
        ip("link", "add", self._bridge, "type", "bridge")
        ip("address", "add", f"{NETWORK}.254/24", "dev", self._bridge)
        ip("link", "set", self._bridge, "up")
        for name, space in self._spaces.items():
            self._tmp(name).mkdir(mode=0o777)
            ip("netns", "add", space)
            far = ["peer", "name", "eth0", "netns", space]
            ip("link", "add", space, "type", "veth", *far)
            ip("link", "set", space, "master", self._bridge, "up")
            ip("-n", space, "address", "add", f"{self.addresses[name]}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        own_tmp: bool = True,
    ) -> processes.Started:
        """Start a process on a host, with the host's /tmp or the machine's."""
        tmp = str(self._tmp(name)) if own_tmp else "/tmp"
        shown = str(ROOT) if own_tmp and ROOT.is_relative_to("/tmp") else ""
        inside = ["env", f"SHOWN={shown}", "sh", "-c", INSIDE, tmp, *command]
        wrapped = ["ip", "netns", "exec", self._spaces[name], *inside]
        log = self._folder / f"{name}.log"
        process = processes.start(wrapped, self.mark, environment, log)
        self._started.append(process)
        return process

    def runs(self, name: str, chosen: Callable[[str], bool]) -> bool:
        """Whether a process whose command line is chosen runs on a host."""
        pids = subprocess.run(
            ["ip", "netns", "pids", self._spaces[name]], check=True, capture_output=True, text=True
        ).stdout.split()
        return any(chosen(arguments(int(pid))) for pid in pids)

    def link(self, name: str, state: str) -> None:
        """Pull a host's link (``down``) or put it back (``up``)."""
        ip("link", "set", self._spaces[name], state)

    def end(self) -> None:
        """End every process, and take the network down."""
        processes.sweep(self.mark, 0.0)
        for process in self._started:
            process.end(5.0)
        for space in self._spaces.values():
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._bridge], check=False, capture_output=True)

    def _tmp(self, name: str) -> Path:
        return self._folder / f"tmp-{name}"
