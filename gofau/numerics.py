"""What decides the last bits of this process's results: processor, libraries, kernels, threads."""

import ctypes
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch

from gofau.errors import UnsupportedError
from gofau.fused.compiler import FLAGS, compiler_version, find_compiler

__all__ = ["Numerics", "in_force"]

UNSET = "unset"
NONE = "none"

CPUINFO = Path("/proc/cpuinfo")

_BRANCHES = {
    -1: "unknown",
    0: "off",
    1: "off",
    2: "AUTO",
    3: "COMPATIBLE",
    4: "SSE2",
    6: "SSSE3",
    7: "SSE4_1",
    8: "SSE4_2",
    9: "AVX",
    10: "AVX2",
    11: "AVX512_MIC",
    12: "AVX512",
    13: "AVX512_MIC_E1",
    14: "AVX512_E1",
}
"""MKL's names of its modes of reproducible summation (mkl_types.h)."""

_STRICT = 0x10000


@dataclass(frozen=True)
class Numerics:
    """What was in force where results were computed.

    Two processes with equal numerics are expected to compute equal bits by the executors that
    promise it; results of several may meet in one study.

    Args:
        machine: the architecture, such as x86_64.
        processor: its maker and name, as it calls itself.
        processor_family: the maker's number of the family, -1 where it has none.
        processor_model: its number within the family, -1 where it has none.
        processor_stepping: its revision, -1 where it has none.
        isa: the instruction set that torch's own kernels take.
        isa_setting: ATEN_CPU_CAPABILITY.
        blas: the library of matrix products, with its version.
        blas_mode: its mode of reproducible summation, ``off`` by default, ``none`` without one.
        blas_setting: MKL_CBWR.
        onednn: the version of the library of convolutions.
        onednn_setting: ONEDNN_MAX_CPU_ISA.
        kernels: the compiler that builds gofau's own kernels, or ``none`` and why.
        kernel_flags: with which flags.
        threads: of one operation.
        interop_threads: of operations side by side.
        matmul_precision: what torch may round float32 products to.
        deterministic: whether torch is asked for deterministic algorithms.
        device: ``cpu``, or the accelerator's name.
        torch: its version.
        python: its version.
        numpy: its version.
        gofau: its version.
        libc: the C library and its version.
    """

    machine: str
    processor: str
    processor_family: int
    processor_model: int
    processor_stepping: int
    isa: str
    isa_setting: str
    blas: str
    blas_mode: str
    blas_setting: str
    onednn: str
    onednn_setting: str
    kernels: str
    kernel_flags: str
    threads: int
    interop_threads: int
    matmul_precision: str
    deterministic: str
    device: str
    torch: str
    python: str
    numpy: str
    gofau: str
    libc: str

    def as_dict(self) -> dict[str, str | int]:
        """The fields by name, ready for JSON; names and order are stable."""
        return asdict(self)


def in_force(device: str | torch.device = "cpu") -> Numerics:
    """The numerics of this process now.

    Args:
        device: where the training runs.
    """
    processor = _processor()
    return Numerics(
        machine=platform.machine(),
        processor=processor.name,
        processor_family=processor.family,
        processor_model=processor.model,
        processor_stepping=processor.stepping,
        isa=torch.backends.cpu.get_cpu_capability(),
        isa_setting=_setting("ATEN_CPU_CAPABILITY"),
        blas=_blas(),
        blas_mode=_blas_mode(),
        blas_setting=_setting("MKL_CBWR"),
        onednn=_onednn(),
        onednn_setting=_setting("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"),
        kernels=_kernels(),
        kernel_flags=" ".join(FLAGS),
        threads=torch.get_num_threads(),
        interop_threads=torch.get_num_interop_threads(),
        matmul_precision=torch.get_float32_matmul_precision(),
        deterministic="yes" if torch.are_deterministic_algorithms_enabled() else "no",
        device=_device(torch.device(device)),
        torch=torch.__version__,
        python=platform.python_version(),
        numpy=np.__version__,
        gofau=_gofau(),
        libc=" ".join(filter(None, platform.libc_ver())) or "unknown",
    )


@dataclass(frozen=True)
class Processor:
    """A processor's name and the numbers under which its maker describes it."""

    name: str
    family: int = -1
    model: int = -1
    stepping: int = -1


@cache
def _processor() -> Processor:
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    return described(lines)


def described(lines: list[str]) -> Processor:
    """The first processor of a listing such as /proc/cpuinfo, as x86 or Arm machines write it."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    maker = fields.get("vendor_id") or fields.get("CPU implementer", "")
    name = fields.get("model name") or fields.get("CPU part", "")
    called = f"{maker} {name}".strip() or platform.processor() or platform.machine()
    return Processor(
        called,
        family=_number(fields, "cpu family", "CPU architecture"),
        model=_number(fields, "model", "CPU part"),
        stepping=_number(fields, "stepping", "CPU revision"),
    )


def _number(fields: Mapping[str, str], *names: str) -> int:
    """The first of the fields that is a number, or -1."""
    for name in names:
        try:
            return int(fields[name], 0)
        except (KeyError, ValueError):
            continue
    return -1


def _setting(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), UNSET)


@cache
def _blas() -> str:
    built = torch.__config__.show()
    found = re.search(r"Math Kernel Library Version (\S+)", built)
    if found:
        return f"MKL {found[1]}"
    named = re.search(r"BLAS_INFO=(\w+)", built)
    return named[1] if named else NONE


def _blas_mode() -> str:
    """What MKL sums by, which it may have been told by others than its environment variable."""
    library = _mkl()
    if library is None:
        return NONE
    mode = int(library.mkl_serv_cbwr_get(1))
    strict = ",STRICT" if mode & _STRICT else ""
    return _BRANCHES.get(mode & ~_STRICT, str(mode)) + strict


@cache
def _mkl() -> ctypes.CDLL | None:
    """The library that holds MKL's functions, if torch was built with them."""
    path = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    return library if hasattr(library, "mkl_serv_cbwr_get") else None


@cache
def _onednn() -> str:
    found = re.search(r"MKL-DNN v(\S+)", torch.__config__.show())
    return found[1] if found else NONE


@cache
def _kernels() -> str:
    try:
        return compiler_version(find_compiler()).partition("\n")[0]
    except UnsupportedError as error:
        return f"{NONE}: {error}"


def _device(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@cache
def _gofau() -> str:
    try:
        return version("gofau")
    except PackageNotFoundError:
        return "not installed"
