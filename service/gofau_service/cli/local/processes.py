"""Starting processes under a mark and ending everything that carries it.

Ray's head starts daemons that leave their parent, and a job's driver starts workers of its own.
Children inherit the environment, so a variable with a random value finds all of them, and finds
nothing of another cluster on the same machine.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

MARK = "GOFAU_STACK"
"""The environment variable that marks what a stack has started."""


def start(command: Sequence[str], mark: str, extra: Mapping[str, str], log: Path) -> "Started":
    """Start a marked process in its own session, with its output appended to ``log``.

    A session of its own keeps the terminal's Ctrl-C away from it, so that the parent ends its
    children in order.
    """
    environment = {**os.environ, **extra, MARK: mark}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Started(process, log)


class Started:
    """A process that was started here, and where its output goes."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self.log = log

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def listens_on(self, port: int) -> bool:
        """Whether it is this process that listens on a TCP port, and not another program."""
        try:
            sockets = psutil.Process(self._process.pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        return any(s.status == psutil.CONN_LISTEN and s.laddr.port == port for s in sockets)

    def tail(self, lines: int = 15) -> str:
        """The end of its output."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def end(self, grace_s: float) -> None:
        """Ask the process to end, wait, then insist."""
        if self.running:
            self._process.terminate()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def marked(mark: str) -> list[psutil.Process]:
    """Every process that carries the mark, or lives in a session with one that does.

    Processes are started in sessions of their own, so no session is shared with anything else.
    """
    mine = os.getsid(0)
    sessions = {process: _session(process) for process in psutil.process_iter()}
    known = {sessions[process] for process in sessions if _carries(process, mark)} - {mine, 0}
    return [process for process, session in sessions.items() if session in known]


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return 0


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return f"{MARK}={mark}".encode() in _environment(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def _environment(process: psutil.Process) -> bytes:
    # Where a process has renamed itself, psutil stops at the zeros that this leaves in the block.
    block = Path(f"/proc/{process.pid}/environ")
    if block.exists():
        return block.read_bytes()
    return "\0".join(f"{key}={value}" for key, value in process.environ().items()).encode()


def sweep(mark: str, grace_s: float = 3.0) -> int:
    """End every process with that mark, and return how many there were.

    What is still there after ``grace_s`` is killed. Processes that are started meanwhile are
    found by looking again until none is left.
    """
    ended: set[int] = set()
    deadline = time.monotonic() + grace_s
    while processes := marked(mark):
        ended.update(process.pid for process in processes)
        insist = time.monotonic() >= deadline
        for process in processes:
            _signal(process, insist)
        psutil.wait_procs(processes, timeout=0.2 if insist else max(0.2, grace_s / 2))
    return len(ended)


def _signal(process: psutil.Process, insist: bool) -> None:
    try:
        if insist:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        pass
