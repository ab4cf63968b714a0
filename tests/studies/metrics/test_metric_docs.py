"""Every metric has a page, and what the pages show is what the code gives."""

import doctest
from pathlib import Path

import pytest

from gofau_studies.report.rows import ACROSS_ROWS, ROWS

DOCS = Path(__file__).parents[3] / "docs" / "metrics"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_run(page):
    found = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert found.failed == 0
    assert found.attempted > 0 or page.stem == "README"


def test_every_metric_and_row_is_in_the_index():
    index = (DOCS / "README.md").read_text("utf-8")
    names = [row.name for row in ROWS] + [name for name, *_ in ACROSS_ROWS]
    assert [name for name in names if f"`{name}`" not in index] == []
    assert [k for k in range(1, 12) if f"| M{k} |" not in index] == []


def test_every_page_is_in_the_index():
    index = (DOCS / "README.md").read_text("utf-8")
    others = [page.name for page in PAGES if page.stem != "README"]
    assert [name for name in others if f"({name})" not in index] == []
