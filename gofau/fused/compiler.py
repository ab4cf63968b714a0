"""Building kernels with the machine's C++ compiler, once, into a cache folder."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch

from gofau.errors import UnsupportedError

__all__ = ["cache_folder", "compiled", "compiler_version", "find_compiler", "load"]

SOURCES = Path(__file__).parent / "kernels"
FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    *(("-mprefer-vector-width=512",) if platform.machine() in {"x86_64", "AMD64"} else ()),
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp",
    "-fPIC",
    "-shared",
)
"""NaN and infinity keep their meaning: the flags that would drop them are left out."""

TIMEOUT_SECONDS = 120


def compiled(defines: tuple[str, ...], source: str = "sweep.cpp") -> Path:
    """The shared library of a file in `kernels` under these macro definitions.

    The file's name is a hash of the sources, definitions, flags, compiler, processor and torch
    version, so that a library is only ever loaded where it was built for. It is written beside
    its place and moved there in one operation: processes that build at the same time each end
    with a whole file.

    Args:
        defines: macro definitions such as ``GOFAU_ELEMENT=float``.
        source: the file's name.

    Returns:
        Path: the library, built or found.

    Raises:
        UnsupportedError: no compiler, a failing one, or a cache folder that cannot be trusted.
    """
    compiler = find_compiler()
    try:
        target = cache_folder() / f"{_key(compiler, defines, source)}.so"
        if not target.exists():
            _build(compiler, defines, source, target)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnsupportedError(
            f"fused steps need a kernel: got {error} while building it, expected room in "
            "GOFAU_CACHE_DIR and a compiler that answers; or use implementation='foreach'"
        ) from error
    return target


def load(defines: tuple[str, ...], source: str = "sweep.cpp") -> ctypes.CDLL:
    """The library of `compiled`, in this process.

    Raises:
        UnsupportedError: it cannot be built or loaded.
    """
    path = compiled(defines, source)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise UnsupportedError(
            f"fused steps cannot load {path}: {error}; remove the file to build it again, "
            "or use implementation='foreach'"
        ) from error


def find_compiler() -> str:
    """The C++ compiler's path: ``CXX`` where that is set, else ``g++`` or ``c++``."""
    wanted = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "c++"]
    for name in wanted:
        found = shutil.which(name)
        if found:
            return found
    raise UnsupportedError(
        f"fused steps need a C++ compiler: got none of {', '.join(wanted)} on the PATH, "
        "expected g++ or the one named by CXX; install one, or use implementation='foreach'"
    )


def cache_folder() -> Path:
    """The folder of built kernels: ``GOFAU_CACHE_DIR``, or ``gofau`` in the user's cache folder.

    Raises:
        UnsupportedError: it cannot be made, or others than this user may write into it (whoever
            writes there decides what code runs here).
    """
    folder = _own_folder() / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
    except OSError as error:
        raise UnsupportedError(
            f"fused steps need a cache folder: got {error} at {folder}, expected a folder that "
            "can be written; set GOFAU_CACHE_DIR, or use implementation='foreach'"
        ) from error
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise UnsupportedError(
            f"fused steps load code from {folder}: got a folder that other users may write into, "
            "expected one of this user alone; change its owner and mode, or set GOFAU_CACHE_DIR"
        )
    return folder


def _own_folder() -> Path:
    """``GOFAU_CACHE_DIR``, else ``gofau`` in the user's cache folder; a home is needed last."""
    given, base = os.environ.get("GOFAU_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    if given or base:
        return Path(given) if given else Path(base or "") / "gofau"
    try:
        return Path.home() / ".cache" / "gofau"
    except RuntimeError as error:  # neither HOME nor an entry in the list of users
        raise UnsupportedError(
            f"fused steps need a cache folder: got a user without a home ({error}), expected "
            "HOME or GOFAU_CACHE_DIR to be set; set one, or use implementation='foreach'"
        ) from error


def _build(compiler: str, defines: tuple[str, ...], source: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        output = Path(scratch) / target.name
        macros = [f"-D{define}" for define in defines]
        command = [compiler, *FLAGS, *macros, str(SOURCES / source), "-o", str(output)]
        try:
            subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
            )
        except subprocess.CalledProcessError as error:
            raise UnsupportedError(
                f"fused steps need a C++17 compiler with OpenMP: got exit status "
                f"{error.returncode} from {compiler}: {error.stderr.strip()[:500]}; "
                "set CXX to another compiler, or use implementation='foreach'"
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnsupportedError(
                f"fused steps need a C++ compiler: got {error} from {compiler}; "
                "set CXX to another compiler, or use implementation='foreach'"
            ) from error
        output.replace(target)


def _key(compiler: str, defines: tuple[str, ...], source: str = "sweep.cpp") -> str:
    digest = hashlib.sha256()
    machine = (compiler, torch.__version__, _processor(), compiler_version(compiler))
    for part in (source, *defines, *FLAGS, *machine):
        digest.update(part.encode() + b"\0")
    digest.update(_sources())
    return digest.hexdigest()[:32]


@cache
def _sources() -> bytes:
    files = sorted(SOURCES.iterdir())
    return b"\0".join(file.name.encode() + b"\0" + file.read_bytes() for file in files)


@cache
def compiler_version(compiler: str) -> str:
    """The compiler's own words about itself, or its path's modification time where it has none."""
    done = subprocess.run(
        [compiler, "--version"], check=False, capture_output=True, text=True, timeout=30
    )
    return done.stdout


@cache
def _processor() -> str:
    """What ``-march=native`` depends on: the machine's instruction sets where Linux lists them."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    kept = {line for line in lines if line.startswith(("flags", "Features", "model name"))}
    return "\n".join((platform.machine(), platform.processor(), *sorted(kept)))
