"""What holds for every test process."""

import gc

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gofau", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gofau")
"""No time limit, which a busy machine would break, and the same examples in every run."""


def pytest_collection_finish() -> None:
    """Leave what imports and collection made out of garbage collections, and collect less often.

    A full collection walks a million objects of torch, scipy and the tests themselves, of which
    none goes away before the process does. What tests make is collected still, in larger lots.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
