"""The tree of errors is drawn as it is."""

import re
from importlib import import_module
from pkgutil import walk_packages

import gofau
from gofau import errors

BRANCH = re.compile(r"[│├└─ ]*")


def drawn() -> set[tuple[str, str]]:
    """Each error of the drawing with the one above it."""
    found: set[tuple[str, str]] = set()
    above: list[str] = []
    for line in str(errors.__doc__).splitlines():
        depth = len(BRANCH.match(line)[0]) // 4  # type: ignore[index]
        name = line[4 * depth :].partition(" ")[0]
        if not name.endswith("Error"):
            continue
        del above[depth:]
        found |= {(name, above[-1])} if above else set()
        above.append(name)
    return found


def there() -> set[tuple[str, str]]:
    """Each error of gofau with its first base in the tree."""
    for module in walk_packages(gofau.__path__, "gofau."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    found: set[tuple[str, str]] = set()
    waiting: list[type] = [errors.GofauError]
    while waiting:
        above = waiting.pop()
        mine = [one for one in above.__subclasses__() if one.__module__.startswith("gofau.")]
        found |= {(one.__name__, above.__name__) for one in mine}
        waiting += mine
    return found


def test_the_drawing_has_every_error_below_its_bases() -> None:
    got = there()
    # Of two bases in the tree, one has the branch and the other stands in words.
    assert drawn() <= got
    assert {name for name, _ in got} == {name for name, _ in drawn()}
    assert got - drawn() == {("ExecutorError", "PackError")}
