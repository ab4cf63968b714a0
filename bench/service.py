"""Run `service_under_load.py`, which see for the options.

A program of this name in this folder would hide the package ``service`` from its own imports, so
it leaves the folder before it starts.
"""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
    runpy.run_path(str(HERE / "service_under_load.py"), run_name="__main__")
