"""What the toy reproduction fixes, and every choice that the published tables leave open."""

from dataclasses import dataclass, field
from math import dist
from typing import Literal

from gofau.catalog import rules
from gofau.problems.toys import Loss, Point, largest_stable_lr, toy
from gofau.problems.toys.suite import CONVEX_CONDITION, CONVEX_DISTANCE, CONVEX_TILT, tilted
from reproduce.published import CaseName

Starts = Literal["same-orthant", "any-direction"]
Reading = Literal["starts", "near", "window"]
TuneOn = Literal["starts", "start"]
TuneBy = Literal["distance", "loss"]

DRAWN = ("lr", "lr_in", "lr_out", "gamma")
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


def drawn_by(rule: str) -> tuple[str, ...]:
    """The hyperparameters that are drawn for a rule."""
    entry = rules.get(rule, "rule")
    return tuple(name for name in DRAWN if entry.parameter(name) is not None)


@dataclass(frozen=True)
class CellKey:
    """One cell: a case, a direction and a rule."""

    case: Case
    direction: str
    rule: str


def convex(
    condition: float = CONVEX_CONDITION,
    tilt: float = CONVEX_TILT,
    minimum: Point = (1.0, 1.0),
    towards: Point = (1.0, 1.0),
) -> Case:
    """A tilted quadratic, from 69.26 away; by default the catalog's ``convex-2d``.

    Args:
        condition: largest over smallest curvature, >= 1.
        tilt: of the softer axis against the first coordinate, in degrees.
        minimum: two numbers.
        towards: the direction from the minimum to the start; its length does not matter.
    """
    return convex_case(tilted(condition, tilt, minimum), minimum, towards)


def convex_case(loss: Loss, minimum: Point, towards: Point = (1.0, 1.0)) -> Case:
    """A convex function with its start 69.26 away."""
    length = dist(towards, (0.0, 0.0))
    a, b = (m + CONVEX_DISTANCE * t / length for m, t in zip(minimum, towards, strict=True))
    return Case("convex", loss, minimum, (a, b), largest_stable_lr(loss, minimum))


def rosenbrock(start: Point = (2.9, 1.8)) -> Case:
    """Rosenbrock's function; every start offered here lies √4.25 = 2.06 away from (1, 1)."""
    some = toy("rosenbrock")
    minimum = some.minima[0]
    return Case("rosenbrock", some.loss, minimum, start, largest_stable_lr(some.loss, minimum))


@dataclass(frozen=True)
class Protocol:
    """One complete set of choices.

    Every rule is tuned by the same number of trainings: ``draws`` random configurations from its
    windows, then ``rounds`` − 1 times as many around the best so far, from windows that shrink by
    ``zoom`` each time. Every repetition draws and tunes anew. Step sizes are drawn log-uniformly
    from windows of ``decades`` decades, the same for every rule and step size:

    - ``lr`` up to the largest stable step at the minimum (SGD), or up to ``reach`` times the
      initial distance (directions of about unit size);
    - ``lr_out`` up to 1, above which signs could flip;
    - ``lr_in`` centred on 1, the published default;
    - ``gamma`` uniformly in [0, 1].

    Args:
        label: names these choices.
        convex: the convex case.
        rosenbrock: the other one.
        decades: width of each window, > 0.
        reach: as above, > 0.
        reading: what the second table's random configurations are: random ``starts`` under tuned
            hyperparameters, random hyperparameters within half a decade ``near`` the tuned ones,
            or random hyperparameters anywhere in the ``window``.
        starts: where random starts lie, at the case's initial distance from the minimum: in the
            minimum's own orthant, or in any direction.
        tune_on: the mean over ``tuning_starts`` random starts of their own, or the case's start.
        tune_by: what the best configuration has least of, after the last iteration.
        tuning_starts: >= 1.
        draws: in a round of tuning, >= 1.
        rounds: of tuning, >= 1.
        zoom: > 1.
        nested: whether the hybrid rule spends a third of its budget on each of its special cases,
            additive (``gamma`` 0) and multiplicative (``gamma`` 1), and goes on from the better.
        per_axis: if above 0, a rule with n hyperparameters gets ``per_axis``ⁿ draws in a round
            instead of ``draws``, as a grid of that many points an axis would.
        iterations: update steps, >= 1.
        configurations: of the second table, >= 1.
        repetitions: independent repetitions, >= 2.
        seed: of every draw.
    """

    label: str = "main"
    convex: Case = field(default_factory=convex)
    rosenbrock: Case = field(default_factory=rosenbrock)
    decades: float = 5.0
    reach: float = 10.0
    reading: Reading = "starts"
    starts: Starts = "same-orthant"
    tune_on: TuneOn = "starts"
    tune_by: TuneBy = "distance"
    tuning_starts: int = 10
    draws: int = 300
    rounds: int = 12
    zoom: float = 1.6
    nested: bool = True
    per_axis: int = 0
    iterations: int = 100
    configurations: int = 100
    repetitions: int = 10
    seed: int = 0

    def case(self, name: CaseName) -> Case:
        """The case of that name."""
        return self.convex if name == "convex" else self.rosenbrock

    def draws_of(self, rule: str) -> int:
        """Random configurations of a rule in a round of tuning."""
        return self.per_axis ** len(drawn_by(rule)) if self.per_axis else self.draws

    def windows(self, case: Case, direction: str) -> dict[str, tuple[float, float]]:
        """Lowest and highest value of every hyperparameter that a rule may draw."""
        half = 10 ** (self.decades / 2)
        return {
            "lr": self._below(case.stable_lr if direction == "sgd" else self.reach * case.distance),
            "lr_in": (CENTRE_LR_IN / half, CENTRE_LR_IN * half),
            "lr_out": self._below(TOP_LR_OUT),
            "gamma": (0.0, 1.0),
        }

    def _below(self, top: float) -> tuple[float, float]:
        return top / 10**self.decades, top
