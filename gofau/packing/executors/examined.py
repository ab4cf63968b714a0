"""What a pack trains: a problem, its examples, and a module to be called for many trials."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from gofau.packing.executors.agreement import sort_of
from gofau.packing.executors.base import IMAGES
from gofau.packing.executors.module_checks import check_module, check_tensors, fit
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.plan import PackPlan
from gofau.packing.plan.streams import initial_module
from gofau.packing.stack.alignment import aligned
from gofau.problems import Dataset, Problem, examples, problem


@dataclass(frozen=True)
class Examined:
    """A problem that was found fit for packs, in one dtype and on one device.

    Args:
        problem: its loss and measure.
        module: its module, which executors call with tensors of trials and switch in its mode.
        examples: the data set as the problem gives it.
        like: an empty tensor of the dtype and on the device of the training.
    """

    problem: Problem
    module: nn.Module
    examples: Dataset
    like: Tensor

    @property
    def shows_images(self) -> bool:
        """Whether the inputs are images, ``[N, C, H, W]``."""
        return self.examples.train_x.dim() == IMAGES

    @cached_property
    def data(self) -> Dataset:
        """The examples in the training's dtype on its device, see `aligned`."""
        return aligned(self.examples.to(self.like.dtype, self.like.device))


def examined(plan: PackPlan) -> Examined:
    """What ``plan`` trains, looked at before it is trained.

    Executors call its module with other parameters and buffers, so that nothing of a trial may
    stay in it.

    Raises:
        PlanError: examples without targets, a module that cannot be trained in a stack, nor one
            trial after the other, or a memory format that only images have.
        gofau.catalog.CatalogError: an unknown problem or parameter, or a value out of range.
    """
    one = problem(plan.problem, plan.problem_parameters)
    like = torch.empty(0, dtype=getattr(torch, plan.dtype), device=plan.device)
    data = examples(one)
    _check_examples(one, data)
    module = initial_module(one.name, 0, one.module)
    check_tensors(one, module, any(trial.init_scale != 1 for trial in plan.trials))
    fit(module, like, data)
    key = sort_of(one, module)
    if key not in _examined:
        check_module(one, module, data, like)
        _examined.add(key)
    found = Examined(one, module, data, like)
    if plan.channels_last and not found.shows_images:
        expected = f"contiguous, since the inputs of {one.name} are not [N, C, H, W]"
        raise PlanError("memory_format", plan.memory_format, expected)
    return found


def _check_examples(one: Problem, data: Dataset) -> None:
    for part, x, y in (("train", data.train_x, data.train_y), ("val", data.val_x, data.val_y)):
        if not len(x) == len(y) > 0:
            got = f"{one.name}, with {len(x)} {part}_x and {len(y)} {part}_y"
            raise PlanError("problem", got, "a target for each of one example or more")


_examined: set[tuple[object, ...]] = set()
"""Problems whose modules this process has examined, with their parameters, dtypes and devices."""
