"""Trials of killed packs go on in other packs, and end as if nothing had happened."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gofau.packing import Checkpointing, Gamma, Halving, PackPlan, Schedule, TrialOutcome, run_pack
from tests.gofau.packing.killed import killed_after, timeless

Plans = Callable[..., PackPlan]


def checkpoint(folder: Path, name: str) -> Checkpointing:
    return Checkpointing(folder / f"{name}.pt", every=1, recover=True)


def part(plan: PackPlan, keys: Sequence[int]) -> PackPlan:
    return replace(plan, trials=tuple(t for t in plan.trials if t.key in keys))


def trained_epochs(plan: PackPlan, saved: Checkpointing) -> tuple[list[TrialOutcome], int]:
    counts: list[int] = []
    got = list(run_pack(plan, width=3, checkpoint=saved, on_progress=counts.append))
    return got, sum(counts)


@pytest.mark.parametrize("problem", ["test-blobs", "test-convolutions", "test-tokens"])
def test_trials_of_two_killed_packs_go_on_in_packs_of_another_cut(
    plan: Plans, tmp_path: Path, problem: str
) -> None:
    base = plan("adam", "hybrid", 8, problem=problem, epochs=6)
    kinds = (Schedule(), Schedule("cosine", warmup=0.3))
    shifts = (Gamma(), Gamma("inverse", 1), Gamma("random"))
    trials = tuple(
        replace(t, schedule=kinds[t.key % 2], gamma=shifts[t.key % 3]) for t in base.trials
    )
    whole = replace(base, trials=trials)
    killed_after(part(whole, [0, 1, 2]), 4, checkpoint(tmp_path, "a"))
    killed_after(part(whole, [3, 4, 5]), 3, checkpoint(tmp_path, "b"))
    first, epochs = trained_epochs(part(whole, [0, 4, 6]), checkpoint(tmp_path, "c"))
    assert epochs == (6 - 4) + (6 - 3) + 6
    second, _ = trained_epochs(part(whole, [1, 2, 3, 5, 7]), checkpoint(tmp_path, "d"))
    expected = timeless(list(run_pack(whole, width=3)))
    for key, outcome in timeless([*first, *second]).items():
        for name, curve in outcome.curves.items():
            assert curve == pytest.approx(expected[key].curves[name], rel=1e-4, nan_ok=True)
        assert outcome.epochs_run == expected[key].epochs_run == 6


def test_what_had_ended_is_not_trained_again(plan: Plans, tmp_path: Path) -> None:
    given = plan("sgd", "additive", 6, epochs=2)
    killed_after(given, 3, checkpoint(tmp_path, "a"))
    got, epochs = trained_epochs(given, checkpoint(tmp_path, "b"))
    assert sorted(o.key for o in got) == [0, 1, 2, 3, 4, 5]
    assert epochs == 3
    assert list(tmp_path.iterdir()) == []


def test_other_trials_and_other_plans_are_left_alone(plan: Plans, tmp_path: Path) -> None:
    given = plan("sgd", "additive", 6, epochs=3)
    killed_after(part(given, [0, 1, 2]), 2, checkpoint(tmp_path, "a"))
    for other in (
        part(given, [3, 4, 5]),
        replace(part(given, [0, 1, 2]), epochs=4),
        replace(given, trials=tuple(replace(t, seed=t.seed + 9) for t in given.trials[:3])),
    ):
        _, epochs = trained_epochs(other, checkpoint(tmp_path, "b"))
        assert epochs == 3 * other.epochs
        assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_a_stack_of_another_form_starts_afresh(plan: Plans, tmp_path: Path) -> None:
    given = plan("sgd", "additive", 6, epochs=3)
    calm = replace(
        given, trials=tuple(replace(t, hyper={**t.hyper, "momentum": 0.0}) for t in given.trials)
    )
    lively = replace(calm, trials=(*calm.trials[:2], given.trials[2]))
    killed_after(part(calm, [0, 1]), 2, checkpoint(tmp_path, "a"))
    got, epochs = trained_epochs(lively, checkpoint(tmp_path, "b"))
    assert given.trials[2].hyper["momentum"] != 0
    assert epochs == 9
    assert timeless(got) == timeless(list(run_pack(lively, width=3)))


@pytest.mark.parametrize(
    ("first", "second", "epochs"), [("bmm", "vmap", 9), ("serial", "bmm", 9), ("serial", "vmap", 3)]
)
def test_parameters_in_another_order_are_not_taken_for_ones_own(
    plan: Plans, tmp_path: Path, first: str, second: str, epochs: int
) -> None:
    given = plan("sgd", "additive", 3, epochs=3, dtype="float64")
    killed_after(replace(given, executor=first), 2, checkpoint(tmp_path, "a"))
    got, trained = trained_epochs(replace(given, executor=second), checkpoint(tmp_path, "b"))
    expected = timeless(list(run_pack(replace(given, executor=second), width=3)))
    assert trained == epochs
    for key, outcome in timeless(got).items():
        assert outcome.curves["val_loss"] == pytest.approx(
            expected[key].curves["val_loss"], rel=1e-9
        )


def halved(plan: Plans) -> PackPlan:
    return plan("sgd", "additive", 9, epochs=9, halving=Halving(first=1, factor=3))


def decided(
    plan: PackPlan, parts: Sequence[Sequence[int]], folder: Path, every: int
) -> dict[int, TrialOutcome]:
    """The records of packs of those keys, trained one after the other over one folder."""
    got: dict[int, TrialOutcome] = {}
    for number, keys in enumerate(parts):
        saved = Checkpointing(folder / f"part-{number}.pt", every, recover=True)
        found = timeless(list(run_pack(part(plan, keys), width=3, checkpoint=saved)))
        assert found.keys() == set(keys)
        got |= found
    return got


@pytest.mark.parametrize("every", [1, 100])
@pytest.mark.parametrize("calls", range(10))
def test_a_halved_pack_decides_as_if_it_had_not_been_killed(
    plan: Plans, tmp_path: Path, calls: int, every: int
) -> None:
    given = halved(plan)
    whole = timeless(list(run_pack(given, width=3)))
    posted = killed_after(given, calls, Checkpointing(tmp_path / "a.pt", every, recover=True))
    left = sorted(whole.keys() - {o.key for o in posted})
    # Two packs go on with what waits, as when another number of workers cuts it.
    resumed = decided(given, [left[::2], left[1::2]], tmp_path, every)
    assert timeless(posted) | resumed == whole
    # The account of the pack stays as long as somebody may ask for another of its trials.
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_packs_that_competed_apart_decide_apart(plan: Plans, tmp_path: Path) -> None:
    given = halved(plan)
    whole, posted = {}, []
    for name, keys in (("a", range(4)), ("b", range(4, 8))):
        own = part(given, keys)
        whole |= timeless(list(run_pack(own, width=3)))
        posted += killed_after(own, 2, Checkpointing(tmp_path / f"{name}.pt", 100, recover=True))
    fresh = timeless(list(run_pack(part(given, [8]), width=3)))
    left = sorted(whole.keys() - {o.key for o in posted})
    assert posted
    assert timeless(posted) | decided(given, [[*left, 8]], tmp_path, 100) == whole | fresh


def test_a_whole_pack_leaves_nothing(plan: Plans, tmp_path: Path) -> None:
    given = halved(plan)
    whole = timeless(list(run_pack(given, width=3)))
    killed_after(given, 0, checkpoint(tmp_path, "a"))
    assert decided(given, [sorted(whole)], tmp_path, 1) == whole
    assert list(tmp_path.iterdir()) == []


def test_decisions_of_a_program_of_another_form_are_made_again(plan: Plans, tmp_path: Path) -> None:
    given = replace(halved(plan), dtype="float64")
    killed_after(replace(given, executor="serial"), 3, checkpoint(tmp_path, "a"))
    again = replace(given, executor="bmm")
    whole = timeless(list(run_pack(again, width=3)))
    assert decided(again, [sorted(whole)], tmp_path, 1) == whole
