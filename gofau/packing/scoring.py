"""A problem's loss and measure, looked at before anything is trained by them."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from math import isclose, isnan

import torch
from torch import Tensor, nn

from gofau.packing.errors import PlanError
from gofau.packing.executors.base import CHUNK
from gofau.packing.executors.scores import Scores
from gofau.packing.streams import drawing_from
from gofau.problems import Dataset, Problem

EXAMPLES = 8
MOST_EXAMPLES = 64
"""Examples of the validation set whose metrics are compared with those of their parts."""

Score = Callable[[Tensor, Tensor], object]
Numbers = dict[str, float]


def check_scoring(problem: Problem, module: nn.Module, few: Dataset, in_parts: bool) -> None:
    """Raise for a loss or a measure by which no trial could be trained or told.

    What they cannot do with the few examples at hand is left to the training.

    Args:
        problem: whose loss and measure.
        module: its module; its buffers may change.
        few: some of its examples, in the dtype and on the device of ``module``.
        in_parts: whether there are so many that they are measured in parts.

    Raises:
        PlanError: a loss or a metric that is not one number, metrics that the catalog promises and
            the measure does not give, values that change from call to call, targets written over,
            an output of one column spread over the targets, or a metric that is no mean over
            examples where the validation set is measured in parts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for (what, score), (output, y) in _tried(problem, module, few):
            first = _numbers(problem, what, score, output, y)
            if first is None:
                continue
            _check_metrics(problem, what, first)
            _check_calls(problem, what, score, output, y, first)
            for name, value in first.items():
                if _spreads(lambda o, t, n=name: _one(score, o, t, n), output, y, value):
                    shapes = f"an output {list(output.shape)} against targets {list(y.shape)}"
                    raise _fault(problem, f"{what} spreads {shapes}", "one shape for both")
            if what == "measure" and in_parts:
                _check_means(problem, score, output, y, first)


def check_names(problem: Problem, measured: Mapping[str, object]) -> None:
    """Raise for metrics that the catalog promises and that were not measured.

    Raises:
        PlanError: the first of them, with the nearest name that was.
    """
    for name in problem.entry.metric_names:
        if name in measured or name == "train_loss":
            continue
        near = get_close_matches(name, list(measured), 1)
        hint = f" (is it {near[0]}?)" if near else ""
        what = f"measure gives {', '.join(measured) or 'nothing'}"
        raise _fault(problem, what, f"{name}, as its catalog entry says{hint}")


def sums(loss: Score, output: Tensor, target: Tensor) -> bool:
    """Whether a loss of each example twice is twice the loss: a sum over examples, no mean."""
    once = _number(loss(output, target))
    twice = _number(loss(torch.cat([output] * 2), torch.cat([target] * 2)))
    return once != 0 and isclose(twice, 2 * once, rel_tol=1e-4)


def spreads(score: Score, output: Tensor, target: Tensor) -> bool:
    """Whether an output ``[N, 1]`` meets targets ``[N]``, so that each meets all of them."""
    return _spreads(score, output, target, _number(score(output, target)))


def uncombined(
    score: Callable[[Tensor, Tensor], Numbers], output: Tensor, target: Tensor, whole: Numbers
) -> str | None:
    """The first number that is no mean of those of two parts of the examples, or ``None``."""
    head = max(1, len(output) // 3)
    if len(output) == head:
        return None
    parts = [score(output[s], target[s]) for s in (slice(head), slice(head, None))]
    share = head / len(output)
    for name, value in whole.items():
        joined = share * parts[0][name] + (1 - share) * parts[1][name]
        if not _near(joined, value):
            return name
    return None


def _tried(
    problem: Problem, module: nn.Module, few: Dataset
) -> Iterator[tuple[tuple[str, Score], tuple[Tensor, Tensor]]]:
    """Loss and measure, each with outputs and targets of some examples."""
    for what, x, y, count in (
        ("loss", few.train_x, few.train_y, EXAMPLES),
        ("measure", few.val_x, few.val_y, MOST_EXAMPLES),
    ):
        try:
            with torch.no_grad(), drawing_from(0, x.device):
                output = module.eval()(x[:count].clone())
        except Exception:  # noqa: BLE001 - what it cannot do with these, the training will tell
            return
        if isinstance(output, Tensor):
            yield (what, getattr(problem, what)), (output, y[:count].clone())


def _numbers(
    problem: Problem, what: str, score: Score, output: Tensor, y: Tensor
) -> Numbers | None:
    """What loss or measure give as numbers by name, or ``None`` where they fail."""
    try:
        if what == "measure":
            like = torch.zeros((), device=output.device)
            with torch.no_grad(), drawing_from(0, output.device):
                rows = Scores(problem, together=False).each(iter([output]), y, like)
            return {name: value.item() for name, value in rows.items()}
        made = _made(score, output, y)
    except PlanError:
        raise
    except Exception:  # noqa: BLE001 - as in `_tried`
        return None
    if not isinstance(made, Tensor):
        raise _fault(problem, f"loss is of type {type(made).__name__}", "a tensor")
    if made.dim():
        raise _fault(problem, f"loss has the shape {list(made.shape)}", "one number for a batch")
    return {"loss": made.item()}


def _made(score: Score, output: Tensor, y: Tensor) -> object:
    grown = output.detach()
    differentiable = grown.is_floating_point() or grown.is_complex()
    with drawing_from(0, output.device):
        return score(grown.clone().requires_grad_(differentiable), y)


def _one(score: Score, output: Tensor, y: Tensor, name: str) -> object:
    made = _made(score, output, y)
    return made[name] if isinstance(made, Mapping) else made


def _check_metrics(problem: Problem, what: str, numbers: Numbers) -> None:
    if what == "measure":
        check_names(problem, numbers)


def _check_calls(
    problem: Problem, what: str, score: Score, output: Tensor, y: Tensor, first: Numbers
) -> None:
    """A stack calls them in no order that a trial could count on."""
    given, before = y.clone(), _state(problem)
    again = _numbers(problem, what, score, output, y)
    if not torch.equal(given, y):
        raise _fault(problem, f"{what} writes over its targets", "one that leaves them")
    moved = [name for name, value in _state(problem).items() if before.get(name) != value]
    if moved:
        raise _fault(problem, f"{what} changes {', '.join(moved)}", "one that keeps nothing")
    if again is None or any(not _same(again[name], value) for name, value in first.items()):
        expected = "the same value for the same output and targets"
        raise _fault(problem, f"{what} changes from call to call", expected)


def _state(problem: Problem) -> dict[str, object]:
    plain = (int, float, str)
    return {name: value for name, value in vars(problem).items() if isinstance(value, plain)}


def _check_means(problem: Problem, score: Score, output: Tensor, y: Tensor, whole: Numbers) -> None:
    def numbers(some: Tensor, target: Tensor) -> Numbers:
        return _numbers(problem, "measure", score, some, target) or whole

    promised = {name: whole[name] for name in problem.entry.metric_names if name in whole}
    name = uncombined(numbers, output, y, promised)
    if name is not None:
        expected = (
            f"one of at most {CHUNK} examples, or a mean over examples: it is measured in parts"
        )
        raise _fault(problem, f"measure's {name} of a larger validation set", expected)


def _spreads(score: Score, output: Tensor, target: Tensor, value: float) -> bool:
    floats = output.is_floating_point() and target.is_floating_point()
    if not floats or output.shape == target.shape or output.numel() != target.numel():
        return False
    try:
        aligned = _number(score(output.reshape(target.shape), target))
        spread = _number(score(*torch.broadcast_tensors(output, target)))
    except Exception:  # noqa: BLE001 - it tells the shapes apart, as it should
        return False
    return _near(spread, value) and not _near(aligned, value)


def _number(made: object) -> float:
    return float(made.detach()) if isinstance(made, Tensor) else float(made)  # type: ignore[arg-type]


def _near(one: float, two: float) -> bool:
    return _same(one, two) or isclose(one, two, rel_tol=1e-4, abs_tol=1e-6)


def _same(one: float, two: float) -> bool:
    return one == two or (isnan(one) and isnan(two))


def _fault(problem: Problem, what: str, expected: str) -> PlanError:
    return PlanError("problem", f"{problem.name}, whose {what}", expected)
