"""Whether a module can be called with the tensors of many trials, seen before it is trained."""

import pickle
import random
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gofau.drawing import drawing_from
from gofau.errors import UnsupportedError
from gofau.initialization import scaling_reasons
from gofau.packing.executors.agreement import alone, by_executor, refused, tensors, unlike
from gofau.packing.executors.dropout import use_streams
from gofau.packing.executors.scoring import MOST_EXAMPLES, check_scoring
from gofau.packing.executors.serial import SerialExecutor
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.streams import initial_module
from gofau.problems import Dataset, Problem

EXAMPLES = 2
"""Examples of the step in which a module is examined."""

KEEPING = "one that keeps in parameters and buffers all that outlasts it, and draws by torch"


def check_tensors(problem: Problem, module: nn.Module, scaled: bool) -> None:
    """Raise `PlanError` for parameters that a stack cannot hold, or an init scale cannot name."""
    for fault, expected in _faults(module, scaled):
        raise PlanError("problem", f"{problem.name} with {fault}", expected)


def check_module(problem: Problem, module: nn.Module, data: Dataset, like: Tensor) -> None:
    """Examine a module of ``problem`` that fits ``like``, and its loss and measure.

    Raises:
        PlanError: see `examine` and `check_scoring`, or it is not a new one at each call.
    """
    few = data.first(MOST_EXAMPLES).to(like.dtype, like.device)
    check_scoring(problem, _another(problem, module, data, like), data, few)
    other = _another(problem, module, data, like)
    examine(problem, module, other, few.first(2 * EXAMPLES))


def _another(problem: Problem, module: nn.Module, data: Dataset, like: Tensor) -> nn.Module:
    """A second module of ``problem``, to be used up."""
    other = initial_module(problem.name, 1, problem.module)
    _check_fresh(problem, module, other)
    fit(other, like, data)
    return other


def _check_fresh(problem: Problem, module: nn.Module, other: nn.Module) -> None:
    """What two trials had in common, one of them would change for the other."""
    held = {id(part) for part in module.modules() if _owns(part)}
    shared = [name for name, part in other.named_modules() if id(part) in held]
    if shared:
        what = f"module() gives the same {shared[0] or 'module'} at each call"
        got = f"{problem.name}, whose {what}"
        raise PlanError("problem", got, "a new one (copy.deepcopy makes one)")


def _owns(part: nn.Module) -> bool:
    """Whether a module has tensors of its own."""
    return any(t is not None for t in (*part._parameters.values(), *part._buffers.values()))


def fit(module: nn.Module, like: Tensor, data: Dataset) -> None:
    """Cast ``module`` as ``like``, and let its dropouts draw from trials' streams."""
    _cast(module, like)
    some = data.first(EXAMPLES).to(like.dtype, like.device)
    with drawing_from(0, torch.device("cpu")):
        use_streams(module, some.train_x)


def _faults(module: nn.Module, scaled: bool) -> Iterator[tuple[str, str]]:
    """What a module must not have, each with what is expected instead."""
    parameters = dict(module.named_parameters())
    tensors = {**parameters, **dict(module.named_buffers())}
    if lazy := _names(tensors, is_lazy):
        yield f"{lazy} not materialised", "a module of known shapes (let its factory call it once)"
        return
    if not parameters:
        yield "no parameters", "a module that has some"
    if held := _names(parameters, lambda p: not p.requires_grad):
        expected = "a module that trains all its parameters (make buffers of the others)"
        yield f"{held} held", expected
    if hooked := _names(parameters, _is_hooked):
        yield f"hooks on {hooked}", "a module whose forward pass alone makes its gradients"
    if odd := _names(parameters, lambda p: not p.is_floating_point()):
        yield f"{odd} complex", "real parameters (view them as complex in the forward pass)"
    if scaled:
        try:
            scaling_reasons(module)
        except UnsupportedError as error:
            yield f"init scales other than 1 ({error})", "1 for a parametrized module"


def _names(tensors: Mapping[str, Tensor], chosen: Callable[[Tensor], bool]) -> str:
    return ", ".join(name for name, tensor in tensors.items() if chosen(tensor))


def _is_hooked(parameter: Tensor) -> bool:
    kinds = ("_backward_hooks", "_post_accumulate_grad_hooks")
    return any(getattr(parameter, kind, None) for kind in kinds)


def _cast(module: nn.Module, like: Tensor) -> None:
    """As ``module.to(like)``, which would part shared buffers and drop imaginary parts."""
    owned = [
        (owner, name, buffer)
        for owner in module.modules()
        for name, buffer in owner.named_buffers(recurse=False, remove_duplicate=False)
    ]
    for owner, name, _ in owned:
        setattr(owner, name, None)
    module.to(like.device, like.dtype)
    moved: dict[int, Tensor] = {}
    for owner, name, buffer in owned:
        dtype = like.dtype if buffer.is_floating_point() else buffer.dtype
        # Copies, since a factory may give the same constants at each call.
        copied = buffer.to(like.device, dtype, copy=True)
        setattr(owner, name, moved.setdefault(id(buffer), copied))


def examine(problem: Problem, module: nn.Module, other: nn.Module, some: Dataset) -> None:
    """Check that ``module`` does with the tensors of ``other`` what ``other`` does by itself.

    What a forward pass leaves in a module beside its buffers would reach from one trial into the
    next, and what happens outside of it would happen to tensors of no trial.

    Args:
        problem: of both.
        module: to be called with given tensors.
        other: another instance, not used so far; it is used up.
        some: twice `EXAMPLES`.

    Raises:
        PlanError: it does something else.
    """
    few = some.first(EXAMPLES)
    executor, start = SerialExecutor(problem, module), tensors(other)
    try:
        want = alone(problem, other, few)
    except PlanError:
        raise
    except Exception:  # noqa: BLE001 - what it cannot do with two examples, the training will tell
        return
    counts, drew = [], []
    for _ in range(2):
        before = _shared_streams()
        by_executor(executor, tensors(module), _last(some))
        counts.append(_numbers(module))
        drew.append([name for name, state in _shared_streams().items() if state != before[name]])
    # Another thread may draw in between, but not beside every call.
    if shared := set(drew[0]).intersection(drew[1]):
        raise refused(problem, f"draws by {' and '.join(sorted(shared))}", KEEPING)
    moved = [name for name, number in counts[1].items() if counts[0].get(name) != number]
    if moved:
        raise refused(problem, f"changes {', '.join(moved)}", KEEPING)
    differing = unlike(want, by_executor(executor, start, few))
    if differing is not None:
        what = f"gives another {differing} with given tensors than with the module's own"
        raise refused(problem, what, KEEPING)


def _last(some: Dataset) -> Dataset:
    parts = (some.train_x, some.train_y, some.val_x, some.val_y)
    return Dataset(*(part[-EXAMPLES:] for part in parts))


def _shared_streams() -> dict[str, object]:
    """The states of the generators that belong to the process and to no trial."""
    numpys = pickle.dumps(np.random.get_state(legacy=False))
    return {"Python's random": random.getstate(), "numpy.random": numpys}


def _numbers(module: nn.Module) -> dict[str, float]:
    """The plain numbers among the attributes of all modules inside."""
    return {
        f"{prefix}.{name}" if prefix else name: value
        for prefix, part in module.named_modules()
        for name, value in vars(part).items()
        if isinstance(value, int | float) and name != "training"
    }
