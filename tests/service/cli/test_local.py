"""The parts of a local stack: marked processes, the state file and its lock, ports."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from gofau_service.cli.exits import Exit
from gofau_service.cli.local import processes, server, state
from gofau_service.cli.local.errors import LocalError
from gofau_service.cli.local.ports import GIVEN_TO_NOBODY, free_port, is_free
from gofau_service.cli.local.ray_head import lists_jobs
from gofau_service.cli.local.stack import StackOptions, local_stack
from tests.service.cli.conftest import Gofau

FAMILY = """
import os, subprocess, sys
child = "import time; print('up', flush=True); time.sleep(600)"
deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + child
stray = {k: v for k, v in os.environ.items() if k != "GOFAU_STACK"}
members = [
    subprocess.Popen([sys.executable, "-c", child], start_new_session=True),
    subprocess.Popen([sys.executable, "-c", deaf]),
    subprocess.Popen([sys.executable, "-c", child], env=stray),
]
for member in members:
    member.wait()
"""


@pytest.fixture
def mark() -> Iterator[str]:
    """A mark whose processes are gone after the test."""
    chosen = uuid4().hex
    yield chosen
    processes.sweep(chosen, 0.0)


def started(mark: str, log: Path) -> processes.Started:
    """A process with three children, all of which run."""
    family = processes.start([sys.executable, "-c", FAMILY], mark, {}, log)
    while log.read_text().count("up") < 3:
        assert family.running, log.read_text()
    return family


def test_a_sweep_ends_children_in_other_sessions_deaf_ones_and_strays(
    mark: str, tmp_path: Path
) -> None:
    family = started(mark, tmp_path / "log")
    other = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        assert len(processes.marked(mark)) == 4
        assert processes.sweep(mark, 0.2) == 4
        assert processes.marked(mark) == []
        assert not family.running
        assert other.poll() is None
    finally:
        other.communicate(b"\n")


def test_nothing_carries_a_fresh_mark(mark: str) -> None:
    assert processes.marked(mark) == []
    assert processes.sweep(mark) == 0


def test_a_started_process_ends_on_request_and_its_output_is_kept(
    mark: str, tmp_path: Path
) -> None:
    code = "for i in range(20): print(i)\nprint('up', flush=True)\ninput()"
    process = processes.start(
        [sys.executable, "-c", f"import time\n{code.replace('input()', 'time.sleep(600)')}"],
        mark,
        {},
        tmp_path / "log",
    )
    while "up" not in process.tail(1):
        assert process.running
    process.end(5.0)
    assert not process.running
    assert process.tail(2) == "19\nup"


def sample(mark: str = "m") -> state.StackState:
    return state.StackState(
        mark=mark,
        pid=1,
        url="http://127.0.0.1:1",
        ray_url="http://127.0.0.1:2",
        token=None,
        ray_token="r",
        ray_folder=Path("/nonexistent"),
    )


def test_the_state_reads_back_and_is_for_its_owner_only(tmp_path: Path) -> None:
    state.write_state(tmp_path, sample())
    assert state.read_state(tmp_path) == sample()
    assert stat.S_IMODE(state.state_file(tmp_path).stat().st_mode) == 0o600
    state.remove_state(tmp_path)
    state.remove_state(tmp_path)
    assert state.read_state(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"mark": 1}'])
def test_a_damaged_state_is_no_state(tmp_path: Path, text: str) -> None:
    state.state_file(tmp_path).write_text(text)
    assert state.read_state(tmp_path) is None


def test_the_lock_admits_one(tmp_path: Path) -> None:
    state.write_state(tmp_path, sample())
    assert not state.is_locked(tmp_path)
    with state.lock(tmp_path):
        assert state.is_locked(tmp_path)
        again = r"already runs at http://127.0.0.1:1 \(pid 1\)"
        with pytest.raises(LocalError, match=again), state.lock(tmp_path):
            pytest.fail("admitted twice")
    assert not state.is_locked(tmp_path)


@pytest.mark.parametrize("host", ["300.1.1.1", "no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_here_is_refused_as_such(tmp_path: Path, host: str) -> None:
    refused = pytest.raises(LocalError, match=f"host: got {host} .*choose one with --host")
    with refused, local_stack(StackOptions(tmp_path, host=host)):
        pytest.fail("started on another machine's address")


def test_a_data_folder_that_is_a_file_is_refused_with_a_remedy(
    gofau: Gofau, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        for detach in ([], ["--detach"]):
            ran = gofau("up", "--data-dir", folder, *detach)
            assert ran.code == Exit.NOT_STARTED
            assert f"data folder: got {folder} (" in ran.err
            assert "choose one with --data-dir" in ran.err
        assert gofau("down", "--data-dir", folder).code == Exit.OK


def test_a_data_folder_without_room_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=8_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: full)
    with pytest.raises(LocalError, match="with room for 8000 bytes, expected 1000000 or more"):
        state.prepare(tmp_path)


def test_a_state_that_cannot_be_written_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        state.write_state(tmp_path, sample())
    assert list(tmp_path.iterdir()) == []


def test_why_a_detached_stack_did_not_start_is_one_line(gofau: Gofau) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = gofau("up", "--detach", "--port", port)
    assert ran.code == Exit.NOT_STARTED
    assert ran.err.startswith(f"error: port: got {port}, which another program uses")


def test_a_service_with_a_bad_setting_ends_with_one_line() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "gofau_service"],
        env={**os.environ, "GOFAU_LEASE_TTL_S": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == "error: GOFAU_LEASE_TTL_S: got '-1', expected greater than 0\n"


def test_a_taken_port_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert free_port(port) != port
        refused = pytest.raises(LocalError, match=f"port: got {port}.*choose one with --port")
        with refused, local_stack(StackOptions(tmp_path, port=port)):
            pytest.fail("started on a taken port")
    assert is_free(port)
    assert free_port(port) == port
    assert not state.is_locked(tmp_path)


class _Ready(BaseHTTPRequestHandler):
    """Says that it is ready, whoever asks."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_service_of_another_folder_on_the_port_is_not_taken_for_ours(
    mark: str, tmp_path: Path
) -> None:
    """Two stacks that start at once both find the port free; the study went to the other's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ready) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        command = [sys.executable, "-c", "import time; time.sleep(0.5); print('in use')"]
        ours = processes.start(command, mark, {}, tmp_path / "log")
        with pytest.raises(LocalError, match=r"(?s)ended while starting.*in use"):
            server.wait_for_server(f"http://127.0.0.1:{other.server_port}", ours)
        other.shutdown()


def test_a_free_port_is_none_that_the_kernel_gives_away() -> None:
    assert {free_port() for _ in range(20)} <= set(GIVEN_TO_NOBODY)


@pytest.mark.parametrize(
    ("status", "text", "ray"),
    [(200, "[]", True), (200, "", False), (200, "# metrics", False), (200, "{}", False),
     (401, "[]", False)],
)  # fmt: skip
def test_another_program_on_its_port_is_not_taken_for_ray(
    status: int, text: str, ray: bool
) -> None:
    assert lists_jobs(httpx.Response(status, text=text)) is ray


@pytest.mark.parametrize("command", ["up", "run"])
def test_a_second_stack_in_a_folder_exits_with_4(
    gofau: Gofau, spec: Path, tmp_path: Path, command: str
) -> None:
    folder = tmp_path / ".gofau"
    folder.mkdir()
    state.write_state(folder, sample())
    with state.lock(folder):
        ran = gofau(command, *([spec] if command == "run" else []))
    assert ran.code == 4
    assert "expected none; use it with 'gofau submit SPEC --watch'" in ran.err


def test_down_without_a_stack_says_so(gofau: Gofau) -> None:
    assert gofau("down").out == "nothing runs here\n"
    assert gofau("down", "--json").json == {"ended": False, "leftovers": 0}


def test_down_ends_what_a_killed_stack_left(gofau: Gofau, mark: str, tmp_path: Path) -> None:
    folder = tmp_path / ".gofau"
    folder.mkdir()
    family = started(mark, tmp_path / "log")
    state.write_state(folder, sample(mark))
    assert gofau("down", "--json").json == {"ended": True, "leftovers": 4}
    assert not family.running
    assert processes.marked(mark) == []
    assert state.read_state(folder) is None


def test_commands_find_the_stack_of_their_folder(gofau: Gofau, tmp_path: Path) -> None:
    from gofau_service.cli.connect import DEFAULT_URL, connect

    folder = tmp_path / ".gofau"
    folder.mkdir()
    state.write_state(folder, sample())
    with state.lock(folder), connect(None, None) as client:
        assert client.url == "http://127.0.0.1:1"
    with connect(None, None) as client:
        assert client.url == DEFAULT_URL
    assert os.environ.get("GOFAU_URL") is None
