"""What a module's source imports, at its top and inside functions, without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

BY_NAME = ("import_module", "__import__")
"""Calls that import the module whose name they are given."""

BY_PATH = ("spec_from_file_location", "SourceFileLoader", "run_path", "run_module", "exec")
"""Calls that run code which no name leads to."""


@dataclass(frozen=True)
class Imported:
    """Names that a source imports, some of which may be no modules, and whether it computes more.

    Args:
        names: absolute names, those of ``from a import b`` both as ``a`` and as ``a.b``.
        computed: whether it also imports by names or paths that only running it tells.
    """

    names: tuple[str, ...]
    computed: bool


def imported(source: bytes, package: str) -> Imported:
    """What a source imports.

    Args:
        source: the file's bytes.
        package: the package that relative names start from.

    Raises:
        SyntaxError: it is no Python.
    """
    names: dict[str, None] = {}
    computed = False
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            names.update(dict.fromkeys(_from(node, package)))
        elif isinstance(node, ast.Call) and _called(node) in (*BY_NAME, *BY_PATH):
            named = _named(node, package)
            computed = computed or named is None
            names.update({} if named is None else {named: None})
    return Imported(tuple(names), computed)


def _from(node: ast.ImportFrom, package: str) -> Iterator[str]:
    base = _absolute("." * node.level + (node.module or ""), package)
    yield base
    yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _named(node: ast.Call, package: str) -> str | None:
    """The module that the call imports, if its text says so."""
    first = node.args[0] if node.args else None
    plain = isinstance(first, ast.Constant) and isinstance(first.value, str)
    if _called(node) not in BY_NAME or not plain:
        return None
    assert isinstance(first, ast.Constant)
    return _absolute(str(first.value), package)


def _absolute(name: str, package: str) -> str:
    """A name with leading dots from its package on."""
    plain = name.lstrip(".")
    level = len(name) - len(plain)
    if not level:
        return plain
    above = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*above, plain] if plain else above)
