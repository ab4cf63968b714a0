"""The code version changes with what trains, and with nothing else."""

import shutil
from pathlib import Path

import pytest

import gofau
from gofau import version

ROOT = Path(gofau.__file__).parent


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package that the version is asked about."""
    made = tmp_path / "gofau"
    shutil.copytree(ROOT, made, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(version, "__file__", str(made / "version.py"))
    return made


def now() -> str:
    version.code_version.cache_clear()
    found = version.code_version()
    version.code_version.cache_clear()
    return found


@pytest.mark.parametrize(
    "file",
    [
        "packing/trainer.py",
        "packing/executors/vmap.py",
        "fused/kernels/mlp.cpp",
        "fused/kernels/rules.h",
        "optim/gofau.py",
        "rules/hybrid.py",
        "directions/adam.py",
        "problems/digits.py",
        "data/images.py",
        "schedules.py",
        "initialization.py",
        "catalog/__init__.py",
        "numerics.py",
        "a_new_file.py",
    ],
)
def test_what_trains_is_the_code_version(copy: Path, file: str) -> None:
    before = now()
    assert (copy / file).exists() or file == "a_new_file.py"
    with (copy / file).open("a") as source:
        source.write("\n")
    assert now() != before


@pytest.mark.parametrize(
    "file",
    [
        "contract/problems.py",
        "fingerprint/inputs.py",
        "catalog/plugins.py",
        "locks.py",
        "version.py",
        "data/__main__.py",
        "py.typed",
    ],
)
def test_what_trains_nothing_is_not(copy: Path, file: str) -> None:
    before = now()
    with (copy / file).open("a") as source:
        source.write("\n")
    assert now() == before


def test_every_exception_is_there() -> None:
    assert [name for name in version.BESIDE if not (ROOT / name).exists()] == []


def test_the_installed_package_and_its_copy_agree(copy: Path) -> None:
    there = now()
    assert there == version.code_version.__wrapped__()
    assert dict(version.sources(copy)) == dict(version.sources(ROOT))
