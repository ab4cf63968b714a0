"""One step and one evaluation on a few examples, by executors and by a module alone, compared."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from gofau.drawing import drawing_from
from gofau.packing.executors.base import Batch, Executor, Groups
from gofau.packing.executors.dropout import DropoutMasks, StreamDropout
from gofau.packing.executors.serial import SerialExecutor
from gofau.packing.executors.watching import Watch
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.streams import evaluation_seed
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem

EXAMPLES = 8
GRADIENT, AFTER = "gradient of ", " after a step"
ROUNDING = 1024
"""How many units in the last place sums behind a normalisation may be off."""
FAINTER = 0.7
"""What the parameters of the second trial are, of those of the first."""

Result = Mapping[str, Tensor]
"""The loss, the gradients, the tensors after a step, and outputs in evaluation mode, by name."""


def sort_of(problem: Problem, module: nn.Module) -> tuple[object, ...]:
    """What decides how a module behaves in a stack: its problem, dtype and device.

    A class may be patched, and an instance may have a loss of its own, made anew each time.
    """
    like = next(iter(module.parameters()))
    given = type(problem), tuple(sorted(problem.parameters.items()))
    called = (problem.loss, problem.measure, problem.module, problem.dataset)
    passes = (type(part).forward for part in module.modules())
    reached = tuple(_code(one) for one in (*called, *passes))
    return *given, reached, like.dtype, like.device


def _code(function: object) -> object:
    return getattr(function, "__code__", type(function))


def unable(kind: type[Executor], problem: Problem, module: nn.Module, data: Dataset) -> str | None:
    """Why an executor cannot train two trials as the serial one does, or ``None``.

    Found by trying: with examples of their own, and with examples that they share.
    """
    like = next(iter(module.parameters()))
    few = data.first(EXAMPLES).to(like.dtype, like.device)
    for streams in ("one", "other"), ("both", "both"):
        serial, stacked = SerialExecutor(problem, module), kind(problem, module)
        try:
            with _Paddings() as watch:  # type: ignore[no-untyped-call]
                want = _scored(serial, _pair(serial), few, streams)
        except Exception as error:  # noqa: BLE001 - a fault of few examples, or training tells it
            return f"it cannot be tried on {EXAMPLES} examples ({_first_line(error)})"
        if watch.padded and not kind.pads:
            return "torch's vectorised embedding moves its padding"
        stack = _pair(stacked)
        given = [block._version for block in stack.blocks]
        try:
            got = _scored(stacked, stack, few, streams)
        except Exception as error:  # noqa: BLE001 - if it is the module's own, training tells it
            return f"torch cannot vectorise it ({_first_line(error)})"
        if [block._version for block in stack.blocks] != given:
            return "its forward pass writes over its parameters"
        differing = unlike(want, got)
        if differing is not None:
            return f"it gives another {differing} than trials alone"
    return None


class _Paddings(Watch):  # type: ignore[no-untyped-call]
    """Notes embeddings with a padding, which the examples at hand need not contain."""

    padded = False

    def seen(
        self,
        func: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        made: object,
    ) -> None:
        """See `Watch.seen`."""
        place = _PADDING.get(str(func))
        if place is not None and len(args) > place and args[place] != -1:
            self.padded = True


_PADDING = {"aten.embedding.default": 2, "aten._embedding_bag.default": 8}
"""Where torch's embeddings take the number of the padding, or -1."""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def unlike(want: Result, got: Result) -> str | None:
    """The first name whose values differ by more than rounding, or ``None``.

    Gradients are compared with the largest of all, since those before a normalisation cancel.
    So do means behind one: a running mean may be nothing but rounding, which `ROUNDING` of the
    largest tensor after the step allows.
    """
    largest = {kind: _largest(want, kind) for kind in (GRADIENT, AFTER)}
    for name in dict.fromkeys((*want, *got)):
        if name not in want or name not in got or want[name].shape != got[name].shape:
            return name
        one, two = (_real(v) for v in (want[name], got[name]))
        eps = torch.finfo(one.dtype if one.is_floating_point() else torch.float64).eps
        size = largest[GRADIENT] if GRADIENT in name else _size(one)
        floor = largest[AFTER] * ROUNDING * eps if AFTER in name else 0.0
        near = {"rtol": 0.0, "atol": max(size * eps**0.4, floor)}
        if not torch.allclose(one.double(), two.double(), **near, equal_nan=True):
            return name
    return None


def _largest(result: Result, kind: str) -> float:
    named = [
        v for n, v in result.items() if kind in n and (v.is_floating_point() or v.is_complex())
    ]
    return max(map(_size, named), default=0.0)


def _real(value: Tensor) -> Tensor:
    return torch.view_as_real(value) if value.is_complex() else value


def alone(problem: Problem, module: nn.Module, few: Dataset) -> Result:
    """What ``module`` does by itself; its own tensors change.

    Raises:
        PlanError: it returns no tensor, or writes over its inputs.
    """
    module.train()
    x = few.train_x.clone()
    given = x._version
    # As an executor would give them, from the same stream.
    for name, mask in DropoutMasks(module).draw(module, few.train_x, (0,)).items():
        module.get_submodule(name.rpartition(".")[0]).mask = mask[0]
    with drawing_from(0, few.train_x.device):
        output = module(x)
        if not isinstance(output, Tensor):
            kind = type(output).__name__
            raise refused(problem, f"returns {kind}", "one that returns a tensor")
        loss = problem.loss(output, few.train_y)
        loss.backward()  # type: ignore[no-untyped-call]
    if x._version != given:
        raise refused(problem, "writes over its inputs", "one that leaves them as they are")
    gradients = {name: _gradient(p) for name, p in module.named_parameters()}
    after = tensors(module)
    with torch.no_grad(), drawing_from(evaluation_seed(problem.name), few.val_x.device):
        outputs = module.eval()(few.val_x)
    return _named(loss.detach(), gradients, after, outputs)


def refused(problem: Problem, what: str, expected: str) -> PlanError:
    """The error of a module whose forward pass does what it must not."""
    return PlanError("problem", f"{problem.name}, whose forward pass {what}", expected)


def by_executor(executor: Executor, values: Result, few: Dataset) -> Result:
    """What ``executor`` does with one trial of these parameters and buffers."""
    found = _passes(executor, _stack(executor, [values]), few, ("one",))
    return {name: value[0] for name, value in found.items()}


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """Copies of parameters and buffers by name, without masks."""
    masks = {f"{n}.mask" for n, m in module.named_modules() if isinstance(m, StreamDropout)}
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: value.detach().clone() for name, value in named.items() if name not in masks}


def _stack(executor: Executor, held: Sequence[Result]) -> Stack:
    """Trials with these parameters and buffers."""
    names = dict(executor.module.named_parameters())
    like = next(iter(names.values())).detach().flatten()
    blocks = executor.layout.allocate(len(held), like)
    for row, values in enumerate(held):
        executor.layout.fill(blocks, row, values)
    buffers = {n: torch.stack([one[n] for one in held]) for n in held[0] if n not in names}
    return Stack(blocks, buffers, [], [], {}, like[:0], like.new_zeros(len(held)))


def _pair(executor: Executor) -> Stack:
    stack = _stack(executor, [tensors(executor.module)] * 2)
    for block in stack.blocks:
        block[1] *= FAINTER
    return stack


def _passes(executor: Executor, stack: Stack, few: Dataset, streams: Sequence[str]) -> Result:
    """What ``executor`` does with a stack, ``[K, ...]``; trials of one stream share examples."""
    groups = Groups.of(streams, few.train_x.device)
    # The second group sees the examples in reverse.
    x, y = (
        torch.stack([v if g % 2 == 0 else v.flip(0) for g in range(len(groups.rows))])
        for v in (few.train_x, few.train_y)
    )
    batch = executor.drawn(Batch(x, y, groups, noise=tuple(range(len(groups.rows)))))
    losses, grads = executor.gradients(stack, batch)
    views = executor.layout.views
    gradients = {name: grad.clone() for name, grad in views(grads).items()}
    after = {name: v.clone() for name, v in {**views(stack.blocks), **stack.buffers}.items()}
    return _named(losses.clone(), gradients, after, executor.outputs(stack, few.val_x))


def _scored(executor: Executor, stack: Stack, few: Dataset, streams: Sequence[str]) -> Result:
    """As `_passes`, with the examples in the executor's form, and what is measured of them."""
    ready = executor.prepare(few)
    passed = _passes(executor, stack, ready, streams)
    measured = executor.measure(stack, ready.val_x, ready.val_y)
    return {**passed, **{f"measured {name}": value for name, value in measured.items()}}


def _named(loss: Tensor, gradients: Result, after: Result, outputs: Tensor) -> Result:
    return {
        "loss": loss,
        "output": outputs,
        **{f"{GRADIENT}{name}": value for name, value in gradients.items()},
        **{f"{name}{AFTER}": value for name, value in after.items()},
    }


def _gradient(parameter: nn.Parameter) -> Tensor:
    grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    return grad.to_dense() if grad.is_sparse else grad


def _size(value: Tensor) -> float:
    number = value.abs() if value.is_complex() else value.double().abs()
    finite = torch.nan_to_num(number, nan=0.0, posinf=0.0)
    return finite.max().item() if finite.numel() else 0.0
