"""Losses and measures by which nothing can be told are refused in words; the others are called."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.module import register_module_forward_hook

from gofau.catalog import Scalar
from gofau.catalog.metrics import MetricEntry
from gofau.packing import ExecutorError, PackPlan, PlanError, run_pack
from gofau.packing.executors import CompiledExecutor, MLPExecutor
from gofau.packing.program import Program
from gofau.problems import Classification, Dataset
from tests.compilers import needs_compiler
from tests.gofau.packing.executors.table.case import Case, Plain, numbers, problem_of, rows
from tests.gofau.packing.executors.table.perceptrons import perceptron

Plans = Callable[..., PackPlan]
VAL = ("val_loss", "train_loss")
F1 = MetricEntry("val_f_score", "F1 of class 0.", minimize=False)


class Counting(Plain):
    """A loss that grows from call to call."""

    calls = 0

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        self.calls += 1
        return super().loss(output, target) * (1 + self.calls / 100)


class Hidden(Plain):
    """The same, out of sight."""

    def __init__(self, parameters: Mapping[str, Scalar]) -> None:
        super().__init__(parameters)
        self.calls: list[int] = []

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        self.calls.append(1)
        return super().loss(output, target) * (1 + len(self.calls) / 100)


def writes(output: Tensor, target: Tensor) -> Tensor:
    loss = F.cross_entropy(output, target)
    target.zero_()
    return loss


def spread(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).square().mean()


def f1(output: Tensor, target: Tensor) -> dict[str, object]:
    found, right = output.argmax(-1) == 0, target == 0
    both = (found & right).sum()
    return {
        "val_loss": F.cross_entropy(output, target),
        "val_f_score": 2 * both / (found.sum() + right.sum()),
    }


def many() -> Dataset:
    """More than are measured at once."""
    made = rows()
    x, y = made.val_x.repeat(50, 1), made.val_y.repeat(50)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    return Dataset(made.train_x, made.train_y, x + noise, y)


def without_targets() -> Dataset:
    made = rows()
    return Dataset(made.train_x, made.train_y[:-1], made.val_x, made.val_y)


def empty() -> Dataset:
    made = rows()
    return Dataset(made.train_x, made.train_y, made.val_x[:0], made.val_y[:0])


def beyond() -> Dataset:
    made = rows()
    made.val_y[12] = 3
    return made


def one() -> nn.Module:
    return perceptron(outputs=1)


_kept = perceptron()
_layer = nn.Linear(6, 5)

REFUSED: dict[str, tuple[Case, str]] = {
    "vector": (
        Case("", perceptron, loss=lambda o, y: F.cross_entropy(o, y, reduction="none")),
        "whose loss has the shape [8], expected one number for a batch",
    ),
    "number": (
        Case("", perceptron, loss=lambda o, y: F.cross_entropy(o, y).item()),  # type: ignore[arg-type, return-value]
        "whose loss is of type float, expected a tensor",
    ),
    "pair": (
        Case("", perceptron, measure=lambda o, y: (o, y)),  # type: ignore[arg-type, return-value]
        "whose measure returns tuple, expected numbers by name",
    ),
    "per-example": (
        Case("", perceptron, measure=lambda o, y: {"val_loss": o.sum(1), "val_accuracy": 1.0}),
        "whose measure gives val_loss of shape [13], expected one number",
    ),
    "misspelt": (
        Case("", perceptron, measure=lambda o, y: {"val_loss": o.sum(), "val_acuracy": 1.0}),
        "whose measure gives val_loss, val_acuracy, expected val_accuracy, as its catalog entry "
        "says (is it val_acuracy?)",
    ),
    "promised": (
        Case("", perceptron, metrics=("val_loss", F1, "train_loss")),
        "whose measure gives val_loss, val_accuracy, expected val_f_score, as its catalog entry",
    ),
    "taken": (
        Case("", perceptron, measure=lambda o, y: {"val_loss": o.sum(), "train_loss": o.sum()},
             metrics=VAL),
        "whose measure gives train_loss, expected metrics of other names",
    ),
    "unlisted": (
        Case("", perceptron, metrics=("val_loss",)),
        "whose catalog entry has the metrics val_loss, expected train_loss among them",
    ),
    "counting": (Case("", perceptron, base=Counting), "whose loss changes calls"),
    "hidden": (Case("", perceptron, base=Hidden), "whose loss changes from call to call"),
    "writing": (Case("", perceptron, loss=writes), "whose loss writes over its targets"),
    "spread": (
        Case("", one, lambda: rows(numbers()), loss=spread, measure=lambda o, y: {
            "val_loss": spread(o.squeeze(1), y)}, metrics=VAL),
        "whose loss compares every output with every target (loss), expected one with its own (an "
        "example's shapes are [1] and [])",
    ),
    "spread-measure": (
        Case("", one, lambda: rows(numbers()), loss=lambda o, y: spread(o.squeeze(1), y),
             measure=lambda o, y: {"val_loss": spread(o, y)}, metrics=VAL),
        "whose measure compares every output with every target (val_loss)",
    ),
    "f1-of-many": (
        Case("", perceptron, many, measure=f1, metrics=("val_loss", F1, "train_loss")),
        "whose measure gives val_f_score, which is no mean over examples, expected one, or at most "
        "512 validation examples",
    ),
    "kept": (Case("", lambda: _kept), "whose module() gives the same 0 at each call"),
    "kept-layer": (
        Case("", lambda: nn.Sequential(_layer, nn.ReLU(), nn.Linear(5, 3))),
        "whose module() gives the same 0 at each call, expected a new one",
    ),
    "beyond": (
        Case("", perceptron, beyond),
        "with targets in [0, 3] in val_y, expected classes in [0, 2], one an output, or -100",
    ),
    "uneven": (Case("", perceptron, without_targets), "with 35 train_x and 34 train_y"),
    "empty": (Case("", perceptron, empty), "with 0 val_x and 0 val_y, expected a target for each"),
}  # fmt: skip

TAKEN: dict[str, Case] = {
    "f1": Case("", perceptron, measure=f1, metrics=("val_loss", F1, "train_loss")),
    "many": Case("", perceptron, many),
    "sum": Case("", perceptron, loss=lambda o, y: F.cross_entropy(o, y, reduction="sum")),
    "one-column": Case("", one, lambda: rows(numbers()), loss=lambda o, y: spread(o.squeeze(1), y),
                       measure=lambda o, y: {"val_loss": spread(o[:, 0], y)}, metrics=VAL),
}  # fmt: skip

for _name, _case in {**{n: c for n, (c, _) in REFUSED.items()}, **TAKEN}.items():
    problem_of(f"test-scoring-{_name}", _case)
problem_of("test-scoring-plain", Case("", perceptron))


def the_plan(plan: Plans, name: str) -> PackPlan:
    return plan("sgd", "additive", 2, problem=f"test-scoring-{name}")


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(plan: Plans, name: str) -> None:
    with pytest.raises(PlanError) as caught:
        list(run_pack(the_plan(plan, name)))
    assert f"got {f'test-scoring-{name}'!r}"[:-1] in str(caught.value)
    assert REFUSED[name][1].replace(", expected", "', expected", 1) in str(caught.value)


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_right_is_taken(plan: Plans, name: str) -> None:
    assert {o.outcome for o in run_pack(the_plan(plan, name))} == {"budget_exhausted"}


@pytest.fixture(params=["loss", "measure"])
def patched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A method of `Classification` itself, exchanged for one that gives twice as much."""
    original = getattr(Classification, request.param)

    def doubled(self: Classification, output: Tensor, target: Tensor) -> object:
        made = original(self, output, target)
        return {n: 2 * v for n, v in made.items()} if isinstance(made, dict) else 2 * made

    monkeypatch.setattr(Classification, request.param, doubled)
    return str(request.param)


@needs_compiler
def test_a_patched_class_is_another(plan: Plans, patched: str) -> None:
    program = Program(the_plan(plan, "plain"))
    assert program.executor.name == "bmm"
    assert program.reason().startswith(f"not compiled: its {patched} is not ")
    by_hand = {o.key: o for o in run_pack(the_plan(plan, "plain"))}
    serial = run_pack(replace(the_plan(plan, "plain"), executor="serial"))
    for outcome in serial:
        curve = by_hand[outcome.key].curves["val_loss"]
        assert curve == pytest.approx(outcome.curves["val_loss"], rel=1e-5)


def test_a_patched_layer_is_tried_again(plan: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Program(replace(the_plan(plan, "plain"), executor="bmm"))
    monkeypatch.setattr(nn.ReLU, "forward", lambda _self, x: F.leaky_relu(x, 0.3))
    with pytest.raises(ExecutorError, match=r"not bmm: it gives another .* than trials alone"):
        Program(replace(the_plan(plan, "plain"), executor="bmm"))


def test_a_patched_cross_entropy_is_another(plan: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    original = F.cross_entropy
    monkeypatch.setattr(F, "cross_entropy", lambda *given: 2 * original(*given))
    program = Program(the_plan(plan, "plain"))
    assert program.executor.name == "bmm"
    assert "not compiled: torch's cross-entropy is patched by" in program.why_not_others


@needs_compiler
@pytest.mark.parametrize("executor", [CompiledExecutor, MLPExecutor])
def test_numbers_by_hand_are_compared_before_they_are_taken(
    plan: Plans, monkeypatch: pytest.MonkeyPatch, executor: type[MLPExecutor]
) -> None:
    measure = executor._measure

    def mistaken(self: MLPExecutor, *given: object) -> dict[str, Tensor]:
        return {name: 1.01 * v for name, v in measure(self, *given).items()}  # type: ignore[arg-type]

    monkeypatch.setattr(executor, "_measure", mistaken)
    monkeypatch.setattr("gofau.packing.executors.choice._tried", {})
    with pytest.raises(ExecutorError) as caught:
        Program(replace(the_plan(plan, "plain"), executor=executor.name))
    reason = "it gives another measured val_loss than trials alone"
    assert caught.value.reason == f"not {executor.name}: {reason}"


def test_hooks_on_all_modules_are_seen(plan: Plans) -> None:
    hook = register_module_forward_hook(lambda module, _inputs, output: None)
    try:
        program = Program(the_plan(plan, "plain"))
    finally:
        hook.remove()
    assert program.executor.name == "vmap"
    assert "not bmm: all modules have hooks" in program.why_not_others


def test_constants_that_modules_share_stay_as_they_are(plan: Plans) -> None:
    seen = torch.zeros(())

    def make() -> nn.Module:
        module = perceptron()
        module.register_buffer("seen", seen)
        module[0].register_forward_hook(lambda _module, _inputs, _output: module.seen.add_(1))
        return module

    problem_of("test-scoring-sharing", Case("", make))
    Program(the_plan(plan, "sharing"))
    assert seen == 0
