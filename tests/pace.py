"""How fast this machine is, told beside how long the tests took: `pytest -p tests.pace`.

A suite's time says something about the suite only beside that of a computation that never changes,
made on the same machine right before it.
"""

import time

import numpy as np
import pytest

REPEATED = 3
"""The shortest of so many counts, since others may disturb any one of them."""

taken = pytest.StashKey[tuple[float, float]]()
"""Seconds of the fixed computation, and when the tests began."""


def fixed_computation() -> float:
    """A loop of Python's and some arithmetic of NumPy's on one thread; gives its number."""
    total = 0
    for i in range(1_000_000):
        total += i * i % 7
    values = np.linspace(0.0, 1.0, 200_000)
    for _ in range(40):
        values = np.sort(np.tanh(values[::-1] + 0.1))
    return total + float(values.sum())


def seconds_of_it() -> float:
    counts = []
    for _ in range(REPEATED):
        begun = time.perf_counter()
        fixed_computation()
        counts.append(time.perf_counter() - begun)
    return min(counts)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[taken] = seconds_of_it(), time.perf_counter()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if told := terminalreporter.config.stash.get(taken, None):
        fixed, begun = told
        whole = time.perf_counter() - begun
        terminalreporter.write_line(
            f"this machine: {fixed:.2f} s for the fixed computation; "
            f"these tests: {whole:.0f} s, {whole / fixed:.0f} times as long"
        )
