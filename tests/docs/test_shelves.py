"""The documentation as a whole: every page is on a shelf, and no link leads nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.conftest import ROOT, section

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")]
SHELVES = ("Use it", "Run it", "Change it")


def links(page: Path, text: str | None = None) -> Iterator[tuple[Path, str]]:
    """The files of the repository that a page links to, each with the part after ``#``."""
    text = page.read_text(encoding="utf-8") if text is None else text
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" not in target:
            path, _, part = target.partition("#")
            yield (page.parent / path).resolve() if path else page, part


def anchors(page: Path) -> set[str]:
    """What may stand after ``#`` in a link to a page, as GitHub names its headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def test_links_lead_to_files_and_headings() -> None:
    for page in PAGES:
        for file, part in links(page):
            assert file.exists(), f"{page}: {file}"
            assert not part or part in anchors(file), f"{page}: {file.name}#{part}"


def test_every_page_stands_on_one_shelf() -> None:
    index = DOCS / "index.md"
    shelved = [
        file for shelf in SHELVES for file, _ in links(index, section("docs/index.md", shelf))
    ]
    assert len(set(shelved)) == len(shelved)
    tables = [page for page in shelved if page.name == "README.md"]
    reached = {*shelved, *(file for page in tables for file, _ in links(page))}
    folders = {file for file in reached if file.is_dir()}
    for page in DOCS.rglob("*.md"):
        assert page in reached or page == index or folders & set(page.parents), page


def test_the_readme_leads_to_every_shelf() -> None:
    found = {part for file, part in links(ROOT / "README.md") if file == DOCS / "index.md"}
    assert found >= {shelf.lower().replace(" ", "-") for shelf in SHELVES}
