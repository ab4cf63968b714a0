"""How a stack's losses and gradients are computed: executors by name, and the choice of one."""

from gofau.packing.executors.base import Batch, Executor, Groups
from gofau.packing.executors.choice import Demands, able, choose
from gofau.packing.executors.compiled import CompiledExecutor
from gofau.packing.executors.grouped import GroupedExecutor
from gofau.packing.executors.mlp import MLPExecutor
from gofau.packing.executors.serial import SerialExecutor
from gofau.packing.executors.vmap import VmapExecutor

__all__ = [
    "Batch",
    "CompiledExecutor",
    "Demands",
    "Executor",
    "GroupedExecutor",
    "Groups",
    "MLPExecutor",
    "SerialExecutor",
    "VmapExecutor",
    "able",
    "choose",
]
