"""A problem's loss or measure on a few outputs: what it gives, and of what kind that is."""

from dataclasses import dataclass, replace
from math import isclose, isnan
from typing import Literal

import torch
from torch import Tensor

from gofau.drawing import drawing_from
from gofau.packing.executors.scores import Scores
from gofau.packing.plan.errors import PlanError
from gofau.problems import Problem

EXAMPLES = 8
"""Examples of the loss."""

Numbers = dict[str, float]


@dataclass(frozen=True)
class Scored:
    """A problem's loss or measure with outputs ``[N, ...]`` and targets ``[N, ...]``."""

    problem: Problem
    what: Literal["loss", "measure"]
    output: Tensor
    y: Tensor

    def numbers(self) -> Numbers:
        """What it gives, by name.

        Raises:
            PlanError: something else than numbers.
        """
        if self.what == "measure":
            like = torch.zeros((), device=self.output.device)
            with torch.no_grad():
                rows = Scores(self.problem, together=False).each(iter([self.output]), self.y, like)
            return {name: value.item() for name, value in rows.items()}
        grows = self.output.is_floating_point() or self.output.is_complex()
        with drawing_from(0, self.output.device):
            leaf = self.output.detach().clone().requires_grad_(grows)
            made: object = self.problem.loss(leaf, self.y)
        if not isinstance(made, Tensor):
            raise fault(self.problem, f"loss is of type {type(made).__name__}", "a tensor")
        if made.dim():
            what = f"loss has the shape {list(made.shape)}"
            raise fault(self.problem, what, "one number for a batch")
        return {"loss": made.item()}

    def attempt(self) -> Numbers | None:
        """`numbers`, or ``None`` where it fails on these examples."""
        try:
            return self.numbers()
        except PlanError:
            raise
        except Exception:  # noqa: BLE001 - what it cannot do with these, the training will tell
            return None

    def sums(self) -> bool:
        """Whether a loss of each example twice is twice the loss: a sum over examples, no mean."""
        once = self.numbers()["loss"]
        both = replace(self, output=torch.cat([self.output] * 2), y=torch.cat([self.y] * 2))
        return once != 0 and isclose(both.numbers()["loss"], 2 * once, rel_tol=1e-4)

    def noisy(self, sign: int = 1) -> "Scored":
        """The same with outputs that differ, as those of a new network need not."""
        noise = torch.Generator().manual_seed(0)
        size = 3 * self.output.std().nan_to_num(1).clamp_min(1)
        drawn = torch.randn(self.output.shape, generator=noise).to(self.output)
        return replace(self, output=self.output + sign * size * drawn)

    def spread(self) -> str | None:
        """The first number for which every output meets every target, or ``None``.

        Outputs ``[N, 1]`` less targets ``[N]`` make ``[N, N]`` differences. Their mean does not
        tell which target belongs to which output, and is that of each output with all targets.
        """
        some = replace(self, output=self.output[:EXAMPLES], y=self.y[:EXAMPLES])
        one, two = some.noisy(), some.noisy(-1)
        try:
            whole, mirrored, plain = (each.numbers() for each in (one, two, some))
            turned = replace(one, y=one.y.roll(1, 0)).numbers()
            alike = replace(one, y=one.y[:1].expand(one.y.shape)).numbers()
            alone = [replace(one, output=output).numbers() for output in torch.split(one.output, 1)]
        except Exception:  # noqa: BLE001 - it tells the shapes apart, as it should
            return None
        for name, value in whole.items():
            paired = sum(numbers[name] for numbers in alone) / len(alone)
            heeds_targets = not near(alike[name], value)
            # A difference of means is the mean of all differences.
            bends = not near(value + mirrored[name], 2 * plain[name])
            if heeds_targets and bends and near(turned[name], value) and near(paired, value):
                return name
        return None

    def uncombined(self, whole: Numbers) -> str | None:
        """The first number that is no mean of those of two parts of the examples, or ``None``."""
        head = max(1, len(self.output) // 3)
        if len(self.output) == head:
            return None
        parts = [
            replace(self, output=self.output[s], y=self.y[s]).numbers()
            for s in (slice(head), slice(head, None))
        ]
        share = head / len(self.output)
        for name, value in whole.items():
            if not near(share * parts[0][name] + (1 - share) * parts[1][name], value):
                return name
        return None


def near(one: float, two: float) -> bool:
    """Whether two numbers differ by no more than rounding; NaN is near NaN."""
    return same(one, two) or isclose(one, two, rel_tol=1e-4, abs_tol=1e-6)


def same(one: float, two: float) -> bool:
    """Whether two numbers are equal, or both NaN."""
    return one == two or (isnan(one) and isnan(two))


def fault(problem: Problem, what: str, expected: str) -> PlanError:
    """The error of a problem with something of its own that is not as expected."""
    return PlanError("problem", f"{problem.name}, whose {what}", expected)
