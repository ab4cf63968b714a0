"""Folders of living processes stay, those of killed ones go."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gofau_workers.scratch import PREFIX, scratch

HOLD = """
import sys
import tempfile
from pathlib import Path
from gofau_workers.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.readline()
"""


def holding(root: Path) -> tuple["subprocess.Popen[str]", Path]:
    """A process that has made a folder and waits."""
    command, pipe = [sys.executable, "-c", HOLD, str(root)], subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def finish(process: "subprocess.Popen[str]") -> None:
    process.communicate("\n")
    assert process.returncode == 0


def test_a_killed_process_leaves_its_folder_to_the_next(tmp_path: Path) -> None:
    dead, left = holding(tmp_path)
    living, kept = holding(tmp_path)
    dead.kill()
    dead.communicate()
    assert (left / "file").exists()
    with scratch(tmp_path) as own:
        assert not left.exists()
        assert (kept / "file").exists()
        with scratch(tmp_path) as second:
            assert own.exists()
            assert sorted(tmp_path.iterdir()) == sorted([kept, own, second])
    assert list(tmp_path.iterdir()) == [kept]
    finish(living)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_a_dead_folder_of_this_user_stays(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (tmp_path / f"{PREFIX}link").symlink_to(precious)
    (tmp_path / f"{PREFIX}file").write_text("x")
    with scratch(tmp_path):
        pass
    assert (precious / "file").exists()
    assert {path.name for path in tmp_path.iterdir()} == {
        "precious", f"{PREFIX}link", f"{PREFIX}file",
    }  # fmt: skip


def test_a_folder_taken_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    make = tempfile.mkdtemp

    def robbed(**where: object) -> str:
        folder = make(**where)  # type: ignore[call-overload]
        made.append(Path(folder))
        if len(made) == 1:
            made[0].rmdir()
        return str(folder)

    monkeypatch.setattr(tempfile, "mkdtemp", robbed)
    with scratch(tmp_path) as folder:
        assert folder == made[1]
        assert list(tmp_path.iterdir()) == [folder]
