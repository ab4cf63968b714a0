"""Kernels are built once, whole, where they can be trusted, and refused in clear words."""

import logging
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from gofau import Gofau
from gofau.errors import UnsupportedError
from gofau.fused import compiler, library
from gofau.optim import implementations
from tests.compilers import needs_compiler

DEFINES = (
    "GOFAU_DECAY=NoDecay<C, false>",
    "GOFAU_DIRECTION=Plain<C>",
    "GOFAU_RULE=Additive",
    "GOFAU_ELEMENT=float",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache folder, and no kernel loaded yet."""
    monkeypatch.setenv("GOFAU_CACHE_DIR", str(tmp_path))
    library._load.cache_clear()
    implementations._note.cache_clear()
    yield tmp_path
    library._load.cache_clear()
    implementations._note.cache_clear()


def weight() -> torch.nn.Parameter:
    param = torch.nn.Parameter(torch.ones(3))
    param.grad = torch.ones(3)
    return param


@needs_compiler
def test_a_kernel_is_built_once_and_found_again(folder):
    path = compiler.compiled(DEFINES)
    built = path.stat().st_mtime_ns
    assert compiler.compiled(DEFINES) == path
    assert path.stat().st_mtime_ns == built
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@needs_compiler
def test_builders_at_the_same_time_leave_one_whole_library(folder):
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(compiler.compiled, [DEFINES] * 4))
    assert len(paths) == 1
    load = f"import ctypes; ctypes.CDLL({str(paths.pop())!r}).gofau_step"
    subprocess.run([sys.executable, "-c", load], check=True)


@pytest.mark.parametrize("change", ["flags", "torch", "processor", "compiler"])
def test_another_build_has_another_name(folder, monkeypatch, change):
    before = compiler._key("g++", DEFINES)
    match change:
        case "flags":
            monkeypatch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-g"))
        case "torch":
            monkeypatch.setattr(torch, "__version__", "0.0.0")
        case "processor":
            monkeypatch.setattr(compiler, "_processor", lambda: "another")
        case "compiler":
            monkeypatch.setattr(compiler, "compiler_version", lambda path: "another")
    assert compiler._key("g++", DEFINES) != before


def test_without_a_compiler_fused_is_refused_and_auto_says_why(folder, monkeypatch, caplog):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(UnsupportedError, match=r"need a C\+\+ compiler: got none of g\+\+, c\+\+"):
        Gofau([weight()], implementation="fused").step()
    param = weight()
    optimizer = Gofau([param], "sgd", "additive", lr=0.5)
    with caplog.at_level(logging.WARNING):
        optimizer.step()
        optimizer.step()
    assert param.tolist() == [0.0, 0.0, 0.0]
    (record,) = caplog.records
    assert record.getMessage().startswith("implementation: auto does not fuse: fused steps need")


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def test_a_failing_compiler_is_refused_with_its_words(folder, monkeypatch):
    monkeypatch.setenv("CXX", str(script(folder / "cc", "echo no such flag >&2; exit 3")))
    with pytest.raises(
        UnsupportedError, match=r"got exit status 3 from .*/cc: no such flag; set CXX"
    ):
        Gofau([weight()], implementation="fused").step()


def test_a_library_that_does_not_load_is_refused(folder, monkeypatch):
    fake = 'while [ "$1" != -o ]; do [ $# = 0 ] && exit; shift; done; echo text > "$2"'
    monkeypatch.setenv("CXX", str(script(folder / "cc", fake)))
    with pytest.raises(
        UnsupportedError, match=r"cannot load .*; remove the file to build it again"
    ):
        Gofau([weight()], implementation="fused").step()


def test_a_folder_that_others_may_write_into_is_refused(folder):
    (folder / "kernels").mkdir()
    (folder / "kernels").chmod(0o777)
    with pytest.raises(UnsupportedError, match="that other users may write into, expected one of"):
        compiler.cache_folder()


def test_a_folder_that_cannot_be_made_is_refused(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("GOFAU_CACHE_DIR", str(folder / "file"))
    with pytest.raises(UnsupportedError, match=r"need a cache folder: got .*; set GOFAU_CACHE_DIR"):
        compiler.cache_folder()


def nobody(*_: object) -> None:
    raise KeyError("getpwuid(): uid not found: 12345")


@needs_compiler
@pytest.mark.parametrize("variable", ["GOFAU_CACHE_DIR", "XDG_CACHE_HOME"])
def test_a_user_without_a_home_needs_none_where_a_folder_is_named(folder, monkeypatch, variable):
    for name in ("HOME", "GOFAU_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(folder))
    monkeypatch.setattr("pwd.getpwuid", nobody)
    param = weight()
    Gofau([param], "sgd", "additive", lr=0.5, implementation="fused").step()
    assert param.tolist() == [0.5, 0.5, 0.5]


def test_a_user_without_a_home_and_a_folder_steps_unfused(folder, monkeypatch):
    for name in ("HOME", "GOFAU_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    param = weight()
    Gofau([param], "sgd", "additive", lr=0.5).step()
    assert param.tolist() == [0.5, 0.5, 0.5]
    param.grad = torch.ones(3)
    with pytest.raises(UnsupportedError, match=r"got a user without a home .*; set one, or use"):
        Gofau([param], "sgd", "additive", lr=0.5, implementation="fused").step()


@needs_compiler
def test_a_full_disk_is_said_in_words(folder, monkeypatch):
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UnsupportedError, match=r"need a kernel: got .*No space left on device"):
        Gofau([weight()], implementation="fused").step()
