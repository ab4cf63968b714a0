"""What is found in a package: its modules by name, and the value that each must have."""

import importlib
from pathlib import Path

import pytest

from gofau.modules import held, modules, repeated


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, text in {"__init__": "", "b": "KIND = 2", "a": "KIND = 1", "c/__init__": ""}.items():
        file = tmp_path / "found_here" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return "found_here"


def test_modules_come_by_name_without_packages_inside(package: str) -> None:
    assert [module.__name__ for module in modules(package)] == ["found_here.a", "found_here.b"]
    assert held(package, "KIND", int) == {"a": 1, "b": 2}


@pytest.mark.parametrize(("name", "kind"), [("KIND", str), ("OTHER", int)])
def test_a_module_without_such_a_value_is_named(package: str, name: str, kind: type) -> None:
    with pytest.raises(
        TypeError, match=rf"found_here\.a: {name}: got .*, expected a {kind.__name__}"
    ):
        held(package, name, kind)


def test_what_stands_twice_is_told_once() -> None:
    assert repeated(["a", "b", "a", "c", "a"]) == ["a"]
