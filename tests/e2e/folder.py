"""A folder to work in, and the command line run there as a user would."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

SPEC = """
name: end to end
problem: {name: digits-mlp, width: 16, depth: 1}
epochs: 2
directions: [sgd]
rules: [additive, multiplicative]
axes:
  lr: {log: [1.0e-2, 1.0], points: 3}
  init_scale: {values: [0.5, 1.0]}
seeds: 2
"""
TRIALS = 2 * 3 * 2 * 2
PATIENCE_S = 600.0
"""How long a step may take on a machine that is busy; a test waits no longer than it takes."""


class Folder:
    """A folder to work in, and the command line run there as a user would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "study.yaml").write_text(SPEC)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GOFAU_")}
        self.environment = {**kept, "GOFAU_DATA_DIR": str(path / "data"), "COLUMNS": "100"}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "gofau_service.cli", *arguments],
            cwd=self.path,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell's background jobs ignore Ctrl-C, and what they start would too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def gofau(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == code, f"{arguments}: {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err
        return out or err

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.gofau(*arguments, "--json", code=code))

    def clear(self) -> None:
        """Take down whatever runs here, which a test that failed has left."""
        if self.left:
            self.start("down").communicate(timeout=PATIENCE_S)

    @property
    def left(self) -> list[int]:
        """Processes that were started for this folder."""
        needle = f"GOFAU_DATA_DIR={self.path / 'data'}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if needle in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found
