"""The records of decisions: an index of all of them, and what each has."""

import re
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
FORMS = (
    ("Question", "Choice", "Consequences"),
    ("Context", "Decision", "Consequences"),
)
LONGEST = 45
"""Lines that still are one page."""


def entry(record: Path) -> str:
    """A record's line of the index: its number, a link, and its title as a sentence."""
    title = record.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    number, _, sentence = title.partition(". ")
    return f"- [{number}]({record.name}) {sentence}"


def test_the_index_has_every_record_by_its_title() -> None:
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("- ")] == [entry(r) for r in RECORDS]


def test_numbers_are_given_once() -> None:
    numbers = [int(record.name[:4]) for record in RECORDS]
    assert len(set(numbers)) == len(numbers)
    assert [f"{number}." for number in numbers] == [
        record.read_text(encoding="utf-8").split()[1] for record in RECORDS
    ]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name[:4])
def test_a_record_is_one_page_of_a_known_form(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
    assert any([part for part in parts if part in form] == list(form) for form in FORMS)
    assert text.count("\n") <= LONGEST
