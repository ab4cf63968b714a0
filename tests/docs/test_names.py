"""What pages call by its name is there: modules, what stands in them, and files."""

import importlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.docs.conftest import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"),
]
"""Decisions keep the names of their day."""

FOLDERS = "bench|deploy|docker|docs|examples|gofau|reproduce|service|studies|tests|workers"
DRAWN = "docker/env"
"""What a script makes."""

NAME = re.compile(
    r"((?:gofau|gofau_service|gofau_studies|gofau_workers|reproduce)(?:\.\w+)+)(?:\(.*\))?"
)
ATTRIBUTES = {
    f"gofau.{name}" for name in ("study", "job", "status", "pack", "lease", "trials", "trial")
}
"""Of spans, which are named like code."""


def coded(page: Path) -> Iterator[str]:
    """What stands between backticks in a line of prose."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", prose)


def imported(page: Path) -> Iterator[str]:
    """Every dotted name of ours: in prose, and what examples import."""
    for code in coded(page):
        if (match := NAME.fullmatch(code)) and match[1] not in ATTRIBUTES:
            yield match[1]
    text = page.read_text(encoding="utf-8")
    for module, names in re.findall(r"^from (gofau[\w.]*) import ([^#\n]+)", text, re.MULTILINE):
        if find_spec(module.partition(".")[0]) is not None:
            yield from (f"{module}.{name.strip()}" for name in names.strip("()").split(",") if name)


def found(name: str) -> bool:
    """Whether a dotted name is a module, or stands in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


def test_names_of_code_are_found() -> None:
    for page in PAGES:
        assert [name for name in imported(page) if not found(name)] == [], page


def test_files_of_the_repository_are_there() -> None:
    for page in PAGES:
        paths = (code for code in coded(page) if re.fullmatch(rf"(?:{FOLDERS})/[\w./-]+", code))
        missing = [path for path in paths if not (ROOT / path).exists()]
        named = [path for path in missing if not path.startswith(DRAWN) and "NAME" not in path]
        assert named == [], page


def test_names_that_are_not_there_are_missed() -> None:
    assert found("gofau.packing.run_pack")
    assert not found("gofau.packing.no_such_name")
    assert not found("no_such_package")
