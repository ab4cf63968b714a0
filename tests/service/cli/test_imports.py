"""Help is quick: the command line loads none of what only some commands need."""

import subprocess
import sys

CODE = """
import sys
from gofau_service.cli.entry import run
run(["--help"])
heavy = {"fastapi", "sqlalchemy", "ray", "torch", "uvicorn", "pandas", "scipy", "numpy", "plotly"}
print("loaded", sorted(heavy & set(sys.modules)))
"""


def test_help_loads_no_server_and_no_analysis() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded []"
