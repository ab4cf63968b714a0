"""Each test here adds something to a copy of the packages, in processes that load them anew."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All are slow but those of the copies themselves."""
    for item in items:
        if item.path.parent == HERE and item.path.name != "test_copied.py":
            item.add_marker(pytest.mark.slow)
