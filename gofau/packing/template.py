"""The module that a pack's executors call with parameters of many trials, made fit for that."""

from collections.abc import Callable, Iterator
from itertools import chain

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from gofau.errors import UnsupportedError
from gofau.initialization import scaling_reasons
from gofau.packing.dropout import use_streams
from gofau.packing.errors import PlanError
from gofau.packing.plan import PackPlan
from gofau.packing.streams import drawing_from
from gofau.problems import Dataset, Problem

TOLERANCE = 1e-3
"""How far outputs of one state may be apart, relative to the largest: libraries order sums anew."""


def template(problem: Problem, plan: PackPlan, data: Dataset, like: Tensor) -> nn.Module:
    """A module of ``problem`` in the dtype and on the device of ``like``.

    Executors switch its mode and call it with other parameters and buffers, so that nothing of a
    trial may stay in it.

    Raises:
        PlanError: a module that cannot be trained in a stack, nor one trial after the other.
    """
    with torch.random.fork_rng(devices=[]):
        module = problem.module()
        for fault, expected in _faults(module, plan):
            raise PlanError("problem", f"{problem.name} with {fault}", expected)
        _cast(module, like)
        x = data.first(2).to(like.dtype, like.device).train_x
        use_streams(module, x)
    for fault, expected in habits(module, x):
        raise PlanError("problem", f"{problem.name}, whose forward pass {fault}", expected)
    return module


def _faults(module: nn.Module, plan: PackPlan) -> Iterator[tuple[str, str]]:
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
    if odd := _names(parameters, lambda p: not p.is_floating_point()):
        yield f"{odd} complex", "real parameters (view them as complex in the forward pass)"
    if any(trial.init_scale != 1 for trial in plan.trials):
        try:
            scaling_reasons(module)
        except UnsupportedError as error:
            yield f"init scales other than 1 ({error})", "1 for a parametrized module"


def _names(tensors: dict[str, Tensor], chosen: Callable[[Tensor], bool]) -> str:
    return ", ".join(name for name, tensor in tensors.items() if chosen(tensor))


def _cast(module: nn.Module, like: Tensor) -> None:
    """As ``module.to(like)``, which would part shared buffers and drop imaginary parts."""
    owned = [
        (owner, name, buffer)
        for owner in module.modules()
        for name, buffer in owner.named_buffers(recurse=False, remove_duplicate=False)
    ]
    module.to(like.device, like.dtype)
    moved: dict[int, Tensor] = {}
    for owner, name, buffer in owned:
        dtype = like.dtype if buffer.is_floating_point() else buffer.dtype
        setattr(owner, name, moved.setdefault(id(buffer), buffer.to(like.device, dtype)))


def habits(module: nn.Module, x: Tensor) -> Iterator[tuple[str, str]]:
    """What of a forward pass would reach from one trial into the next, with what is expected.

    Found by passes from one state, before and after others: they must give the same outputs.

    Args:
        module: as executors call it, in any mode.
        x: two examples.
    """
    given = x._version
    try:
        first = [_output(module, x, training) for training in (False, True)]
        counts = _numbers(module)
        again = [_output(module, x, training) for training in (True, False)][::-1]
    except Exception:  # noqa: BLE001 - what it cannot do with two examples, the training will tell
        return
    for output in first:
        if not isinstance(output, Tensor):
            yield f"returns {type(output).__name__}", "one that returns a tensor"
            return
    if x._version != given:
        yield "writes over its inputs", "one that leaves them as they are"
    expected = "one that keeps in buffers all that outlasts it, and draws by torch"
    if moved := [name for name, number in _numbers(module).items() if counts.get(name) != number]:
        yield f"changes {', '.join(moved)}", expected
    elif not all(map(_alike, first, again)):
        yield "depends on more than parameters, buffers and inputs", expected


@torch.no_grad()
def _output(module: nn.Module, x: Tensor, training: bool) -> Tensor:
    """One pass with copies of the module's tensors, by draws from one stream."""
    before = module.training
    named = chain(module.named_parameters(), module.named_buffers())
    values = {name: tensor.clone() for name, tensor in named}
    try:
        with drawing_from(0, x.device):
            output: Tensor = functional_call(module.train(training), values, (x,))
    finally:
        module.train(before)
    return output


def _alike(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    scale = torch.nan_to_num(one.abs(), posinf=0.0).max().item() if one.numel() else 0.0
    return torch.allclose(one, other, rtol=0, atol=TOLERANCE * scale, equal_nan=True)


def _numbers(module: nn.Module) -> dict[str, float]:
    """The plain numbers among the attributes of all modules inside."""
    return {
        f"{prefix}.{name}" if prefix else name: value
        for prefix, part in module.named_modules()
        for name, value in vars(part).items()
        if isinstance(value, int | float) and name != "training"
    }
