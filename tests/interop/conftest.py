"""What torch's own optimizer tests are run with, read once a process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.interop.required import require


@pytest.fixture(scope="session")
def optimizer_info(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The inputs and failing inputs of each torch optimizer, by its name."""
    require("expecttest")
    path = tmp_path_factory.mktemp("torch") / "optimizers.pt"
    program = Path(__file__).with_name("optimizer_info.py")
    done = subprocess.run(
        [sys.executable, str(program), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return torch.load(path, weights_only=False)
