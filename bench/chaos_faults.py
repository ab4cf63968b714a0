"""The faults that chaos.py puts a stack through: processes killed or frozen, a network cut."""

import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import psutil

AWAY_S = 9.0
"""For how long a process is frozen or the network cut: longer than the leases live."""

REST_S = 25.0
"""For how long a part that ended is left alone: `gofau up` gives up on one that ends four times in
a row within 20 s of its start."""

CHUNK = 65_536


@dataclass(frozen=True)
class Kind:
    """A fault: how often it comes, whom it may hit, what is done, and which part ends by it."""

    weight: float
    fits: Callable[[str], bool]
    do: Literal["kill", "freeze", "kill all"]
    part: str = ""


def is_driver(line: str) -> bool:
    return "gofau_workers.driver" in line and not line.startswith("/bin/sh")


def is_pack(line: str) -> bool:
    return line.startswith("ray::") and "Trainable" in line


def is_service(line: str) -> bool:
    return line.endswith("-m gofau_service")


def is_raylet(line: str) -> bool:
    return "/raylet/raylet " in line


def is_gcs(line: str) -> bool:
    return "/gcs/gcs_server " in line


def is_head(line: str) -> bool:
    return "/bin/ray start" in line


def is_ray(line: str) -> bool:
    """Whether it is anything that a stack consists of beside its service."""
    return not is_service(line)


KINDS = {
    "pack killed": Kind(4, is_pack, "kill"),
    "pack frozen": Kind(2, is_pack, "freeze"),
    "driver killed": Kind(2, is_driver, "kill"),
    "driver frozen": Kind(1, is_driver, "freeze"),
    "service killed": Kind(2, is_service, "kill", "service"),
    "service frozen": Kind(1, is_service, "freeze"),
    "raylet killed": Kind(1, is_raylet, "kill", "Ray"),
    "GCS killed": Kind(1, is_gcs, "kill", "Ray"),
    "Ray's head killed": Kind(1, is_head, "kill", "Ray"),
    "whole of Ray killed": Kind(1, is_ray, "kill all", "Ray"),
}
CUT = "network cut"
CUT_WEIGHT = 2.0


class Faults:
    """Strikes a stack, whose processes it is given, or the link from its workers to its service."""

    def __init__(
        self, processes: Callable[[], list[psutil.Process]], link: "Link", seed: int
    ) -> None:
        self._processes = processes
        self._link = link
        self._random = random.Random(seed)
        self._hit: dict[str, float] = {}
        self.kinds: Counter[str] = Counter()

    def pause(self, mean_s: float) -> float:
        """Seconds until the next strike."""
        return min(self._random.expovariate(1 / mean_s), 4 * mean_s)

    def strike(self) -> str | None:
        """Choose a fault by weight; ``None`` where nothing is there to be hit by it."""
        weights = [CUT_WEIGHT, *(kind.weight for kind in KINDS.values())]
        [name] = self._random.choices([CUT, *KINDS], weights)
        struck = self._link.cut(AWAY_S) if name == CUT else self._hits(KINDS[name])
        if not struck:
            return None
        self.kinds[name] += 1
        return name

    def _hits(self, kind: Kind) -> int:
        """Do it to one of those that fit, or to all; how many there were."""
        if kind.part and time.monotonic() - self._hit.get(kind.part, -REST_S) < REST_S:
            return 0
        victims = [process for process in self._processes() if kind.fits(line(process))]
        if victims and kind.do != "kill all":
            victims = [self._random.choice(sorted(victims, key=lambda p: p.pid))]
        count = sum(send(process, kind.do == "freeze") for process in victims)
        if count and kind.part:
            self._hit[kind.part] = time.monotonic()
        return count


def send(process: psutil.Process, freeze: bool) -> bool:
    """Kill a process or freeze it for a while; false when it is gone already."""
    try:
        process.send_signal(signal.SIGSTOP if freeze else signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    if freeze:
        threading.Timer(AWAY_S, thaw, [process]).start()
    return True


def thaw(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.resume()


def line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


class Link:
    """Carries connections to a port of this machine; what is sent while it is cut has to wait."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._whole = threading.Event()
        self._whole.set()
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> "Link":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def cut(self, seconds: float) -> bool:
        """Cut it for so long; false when it is cut already."""
        if not self._whole.is_set():
            return False
        self._whole.clear()
        threading.Timer(seconds, self._whole.set).start()
        return True

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        self._whole.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self._port))
        except OSError:  # the service is away, which the caller is to see as well
            near.close()
            return
        back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
        back.start()
        self._carry(near, far)
        back.join()
        near.close()
        far.close()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._whole.wait()
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
