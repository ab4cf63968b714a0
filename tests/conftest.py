"""What holds for every test process."""

import gc


def pytest_collection_finish() -> None:
    """Leave what imports and collection made out of garbage collections, and collect less often.

    A full collection walks a million objects of torch, scipy and the tests themselves, of which
    none goes away before the process does. What tests make is collected still, in larger lots.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
