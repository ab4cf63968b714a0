"""The choice of an executor for a plan: the first that can, and why the others cannot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from gofau.packing.executors.agreement import sort_of, unable
from gofau.packing.executors.base import Executor
from gofau.packing.executors.compiled import CompiledExecutor
from gofau.packing.executors.examined import Examined
from gofau.packing.executors.grouped import GroupedExecutor
from gofau.packing.executors.mlp import MLPExecutor
from gofau.packing.executors.places import place_matters
from gofau.packing.executors.serial import SerialExecutor
from gofau.packing.executors.vmap import VmapExecutor
from gofau.packing.plan.errors import ExecutorError
from gofau.packing.plan.plan import ExecutorName, PackPlan

PREFERRED: tuple[type[Executor], ...] = (
    CompiledExecutor,
    MLPExecutor,
    GroupedExecutor,
    VmapExecutor,
    SerialExecutor,
)
"""All of them, the fastest first where several can."""


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


def choose(
    name: ExecutorName, examined: Examined, demands: Demands = NOTHING, *, kernels: bool = True
) -> tuple[type[Executor], str]:
    """The executor asked for, or the first that can, with the reasons against those before it.

    Args:
        name: an executor's, or ``auto``.
        examined: what is trained.
        demands: what else is asked of it.
        kernels: whether ``auto`` may take kernels that this machine compiles.

    Raises:
        ExecutorError: the one asked for by name cannot run this problem.
    """
    reasons: list[str] = []
    for kind, obstacle in _tried_in_order(name, examined, demands, kernels):
        if obstacle is None:
            asked = "" if name == "auto" else "asked for"
            return kind, "; ".join(reasons) or asked
        reasons.append(f"not {kind.name}: {obstacle}")
    raise ExecutorError(name, "; ".join(reasons) or "there is no such executor")


def able(
    name: ExecutorName, examined: Examined, demands: Demands = NOTHING, *, kernels: bool = True
) -> list[ExecutorName]:
    """The executors among those asked for that can train the problem, best first; see `choose`."""
    tried = _tried_in_order(name, examined, demands, kernels)
    return [kind.name for kind, obstacle in tried if obstacle is None]


def _tried_in_order(
    name: ExecutorName, examined: Examined, demands: Demands, kernels: bool
) -> Iterator[tuple[type[Executor], str | None]]:
    """Those asked for, best first, each with why it cannot train the problem, or ``None``."""
    for kind in PREFERRED:
        wanted = kind.name == name or (name == "auto" and (kernels or kind is not CompiledExecutor))
        if wanted:
            yield kind, _obstacle_to(kind, examined, demands)


def _obstacle_to(kind: type[Executor], examined: Examined, demands: Demands) -> str | None:
    return (
        _unmet(kind, demands)
        or kind.obstacle(examined.problem, examined.module, examined.examples)
        or _found_by_trying(kind, examined, demands.examples)
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


def _found_by_trying(kind: type[Executor], examined: Examined, examples: int) -> str | None:
    """What `unable` and `place_matters` say, found once in a process: they run a few steps."""
    problem, module, data = examined.problem, examined.module, examined.examples
    key = (kind, *sort_of(problem, module))
    if kind.tried:
        found = _once(key, lambda: unable(kind, problem, module, data))
        if found is not None:
            return found
    if kind.placed and examined.like.device.type == "cpu":
        here = (*key, examples, torch.get_num_threads())
        return _once(here, lambda: place_matters(kind, problem, module, data.first(examples)))
    return None


def _once(key: tuple[object, ...], find: Callable[[], str | None]) -> str | None:
    if key not in _tried:
        _tried[key] = find()
    return _tried[key]


_tried: dict[tuple[object, ...], str | None] = {}
