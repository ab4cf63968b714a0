"""Executors by name, and the choice of one for a plan."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from gofau.packing.executors.agreement import sort_of, unable
from gofau.packing.executors.base import Batch, Executor, Groups
from gofau.packing.executors.compiled import CompiledExecutor
from gofau.packing.executors.grouped import GroupedExecutor
from gofau.packing.executors.mlp import MLPExecutor
from gofau.packing.executors.places import place_matters
from gofau.packing.executors.serial import SerialExecutor
from gofau.packing.executors.vmap import VmapExecutor
from gofau.packing.plan.errors import ExecutorError
from gofau.packing.plan.plan import ExecutorName, PackPlan
from gofau.problems import Dataset, Problem

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

_preferred: tuple[type[Executor], ...] = (
    CompiledExecutor,
    MLPExecutor,
    GroupedExecutor,
    VmapExecutor,
    SerialExecutor,
)


@dataclass(frozen=True)
class Demands:
    """What a plan asks of an executor beside its problem.

    Args:
        autocast: forward passes run under `torch.autocast`.
        channels_last: images and kernels keep their channels innermost.
        cuda_graphs: steps are recorded as CUDA graphs.
        compiles: torch's compiler fuses operations.
        examples: of a step.
    """

    autocast: bool = False
    channels_last: bool = False
    cuda_graphs: bool = False
    compiles: bool = False
    examples: int = 8

    @classmethod
    def of(cls, plan: PackPlan) -> "Demands":
        """Those of ``plan``."""
        return cls(
            plan.casts,
            plan.channels_last,
            plan.cuda_graphs,
            plan.compiles,
            examples=plan.batch_size,
        )


NOTHING = Demands()


def able(
    name: ExecutorName,
    problem: Problem,
    module: nn.Module,
    data: Dataset,
    demands: Demands = NOTHING,
    *,
    kernels: bool = True,
) -> list[ExecutorName]:
    """The executors among those asked for that can train the problem, best first; see `choose`."""
    kinds = _candidates(name, kernels)
    return [k.name for k in kinds if obstacle_to(k, problem, module, data, demands) is None]


def _candidates(name: ExecutorName, kernels: bool) -> list[type[Executor]]:
    if name == "auto":
        return [kind for kind in _preferred if kernels or kind is not CompiledExecutor]
    return [kind for kind in _preferred if kind.name == name]


def obstacle_to(
    kind: type[Executor],
    problem: Problem,
    module: nn.Module,
    data: Dataset,
    demands: Demands = NOTHING,
) -> str | None:
    """Why an executor cannot train that module, or ``None``."""
    return (
        _unmet(kind, demands)
        or kind.obstacle(problem, module, data)
        or _found_by_trying(kind, problem, module, data, demands.examples)
    )


def _unmet(kind: type[Executor], demands: Demands) -> str | None:
    """What of ``demands`` an executor does not meet, with any module."""
    if demands.autocast and not kind.casts:
        return "its products are written by hand, in one dtype"
    if demands.channels_last and not kind.channels:
        return "it cannot keep the channels of images last"
    if demands.cuda_graphs and not kind.cuda_graphs:
        return "its modules may compute on the host, which a CUDA graph leaves out"
    if demands.compiles and not kind.compiles:
        return "its kernel is not torch's to compile"
    return None


def _found_by_trying(
    kind: type[Executor], problem: Problem, module: nn.Module, data: Dataset, examples: int
) -> str | None:
    """What `unable` and `place_matters` say, found once in a process: they run a few steps."""
    key = (kind, *sort_of(problem, module))
    if kind.tried:
        found = _once(key, lambda: unable(kind, problem, module, data))
        if found is not None:
            return found
    if kind.placed and next(module.parameters()).device.type == "cpu":
        here = (*key, examples, torch.get_num_threads())
        return _once(here, lambda: place_matters(kind, problem, module, data.first(examples)))
    return None


def _once(key: tuple[object, ...], find: Callable[[], str | None]) -> str | None:
    if key not in _tried:
        _tried[key] = find()
    return _tried[key]


_tried: dict[tuple[object, ...], str | None] = {}


def choose(
    name: ExecutorName,
    problem: Problem,
    module: nn.Module,
    data: Dataset,
    *,
    kernels: bool = True,
    demands: Demands = NOTHING,
) -> tuple[Executor, str]:
    """The executor asked for, or the first that can, with the reasons against those before it.

    Args:
        name: an executor's, or ``auto``.
        problem: what is trained.
        module: its module, in the dtype and on the device of the training.
        data: its examples, all of them.
        kernels: whether ``auto`` may take kernels that this machine compiles.
        demands: what else is asked of it.

    Raises:
        ExecutorError: the one asked for by name cannot run this problem.
    """
    reasons: list[str] = []
    for kind in _candidates(name, kernels):
        obstacle = obstacle_to(kind, problem, module, data, demands)
        if obstacle is None:
            asked = "" if name == "auto" else "asked for"
            executor = kind(problem, module)
            executor.channels_last = demands.channels_last
            return executor, "; ".join(reasons) or asked
        reasons.append(f"not {kind.name}: {obstacle}")
    raise ExecutorError(name, "; ".join(reasons) or "there is no such executor")
