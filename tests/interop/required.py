"""Libraries that only the extra `interop` brings."""

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import pytest

REQUIRED = "GOFAU_TEST_INTEROP_REQUIRED"
"""Set where the tests must fail, and not skip, for want of a library."""


def require(name: str) -> None:
    """Skip the test where ``name`` is not installed, or fail where it must be."""
    if find_spec(name) is not None:
        return
    missing = f"needs {name}: make install-interop, or pip install 'gofau[interop]'"
    if os.environ.get(REQUIRED):
        pytest.fail(missing)
    pytest.skip(missing)


def library(name: str) -> ModuleType:
    """The module of that name. Imported by tests, and not with them: that takes seconds."""
    require(name.partition(".")[0])
    return import_module(name)
