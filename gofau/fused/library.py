"""Built kernels as callables: the C structures, and one loaded library a composition."""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import torch

from gofau.errors import UnsupportedError
from gofau.fused.compiler import compiled

__all__ = ["ELEMENTS", "Shared", "kernel", "run"]

ELEMENTS = {
    torch.float32: "float",
    torch.float64: "double",
    torch.bfloat16: "BFloat16",
}
"""The element types that kernels exist for; bfloat16 computes in float32."""


class Shared(ctypes.Structure):
    """What all tensors of a call share; `kernels/sweep.cpp` has the same structure."""

    _fields_ = (
        ("direction", ctypes.c_double * 8),
        ("rule", ctypes.c_double * 4),
        ("decay", ctypes.c_double * 1),
    )


Kernel: TypeAlias = Callable[..., None]


@cache
def kernel(decay: str, direction: str, rule: str, dtype: torch.dtype) -> Kernel:
    """The kernel of three templates over elements of ``dtype``, built at the first request.

    Raises:
        UnsupportedError: it cannot be built or loaded on this machine.
    """
    path = compiled(
        (
            f"GOFAU_DECAY={decay}",
            f"GOFAU_DIRECTION={direction}",
            f"GOFAU_RULE={rule}",
            f"GOFAU_ELEMENT={ELEMENTS[dtype]}",
        )
    )
    try:
        function = ctypes.CDLL(str(path)).gofau_step
    except OSError as error:
        raise UnsupportedError(
            f"fused steps cannot load {path}: {error}; remove the file to build it again, "
            "or use implementation='foreach'"
        ) from error
    function.restype = None
    function.argtypes = (
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.POINTER(Shared),
        ctypes.c_int,
    )
    return function


def run(kernel: Kernel, pointers: Sequence[int], counts: Sequence[int], shared: Shared) -> None:
    """One pass over tensors, on torch's number of threads and without Python's lock.

    Args:
        kernel: from `kernel`.
        pointers: each tensor's row of addresses: parameter, gradient, states, rule states.
        counts: each tensor's number of elements.
        shared: the numbers of the step.
    """
    rows = (ctypes.c_void_p * len(pointers))(*pointers)
    elements = (ctypes.c_int64 * len(counts))(*counts)
    kernel(rows, elements, len(counts), ctypes.byref(shared), torch.get_num_threads())
