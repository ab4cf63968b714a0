"""What the wheel installs: names of the project alone, and every file that is read at run time."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.where.copied import ROOT, copied

SOURCES = ("gofau", "studies", "workers", "service")
PACKAGES = {"gofau", "gofau_studies", "gofau_workers", "gofau_service"}
CODE = {".py", ".typed"}
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel of a copy of the sources."""
    copy, made, target = (tmp_path_factory.mktemp(name) for name in ("copy", "made", "target"))
    copied(copy, {}).run(BUILD, str(made))
    [wheel] = made.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_every_name_is_of_the_project(installed: Path) -> None:
    found = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert found == PACKAGES


def test_every_file_is_there(installed: Path) -> None:
    homes = [ROOT / "gofau", *(ROOT / name / f"gofau_{name}" for name in SOURCES[1:])]
    for home in homes:
        wanted = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
        wanted = {path for path in wanted if "__pycache__" not in path.parts}
        there = {path.relative_to(installed / home.name) for path in files(installed / home.name)}
        assert wanted - there == set()
        assert {path.suffix for path in wanted} - CODE or home.name == "gofau_workers"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_users_own_packages_of_the_old_names_are_left_alone(
    installed: Path, tmp_path: Path
) -> None:
    for name in ("service", "studies", "workers"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}.py of the user ran')\n")
    code = "import sys; from gofau_service.cli import main; sys.argv[1:] = ['--help']; main()"
    environment = {"PYTHONPATH": f"{tmp_path}:{installed}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "gofau" in done.stdout
    assert "of the user ran" not in done.stdout + done.stderr
