"""Whatever disturbs a pack, each record ends as undisturbed: values, curves, outcomes, steps.

The pack has all that a trial keeps from epoch to epoch or decides by its past: momentum, batch
norms, dropout, augmentation, schedules of both kinds, targets reached early, and trials that
diverge or turn non-finite at different times.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from gofau import catalog
from gofau.catalog import ProblemEntry
from gofau.packing import Checkpointing, Gamma, PackPlan, Schedule, TrialOutcome, run_pack
from gofau.problems import registry
from tests.gofau.packing.conftest import METRICS, Convolutions, make_plan
from tests.gofau.packing.killed import killed_after, timeless

EPOCHS = 4
SIZE = 8


class Augmented(Convolutions):
    """Convolutions, batch norms and dropouts on images that every step shifts at random."""

    name: ClassVar[str] = "test-augmented"

    @staticmethod
    def augmentation(x: Tensor, generator: torch.Generator) -> Tensor:
        return x + 0.1 * torch.randn(x.shape, generator=generator).to(x)


catalog.problems.add(
    ProblemEntry(Augmented.name, "A test problem.", cap=1.1, metrics=METRICS, train_size=33)
)
registry.add(Augmented)

SCHEDULES = (Schedule(), Schedule("cosine", warmup=0.3), Schedule("step", drops=(0.4, 0.8)))
GAMMAS = (Gamma(), Gamma("inverse", 1), Gamma("random"), Gamma("exponential", 2))
RATES = {1: 1e30, 3: 40.0, 6: 1e3}
"""Learning rates of trials that come to a bad end."""


def rich(direction: str, stop: bool) -> PackPlan:
    """A plan of eight trials that have little in common."""
    base = make_plan(direction, "hybrid", SIZE, problem="test-augmented", epochs=EPOCHS)
    trials = tuple(
        replace(
            trial,
            schedule=SCHEDULES[trial.key % 3],
            gamma=GAMMAS[trial.key % 4],
            hyper={**trial.hyper, "lr": RATES.get(trial.key, trial.hyper["lr"])},
        )
        for trial in base.trials
    )
    return replace(base, trials=trials, target=1.2, stop_at_target=stop)


def saved(folder: Path, name: str, every: int) -> Checkpointing:
    return Checkpointing(folder / f"{name}.pt", every=every, recover=True)


def undisturbed(plan: PackPlan) -> dict[int, TrialOutcome]:
    return timeless(list(run_pack(plan, width=3)))


def written(records: dict[int, TrialOutcome]) -> list[str]:
    """Records to the last bit, where a NaN equals a NaN."""
    return [repr(record) for _, record in sorted(records.items())]


def part(plan: PackPlan, keys: range) -> PackPlan:
    return replace(plan, trials=tuple(t for t in plan.trials if t.key in keys))


CASES = [("sgd", False), ("sgd", True), ("adam", True)]


def test_the_pack_has_every_kind_of_end() -> None:
    found = [outcome for case in CASES for outcome in undisturbed(rich(*case)).values()]
    assert {o.outcome for o in found} == {
        "reached_target", "budget_exhausted", "diverged", "nonfinite",
    }  # fmt: skip
    assert len({o.epochs_run for o in found}) >= 3
    assert len({o.steps_to_target for o in found if o.steps_to_target != o.steps}) >= 3


@pytest.mark.parametrize(
    ("direction", "stop", "every"), [("sgd", False, 3), ("sgd", True, 1), ("adam", True, 2)]
)
def test_a_pack_killed_at_any_epoch(tmp_path: Path, direction: str, stop: bool, every: int) -> None:
    plan = rich(direction, stop)
    expected = written(undisturbed(plan))
    for calls in range(ticks(plan)):
        folder = tmp_path / str(calls)
        folder.mkdir()
        before = killed_after(plan, calls, saved(folder, "a", every))
        after = list(run_pack(plan, width=3, checkpoint=saved(folder, "a", every)))
        assert written(timeless([*before, *after])) == expected, calls
        assert list(folder.iterdir()) == []


def ticks(plan: PackPlan) -> int:
    """How often a run reports progress."""
    reported: list[int] = []
    list(run_pack(plan, width=3, on_progress=reported.append))
    return len(reported)


def test_a_pack_killed_again_and_again(tmp_path: Path) -> None:
    plan = rich("sgd", False)
    got: dict[int, TrialOutcome] = {}
    for _ in range(4):
        got |= timeless(killed_after(plan, 2, saved(tmp_path, "a", 1)))
    got |= timeless(list(run_pack(plan, width=3, checkpoint=saved(tmp_path, "a", 1))))
    assert written(got) == written(undisturbed(plan))


CUTS: dict[str, Callable[[PackPlan], list[PackPlan]]] = {
    "halves": lambda plan: [part(plan, range(4)), part(plan, range(4, SIZE))],
    "alone": lambda plan: [part(plan, range(k, k + 1)) for k in range(SIZE)],
}


@pytest.mark.parametrize(
    ("direction", "stop", "cut"), [("sgd", False, "halves"), ("adam", True, "alone")]
)
def test_trials_that_go_on_in_other_packs(
    tmp_path: Path, direction: str, stop: bool, cut: str
) -> None:
    plan = replace(rich(direction, stop), dtype="float64")
    expected = undisturbed(plan)
    got = timeless(killed_after(plan, 5, saved(tmp_path, "a", 1)))
    for number, smaller in enumerate(CUTS[cut](plan)):
        own = saved(tmp_path, f"part-{number}", 1)
        got |= timeless(list(run_pack(smaller, width=3, checkpoint=own)))
    assert got.keys() == expected.keys()
    for key, outcome in got.items():
        same_but_rounding(outcome, expected[key])


def same_but_rounding(mine: TrialOutcome, theirs: TrialOutcome) -> None:
    """Every field equal, numbers within 1e-9: another width may round otherwise."""
    exact = ("outcome", "epochs_run", "steps", "steps_to_target", "frozen_fraction")
    for name in exact:
        assert getattr(mine, name) == getattr(theirs, name), name
    assert mine.best == pytest.approx(theirs.best, rel=1e-9, nan_ok=True)
    assert mine.metrics == pytest.approx(theirs.metrics, rel=1e-9, nan_ok=True)
    for name, curve in mine.curves.items():
        assert curve == pytest.approx(theirs.curves[name], rel=1e-9, nan_ok=True)
        assert len(curve) == mine.epochs_run + 1
