"""One step of a batch by multi-tensor kernels."""

import torch
from torch import Tensor

from gofau.hyper import is_off
from gofau.optim.batch import Batch
from gofau.optim.foreach.directions import directions
from gofau.optim.foreach.lists import Tensors, add_, mul, mul_
from gofau.optim.foreach.rules import rules


def supports(batch: Batch) -> bool:
    """Whether both the direction and the rule exist on lists."""
    return batch.direction.name in directions and batch.rule.name in rules


def serves(batch: Batch) -> bool:
    """Whether all tensors are of one dtype, as the multi-tensor kernels want them.

    Lists that are written may not hold tensors with torch's negative bit either.
    """
    names = batch.direction.state_names(batch.hyper)
    written = [*batch.params, *(state[name] for name in names for state in batch.states)]
    dtypes = {x.dtype for x in written} | {x.dtype for x in batch.grads}
    return len(dtypes) == 1 and not any(map(Tensor.is_neg, written))


def run(batch: Batch) -> None:
    """Step every parameter of ``batch``; equals `gofau.optim.loop.run` up to rounding."""
    direct, update = directions[batch.direction.name], rules[batch.rule.name]
    grads = _decayed(batch)
    u = direct(grads, batch.states, batch.step, batch.hyper)
    update(batch.params, u, batch.states, batch.hyper)


def _decayed(batch: Batch) -> Tensors:
    """The gradients with sign and coupled decay; decoupled decay shrinks the parameters."""
    hyper = batch.hyper
    grads = list(torch._foreach_neg(batch.grads)) if hyper["maximize"] else batch.grads
    decay = hyper["weight_decay"]
    if is_off(decay):
        return grads
    if batch.direction.decouples_decay or hyper["decoupled_decay"]:
        mul_(batch.params, 1 - hyper[batch.rule.step_size] * decay)
        return grads
    decayed = mul(batch.params, decay)
    add_(decayed, grads)
    return decayed
