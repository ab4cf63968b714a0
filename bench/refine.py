"""How closely a refined grid knows a basin's volume, beside a plain grid of the same budget.

Every toy is trained for real at every cell. The bracket is the interval that the cells leave for
the basin's area (triangles wholly inside, and with any corner inside); the truth is a grid of
257 x 257. The same cells are spent in fewer and in more rounds.
Run: OMP_NUM_THREADS=1 python bench/refine.py [--quick] [--json]
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gofau.problems.toys import largest_stable_lr, toy
from gofau_studies.arrays import Floats
from gofau_studies.refine.choose import Sides, midpoints
from gofau_studies.refine.mesh import Mesh
from gofau_studies.spec.search import ROUNDS, Refine

sys.path.append(str(Path(__file__).parents[1]))  # of `reproduce`, which is not installed

from reproduce.protocol import Case, CellKey
from reproduce.training import ends

ROWS, DENSE, TRUTH = 9, 15, 257
ADDED = DENSE**2 - ROWS**2
OTHERS = (3, 12)
"""Numbers of rounds beside the default one."""

ITERATIONS, SHARE = 100, 0.1
TOYS = ("rosenbrock", "beale", "himmelblau", "branin")
HOW = {"additive": ("lr",), "hybrid": ("lr", "lr_out")}


class Trained:
    """Loss after training a toy with gradient descent at points of (log10 lr, log10 scale)."""

    def __init__(self, name: str, rule: str) -> None:
        some = toy(name)
        minimum = some.minima[0]
        stable = largest_stable_lr(some.loss, minimum)
        self.key = CellKey(Case(name, some.loss, minimum, some.start, stable), "sgd", rule)
        self.loss, self.start, self.driven = some.loss, np.array(some.start), HOW[rule]
        self.span = (np.log10(stable) - 3, np.log10(stable) + 1)
        # A learning rate of 1e-30 leaves the standard start where it is.
        self.cap = float(self._raw(np.array([[-30.0, 0.0]]))[0])

    def _raw(self, points: Floats) -> Floats:
        import torch

        starts = 10 ** points[:, 1:] * self.start
        hyper = dict.fromkeys(self.driven, 10 ** points[:, 0])
        if self.key.rule == "hybrid":
            hyper |= {"lr_in": np.ones(len(points)), "gamma": np.full(len(points), 0.5)}
        last = ends(self.key, starts, hyper, ITERATIONS)
        return self.loss(torch.from_numpy(last)).numpy()

    def __call__(self, points: Floats) -> Sides:
        """Costs capped at the loss of the standard start; what is not finite diverged."""
        loss = self._raw(points)
        dead = ~np.isfinite(loss) | (loss > 2 * self.cap)
        return Sides(np.where(dead, self.cap, np.minimum(loss, self.cap)), dead * 1.0)

    def grid(self, count: int) -> tuple[Floats, tuple[float, float]]:
        """A grid over four decades of learning rate and two of start scale."""
        x, z = np.linspace(*self.span, count), np.linspace(-1, 1, count)
        points = np.stack(np.meshgrid(x, z, indexing="ij"), axis=-1).reshape(-1, 2)
        return points, (4 / (count - 1), 2 / (count - 1))


@dataclass(frozen=True)
class Known:
    """What cells tell of a basin's area: an estimate, and the bracket that holds it."""

    volume: float
    low: float
    high: float

    @classmethod
    def by(
        cls, train: Trained, points: Floats, steps: tuple[float, float], level: float
    ) -> "Known":
        """What training at ``points`` tells."""
        cost = train(points).cost
        mesh = Mesh.of(points, steps)
        return cls(float(mesh.area_below(cost, level)), *mesh.bracket(cost <= level))

    def holds(self, area: float) -> bool:
        """Whether the bracket does."""
        return self.low <= area <= self.high


def refined(train: Trained, level: float, rounds: int) -> Known:
    """What a coarse grid and cells added in ``rounds`` tell."""
    points, steps = train.grid(ROWS)
    refine = Refine(trials=ADDED, rounds=rounds)
    for number in range(1, rounds + 1):
        added = midpoints(points, train(points), level, refine.due(number), steps)
        points = np.concatenate([points, added])
    return Known.by(train, points, steps, level)


def one(name: str, rule: str, truth: int) -> dict[str, object]:
    """One toy and rule: refined in several numbers of rounds and plain, against the truth."""
    train = Trained(name, rule)
    cost = train(train.grid(truth)[0]).cost
    level = float(cost.min()) + SHARE * (train.cap - float(cost.min()))
    true = float((cost <= level).mean()) * 8
    plain = Known.by(train, *train.grid(DENSE), level)
    found = {rounds: refined(train, level, rounds) for rounds in (ROUNDS, *OTHERS)}
    best = found[ROUNDS]
    ratios = {n: (k.high - k.low) / (plain.high - plain.low) for n, k in found.items()}
    return {
        "toy": name,
        "rule": rule,
        "truth": round(true, 3),
        "plain": [round(plain.low, 2), round(plain.high, 2)],
        "refined": [round(best.low, 2), round(best.high, 2)],
        "holds": [plain.holds(true), *(k.holds(true) for k in found.values())],
        "bracket_ratio": round(ratios[ROUNDS], 2),
        **{f"in_{n}_rounds": round(ratios[n], 2) for n in OTHERS},
        "error_ratio": round(abs(best.volume - true) / max(abs(plain.volume - true), 1e-9), 2),
    }


def main() -> None:
    """Print a line a toy and rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one toy, a coarser truth")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    names = TOYS[:1] if options.quick else TOYS
    truth = 65 if options.quick else TRUTH
    found = [one(name, rule, truth) for name in names for rule in HOW]
    ratios = [row["bracket_ratio"] for row in found]
    summary = {"rows": found, "median_bracket_ratio": float(np.median(ratios))}
    if options.json:
        print(json.dumps(summary))
        return
    print("\n".join(", ".join(f"{k} {v}" for k, v in row.items()) for row in found))
    print(f"median ratio of brackets: {summary['median_bracket_ratio']:.2f}")


if __name__ == "__main__":
    main()
