"""What files declare to the catalog, and files that declare it wrongly."""

from pathlib import Path

import pytest

from gofau.catalog import RuleEntry
from gofau.catalog.found import Kind, declared

MODULE = """
from gofau.catalog import DirectionEntry, RuleEntry
from gofau.rules.additive import Additive
from gofau.rules.base import UpdateRule

class Family(UpdateRule):
    init = update = moves_zero = None

class One(Family):
    entry = RuleEntry("one", "made")
    name = entry.name

Alias = One
"""
SILENT = "class Two(One):\n    name = 'two'\n"
OTHER = "class Two(One):\n    entry = DirectionEntry('two', 'made')\n    name = 'two'\n"
MISNAMED = "class Two(One):\n    entry = RuleEntry('two', 'made')\n"


def package(folder: Path, name: str, module: str) -> Kind[RuleEntry]:
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    (folder / name / "base.py").write_text("from gofau.rules.base import UpdateRule\n")
    (folder / name / "file.py").write_text(module)
    return Kind(name, RuleEntry, (), "UpdateRule")


def test_a_class_with_an_entry_is_found_once_and_what_it_is_made_of_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    found = declared(package(tmp_path, "made_right", MODULE))
    assert [(one.entry.name, one.implementation.__name__) for one in found] == [("one", "One")]


@pytest.mark.parametrize(
    ("name", "fault", "message"),
    [
        ("made_silent", SILENT, "file.Two.entry: got None, expected a RuleEntry"),
        ("made_other", OTHER, "file.Two.entry: got DirectionEntry.*, expected a RuleEntry"),
        ("made_misnamed", MISNAMED, "file.Two.name: got 'one', expected 'two' as in its entry"),
    ],
)
def test_a_class_that_no_catalog_would_list_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: str, message: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TypeError, match=message):
        declared(package(tmp_path, name, f"{MODULE}\n{fault}"))
