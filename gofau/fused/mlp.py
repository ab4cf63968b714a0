"""The passes of K multilayer perceptrons as one compiled kernel, trial by trial in the caches."""

import ctypes
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import final

import torch
from torch import Tensor

from gofau.errors import UnsupportedError
from gofau.fused.compiler import load

__all__ = ["ELEMENTS", "Network", "NetworkKernel"]

ELEMENTS = {torch.float32: "float", torch.float64: "double"}
"""The element types that the kernel exists for."""


class Network(ctypes.Structure):
    """What a call works on; `kernels/mlp.cpp` has the same structure and says what each is."""

    _fields_ = (
        ("layers", ctypes.c_int64),
        ("widths", ctypes.POINTER(ctypes.c_int64)),
        ("parameters", ctypes.c_int64),
        ("trials", ctypes.c_int64),
        ("groups", ctypes.c_int64),
        ("starts", ctypes.POINTER(ctypes.c_int64)),
        ("examples", ctypes.c_int64),
        ("ld_inputs", ctypes.c_int64),
    )


@final
class NetworkKernel:
    """Forward and backward passes of ReLU MLPs under the softmax cross-entropy.

    Trials of one group share their examples, as the rows of `Groups` say. Calls run on torch's
    number of threads and without Python's lock.

    Args:
        widths: inputs, units of each hidden layer, classes.
        dtype: of parameters and inputs.

    Raises:
        UnsupportedError: the kernel cannot be built or loaded on this machine.
    """

    def __init__(self, widths: Sequence[int], dtype: torch.dtype) -> None:
        found = _load(dtype)
        if isinstance(found, str):
            raise UnsupportedError(found)
        self._library = found
        self._widths = (ctypes.c_int64 * len(widths))(*widths)
        self._inputs = widths[0]
        self._parameters = sum(out * (into + 1) for into, out in pairwise(widths))

    def train(
        self, starts: Sequence[int], x: Tensor, y: Tensor, weights: Tensor, grads: Tensor
    ) -> Tensor:
        """Mean losses ``[K]``; their gradients are written to ``grads``.

        Args:
            starts: the first row of each of the G groups, and K, ``[G + 1]``.
            x: inputs, ``[G, B, at least the first width]``; what follows in a row is not read.
            y: classes, int64 ``[G, B]``.
            weights: ``[K, P]``, each layer's matrix ``[out, in + 1]`` with the bias last.
            grads: of the same shape.
        """
        losses = weights.new_empty(len(weights))
        self._call("gofau_mlp_train", starts, x, y, weights, grads, losses)
        return losses

    def score(self, x: Tensor, y: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Each trial's summed loss and number of right answers on the same examples, ``[K]``.

        Args:
            x: inputs, ``[B, at least the first width]``.
            y: classes, int64 ``[B]``.
            weights: as for `train`.
        """
        losses = weights.new_zeros(len(weights))
        hits = y.new_zeros(len(weights))
        starts = (0, len(weights))
        self._call("gofau_mlp_score", starts, x[None], y[None], weights, losses, hits)
        return losses, hits

    def _call(
        self, name: str, starts: Sequence[int], x: Tensor, y: Tensor, weights: Tensor, *out: Tensor
    ) -> None:
        tensors = (x, y, weights, *out)
        for tensor in tensors:
            if not tensor.is_contiguous() or tensor.device.type != "cpu":
                got = f"{tensor.device} and strides {tensor.stride()}"
                raise RuntimeError(f"{name}: got {got}, expected a contiguous tensor on the CPU")
        if y.dtype != torch.int64 or x.dtype != weights.dtype or x.shape[2] < self._inputs:
            got = f"x {x.dtype} {tuple(x.shape)}, y {y.dtype}, weights {weights.dtype}"
            raise RuntimeError(f"{name}: got {got}, expected one float type and int64 targets")
        if weights.shape[1] != self._parameters:
            got = f"{weights.shape[1]} parameters a trial"
            raise RuntimeError(f"{name}: got {got}, expected {self._parameters}")
        network = Network(
            layers=len(self._widths) - 1,
            widths=self._widths,
            parameters=self._parameters,
            trials=len(weights),
            groups=len(starts) - 1,
            starts=(ctypes.c_int64 * len(starts))(*starts),
            examples=x.shape[1],
            ld_inputs=x.shape[2],
        )
        addresses = (ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors)
        run = getattr(self._library, name)
        run(ctypes.byref(network), *addresses, ctypes.c_int(torch.get_num_threads()))


@cache
def _load(dtype: torch.dtype) -> ctypes.CDLL | str:
    """The library, or why there is none; a process asks once."""
    if dtype not in ELEMENTS:
        return f"no compiled network computes in {dtype}"
    try:
        library = load((f"GOFAU_ELEMENT={ELEMENTS[dtype]}",), "mlp.cpp")
    except UnsupportedError as error:
        return str(error)
    for name in ("gofau_mlp_train", "gofau_mlp_score"):
        getattr(library, name).restype = None
    return library
