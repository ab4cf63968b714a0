"""The laws of packs under other numerics: ``python -m tests.numerics [SETTING ...]``.

Each setting runs the tests in a process of its own, since the libraries read their environment
when they are loaded.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

READ = ("MKL_CBWR", "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "OMP_NUM_THREADS", "CXX")
"""The variables that a setting decides; those it leaves out are unset, whatever the shell has."""

LAWS = (
    "tests/gofau/packing/stack/test_places.py",
    "tests/gofau/packing/stack/test_isolation.py",
    "tests/gofau/packing/test_equivalence.py",
    "tests/gofau/packing/executors/test_executors.py",
    "tests/gofau/packing/test_null.py",
    "tests/gofau/fused/test_equal.py",
)

PLAIN = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
TORCH_FIRST = f"import torch; torch.rand(99, 99) @ torch.rand(99, 99); {PLAIN}"


@dataclass(frozen=True)
class Setting:
    """What differs from a process that sets nothing, and has one thread.

    Args:
        environment: variables that are set before torch is loaded.
        torch_first: whether torch is imported, and has multiplied, before gofau is.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    torch_first: bool = False


SETTINGS: Mapping[str, Setting] = {
    "default": Setting(),
    "mkl-auto": Setting({"MKL_CBWR": "AUTO"}),
    "mkl-avx2": Setting({"MKL_CBWR": "AVX2"}),
    "mkl-compatible": Setting({"MKL_CBWR": "COMPATIBLE"}),
    "onednn-avx2": Setting({"ONEDNN_MAX_CPU_ISA": "AVX2"}),
    "aten-avx2": Setting({"ATEN_CPU_CAPABILITY": "avx2"}),
    "aten-default": Setting({"ATEN_CPU_CAPABILITY": "default"}),
    "two-threads": Setting({"OMP_NUM_THREADS": "2"}),
    "torch-first": Setting(torch_first=True),
    "no-compiler": Setting({"CXX": "no-such-compiler"}),
    "torch-first-two-threads": Setting({"OMP_NUM_THREADS": "2"}, torch_first=True),
    "mkl-compatible-two-threads": Setting({"MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "2"}),
    "all-avx2-two-threads": Setting(
        {
            "MKL_CBWR": "AVX2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "ATEN_CPU_CAPABILITY": "avx2",
            "OMP_NUM_THREADS": "2",
        },
        torch_first=True,
    ),
}


def command(setting: Setting, tests: Sequence[str]) -> list[str]:
    """The process that runs ``tests`` under ``setting``."""
    start = TORCH_FIRST if setting.torch_first else PLAIN
    return [sys.executable, "-c", start, "-q", *tests]


def environment(setting: Setting, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of that process, in a shell that has ``given``.

    Threads sleep while they wait for each other: on a busy machine turning would cost minutes.
    """
    kept = {name: value for name, value in given.items() if name not in READ}
    return {**kept, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1", **setting.environment}


def main(names: Sequence[str]) -> int:
    """Run the laws under the settings of those names, or all; the number that fail."""
    unknown = [name for name in names if name not in SETTINGS]
    if unknown:
        sys.stderr.write(f"got {', '.join(unknown)}, expected of {', '.join(SETTINGS)}\n")
        return 2
    chosen = names or list(SETTINGS)
    failed = [name for i, name in enumerate(chosen, 1) if _run(name, f"[{i}/{len(chosen)}]")]
    _say(f"failed under {', '.join(failed)}" if failed else "the laws hold under all of them")
    return len(failed)


def _run(name: str, place: str) -> int:
    """The exit status of the laws under a setting."""
    setting, started = SETTINGS[name], perf_counter()
    told = " ".join(f"{k}={v}" for k, v in setting.environment.items())
    _say(f"{place} {name} {told}".rstrip())
    own = environment(setting, os.environ)
    status = subprocess.run(command(setting, LAWS), check=False, env=own).returncode
    _say(f"{place} {name}: exit {status} after {perf_counter() - started:.0f} s")
    return status


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
