"""What holds for every test process."""

import gc


def pytest_collection_finish() -> None:
    """Leave what imports and collection made out of garbage collections.

    A full collection walks a million objects of torch, scipy and the tests themselves, of which
    none goes away before the process does. What a test makes is collected as before.
    """
    gc.collect()
    gc.freeze()
