"""The laws of a direction."""

from warnings import catch_warnings, filterwarnings

import torch
from torch import Tensor

from gofau import catalog
from gofau.contract import samples
from gofau.contract.errors import require
from gofau.contract.tracing import check_traceable
from gofau.directions import Direction, direction
from gofau.hyper import Hyper, State

SHAPE = (4, 3)
STEPS = 3
LATER = 5
"""By how many steps a trial of a stack is ahead of the one before it."""


def check_direction(name: str) -> None:
    """Try the laws of `gofau.directions.Direction` on the direction of that name.

    Raises:
        ContractError: a law that does not hold.
        gofau.catalog.CatalogError: there is no direction of that name.
        gofau.catalog.plugins.PluginError: its plug-in cannot be used.
    """
    one = direction(name)
    subject = f"direction {name!r}"
    _check_entry(one, subject)
    rows = samples.parameters([catalog.directions.get(name, "direction")])
    for row in rows:
        for dtype in (torch.float32, torch.float64):
            _check_pure(one, samples.numbers(row), dtype, subject)
    _check_elements(one, samples.numbers(rows[0]), subject)
    _check_traceable(one, rows, subject)
    _check_stack(one, rows, subject)


def _check_entry(one: Direction, subject: str) -> None:
    entry = catalog.directions.get(one.name, "direction")
    law = f"{entry.decouples_decay}, as its catalog entry says"
    same = one.decouples_decay is entry.decouples_decay
    require(same, f"{subject} decouples_decay", law, one.decouples_decay)
    names = {p.name for p in entry.parameters}
    others = [*catalog.rules.entries.values(), catalog.common, catalog.optimizer]
    for other in others:
        shared = [p.name for p in other.parameters if p.name in names]
        law = f"names that {other.name!r} has no parameter of"
        require(not shared, f"{subject} parameters", law, ", ".join(shared))


def _gradients(*shape: int) -> Tensor:
    """The gradients of each step, ``[STEPS, ...]`` in float64."""
    return samples.tensors(7, STEPS, *shape)


def _followed(
    one: Direction, grads: Tensor, state: State, hyper: Hyper, first: int | Tensor
) -> Tensor:
    """The direction of every step, the first of which has the number ``first``."""
    us = [one.direct(grad, state, first + t, hyper).clone() for t, grad in enumerate(grads)]
    return torch.stack(us)


def _check_pure(one: Direction, hyper: samples.Numbers, dtype: torch.dtype, subject: str) -> None:
    grads = _gradients(*SHAPE).to(dtype)
    state = one.init(torch.zeros_like(grads[0]), hyper)
    law = f"the tensors that state_names gives: {one.state_names(hyper)}"
    require(tuple(state) == one.state_names(hyper), f"{subject} init", law, tuple(state))
    for name, value in state.items():
        alike = value.shape == SHAPE and value.dtype == dtype
        law = f"{name} of the parameter's shape and dtype"
        require(alike, f"{subject} init", law, (tuple(value.shape), value.dtype))
    before = grads.clone()
    for step, grad in enumerate(grads, 1):
        u = one.direct(grad, state, step, hyper)
        alike = u.shape == SHAPE and u.dtype == dtype
        law = "a direction of the gradient's shape and dtype"
        require(alike, subject, law, (tuple(u.shape), u.dtype))
        finite = bool(u.isfinite().all())
        require(finite, subject, "a finite direction of finite gradients", "NaN or infinity")
    law = "a gradient that is read only"
    require(torch.equal(grads, before), subject, law, "a changed gradient")
    law = f"the tensors that init gave: {one.state_names(hyper)}"
    require(tuple(state) == one.state_names(hyper), f"{subject} direct", law, tuple(state))


def _check_elements(one: Direction, hyper: samples.Numbers, subject: str) -> None:
    """One element's NaN, which nothing may carry to another."""
    grads = _gradients(*SHAPE)
    poisoned = grads.clone()
    poisoned[0, 1, 2] = float("nan")
    clean, bad = (
        _followed(one, given, one.init(given[0], hyper), hyper, 1) for given in (grads, poisoned)
    )
    others = torch.ones(SHAPE, dtype=torch.bool)
    others[1, 2] = False
    same = torch.equal(clean[:, others], bad[:, others])
    law = "every element of u to depend on that element's own gradients alone"
    require(same, subject, law, "another u beside the NaN of a neighbour")


def _check_stack(one: Direction, rows: list[dict[str, catalog.Scalar]], subject: str) -> None:
    grads = _gradients(len(rows), *SHAPE)
    hyper = samples.vectors(rows, len(SHAPE))
    first = 1 + LATER * torch.arange(len(rows)).view(-1, 1, 1)
    together = _followed(one, grads, one.init(grads[0], hyper), hyper, first)
    for k, row in enumerate(rows):
        own = samples.numbers(row)
        alone = _followed(one, grads[:, k], one.init(grads[0, k], own), own, 1 + LATER * k)
        same = torch.allclose(together[:, k], alone, rtol=1e-12, atol=1e-14)
        law = "a stack of trials at steps of their own to go as separate parameters do"
        change = (together[:, k] - alone).abs().max().item()
        require(same, subject, law, f"a difference of {change:g}")


def _check_traceable(one: Direction, rows: list[dict[str, catalog.Scalar]], subject: str) -> None:
    def direct(grad: Tensor, step: Tensor, hyper: samples.Numbers) -> Tensor:
        return one.direct(grad, one.init(torch.zeros_like(grad), hyper), step, hyper)

    tensors = [_gradients(len(rows), *SHAPE)[0], torch.arange(1, len(rows) + 1)]
    law = "a direction without branches on values, which runs under torch.vmap"
    with catch_warnings():
        # What torch.vmap does one by one is slow there, and right.
        filterwarnings("ignore", "There is a performance drop", UserWarning)
        check_traceable(direct, tensors, rows, subject, law)
