"""A problem's loss and measure, looked at before anything is trained by them."""

import warnings
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Literal

import torch
from torch import Tensor, nn

from gofau.catalog import metrics
from gofau.drawing import drawing_from
from gofau.packing.executors.base import CHUNK
from gofau.packing.executors.scored import EXAMPLES, Numbers, Scored, fault, same
from gofau.packing.executors.scores import other_than_written
from gofau.packing.plan.errors import PlanError
from gofau.problems import Dataset, Problem

MOST_EXAMPLES = 64
"""Examples of the validation set whose metrics are compared with those of their parts."""

ROWS = 2
"""Axes of outputs of one row an example."""

IGNORED = -100
"""The target that torch's cross-entropy leaves out."""

SLACK = 1e-3
"""How much better than its best a metric may be by rounding, in bfloat16 too."""


def check_scoring(problem: Problem, module: nn.Module, data: Dataset, few: Dataset) -> None:
    """Raise for a loss or a measure by which no trial could be trained or told.

    What they cannot do with the few examples at hand is left to the training.

    Args:
        problem: whose loss and measure.
        module: its module; its buffers may change.
        data: all of its examples.
        few: some of them, in the dtype and on the device of ``module``.

    Raises:
        PlanError: targets that are no classes for `Classification`'s own loss; a loss or a metric
            that is not one number; metrics that the catalog promises and the measure does not
            give; values that change from call to call; targets written over; outputs compared with
            every target; or a metric that is no mean over examples where the validation set is
            measured in parts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for scored in _scored(problem, module, few):
            _check_classes(scored, data)
            given = scored.y.clone()
            first = scored.attempt()
            if first is None:
                continue
            if not torch.equal(given, scored.y):
                raise fault(problem, f"{scored.what} writes over its targets", "one that does not")
            if scored.what == "measure":
                check_names(problem, first)
                check_ranges(problem, first)
            _check_calls(scored, first)
            spread = scored.spread()
            if spread is not None:
                shapes = f"{list(scored.output.shape[1:])} and {list(scored.y.shape[1:])}"
                what = f"{scored.what} compares every output with every target ({spread})"
                expected = f"one with its own (an example's shapes are {shapes})"
                raise fault(problem, what, expected)
            if scored.what == "measure" and len(data.val_x) > CHUNK:
                _check_means(scored)


def check_names(problem: Problem, measured: Mapping[str, object]) -> None:
    """Raise for metrics that the catalog promises and that were not measured.

    Raises:
        PlanError: the first of them, with the nearest name that was; or a training loss, which is
            the mean of the batches' own.
    """
    promised = problem.entry.metric_names
    if "train_loss" not in promised:
        got = f"{problem.name}, whose catalog entry has the metrics {', '.join(promised)}"
        raise PlanError("problem", got, "train_loss among them")
    if "train_loss" in measured:
        expected = "metrics of other names (train_loss is the mean loss of an epoch's batches)"
        raise fault(problem, "measure gives train_loss", expected)
    for name in promised:
        if name in measured or name == "train_loss":
            continue
        near = get_close_matches(name, list(measured), 1)
        hint = f" (is it {near[0]}?)" if near else ""
        what = f"measure gives {', '.join(measured) or 'nothing'}"
        raise fault(problem, what, f"{name}, as its catalog entry says{hint}")


def check_ranges(problem: Problem, measured: Numbers) -> None:
    """Raise for a metric that is better than the catalog allows: in percent, say, and not a share.

    Raises:
        PlanError: the first of them.
    """
    for name, value in measured.items():
        entry = metrics.entries.get(name)
        if entry is None or entry.best is None:
            continue
        ahead = (entry.best - value) if entry.minimize else (value - entry.best)
        if ahead > SLACK:
            expected = f"no better than {entry.best:g}, the best that its catalog entry allows"
            raise fault(problem, f"measure gives {name} = {value:g}", expected)


def _scored(problem: Problem, module: nn.Module, few: Dataset) -> Iterator[Scored]:
    parts: tuple[tuple[Literal["loss", "measure"], Tensor, Tensor], ...] = (
        ("loss", few.train_x[:EXAMPLES], few.train_y[:EXAMPLES]),
        ("measure", few.val_x, few.val_y),
    )
    for what, x, y in parts:
        try:
            with torch.no_grad(), drawing_from(0, x.device):
                output = module.eval()(x.clone())
        except Exception:  # noqa: BLE001 - as in `Scored.attempt`
            return
        if isinstance(output, Tensor):
            yield Scored(problem, what, output, y.clone())


def _check_classes(scored: Scored, data: Dataset) -> None:
    """Refuse what the cross-entropy would refuse when such an example comes up."""
    output = scored.output
    if other_than_written(scored.problem) is not None or output.dim() != ROWS:
        return
    for name, y in (("train_y", data.train_y), ("val_y", data.val_y)):
        if y.dtype != torch.int64 or y.dim() != 1:
            continue
        told = y[y != IGNORED]
        low, high = (int(told.min()), int(told.max())) if len(told) else (0, 0)
        if low < 0 or high >= output.shape[1]:
            got = f"{scored.problem.name}, with targets in [{low}, {high}] in {name}"
            expected = (
                f"classes in [0, {output.shape[1] - 1}], one an output, or {IGNORED} for none"
            )
            raise PlanError("problem", got, expected)


def _check_calls(scored: Scored, first: Numbers) -> None:
    """A stack calls loss and measure in no order that a trial could count on."""
    problem, what = scored.problem, scored.what
    before = _state(problem)
    again = scored.attempt()
    moved = [name for name, value in _state(problem).items() if before.get(name) != value]
    if moved:
        raise fault(problem, f"{what} changes {', '.join(moved)}", "one that keeps nothing")
    if again is None or any(not same(again[name], value) for name, value in first.items()):
        expected = "the same value for the same output and targets"
        raise fault(problem, f"{what} changes from call to call", expected)


def _state(problem: Problem) -> dict[str, object]:
    plain = (int, float, str)
    return {name: value for name, value in vars(problem).items() if isinstance(value, plain)}


def _check_means(scored: Scored) -> None:
    # A network before its training may give all examples the same answer.
    other = scored.noisy()
    try:
        whole = other.numbers()
        promised = {n: whole[n] for n in scored.problem.entry.metric_names if n in whole}
        name = other.uncombined(promised)
    except Exception:  # noqa: BLE001 - as in `Scored.attempt`
        return
    if name is not None:
        what = f"measure gives {name}, which is no mean over examples"
        raise fault(scored.problem, what, f"one, or at most {CHUNK} validation examples")
