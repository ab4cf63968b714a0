"""No bit of a trial depends on its place: in the stack, in memory, among neighbours or threads."""

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from gofau import catalog
from gofau.catalog import Parameter, ProblemEntry
from gofau.packing import PackPlan, TrialOutcome, run_pack
from gofau.packing.executors import mlp, places
from gofau.packing.executors.choice import PREFERRED
from gofau.packing.executors.denormals import flushed_denormals
from gofau.packing.program import Program
from gofau.packing.step import fused
from gofau.problems import Classification, Dataset, registry
from tests.compilers import needs_compiler
from tests.gofau.packing.conftest import METRICS, examples
from tests.gofau.packing.killed import timeless

Plans = Callable[..., PackPlan]
Rows = Mapping[int, Tensor]

PROMISING = ["compiled", "bmm", "serial"]
HAND = ["bmm", "serial"]
"""Those that compute by torch's operations."""


class Net(Classification):
    """Perceptrons of many sizes, none of them whole vectors, which decide what a library does."""

    name: ClassVar[str] = "test-places"

    def dataset(self) -> Dataset:
        return examples(131, 77, (self.integer("features"),), 5)

    def module(self) -> nn.Module:
        width, features = self.integer("width"), self.integer("features")
        return nn.Sequential(
            nn.Linear(features, width),
            nn.ReLU(),
            nn.Linear(width, width + 3),
            nn.ReLU(),
            nn.Linear(width + 3, 5),
        )


class Smooth(Net):
    """The same sizes with activations whose vectorised forms differ from their plain ones."""

    name: ClassVar[str] = "test-smooth"

    def module(self) -> nn.Module:
        kinds = iter((nn.SiLU(), nn.GELU()))
        return nn.Sequential(*(next(kinds) if type(m) is nn.ReLU else m for m in super().module()))


class Own(Net):
    """The same networks under a loss whose vectorised form differs from its plain one."""

    name: ClassVar[str] = "test-own-loss"

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return super().loss(output, target) + torch.sigmoid(output).mean()

    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        return {**super().measure(output, target), "val_loss": self.loss(output, target)}


for _problem in (Net, Smooth, Own):
    catalog.problems.add(
        ProblemEntry(
            _problem.name,
            "A test problem.",
            cap=1.6,
            metrics=METRICS,
            train_size=131,
            parameters=(
                Parameter("features", int, 33, "of the inputs", low=1),
                Parameter("width", int, 17, "of the first hidden layer", low=1),
            ),
        )
    )
    registry.add(_problem)


def bits(value: Tensor) -> bytes:
    """Unlike equality, tells signs of zero and NaNs apart."""
    return value.contiguous().view(torch.uint8).numpy().tobytes()


def trained(plan: PackPlan, keys: Sequence[int], kernels: bool = True, odd: int = 0) -> Rows:
    """Each trial's parameters and losses after an epoch in one stack, in that order.

    With ``odd`` the stack starts so many elements behind the start of a cache line.
    """
    program = Program(plan, kernels)
    trials = [next(t for t in plan.trials if t.key == key) for key in keys]
    with flushed_denormals():
        running = program.start(trials)
        for i, block in enumerate(running.stack.blocks):
            room = block.new_zeros(block.numel() + odd)
            running.stack.blocks[i] = room[odd:].view(block.shape).copy_(block)
        left, _ = program.epoch(running)
    assert left is running
    (block,) = running.stack.blocks
    rows = zip(running.progress, block, strict=True)
    curves = {
        p.trial.key: torch.tensor(list(p.curves.values())).flatten() for p in running.progress
    }
    return {p.trial.key: torch.cat((row.double(), curves[p.trial.key])) for p, row in rows}


def records(plan: PackPlan, width: int) -> dict[int, TrialOutcome]:
    return timeless(list(run_pack(plan, width=width)))


def assert_bits_of(rows: Rows, want: Rows) -> None:
    for key, row in rows.items():
        assert bits(row) == bits(want[key]), (key, (row - want[key]).abs().max().item())


SIZES = [(33, 17, 11), (13, 5, 64), (64, 64, 33), (7, 1, 29), (50, 3, 128)]
"""Features, width and batch."""


def sized(plan: Plans, features: int, width: int, batch: int, **fields: object) -> PackPlan:
    given = {"problem": "test-places", "batch_size": batch, **fields}
    return plan(problem_parameters={"features": features, "width": width}, **given)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", SIZES, ids=lambda s: "-".join(map(str, s)))
@pytest.mark.parametrize("executor", PROMISING)
def test_neither_stack_nor_place_decides_a_bit(
    plan: Plans, executor: str, sizes: tuple[int, int, int], dtype: str
) -> None:
    given = sized(plan, *sizes, direction="adam", size=7, dtype=dtype, executor=executor)
    want = trained(given, range(7))
    for keys in ([0], [6], [3, 1], [6, 5, 4, 3, 2, 1, 0], [1, 4, 2]):
        assert_bits_of(trained(given, keys), want)


@pytest.mark.parametrize("odd", [1, 3, 7, 8, 15])
@pytest.mark.parametrize("executor", PROMISING)
def test_no_address_decides_a_bit(plan: Plans, executor: str, odd: int) -> None:
    given = sized(plan, 33, 17, 11, direction="adam", size=3, executor=executor)
    assert_bits_of(trained(given, range(3), odd=odd), trained(given, range(3)))


@pytest.mark.parametrize("problem", ["test-places", "test-smooth"])
def test_data_lie_anywhere(plan: Plans, monkeypatch: pytest.MonkeyPatch, problem: str) -> None:
    given = sized(plan, 33, 17, 11, problem=problem, size=3, executor="serial")
    want = records(given, 3)
    lain = Net.dataset

    def shifted(self: Net) -> Dataset:
        found = lain(self)
        parts = (found.train_x, found.train_y, found.val_x, found.val_y)
        return Dataset(*(moved(part) for part in parts))

    monkeypatch.setattr(Net, "dataset", shifted)
    assert records(given, 3) == want


def moved(tensor: Tensor) -> Tensor:
    room = tensor.new_empty(tensor.numel() + 1)
    return room[1:].view(tensor.shape).copy_(tensor)


@pytest.mark.parametrize(
    ("executor", "problem"),
    [
        ("serial", "test-smooth"),
        ("serial", "test-convolutions"),
        ("serial", "test-tokens"),
        ("bmm", "test-own-loss"),
    ],
)
def test_whole_records_are_the_same_at_every_width(
    plan: Plans, executor: str, problem: str
) -> None:
    given = plan("adam", "hybrid", 5, problem=problem, epochs=2, executor=executor)
    want = records(given, 32)
    for width in (1, 2):
        assert records(given, width) == want


RULES = [
    ("adam", "hypentropy"),
    ("madam", "madam"),
    ("rmsprop", "exponentiated_gradient"),
    ("adagrad", "multiplicative"),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("direction", "rule"), RULES)
@pytest.mark.parametrize("executor", HAND)
def test_steps_without_kernels_are_no_different(
    plan: Plans, executor: str, direction: str, rule: str, dtype: str
) -> None:
    given = sized(
        plan, 13, 5, 33, direction=direction, rule=rule, size=7, dtype=dtype, executor=executor
    )
    want = trained(given, range(7), kernels=False)
    for keys in ([6], [3, 1], [6, 5, 4, 3, 2, 1, 0]):
        assert_bits_of(trained(given, keys, kernels=False), want)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("executor", PROMISING)
def test_threads_share_the_work_alike_for_every_trial(plan: Plans, executor: str) -> None:
    given = sized(plan, 257, 130, 128, direction="adam", size=3, executor=executor)
    want = trained(given, range(3))
    for keys in ([2], [1, 2], [2, 0, 1]):
        assert_bits_of(trained(given, keys), want)


@needs_compiler
@pytest.mark.usefixtures("two_threads")
def test_kernels_compute_the_same_on_any_number_of_threads(plan: Plans) -> None:
    given = sized(plan, 257, 130, 128, direction="adam", size=3, executor="compiled")
    here = trained(given, range(3))
    torch.set_num_threads(1)
    assert_bits_of(here, trained(given, range(3)))


@pytest.mark.usefixtures("two_threads")
def test_helping_threads_flush_subnormals_too() -> None:
    faint = torch.full((10**6,), 1e-40)
    assert (faint * 1.0).view(torch.int32).count_nonzero() == len(faint)  # the helpers are made
    with flushed_denormals():
        inside = (faint * 1.0).view(torch.int32)
    after = (faint * 1.0).view(torch.int32)
    assert inside.count_nonzero() == 0
    assert after.count_nonzero() == len(faint)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("executor", PROMISING)
def test_faint_gradients_are_flushed_for_every_trial(plan: Plans, executor: str) -> None:
    given = sized(plan, 257, 130, 128, direction="sgd", rule="additive", size=4, executor=executor)
    # Weights so small that products of them are subnormal or vanish.
    faint = tuple(replace(t, seed=1, init_scale=1e-12) for t in given.trials)
    alike = tuple(replace(t, hyper=given.trials[1].hyper) for t in faint)
    rows = trained(replace(given, trials=alike), range(4))
    assert len({bits(row) for row in rows.values()}) == 1


def test_packs_of_two_threads_leave_each_other_alone(plan: Plans) -> None:
    given = [
        plan("adam", "hybrid", 4, problem=problem, epochs=4)
        for problem in ("test-untraceable", "test-convolutions", "test-tokens", "test-places")
    ]
    want = [records(one, 4) for one in given]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            assert list(pool.map(lambda one: records(one, 4), given)) == want


@pytest.fixture(params=["medium", "deterministic", "flushed"])
def setting(request: pytest.FixtureRequest) -> Iterator[None]:
    precision = torch.get_float32_matmul_precision()
    match request.param:
        case "medium":
            torch.set_float32_matmul_precision("medium")
        case "deterministic":
            torch.use_deterministic_algorithms(True)
        case "flushed":
            torch.set_flush_denormal(True)
    yield
    torch.set_float32_matmul_precision(precision)
    torch.use_deterministic_algorithms(False)
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("setting")
@pytest.mark.parametrize("executor", PROMISING)
def test_it_holds_under_what_else_a_process_has_set(plan: Plans, executor: str) -> None:
    given = sized(plan, 33, 17, 64, direction="adam", size=3, executor=executor)
    assert_bits_of(trained(given, [2, 1]), trained(given, range(3)))


def by_place(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """As a library whose sums depend on how many products come with one."""
    return torch.bmm(left, right, out=out).mul_(1 + 1e-6 * len(out))


def test_an_executor_that_breaks_its_promise_is_not_taken(
    plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gofau.packing.executors.choice._tried", {})
    monkeypatch.setattr(mlp, "products", by_place)
    program = Program(plan(problem="test-blobs"), fused=False)
    assert program.executor.name not in {"compiled", "bmm"}
    assert f"not bmm: {places.MATTERS}" in program.why_not_others


@needs_compiler
def test_a_kernel_that_breaks_its_promise_is_not_taken(
    plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    def contracted(*given: object) -> None:
        run(*given)  # type: ignore[arg-type]
        first, counts = int(given[1][0, 0]), given[2]  # type: ignore[index]
        if len(counts) > 1:
            nudge = (ctypes.c_float * 1).from_address(first)
            nudge[0] *= 1 + 2**-22

    run = fused.run_rows
    monkeypatch.setattr(fused, "run_rows", contracted)
    program = Program(plan("sgd", "additive"))
    assert program.optimizer.fused is None
    assert program.optimizer.reason == fused.PLACE_MATTERS


def test_who_promises() -> None:
    assert [kind.name for kind in PREFERRED if kind.bitwise] == PROMISING
    assert [kind.name for kind in PREFERRED if kind.placed] == ["compiled", "bmm"]
