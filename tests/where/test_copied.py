"""What the copies of these tests are: patched, and apart from the repository."""

from pathlib import Path

import pytest

from tests.where.copied import ROOT, copied


def test_a_copy_is_patched_and_imported_from_its_own_folder(tmp_path: Path) -> None:
    before = (ROOT / "gofau/version.py").read_text()
    copy = copied(
        tmp_path,
        {
            "gofau/version.py": [("SUFFIXES = (", "MADE = 7\nSUFFIXES = (")],
            "service/gofau_service/made.py": "MADE = 8\n",
            "tests/test_made.py": "def test_made() -> None:\n    assert True\n",
        },
    )
    code = "import gofau.version as v, gofau_service.made as m; print(v.MADE, m.MADE, m.__file__)"
    assert copy.run(code).split() == ["7", "8", str(copy.root / "service/gofau_service/made.py")]
    assert "1 passed" in copy.test("tests/test_made.py")
    assert (ROOT / "gofau/version.py").read_text() == before


@pytest.mark.parametrize(
    "patch, message",
    [
        ({"gofau/version.py": "X = 1\n"}, "there already"),
        ({"gofau/version.py": [("no such text", "")]}, "0 times 'no such text', expected once"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(
    tmp_path: Path, patch: dict[str, str | list[tuple[str, str]]], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        copied(tmp_path, patch)


def test_what_fails_in_a_copy_says_why(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        copied(tmp_path, {}).run("1 / 0")
