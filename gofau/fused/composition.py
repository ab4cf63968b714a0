"""Directions and rules as the kernels know them: a template's name, its states, its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from gofau.directions.adagrad import Adagrad
from gofau.directions.adam import Adam, AdamW
from gofau.directions.base import Direction
from gofau.directions.madam import Madam as MadamDirection
from gofau.directions.rmsprop import RMSProp
from gofau.directions.sgd import SGD
from gofau.errors import UnsupportedError
from gofau.hyper import Hyper
from gofau.rules.additive import Additive
from gofau.rules.base import UpdateRule
from gofau.rules.exponentiated_gradient import ExponentiatedGradient
from gofau.rules.hybrid import Hybrid
from gofau.rules.hypentropy import Hypentropy
from gofau.rules.madam import Madam
from gofau.rules.multiplicative import Multiplicative

__all__ = ["Composition", "compose"]


@dataclass(frozen=True)
class Part:
    """One part of a composition.

    ``template`` is a type in ``kernels/decay.h``, ``directions.h`` or ``rules.h``, ``states`` the
    names of its tensors in the order of the kernel, ``numbers`` its constructor's array.
    """

    template: str
    states: tuple[str, ...]
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class Composition:
    """What one step computes: weight decay, a direction and a rule."""

    decay: Part
    direction: Part
    rule: Part

    @property
    def templates(self) -> tuple[str, str, str]:
        """What the kernel is built from."""
        return self.decay.template, self.direction.template, self.rule.template

    @property
    def numbers(self) -> tuple[tuple[float, ...], ...]:
        """The kernel's arrays, in the order of `gofau.fused.library.Shared`."""
        return self.direction.numbers, self.rule.numbers, self.decay.numbers


DirectionLowering: TypeAlias = Callable[[tuple[str, ...], int, Hyper], Part]
RuleLowering: TypeAlias = Callable[[Hyper], Part]


def compose(direction: Direction, rule: UpdateRule, step: int, hyper: Hyper) -> Composition:
    """The composition of ``direction`` and ``rule`` at a step's number, from 1.

    Raises:
        UnsupportedError: a direction or rule without a kernel, or a hyperparameter of several
            elements.
    """
    return Composition(
        decay_part(direction, rule, hyper),
        direction_part(direction, step, hyper),
        rule_part(rule, hyper),
    )


def number(hyper: Hyper, name: str) -> float:
    """One hyperparameter as a Python number.

    Raises:
        UnsupportedError: a tensor of several elements, which a stack of trials would have.
    """
    value = hyper[name]
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise UnsupportedError(
                f"{name}: got a tensor of {value.numel()} elements, expected one number for all "
                "elements of a fused step; use implementation='loop'"
            )
        return float(value.item())
    return float(value)


def direction_part(direction: Direction, step: int, hyper: Hyper) -> Part:
    """The kernel's direction at a step's number, from 1."""
    lowering = DIRECTIONS.get(type(direction))
    if lowering is None:
        raise _without_kernel("direction", direction.name)
    return lowering(direction.state_names(hyper), step, hyper)


def rule_part(rule: UpdateRule, hyper: Hyper) -> Part:
    """The kernel's rule."""
    lowering = RULES.get(type(rule))
    if lowering is None:
        raise _without_kernel("rule", rule.name)
    return lowering(hyper)


def decay_part(direction: Direction, rule: UpdateRule, hyper: Hyper) -> Part:
    """The kernel's weight decay, coupled to the gradient or not, and its ascent."""
    climbs = "true" if hyper.get("maximize", False) else "false"
    decay = number(hyper, "weight_decay") if "weight_decay" in hyper else 0.0
    if decay == 0:
        return Part(f"NoDecay<C, {climbs}>", (), ())
    if direction.decouples_decay or hyper.get("decoupled_decay", False):
        shrink = 1 - number(hyper, rule.step_size) * decay
        return Part(f"Decoupled<C, {climbs}>", (), (shrink,))
    return Part(f"Coupled<C, {climbs}>", (), (decay,))


def _without_kernel(noun: str, name: str) -> UnsupportedError:
    return UnsupportedError(
        f"{noun} {name!r} has no fused kernel: expected one of gofau's own; "
        "use implementation='foreach' or 'loop'"
    )


def _sgd(states: tuple[str, ...], step: int, hyper: Hyper) -> Part:
    if not states:
        return Part("Plain<C>", states, ())
    mu = number(hyper, "momentum")
    undamped = step == 1 or mu == 0
    weight = 1.0 if undamped else 1 - number(hyper, "dampening")
    return Part(f"Momentum<C, {_flag(hyper, 'nesterov')}>", states, (mu, weight))


def _adagrad(states: tuple[str, ...], step: int, hyper: Hyper) -> Part:
    slowdown = 1 + (step - 1) * number(hyper, "lr_decay")
    return Part("Adagrad<C>", states, (number(hyper, "eps"), slowdown))


def _rmsprop(states: tuple[str, ...], step: int, hyper: Hyper) -> Part:
    alpha = number(hyper, "alpha")
    buffered = str("momentum_buffer" in states).lower()
    numbers = (alpha, 1 - alpha, number(hyper, "eps"), number(hyper, "momentum"))
    return Part(f"RMSProp<C, {_flag(hyper, 'centered')}, {buffered}>", states, numbers)


def _adam(states: tuple[str, ...], step: int, hyper: Hyper) -> Part:
    beta1, beta2 = number(hyper, "beta1"), number(hyper, "beta2")
    unbias1, unbias2 = 1 / (1 - beta1**step), (1 - beta2**step) ** -0.5
    moments = (beta1, 1 - beta1, beta2, 1 - beta2)
    numbers = (*moments, unbias1, unbias2, number(hyper, "eps"))
    return Part(f"Adam<C, {_flag(hyper, 'amsgrad')}>", states, numbers)


def _madam(states: tuple[str, ...], step: int, hyper: Hyper) -> Part:
    beta2 = number(hyper, "beta2")
    return Part("Madam<C>", states, (beta2, 1 - beta2, (1 - beta2**step) ** -0.5))


def _additive(hyper: Hyper) -> Part:
    return Part("Additive", (), (number(hyper, "lr"),))


def _multiplicative(hyper: Hyper) -> Part:
    return Part("Multiplicative", (), (number(hyper, "lr_in"), number(hyper, "lr_out")))


def _hybrid(hyper: Hyper) -> Part:
    gamma = number(hyper, "gamma")
    relative, additive = gamma * number(hyper, "lr_out"), (1 - gamma) * number(hyper, "lr")
    return Part("Hybrid", (), (number(hyper, "lr_in"), relative, additive))


def _exponentiated_gradient(hyper: Hyper) -> Part:
    return Part("ExponentiatedGradient", (), (number(hyper, "lr"),))


def _bounded_exponential(hyper: Hyper) -> Part:
    numbers = (number(hyper, "lr"), number(hyper, "g_bound"))
    return Part("BoundedExponential", ("bound",), numbers)


def _hypentropy(hyper: Hyper) -> Part:
    return Part("Hypentropy", (), (number(hyper, "lr"), number(hyper, "beta")))


def _flag(hyper: Hyper, name: str) -> str:
    return "true" if hyper[name] else "false"


# By class, not by name: a direction of one's own never meets the kernel of another.
DIRECTIONS: dict[type[Direction], DirectionLowering] = {
    SGD: _sgd,
    Adagrad: _adagrad,
    RMSProp: _rmsprop,
    Adam: _adam,
    AdamW: _adam,
    MadamDirection: _madam,
}
RULES: dict[type[UpdateRule], RuleLowering] = {
    Additive: _additive,
    Multiplicative: _multiplicative,
    Hybrid: _hybrid,
    Madam: _bounded_exponential,
    ExponentiatedGradient: _exponentiated_gradient,
    Hypentropy: _hypentropy,
}
