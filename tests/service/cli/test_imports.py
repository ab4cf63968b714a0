"""The command line loads little, and needs no more than an installation without extras brings."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[3]

CODE = """
import sys
from gofau_service.cli.entry import run
run(["--help"])
heavy = {"fastapi", "sqlalchemy", "ray", "torch", "uvicorn", "pandas", "scipy", "numpy", "plotly"}
print("loaded", sorted(heavy & set(sys.modules)))
"""
BARE = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
from gofau_service.cli.entry import run
codes = [
    run(["validate", sys.argv[2], "--offline"]),
    run(["list", "--url", "http://127.0.0.1:9"]),
    run(["down", "--data-dir", sys.argv[3]]),
]
print("codes", [int(code) for code in codes])
"""


def test_help_loads_no_server_and_no_analysis() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded []"


def optional() -> set[str]:
    """The modules of what extras bring and an installation without them has not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[><=]", one)[0].lower() for one in requirements}

    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    absent = names(extras) - names(project["dependencies"]) - {"gofau"}
    known = packages_distributions().items()
    return {module for module, made_by in known if {one.lower() for one in made_by} <= absent}


def test_commands_need_no_extra(tmp_path: Path) -> None:
    study = ROOT / "studies" / "catalog" / "digits-mlp.yaml"
    absent = optional()
    assert {"fastapi", "sqlalchemy", "torch", "ray", "sklearn", "optuna"} <= absent
    done = subprocess.run(
        [sys.executable, "-c", BARE, ",".join(sorted(absent)), str(study), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "codes [0, 3, 0]"
