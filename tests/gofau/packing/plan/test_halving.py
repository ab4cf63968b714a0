"""Successive halving: who trains on, and that a resumed run decides alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from gofau.packing import Checkpointing, Halving, PackPlan, PlanError, run_pack
from gofau.packing.plan.halving import Rungs

Plans = Callable[..., PackPlan]


def test_rungs_are_a_geometric_series() -> None:
    halving = Halving(first=2, factor=3)
    assert [epoch for epoch in range(1, 60) if halving.is_rung(epoch)] == [2, 6, 18, 54]
    bounded = Halving(first=2, factor=3, rungs=2)
    assert [epoch for epoch in range(1, 60) if bounded.is_rung(epoch)] == [2, 6]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"first": 0}, "halving.first: got 0, expected >= 1"),
        ({"first": 1, "factor": 1}, "halving.factor: got 1, expected >= 2"),
        ({"first": 1, "rungs": 0}, "halving.rungs: got 0, expected >= 1"),
    ],
)
def test_settings_out_of_range(fields: dict[str, int], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        Halving(**fields)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("minimize", "values", "stopped"),
    [
        (True, [3.0, 1.0, 2.0, 4.0], {0, 3}),
        (False, [3.0, 1.0, 2.0, 4.0], {1, 2}),
        (True, [1.0, nan, nan, nan], set()),
        (True, [2.0, 1.0, nan], {2}),
        (True, [5.0], set()),
        (False, [-3.0, -1.0, -2.0, -4.0], {0, 3}),
        (False, [inf, 1.0], {0}),
        (True, [-inf, 1.0], {0}),
    ],
)
def test_the_better_half_trains_on(minimize: bool, values: list[float], stopped: set[int]) -> None:
    rungs = Rungs(Halving(first=1, factor=2), minimize)
    assert rungs.judge({i: (1, value) for i, value in enumerate(values)}) == stopped


def test_no_decision_between_rungs() -> None:
    rungs = Rungs(Halving(first=2, factor=2), minimize=True)
    assert rungs.judge({0: (1, 5.0), 1: (1, 1.0), 2: (3, 9.0)}) == set()


def test_recalled_trials_count() -> None:
    rungs = Rungs(Halving(first=1, factor=2), minimize=True)
    rungs.recall([[9.0, 1.0, 1.0], [9.0, 2.0]])
    assert rungs.judge({0: (1, 3.0)}) == {0}


def halved(plan: Plans) -> PackPlan:
    return plan("sgd", "additive", 9, epochs=9, halving=Halving(first=1, factor=3))


def test_a_pack_thins_out(plan: Plans) -> None:
    got = {o.key: o for o in run_pack(halved(plan))}
    full = {o.key: o for o in run_pack(replace(halved(plan), halving=None))}
    assert sorted(o.epochs_run for o in got.values()) == [1] * 6 + [3] * 2 + [9]
    stopped = {key for key, outcome in got.items() if outcome.outcome == "stopped_early"}
    assert stopped == {key for key, outcome in got.items() if outcome.epochs_run < 9}
    for key, outcome in got.items():
        assert outcome.curves["val_loss"] == pytest.approx(
            full[key].curves["val_loss"][: outcome.epochs_run + 1], rel=1e-4
        )


@pytest.mark.parametrize("minimize", [False, None])
def test_another_metric_decides(plan: Plans, minimize: bool | None) -> None:
    halving = Halving(first=1, factor=9, rungs=1, metric="val_accuracy", minimize=minimize)
    given = replace(halved(plan), halving=halving)
    full = {o.key: o for o in run_pack(replace(given, halving=None))}
    best = max(o.curves["val_accuracy"][1] for o in full.values())
    kept = {o.key for o in run_pack(given) if o.epochs_run == 9}
    assert kept == {k for k, o in full.items() if o.curves["val_accuracy"][1] == best}


def test_an_unknown_metric_cannot_decide(plan: Plans) -> None:
    given = replace(halved(plan), halving=Halving(first=1, metric="f1"))
    with pytest.raises(PlanError) as caught:
        list(run_pack(given))
    assert str(caught.value).startswith("halving.metric: got 'f1', expected a metric of")


def test_a_resumed_run_decides_alike(plan: Plans, tmp_path: Path) -> None:
    given, checkpoint = halved(plan), Checkpointing(tmp_path / "pack.pt", every=1)
    whole = {o.key: o.epochs_run for o in run_pack(given, width=4)}

    def until(calls: int) -> Iterator[None]:
        yield from [None] * calls
        raise KeyboardInterrupt

    ticks = until(4)
    with pytest.raises(KeyboardInterrupt):
        list(run_pack(given, width=4, checkpoint=checkpoint, on_progress=lambda _: next(ticks)))
    again = {o.key: o.epochs_run for o in run_pack(given, width=4, checkpoint=checkpoint)}
    assert again == whole
