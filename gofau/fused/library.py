"""Built kernels as callables: the C structures, and one loaded library a composition."""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray

from gofau.errors import UnsupportedError
from gofau.fused.compiler import load

__all__ = ["ELEMENTS", "Shared", "Table", "kernel", "run", "run_rows"]

ELEMENTS = {
    torch.float32: "float",
    torch.float64: "double",
    torch.bfloat16: "BFloat16",
}
"""The element types that kernels exist for; bfloat16 computes in float32."""


class Shared(ctypes.Structure):
    """The numbers of a step; `kernels/sweep.cpp` has the same structure."""

    _fields_ = (
        ("direction", ctypes.c_double * 8),
        ("rule", ctypes.c_double * 4),
        ("decay", ctypes.c_double * 1),
    )


Kernel: TypeAlias = Callable[..., None]

REMEMBERED = 256
"""Of how many steps a `Table` knows that their gradients lay apart from what they wrote."""


def kernel(decay: str, direction: str, rule: str, dtype: torch.dtype) -> Kernel:
    """The kernel of three templates over elements of ``dtype``, built at the first request.

    Raises:
        UnsupportedError: it cannot be built or loaded on this machine; a process asks once.
    """
    found = _load(decay, direction, rule, dtype)
    if isinstance(found, str):
        raise UnsupportedError(found)
    return found


@cache
def _load(decay: str, direction: str, rule: str, dtype: torch.dtype) -> Kernel | str:
    defines = (
        f"GOFAU_DECAY={decay}",
        f"GOFAU_DIRECTION={direction}",
        f"GOFAU_RULE={rule}",
        f"GOFAU_ELEMENT={ELEMENTS[dtype]}",
    )
    try:
        function = load(defines).gofau_step
    except UnsupportedError as error:
        return str(error)
    function.restype = None
    function.argtypes = (
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_int64,
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
    kernel(rows, elements, len(counts), ctypes.byref(shared), 0, torch.get_num_threads())


@final
class Table:
    """The arguments of `run`, kept from call to call; only gradients change their addresses.

    Args:
        pointers: each tensor's row of addresses, as `run` takes them, in one list a tensor. What
            is written, a parameter and its states, shares no memory.
        counts: each tensor's number of elements.
        element: bytes of an element.
        remembered: how many of a row's last addresses hold what the rule remembers, which is
            only read.
    """

    def __init__(
        self,
        pointers: Sequence[Sequence[int]],
        counts: Sequence[int],
        element: int,
        remembered: int,
    ) -> None:
        self._pointers = np.array(pointers, np.int64)
        self._counts = np.array(counts, np.int64)
        # NumPy takes longer to name an array's address than to fill a column.
        self._addresses = (self._pointers.ctypes.data, self._counts.ctypes.data, len(counts))
        self._sizes = self._counts * element
        self._empty = counts.count(0)
        self._apart: set[tuple[int, ...]] = set()
        written = np.delete(self._pointers, 1, axis=1)
        written = written[:, : written.shape[1] - remembered]
        ends = written + self._sizes[:, None]
        order = np.argsort(written, axis=None)
        # The sentinel makes a predecessor of every address.
        self._starts = np.concatenate(([-1], written.ravel()[order]))
        self._ends = np.concatenate(([-1], ends.ravel()[order]))

    def point_grads(self, pointers: tuple[int, ...]) -> bool:
        """Set the gradients' addresses, one a tensor.

        Returns:
            bool: false, and nothing set, where one has no memory or lies in what is written.
        """
        # Allocators hand out the same addresses again and again.
        if pointers not in self._apart and not self._lie_apart(pointers):
            return False
        self._pointers[:, 1] = pointers
        return True

    def _lie_apart(self, pointers: tuple[int, ...]) -> bool:
        starts = np.array(pointers, np.int64)
        before = self._ends[np.searchsorted(self._starts, starts + self._sizes) - 1]
        if pointers.count(0) > self._empty or bool((before > starts).any()):
            return False
        if len(self._apart) >= REMEMBERED:
            self._apart.clear()
        self._apart.add(pointers)
        return True

    def run(self, kernel: Kernel, shared: Shared) -> None:
        """One pass over the tensors; see `run`."""
        kernel(*self._addresses, ctypes.byref(shared), 0, torch.get_num_threads())


def run_rows(
    kernel: Kernel,
    pointers: NDArray[np.int64],
    counts: NDArray[np.int64],
    numbers: NDArray[np.float64],
) -> None:
    """One pass over tensors, each stepped by numbers of its own.

    Args:
        kernel: from `kernel`.
        pointers: each tensor's row of addresses, ``[N, width]`` and contiguous; see `run`.
        counts: each tensor's number of elements, ``[N]`` and contiguous.
        numbers: each tensor's `Shared` as doubles, ``[N, 13]`` and contiguous.
    """
    addresses = (array.ctypes.data for array in (pointers, counts))
    kernel(*addresses, len(pointers), numbers.ctypes.data, 1, torch.get_num_threads())
