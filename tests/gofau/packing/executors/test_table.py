"""Every executor that takes a problem of the table trains it as a plain loop in fp64 does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isnan

import pytest
import torch

from gofau import catalog
from gofau.packing import ExecutorError, PackPlan
from gofau.packing.executors import base
from gofau.packing.program import Program
from tests.compilers import compiler_works
from tests.gofau.packing.executors.table.case import Case, problem_of
from tests.gofau.packing.executors.table.convolutions import CONVOLUTIONS
from tests.gofau.packing.executors.table.networks import NETWORKS
from tests.gofau.packing.executors.table.oracle import Trained, trained_alone
from tests.gofau.packing.executors.table.perceptrons import PERCEPTRONS
from tests.gofau.packing.executors.table.scored import SCORED
from tests.gofau.packing.executors.table.unusual import UNUSUAL
from tests.gofau.packing.executors.table.words import WORDS

Plans = Callable[..., PackPlan]

CASES: dict[str, Case] = {
    **PERCEPTRONS,
    **NETWORKS,
    **CONVOLUTIONS,
    **WORDS,
    **UNUSUAL,
    **SCORED,
}
EXECUTORS = ("compiled", "bmm", "grouped", "vmap", "serial")
CHUNK = 8
DIFFERENCE = 1e-9

for _name, _case in CASES.items():
    problem_of(f"test-table-{_name}", _case)


def the_plan(plan: Plans, name: str, direction: str, rule: str) -> PackPlan:
    given = plan(
        direction, rule, 3, problem=f"test-table-{name}", epochs=2, batch_size=11, dtype="float64"
    )
    trials = given.trials
    if not CASES[name].scale:
        trials = tuple(replace(t, init_scale=1.0) for t in trials)
    if direction == "adam":
        # A gradient that is nothing but rounding, as that of a bias before a norm, would grow.
        calm = {"eps": 1e-3, "weight_decay": 0.0}
        trials = tuple(replace(t, hyper={**t.hyper, **calm}) for t in trials)
    return replace(given, trials=trials)


def trained_together(plan: PackPlan) -> dict[int, Trained]:
    """Each trial's tensors and curves."""
    program = Program(plan)
    running = program.start(sorted(plan.trials, key=lambda t: (t.seed, t.key)))
    for _ in range(plan.epochs):
        kept, dropped = program.epoch(running)
        assert kept is running
        assert not dropped
    tensors = {**program.executor.layout.views(running.stack.blocks), **running.stack.buffers}
    return {
        p.trial.key: Trained({n: t[k] for n, t in tensors.items()}, p.curves)
        for k, p in enumerate(running.progress)
    }


def assert_near(got: Trained, want: Trained, metrics: tuple[str, ...]) -> None:
    assert set(got.curves) == set(metrics)
    for name in metrics:
        assert not any(map(isnan, want.curves[name]))
        assert got.curves[name] == pytest.approx(want.curves[name], rel=DIFFERENCE), name
    for name, tensor in got.tensors.items():
        one, two = (t.to(torch.complex128) for t in (tensor, want.tensors[name]))
        assert (one - two).abs().max() <= DIFFERENCE * two.abs().max().clamp_min(1e-3), name


def takes(plan: PackPlan) -> dict[str, str]:
    """The executors that take the plan's problem, and the words with which the others refuse."""
    refusals: dict[str, str] = {}
    for name in EXECUTORS:
        try:
            Program(replace(plan, executor=name))
        except ExecutorError as error:
            refusals[name] = error.reason
    return refusals


BOTH = (("sgd", "additive"), ("adam", "hybrid"))


def check(
    plan: Plans,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    pairs: Sequence[tuple[str, str]] = BOTH,
) -> None:
    monkeypatch.setattr(base, "CHUNK", CHUNK)
    names = catalog.problems.get(f"test-table-{name}", "problem").metric_names
    expected = [e for e in CASES[name].on.split() if e != "compiled" or compiler_works()]
    for direction, rule in pairs:
        given = the_plan(plan, name, direction, rule)
        refusals = takes(given)
        assert [e for e in EXECUTORS if e not in refusals] == expected, refusals
        for executor, words in refusals.items():
            assert words.startswith(f"not {executor}: ")
            assert len(words.split()) > 4
        alone = {t.key: trained_alone(given, t, CHUNK) for t in given.trials}
        for executor in expected:
            for key, got in trained_together(replace(given, executor=executor)).items():
                assert_near(got, alone[key], names)


SOME = (
    "perceptron",
    "relu-of-two-places",
    "dropout",
    "chain-of-norms",
    "words-with-dropout",
    "padded-by-function",
    "slopes",
    "functional-slopes",
    "noisy",
    "smoothed",
    "contrastive",
    "area",
    "instance",
    "complex-outputs",
    "rows-of-rows",
)
"""Those in which executors once differed, and one of each kind."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:There is a performance drop"),
    pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_each_executor_trains_as_a_plain_loop(
    plan: Plans, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check(plan, monkeypatch, name)


@pytest.mark.parametrize("name", SOME)
def test_some_train_as_a_plain_loop(
    plan: Plans, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    check(plan, monkeypatch, name, BOTH[1:])
