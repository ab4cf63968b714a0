"""What holds for every test process."""

import gc

import pytest
from hypothesis import HealthCheck, settings

LONG_S = 1800.0
"""What a slow test may take, so that it ends on a machine with much other work."""

settings.register_profile(
    "gofau", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gofau")
"""No time limit, which a busy machine would break, and the same examples in every run."""

gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests that name no limit a long one; the default is for fast tests."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_S))


def pytest_collection_finish() -> None:
    """Leave what imports and collection made out of garbage collections, and collect less often.

    Neither makes much that goes away before the process does, and a full collection walks the
    million objects of torch, scipy and the tests themselves that stay. What tests make is
    collected, in larger lots than usual.
    """
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()
