"""The page on packing runs, and names everything there is to name."""

import re
from pathlib import Path

import pytest

from gofau.packing import __all__ as public
from gofau.packing.executors.choice import PREFERRED

PAGE = (Path(__file__).parents[3] / "docs" / "packing.md").read_text(encoding="utf-8")


def test_the_snippet_runs(capsys: pytest.CaptureFixture[str]) -> None:
    match = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert match
    exec(compile(match[1], "docs/packing.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == 6


@pytest.mark.parametrize("name", [kind.name for kind in PREFERRED])
def test_every_executor_is_described(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", ["run_pack", "PlanError", "Schedule", "Checkpointing"])
def test_public_names_are_explained(name: str) -> None:
    assert name in public
    assert name in PAGE
