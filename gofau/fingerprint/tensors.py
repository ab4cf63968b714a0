"""Tensors as short texts: all their bytes, or what rounding on another processor leaves alone."""

import hashlib
from collections.abc import Mapping
from math import isfinite

import torch
from torch import Tensor

SHORT = 32
"""Hex digits of a digest: 128 bits."""

MOST = 65_536
"""Elements of a tensor whose order is looked at."""

DIGITS = 4
"""Significant digits that processors agree on."""


def digest(tensor: Tensor) -> str:
    """A hash of a tensor's shape, dtype and every byte, as 32 hex digits."""
    found = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    # The bytes are read in place: a data set may be as large as the memory.
    plain = tensor.detach().to("cpu").resolve_conj().resolve_neg().contiguous()
    if plain.numel():
        found.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()[:SHORT]


def digest_all(tensors: Mapping[str, Tensor]) -> str:
    """A hash of named tensors, in the order of their names."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(f"{name} {digest(tensors[name])}\n".encode())
    return found.hexdigest()[:SHORT]


def outline(tensor: Tensor) -> str:
    """A tensor's shape, dtype, size and direction, rounded.

    Two processors that draw or compute it with other last bits agree on all of it, but for a
    number that lies just where rounding changes.
    """
    values = tensor.detach().to("cpu").resolve_conj().resolve_neg()
    if values.is_complex():
        values = torch.view_as_real(values)
    flat = values.reshape(-1)
    if not flat.is_floating_point():
        return digest(tensor)
    norm = torch.linalg.vector_norm(flat, dtype=torch.float64).item()
    some = flat[:: max(1, len(flat) // MOST)].double()
    weights = torch.arange(1, len(some) + 1, dtype=torch.float64).mul_(0.7).cos_()
    along = (some @ weights).item() / norm if norm else 0.0
    return f"{tensor.dtype} {tuple(tensor.shape)} {rounded(norm)} {_share(along)}"


def rounded(value: float) -> str:
    """A number with `DIGITS` significant digits; what is not finite by its name."""
    return f"{value:.{DIGITS}g}"


def _share(value: float) -> str:
    """A number in about [-1, 1] by its distance to others, so that one near 0 is stable, too."""
    return f"{round(value, DIGITS - 1) + 0.0:.{DIGITS - 1}f}" if isfinite(value) else str(value)
