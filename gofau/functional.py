"""One step of a direction and a rule on one tensor: the reference that every fast path equals."""

from torch import Tensor

from gofau.directions.base import Direction
from gofau.hyper import Hyper, State, is_off
from gofau.rules.base import UpdateRule

__all__ = ["step"]


def step(  # noqa: PLR0917 - a pure function of one step takes all of it
    param: Tensor,
    grad: Tensor,
    direction: Direction,
    rule: UpdateRule,
    direction_state: State,
    rule_state: State,
    step: int | Tensor,
    hyper: Hyper,
) -> Tensor:
    """One step, out of place: θ ← ξ-step of ``rule`` along ``direction``'s u.

    With weight decay λ, coupled: g ← g + λ·θ before the direction; decoupled:
    θ ← θ·(1 − r·λ) before the rule, where r is the rule's own step size (``lr``, or ``lr_out``
    for the multiplicative rule). ``maximize`` negates the gradient first.

    Args:
        param: the parameter θ, ``[...]`` or a stack ``[K, ...]``.
        grad: its gradient g, of the same shape.
        direction: which way.
        rule: how far.
        direction_state: updated in place.
        rule_state: what ``rule.init`` made of the initial parameter.
        step: the step's number from 1, or a tensor of numbers that broadcasts.
        hyper: hyperparameters of direction, rule and decay; ``weight_decay`` (default 0),
            ``decoupled_decay`` and ``maximize`` (default false) may be missing.

    Returns:
        Tensor: the new parameter.
    """
    if hyper.get("maximize", False):
        grad = -grad
    decay = hyper.get("weight_decay", 0.0)
    if not is_off(decay):
        if direction.decouples_decay or hyper.get("decoupled_decay", False):
            param = param * (1 - hyper[rule.step_size] * decay)
        else:
            grad = grad + param * decay
    u = direction.direct(grad, direction_state, step, hyper)
    return rule.update(param, u, rule_state, hyper)
