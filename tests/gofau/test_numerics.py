"""What decides last bits is told as it is, and the settings that the laws are tried under exist."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gofau import numerics
from gofau.numerics import described, in_force
from tests.numerics import LAWS, SETTINGS, Setting, command, environment, main

ROOT = Path(__file__).parents[2]

AMD = """processor : 0
vendor_id : AuthenticAMD
cpu family : 26
model : 2
model name : EPYC
stepping : 1

processor : 1
model name : another
""".splitlines()

ARM = """processor : 0
CPU implementer : 0x41
CPU architecture: 8
CPU variant : 0x1
CPU part : 0xd40
CPU revision : 1
""".splitlines()


def test_processors_are_told_by_their_makers_numbers() -> None:
    amd, arm = described(AMD), described(ARM)
    assert (amd.name, amd.family, amd.model, amd.stepping) == (
        "AuthenticAMD EPYC",
        26,
        2,
        1,
    )
    assert (arm.name, arm.family, arm.model, arm.stepping) == ("0x41 0xd40", 8, 0xD40, 1)


def test_a_machine_without_a_listing_has_a_name() -> None:
    found = described([])
    assert found.name
    assert (found.family, found.model, found.stepping) == (-1, -1, -1)


def test_it_is_ready_for_json_and_knows_versions() -> None:
    found = in_force().as_dict()
    assert json.loads(json.dumps(found)) == found
    assert list(found) == list(numerics.Numerics.__dataclass_fields__)
    assert found["torch"] == torch.__version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["isa"] == torch.backends.cpu.get_cpu_capability()
    assert not [name for name, value in found.items() if value in {"", None}]


def test_threads_and_switches_are_those_of_now() -> None:
    before, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    try:
        torch.set_num_threads(3)
        torch.set_float32_matmul_precision("medium")
        torch.use_deterministic_algorithms(True)
        found = in_force()
    finally:
        torch.set_num_threads(before)
        torch.set_float32_matmul_precision(precision)
        torch.use_deterministic_algorithms(False)
    assert (found.threads, found.matmul_precision, found.deterministic) == (3, "medium", "yes")
    assert in_force().deterministic == "no"


def test_without_a_compiler_there_are_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    numerics._kernels.cache_clear()
    try:
        assert in_force().kernels.startswith("none: fused steps need a C++ compiler")
    finally:
        numerics._kernels.cache_clear()


@pytest.mark.slow
@pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="torch without MKL")
def test_the_modes_of_libraries_are_asked_and_not_guessed() -> None:
    told = (
        "import json; from gofau.numerics import in_force; print(json.dumps(in_force().as_dict()))"
    )
    given = {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default"}
    done = subprocess.run(
        [sys.executable, "-c", told],
        env={**environment(Setting(), os.environ), **given},
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert (found["blas_mode"], found["blas_setting"]) == ("COMPATIBLE", "COMPATIBLE")
    assert (found["isa"], found["isa_setting"]) == ("DEFAULT", "default")


def test_the_docs_list_the_settings_that_the_laws_are_tried_under() -> None:
    text = (
        (ROOT / "docs/packing.md").read_text().partition("## Bit by bit")[2].partition("\n## ")[0]
    )
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", text, re.MULTILINE))
    assert list(rows) == list(SETTINGS)
    for name, told in rows.items():
        setting = SETTINGS[name]
        assert re.findall(r"`(\w+=[\w-]+)`", told) == [
            f"{variable}={value}" for variable, value in setting.environment.items()
        ]
        assert ("torch is imported first" in told) == setting.torch_first


def test_make_and_ci_run_settings_that_there_are() -> None:
    assert "-m tests.numerics $(SETTINGS)" in (ROOT / "Makefile").read_text()
    named = re.search(r'make test-numerics SETTINGS="([^"]+)"', (ROOT / ".ci/run").read_text())
    assert named is not None
    assert len(set(named[1].split())) == 2
    assert set(named[1].split()) <= SETTINGS.keys()


def test_a_setting_decides_what_its_process_reads() -> None:
    shell = {"MKL_CBWR": "AUTO", "OMP_NUM_THREADS": "8", "HOME": "/home/me"}
    plain = environment(SETTINGS["default"], shell)
    assert plain == {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1", "HOME": "/home/me"}
    both = environment(SETTINGS["mkl-compatible-two-threads"], shell)
    assert (both["MKL_CBWR"], both["OMP_NUM_THREADS"]) == ("COMPATIBLE", "2")
    assert "import torch;" in command(SETTINGS["torch-first"], LAWS)[2]
    assert all((ROOT / path).exists() for path in LAWS)


def test_a_misspelt_setting_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mkl-avx3"]) == 2
    assert "got mkl-avx3, expected of default, mkl-auto" in capsys.readouterr().err
