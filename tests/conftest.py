"""What holds for every test process."""

import gc

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
