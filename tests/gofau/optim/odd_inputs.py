"""Odd inputs: tensors, gradients and changes between steps that a raw read of memory gets wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tests.gofau.cases import gradients

AT = 3
"""The step, of `STEPS`, before which an input changes; by then a step is repeated by heart."""
STEPS = 6
Params = list[nn.Parameter]


@dataclass(frozen=True)
class Row:
    """One odd input: its parameters, and what happens before each step.

    ``feed`` gets the step's number, the parameters and the optimizer's state, and sets gradients.
    ``digits`` is how far the answer is that of the plain loop in double precision.
    """

    name: str
    make: Callable[[], Params]
    feed: Callable[[int, Params, Any], None]
    digits: int = 12


def normal(params: Params, number: int) -> list[Tensor]:
    """Each parameter's gradient of a step, in double precision."""
    return gradients([tuple(p.shape) for p in params], 1, seed=100 + number)[0]


def plain(number: int, params: Params, state: Any = None) -> None:
    for param, grad in zip(params, normal(params, number), strict=True):
        param.grad = grad.to(param.dtype)


def two(dtype: torch.dtype = torch.float64) -> Params:
    return [nn.Parameter(x.to(dtype)) for x in gradients([(4, 4), (5,)], 1, seed=1)[0]]


def images() -> Params:
    return [nn.Parameter(x) for x in gradients([(3, 2, 2, 2)], 1, seed=2)[0]]


def every(change: Callable[[Tensor], Tensor]) -> Callable[[int, Params, Any], None]:
    """Gradients in another form at every step."""

    def feed(number: int, params: Params, state: Any) -> None:
        for param, grad in zip(params, normal(params, number), strict=True):
            param.grad = change(grad.to(param.dtype))

    return feed


def odd_steps(change: Callable[[Tensor], Tensor]) -> Callable[[int, Params, Any], None]:
    def feed(number: int, params: Params, state: Any) -> None:
        for param, grad in zip(params, normal(params, number), strict=True):
            param.grad = change(grad) if number % 2 else grad

    return feed


def once(change: Callable[[Params, Any], None]) -> Callable[[int, Params, Any], None]:
    """A change before step `AT`, and gradients of the dtype that the parameters then have."""

    def feed(number: int, params: Params, state: Any) -> None:
        if number == AT:
            for param in params:
                param.grad = None
            with torch.no_grad():
                change(params, state)
        plain(number, params)

    return feed


def negated(x: Tensor) -> Tensor:
    """The same values, stored with the opposite sign and torch's negative bit."""
    return torch._neg_view(-x)


def strided(x: Tensor) -> Tensor:
    return torch.stack([x, x + 1], dim=-1).select(-1, 0)


def transposed() -> Params:
    first = two()[0]
    return [first, nn.Parameter(first.data.t())]


def shifted() -> Params:
    base = gradients([(10,)], 1)[0][0]
    return [nn.Parameter(base[:6]), nn.Parameter(base[4:])]


def interleaved() -> Params:
    pairs = torch.view_as_real(torch.randn(5, dtype=torch.complex128))
    pairs.copy_(gradients([(5, 2)], 1)[0][0])
    return [nn.Parameter(pairs[:, 0]), nn.Parameter(pairs[:, 1])]


def own_memory(number: int, params: Params, state: Any) -> None:
    """Gradients that are the parameters themselves, as the gradient of half a squared norm is."""
    plain(number, params)
    if number >= AT:
        params[0].grad = params[0].data


def shifted_memory(number: int, params: Params, state: Any) -> None:
    plain(number, params)
    if number >= AT:
        params[0].grad = params[0].data.flatten().roll(0).view(-1).as_strided((4, 4), (4, 1))
        whole = torch.cat([params[0].data.flatten(), torch.zeros(3, dtype=torch.float64)])
        params[0].data = whole[:16].view(4, 4)
        params[0].grad = whole[3:].view(4, 4)


def others_memory(number: int, params: Params, state: Any) -> None:
    plain(number, params)
    if number >= AT:
        params[1].grad = params[0].data.flatten()[:5]


def one_gradient(number: int, params: Params, state: Any) -> None:
    shared = normal(params, number)[0]
    for param in params:
        param.grad = shared


def lazily(number: int, params: Params, state: Any) -> None:
    plain(number, params)
    params[1].requires_grad_(number >= AT)
    if number < AT:
        params[1].grad = None


def frozen() -> Params:
    still = [torch.ones(3, dtype=torch.int8), torch.ones(2, dtype=torch.complex64), torch.ones(2)]
    return [*two(), *(nn.Parameter(x, requires_grad=False) for x in still)]


def frozen_beside(number: int, params: Params, state: Any) -> None:
    plain(number, params[:2])


def wide_gradients() -> Params:
    params = two(torch.bfloat16)
    for param in params:
        param.grad_dtype = torch.float32
    return params


def wide(number: int, params: Params, state: Any) -> None:
    for param, grad in zip(params, normal(params, number), strict=True):
        param.grad = grad.float()


def to_double(params: Params, state: Any) -> None:
    for param in params:
        param.data = param.data.double()


def to_float(params: Params, state: Any) -> None:
    for param in params:
        param.data = param.data.float()


def new_memory(params: Params, state: Any) -> None:
    params[0].data = params[0].data.clone()


def negative_memory(params: Params, state: Any) -> None:
    """The same address and shape with the opposite sign of what is stored."""
    params[0].data.neg_()
    params[0].data = torch._neg_view(params[0].data)


def turned(params: Params, state: Any) -> None:
    params[0].t_()


def swapped(params: Params, state: Any) -> None:
    torch.utils.swap_tensors(params[0], nn.Parameter(params[0].detach().clone()))


def to_shared_memory(params: Params, state: Any) -> None:
    params[0].data.share_memory_()


def one_counter_moved(params: Params, state: Any) -> None:
    if state is not None:
        state[params[1]]["step"].share_memory_()


def channels_last(params: Params, state: Any) -> None:
    params[0].data = params[0].data.contiguous(memory_format=torch.channels_last)


class Named(Tensor):
    """A subclass of somebody else's."""


def subclass() -> Params:
    return [nn.Parameter(two()[0].data.as_subclass(Named)), two()[1]]  # type: ignore[list-item]


def empty() -> Params:
    sizes = [(0,), (), (3, 0, 2), (2,)]
    return [nn.Parameter(x) for x in gradients(sizes, 1)[0]]


def lazy() -> Params:
    return [nn.UninitializedParameter(dtype=torch.float64), two()[1]]


def materialized(number: int, params: Params, state: Any) -> None:
    if number == AT:
        params[0].materialize((2, 2))
        params[0].data.copy_(gradients([(2, 2)], 1)[0][0])
    known = params if number >= AT else params[1:]
    plain(number, known)


TABLE: list[Row] = [
    Row("plain", two, plain),
    Row("negated gradients", two, every(negated)),
    Row("negated gradients at odd steps", two, odd_steps(negated)),
    Row("negated parameters", lambda: [nn.Parameter(negated(p.data)) for p in two()], plain),
    Row("a parameter negated later", two, once(negative_memory)),
    Row("strided gradients", two, every(strided)),
    Row("expanded gradients", two, every(lambda g: g.sum().expand(g.shape))),
    Row("strided parameters", lambda: [nn.Parameter(strided(p.data)) for p in two()], plain),
    Row("interleaved parameters", interleaved, plain),
    Row("a parameter and its transpose", transposed, plain),
    Row("parameters that overlap", shifted, plain),
    Row("a gradient in its parameter's memory", two, own_memory),
    Row("a gradient beside its parameter's start", two, shifted_memory),
    Row("a gradient in another parameter's memory", two, others_memory),
    Row("one gradient of two parameters", lambda: [*two()[:1], *two()[:1]], one_gradient),
    Row("channels-last parameters", images, once(channels_last)),
    Row(
        "channels-last gradients at odd steps",
        images,
        odd_steps(lambda g: g.contiguous(memory_format=torch.channels_last)),
    ),
    Row("empty and 0-dim tensors", empty, plain),
    Row("a parameter that joins later", two, lazily),
    Row("frozen integers and complex numbers", frozen, frozen_beside),
    Row("a lazy module's parameter", lazy, materialized),
    Row("a subclass", subclass, plain),
    Row("new memory", two, once(new_memory)),
    Row("turned in place", two, once(turned)),
    Row("tensors swapped", two, once(swapped)),
    Row("moved to shared memory", two, once(to_shared_memory)),
    Row("a counter moved to shared memory", two, once(one_counter_moved)),
    Row("double from single precision", lambda: two(torch.float32), once(to_double), digits=5),
    Row("single from double precision", two, once(to_float), digits=5),
    Row("single-precision gradients of bfloat16", wide_gradients, wide, digits=1),
    Row("half precision", lambda: two(torch.float16), plain, digits=1),
]
