"""The catalog's toy problems: an epoch is one full-gradient step, and there is no data.

``cap`` is the loss where training starts and ``optimum`` the loss at the minimum. The problems
themselves stand in `gofau.problems.toys`; this module needs no torch.
"""

from typing import Final

from gofau.catalog.entries import Parameter, ProblemEntry

START_NOISE = Parameter(
    "start_noise",
    float,
    0.0,
    "standard deviation of what the seed adds to the start; 0 makes every seed the same",
    low=0.0,
)

_BRANIN_MINIMUM = 0.39788735772973816

_TOYS: tuple[tuple[str, float, float, str], ...] = (
    ("quadratic", 2.0, 0.0, "½·4w² from 1; steps up to ½ are stable."),
    ("quadratic-cond-1e2", 1.2409064541011965, 0.0, "Ten curvatures from 1e-2 to 1, from 2."),
    ("quadratic-cond-1e4", 0.7804675117031015, 0.0, "Ten curvatures from 1e-4 to 1, from 2."),
    ("quadratic-cond-1e6", 0.6373025684242216, 0.0, "Ten curvatures from 1e-6 to 1, from 2."),
    (
        "convex-2d",
        37591.161871693395,
        0.0,
        "A tilted quadratic of condition 45.6, from 69.26 away.",
    ),
    ("rosenbrock", 24.2, 0.0, "The curved valley, from (−1.2, 1) to (1, 1)."),
    ("beale", 14.203125, 0.0, "Flat far out, from (1, 1) to (3, ½)."),
    ("branin", 95.84466836509729, _BRANIN_MINIMUM, "Three equal minima, from (2.5, 12.5)."),
    ("rastrigin", 36.25, 0.0, "A lattice of local minima, from (−2, 3.5) to (0, 0)."),
    ("himmelblau", 170.0, 0.0, "Four equal minima, from (0, 0), where no zero may stay frozen."),
    ("linear-regression", 7.750824405654849, 0.0, "Eight weights of both signs, from ½, no noise."),
    ("logistic-regression", 0.8286842677840836, 0.4609650999751898, "Eight weights, L2 0.01."),
    ("sparse-regression", 1.4456412603984754, 0.0, "Three of 64 weights matter, from 1/64 each."),
    ("deep-linear", 5.622697, 0.0, "Three linear 3x3 layers learn diag(3, 2, 1)."),
)

TOYS: Final = tuple(
    ProblemEntry(name, doc, (START_NOISE,), cap=cap, optimum=optimum, full_batch=True)
    for name, cap, optimum, doc in _TOYS
)
