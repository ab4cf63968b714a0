"""No files, and no folders, import each other in a circle.

The graph has every import, also those inside functions and those for types alone. In each folder,
its files and its folders are rooms: one room imports another where anything in it does. A circle of
files is a circle of rooms in the folder that they share, so rooms are all that is looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import grimp
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Rooms = frozenset[str]
Import = tuple[str, str]
"""Importer and imported."""

PACKAGES = ("gofau", "gofau_studies", "gofau_workers", "gofau_service", "reproduce")


def test_no_rooms_import_each_other_in_a_circle() -> None:
    found = circles(imports(*PACKAGES))
    assert not found, "\n".join(found.values())


MADE = {
    "a chain": ({"a.py": "import made.b", "b.py": "import made.c", "c.py": ""}, set()),
    "a face that hands names on": (
        {
            "a/__init__.py": "from made.a.x import X",
            "a/x.py": "X = 1",
            "b.py": "from made import a",
        },
        set(),
    ),
    "files": ({"a.py": "import made.b", "b.py": "from made import a"}, {"made.a", "made.b"}),
    "in a function": (
        {"a.py": "from .b import x", "b.py": "def x():\n    import made.a"},
        {"made.a", "made.b"},
    ),
    "for types": (
        {
            "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from made import b",
            "b.py": "import made.a",
        },
        {"made.a", "made.b"},
    ),
    "a face and its file": (
        {"a/__init__.py": "from made.a.x import X", "a/x.py": "from made.a import X"},
        {"made.a", "made.a.x"},
    ),
    "three files": (
        {"a.py": "import made.b", "b.py": "import made.c", "c.py": "import made.a"},
        {"made.a", "made.b", "made.c"},
    ),
    "folders whose files are in none": (
        {
            "a/__init__.py": "",
            "a/above.py": "import made.b.below",
            "a/below.py": "",
            "b/__init__.py": "",
            "b/above.py": "import made.a.below",
            "b/below.py": "",
        },
        {"made.a", "made.b"},
    ),
    "rooms deep inside": (
        {
            "deep/__init__.py": "",
            "deep/a.py": "import made.deep.b.x",
            "deep/b/__init__.py": "",
            "deep/b/x.py": "",
            "deep/b/y.py": "import made.deep.a",
        },
        {"made.deep.a", "made.deep.b"},
    ),
}


@pytest.mark.parametrize(("files", "circle"), MADE.values(), ids=MADE)
def test_a_circle_is_found_and_told(
    files: Mapping[str, str], circle: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"__init__.py": "", **files}.items():
        file = tmp_path / "made" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    found = circles(imports("made"))
    assert set(found) == ({frozenset(circle)} if circle else set())
    assert all(room in text for text in found.values() for room in circle)


def test_the_text_of_a_circle_names_a_file_for_each_step() -> None:
    found = circles([("p.a.x", "p.b.y"), ("p.b.z", "p.a.w")])
    assert list(found.values()) == ["p.b → p.a → p.b: p.b.z imports p.a.w, p.a.x imports p.b.y"]


def imports(*packages: str) -> list[Import]:
    """Every import between modules of the packages, sorted."""
    graph = grimp.build_graph(*packages, cache_dir=None)
    return sorted(
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    )


def circles(found: Iterable[Import]) -> dict[Rooms, str]:
    """The rooms that reach each other, and one circle of them in words."""
    folders: dict[tuple[str, ...], dict[Import, Import]] = defaultdict(dict)
    for one in found:
        folder, *rooms = _rooms(*one)
        folders[folder].setdefault((".".join(rooms[0]), ".".join(rooms[1])), one)
    return {
        rooms: _told(rooms, ties) for ties in folders.values() for rooms in _strongly_tied(ties)
    }


def _rooms(*modules: str) -> tuple[tuple[str, ...], ...]:
    """The folder that two modules share, and their rooms in it; a package's face is one, too."""
    first, second = (tuple(module.split(".")) for module in modules)
    shared = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    return first[:shared], first[: shared + 1], second[: shared + 1]


def _strongly_tied(ties: Iterable[Import]) -> list[Rooms]:
    """Sets of more than one room, each of which reaches all others of its set."""
    pairs = np.array(list(ties))
    rooms, at = np.unique(pairs, return_inverse=True)
    starts, ends = at.reshape(pairs.shape).T
    matrix = coo_array((np.ones(len(pairs)), (starts, ends)), shape=(len(rooms), len(rooms)))
    count, labels = connected_components(matrix, connection="strong")
    sets = (frozenset(rooms[labels == label].tolist()) for label in range(count))
    return [tied for tied in sets if len(tied) > 1]


def _told(rooms: Rooms, ties: Mapping[Import, Import]) -> str:
    """One circle of the rooms, and for each of its steps a file that imports another."""
    above: dict[str, list[str]] = {}
    for importer, imported in ties:
        if importer in rooms and imported in rooms:
            above.setdefault(imported, []).append(importer)
    with pytest.raises(CycleError) as told:
        TopologicalSorter(above).prepare()
    circle: list[str] = told.value.args[1]
    steps = [" imports ".join(ties[step]) for step in pairwise(circle)]
    return f"{' → '.join(circle)}: {', '.join(steps)}"
