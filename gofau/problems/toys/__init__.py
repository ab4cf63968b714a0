"""Toy problems with known minima: test functions, regressions and a deep linear network."""

from gofau.problems.toys.problem import ToyProblem, problem_class
from gofau.problems.toys.suite import Loss, Point, Toy, hessian, largest_stable_lr, toy, toys

__all__ = [
    "Loss",
    "Point",
    "Toy",
    "ToyProblem",
    "hessian",
    "largest_stable_lr",
    "problem_class",
    "toy",
    "toys",
]
