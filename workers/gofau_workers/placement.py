"""Where packs run: on a core each, or on whole GPUs or shares of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Literal

from gofau.packing.plan.plan import BackendName
from gofau_workers.errors import PlacementError

DeviceName = Literal["auto", "cpu", "cuda"]

ROUNDING = 1e-9
"""Shares such as 1/3 must still fit three times into a GPU."""


@dataclass(frozen=True)
class Placement:
    """How many packs run at once, and what each asks Ray for.

    Args:
        device: where a pack's tensors live.
        workers: packs at once, >= 1.
        resources: Ray's resources of one pack.
    """

    device: Literal["cpu", "cuda"]
    workers: int
    resources: Mapping[str, float]


def place(cluster: Mapping[str, float], device: DeviceName, gpus_per_pack: float) -> Placement:
    """Packs on GPUs where there are any, else one on each core.

    A pack computes on one device, so it takes a share of a single GPU. Beside its share it takes
    an equal part of the cores, at most one: its loop is one thread.

    Args:
        cluster: Ray's resources of the whole cluster, ``CPU`` and ``GPU`` among them.
        device: ``auto``, or the one that must be used.
        gpus_per_pack: the share of a GPU, in (0, 1].

    Raises:
        PlacementError: GPUs are demanded and the cluster has none.
    """
    cores, gpus = max(1, int(cluster.get("CPU", 1))), int(cluster.get("GPU", 0))
    if device == "cuda" and not gpus:
        raise PlacementError(
            "GOFAU_DEVICE: got 'cuda' in a cluster without GPUs, expected one with GPUs; "
            "add a node with --num-gpus, or set GOFAU_DEVICE=auto"
        )
    if device == "cpu" or not gpus:
        return Placement("cpu", cores, {"cpu": 1})
    workers = gpus * floor(1 / gpus_per_pack + ROUNDING)
    return Placement("cuda", workers, {"cpu": min(1.0, cores / workers), "gpu": gpus_per_pack})


def check_backend(placed: Placement, backend: BackendName) -> None:
    """Refuse CUDA graphs for packs that run on cores.

    Raises:
        PlacementError: with the remedy.
    """
    if placed.device == "cpu" and "cudagraphs" in backend:
        raise PlacementError(
            f"GOFAU_BACKEND: got {backend!r} for packs on CPUs, expected auto, eager or inductor; "
            "CUDA graphs need GPUs"
        )
