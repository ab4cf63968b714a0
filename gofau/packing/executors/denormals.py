"""Subnormal numbers as zeros while a pack trains, in every thread that computes."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

SUBNORMAL = 1e-40

ENVIRONMENT_BYTES = 256
"""Room for C's fenv_t, some 32 bytes on today's machines."""


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Treat subnormal floats as 0 in this thread and its helpers, and put its mode back afterwards.

    A saturated softmax or a vanishing gradient is full of subnormals, on which CPUs multiply
    some fifty times slower; one such trial would slow its whole pack down. Every executor runs
    under this mode, so it tells no two of them apart. Nor may the threads that share an
    operation differ in it, or a number would depend on which of them computes it.
    """
    before = are_flushed()
    _set(True)
    try:
        yield
    finally:
        _set(before)


def are_flushed() -> bool:
    """Whether arithmetic of this thread treats subnormals as 0."""
    return not bool(torch.tensor(SUBNORMAL).mul(1.0) > 0)


def _set(flushed: bool) -> None:
    """Set the mode of this thread and of those that share its operations.

    A helper has the mode that its maker had when it was made, and torch sets the caller's alone.
    """
    torch.set_flush_denormal(flushed)
    threads, spread = torch.get_num_threads(), _spread()
    if threads > 1 and spread is not None:
        spread(threads)


@cache
def _spread() -> Callable[[int], None] | None:
    """What gives the caller's floating-point modes to its OpenMP team, where torch has one.

    Every thread of the team calls C's fesetenv with what the caller's fegetenv has written.
    """
    path = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        # A handle finds the functions of the libraries that its own is linked with.
        in_team = ctypes.CDLL(str(path)).GOMP_parallel
        get, put = ctypes.CDLL(None).fegetenv, ctypes.CDLL(None).fesetenv
    except (OSError, AttributeError):
        return None
    in_team.restype = None
    in_team.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)

    def spread(threads: int) -> None:
        environment = ctypes.create_string_buffer(ENVIRONMENT_BYTES)
        get(environment)
        in_team(ctypes.cast(put, ctypes.c_void_p), environment, threads, 0)

    return spread
