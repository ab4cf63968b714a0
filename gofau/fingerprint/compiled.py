"""Classes without a source file, as a notebook has them: what their methods were compiled to."""

import hashlib
from collections.abc import Iterator
from types import CodeType

SHORT = 16


def digest_of_class(kind: type) -> str:
    """A hash of the names and the compiled code of a class's own attributes."""
    found = hashlib.sha256()
    for name, value in sorted(vars(kind).items()):
        found.update(f"{name} {type(value).__qualname__}\n".encode())
        for code in _codes(value):
            _add(found, code)
    return found.hexdigest()[:SHORT]


def _codes(value: object) -> Iterator[CodeType]:
    """The code behind a function, a method, a property or what decorators made of them."""
    for name in ("__func__", "fget", "func", "__wrapped__"):
        inner = getattr(value, name, None)
        if inner is not None and inner is not value:
            yield from _codes(inner)
    code = getattr(value, "__code__", None)
    if isinstance(code, CodeType):
        yield code


def _add(found: "hashlib._Hash", code: CodeType) -> None:
    found.update(code.co_code + repr(code.co_names).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _add(found, constant)
        else:
            found.update(repr(constant).encode())
