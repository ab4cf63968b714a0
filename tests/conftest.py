"""What holds for every test process."""

import gc

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gofau", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gofau")
"""No time limit, which a busy machine would break, and the same examples in every run."""

gc.disable()


def pytest_collection_finish() -> None:
    """Leave what imports and collection made out of garbage collections, and collect less often.

    Neither makes much that goes away before the process does, and a full collection walks the
    million objects of torch, scipy and the tests themselves that stay. What tests make is
    collected, in larger lots than usual.
    """
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()
