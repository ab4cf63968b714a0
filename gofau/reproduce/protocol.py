"""What the toy reproduction fixes, and every choice that the published tables leave open."""

from dataclasses import dataclass, field
from functools import partial
from math import dist
from typing import Literal

import torch

from gofau.problems.toys import Loss, Point, largest_stable_lr, toy
from gofau.problems.toys.functions import diagonal_quadratic
from gofau.problems.toys.suite import CONVEX_CONDITION, CONVEX_DISTANCE
from gofau.reproduce.published import CaseName

Starts = Literal["same-orthant", "any-direction"]
Reading = Literal["starts", "near", "window"]
TuneBy = Literal["distance", "loss"]

CENTRE_LR_IN = 1.0
TOP_LR_OUT = 1.0


@dataclass(frozen=True)
class Case:
    """One function with the start and the minimum that distances refer to.

    Args:
        name: the table's name for it.
        loss: points ``[..., 2]`` to values ``[...]``.
        minimum: two numbers.
        start: two numbers.
        stable_lr: gradient descent's largest stable step at the minimum.
    """

    name: CaseName
    loss: Loss
    minimum: Point
    start: Point
    stable_lr: float

    @property
    def distance(self) -> float:
        """From start to minimum."""
        return dist(self.start, self.minimum)


def convex(
    condition: float = CONVEX_CONDITION,
    minimum: Point = (1.0, 1.0),
    towards: Point = (1.0, 1.0),
) -> Case:
    """The convex case, from 69.26 away.

    Args:
        condition: of ½·((a − m₀)² + κ·(b − m₁)²); by default the catalog's function.
        minimum: m.
        towards: the direction from the minimum to the start; its length does not matter.
    """
    curvatures = torch.tensor([1.0, condition], dtype=torch.float64)
    centre = torch.tensor(minimum, dtype=torch.float64)
    loss = partial(diagonal_quadratic, curvatures=curvatures, centre=centre)
    return convex_case(loss, minimum, towards)


def convex_case(loss: Loss, minimum: Point, towards: Point = (1.0, 1.0)) -> Case:
    """A convex function with its start 69.26 away."""
    length = dist(towards, (0.0, 0.0))
    a, b = (m + CONVEX_DISTANCE * t / length for m, t in zip(minimum, towards, strict=True))
    return Case("convex", loss, minimum, (a, b), largest_stable_lr(loss, minimum))


def rosenbrock(start: Point = (1.5, 3.0)) -> Case:
    """Rosenbrock's function; every start offered here lies √4.25 = 2.06 away from (1, 1)."""
    some = toy("rosenbrock")
    minimum = some.minima[0]
    return Case("rosenbrock", some.loss, minimum, start, largest_stable_lr(some.loss, minimum))


@dataclass(frozen=True)
class Protocol:
    """One complete set of choices.

    A tuned configuration is the best of ``configurations`` random draws, for every rule alike,
    and every repetition draws and tunes anew. Step sizes are drawn log-uniformly from windows of
    ``decades`` decades, the same number for every rule and step size:

    - ``lr`` up to the largest stable step at the minimum (SGD), or up to the initial distance
      (directions of about unit size);
    - ``lr_out`` up to 1, above which signs could flip;
    - ``lr_in`` centred on 1, the published default;
    - ``gamma`` uniformly in [0, 1].

    Args:
        label: names these choices.
        convex: the convex case.
        rosenbrock: the other one.
        decades: width of each window, > 0.
        scaled: whether the top of the ``lr`` window follows the case as above, or is 1 always.
        reading: what the second table's random configurations are: random ``starts`` under tuned
            hyperparameters, random hyperparameters within half a decade ``near`` the tuned ones,
            or random hyperparameters anywhere in the ``window``.
        starts: where random starts lie, at the case's initial distance from the minimum: in the
            minimum's own orthant, or in any direction.
        tune_by: what the best configuration has least of, after the last iteration.
        iterations: update steps, >= 1.
        configurations: random draws of each kind, >= 1.
        repetitions: independent repetitions, >= 2.
        seed: of every draw.
    """

    label: str = "declared"
    convex: Case = field(default_factory=convex)
    rosenbrock: Case = field(default_factory=rosenbrock)
    decades: float = 4.0
    scaled: bool = True
    reading: Reading = "starts"
    starts: Starts = "same-orthant"
    tune_by: TuneBy = "distance"
    iterations: int = 100
    configurations: int = 100
    repetitions: int = 10
    seed: int = 0

    def case(self, name: CaseName) -> Case:
        """The case of that name."""
        return self.convex if name == "convex" else self.rosenbrock

    def windows(self, case: Case, direction: str) -> dict[str, tuple[float, float]]:
        """Lowest and highest value of every hyperparameter that a rule may draw."""
        top = case.stable_lr if direction == "sgd" else case.distance
        lr = self._below(top if self.scaled else 1.0)
        half = 10 ** (self.decades / 2)
        return {
            "lr": lr,
            "lr_in": (CENTRE_LR_IN / half, CENTRE_LR_IN * half),
            "lr_out": self._below(TOP_LR_OUT),
            "gamma": (0.0, 1.0),
        }

    def _below(self, top: float) -> tuple[float, float]:
        return top / 10**self.decades, top
