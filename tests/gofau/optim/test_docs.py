"""The pages on rules and the guides say what the code does, and their examples run."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

from gofau import catalog

DOCS = Path(__file__).parents[3] / "docs"
GUIDES = [DOCS / "guides" / "swap-your-optimizer.md", DOCS / "guides" / "from-torch-optim.md"]
PAGES = [*sorted((DOCS / "rules").glob("*.md")), *GUIDES]


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_examples_of_a_page_run_in_order(page):
    names: dict[str, object] = {}
    assert blocks(page)
    for i, block in enumerate(blocks(page)):
        exec(compile(block, f"{page.name}:block {i}", "exec"), names)


@pytest.mark.parametrize("entry", catalog.rules.entries.values(), ids=lambda e: e.name)
def test_every_rule_has_a_page_with_its_parameters_and_source(entry):
    page = (DOCS / "rules" / f"{entry.name}.md").read_text()
    assert page.startswith(f"# {entry.name}\n")
    assert "\nSource: " in page
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    assert list(rows) == [p.name for p in entry.parameters]
    for parameter in entry.parameters:
        if parameter.default is not None:
            assert float(rows[parameter.name]) == parameter.default


def test_the_overview_lists_every_rule_direction_and_option():
    page = (DOCS / "rules" / "README.md").read_text()
    for name in catalog.rules.entries:
        assert f"[{name}]({name}.md)" in page
    for entry in catalog.directions.entries.values():
        assert f"`{entry.name}`" in page
        assert all(f"`{p.name}`" in page for p in entry.parameters)


def test_links_between_the_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+\.md)", page.read_text()):
            assert (page.parent / target).is_file(), f"{page.name} links to {target}"


@pytest.mark.parametrize(
    "module", ["gofau.optim.gofau", "gofau.optim.wrapped", "gofau.initialization"]
)
def test_docstring_examples_hold(module):
    result = doctest.testmod(import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
