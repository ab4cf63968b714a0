"""The table "where does it go" says what the tests of its rows do, file by file."""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.docs.conftest import ROOT, section

WHERE = ROOT / "tests" / "where"
TESTS = sorted({path.stem for path in WHERE.glob("test_*.py")} - {"test_copied"})
FOLDERS = ("docs/", "gofau/", "service/", "studies/", "workers/")
PLACEHOLDER = "NAME"

Files = frozenset[str]


@dataclass(frozen=True)
class Row:
    """What a row of the table says."""

    what: str
    files: tuple[str, ...]
    count: int
    test: str

    def says(self, patch: Files) -> bool:
        """Whether a patch touches each of the files once, and no other."""
        patterns = [re.escape(file).replace(PLACEHOLDER, r"[\w-]+") for file in self.files]
        touched = [[p for p in patterns if re.fullmatch(p, path)] for path in patch]
        return sorted(touched) == sorted([pattern] for pattern in patterns)


def rows() -> Iterator[Row]:
    for line in section("CONTRIBUTING.md", "Where does it go").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[2].isdigit():
            [held] = re.findall(r"`tests/where/(\w+)\.py`", cells[5])
            yield Row(cells[0], tuple(re.findall(r"`([^`]+)`", cells[1])), int(cells[2]), held)


ROWS = list(rows())


def patches(test: str) -> set[Files]:
    """The files of each patch of a test: those of its module, else those that it writes out."""
    module = vars(importlib.import_module(f"tests.where.{test}"))
    known = {name: value for name, value in module.items() if isinstance(value, dict)}
    of_module = set(of_values(known.values()))
    tree = ast.parse((WHERE / f"{test}.py").read_text(encoding="utf-8"))
    literals = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    return of_module or set(
        of_values({getattr(key, "value", ""): None for key in one.keys} for one in literals)
    )


def of_values(values: Iterable[Any]) -> Iterator[Files]:
    """The keys of dictionaries that are patches, also of those inside a dictionary of patches."""
    for value in values:
        if isinstance(value, dict):
            if value and all(isinstance(k, str) and k.startswith(FOLDERS) for k in value):
                yield frozenset(value)
            else:
                yield from of_values(value.values())


def test_every_patch_of_a_test_has_its_row_and_every_row_its_patch() -> None:
    for test in {*TESTS, *(row.test for row in ROWS)}:
        of_test = [row for row in ROWS if row.test == test]
        found = patches(test)
        assert found, test
        for patch in found:
            assert any(row.says(patch) for row in of_test), f"{test}: {sorted(patch)} has no row"
        for row in of_test:
            assert any(row.says(patch) for patch in found), f"{row.what}: not what {test} does"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_the_number_of_files_is_theirs(row: Row) -> None:
    assert len(row.files) == row.count
