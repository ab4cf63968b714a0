import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from gofau.packing.plan import PackPlan, TrialOutcome
from studies import logs
from tests.workers.fake_service import SETTINGS, FakeService
from workers.train import packed, train_pack
from workers.work import PendingTrial, pending, plan, ranges


def outcome(key: int, loss: float = 0.5) -> TrialOutcome:
    kind = "budget_exhausted" if loss < inf else "nonfinite"
    curves = {"val_loss": [2.3, 1.0, loss]}
    return TrialOutcome(
        key, kind, {"val_loss": loss}, loss, curves, 2, 44, None, 0.0, "bmm", "", 0.01
    )  # fmt: skip


def train_all(plan: PackPlan, check: Callable[[], None]) -> Iterator[TrialOutcome]:
    for trial in plan.trials:
        check()
        yield outcome(trial.key)


def some(service: FakeService, count: int = 6) -> list[PendingTrial]:
    return list(pending(service.client().work()))[:count]


def test_every_granted_trial_gets_its_result(service: FakeService) -> None:
    account = train_pack(service.client(), some(service), train_all)
    assert sorted(service.results) == [0, 1, 2, 3, 4, 5]
    assert (account.completed, account.failed, account.refused) == (6, 0, 0)
    assert {r.pack_size for r in service.results.values()} == {6}
    assert service.leases == {}


def test_a_trial_leased_elsewhere_is_not_trained(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = some(service)
    del service.waiting[2]
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    said = io.StringIO()
    logs.configure("json", stream=said)
    account = train_pack(service.client(), pack, train_all)
    begun, ended = map(json.loads, said.getvalue().splitlines())
    assert begun["message"] == "pack begun: 5 of 6 trials granted"
    assert begun["trials"] == ended["trials"] == "0-1,3-5"
    assert sorted(service.results) == [0, 1, 3, 4, 5]
    assert account.refused == 1


def test_no_grant_means_no_training(service: FakeService) -> None:
    pack = some(service)
    service.waiting.clear()
    account = train_pack(service.client(), pack, train_all)
    assert account.refused == 6
    assert service.results == {}


def test_a_crash_fails_what_has_no_result_and_keeps_the_rest(service: FakeService) -> None:
    def crash(plan: PackPlan, _check: Callable[[], None]) -> Iterator[TrialOutcome]:
        yield outcome(plan.trials[0].key)
        raise RuntimeError("out of cheese")

    account = train_pack(service.client(), some(service), crash)
    assert sorted(service.results) == [0]
    assert sorted(service.failures) == [1, 2, 3, 4, 5]
    assert "RuntimeError: out of cheese" in service.failures[3]
    assert (account.completed, account.failed) == (1, 5)


def test_a_stop_request_ends_the_pack_and_gives_trials_back(service: FakeService) -> None:
    service.stop = True
    service.ttl_s = 0.003

    def endless(_plan: PackPlan, check: Callable[[], None]) -> Iterator[TrialOutcome]:
        while True:
            check()
        yield outcome(0)

    account = train_pack(service.client(), some(service), endless)
    assert account.stopped
    assert service.results == service.failures == {}
    assert sorted(service.waiting) == list(range(24))
    assert service.waiting[0].attempts == 0


def test_a_lost_lease_ends_the_pack_quietly(service: FakeService) -> None:
    def lose(plan: PackPlan, _check: Callable[[], None]) -> Iterator[TrialOutcome]:
        service.leases.clear()
        yield outcome(plan.trials[0].key)

    account = train_pack(service.client(), some(service), lose)
    assert account.stopped
    assert account.completed == 0
    assert service.failures == {}


@pytest.mark.parametrize("loss", [nan, inf, -inf])
def test_non_finite_numbers_travel_as_null(service: FakeService, loss: float) -> None:
    def diverge(plan: PackPlan, _check: Callable[[], None]) -> Iterator[TrialOutcome]:
        for trial in plan.trials:
            yield outcome(trial.key, loss)

    train_pack(service.client(), some(service, 1), diverge)
    posted = service.results[0]
    assert posted.metrics == {"val_loss": None}
    assert posted.curves == {"val_loss": [2.3, 1.0, None]}


def test_a_killed_pack_goes_on_from_its_checkpoint(service: FakeService, tmp_path: Path) -> None:
    settings = replace(SETTINGS, cache_dir=tmp_path, checkpoint_every=1)
    pack = some(service, 4)
    epochs: list[int] = []

    class Killed(BaseException):
        """Nothing that the worker handles."""

    def kill() -> None:
        epochs.append(1)
        if len(epochs) == 2:
            raise Killed

    with pytest.raises(Killed):
        list(packed(settings)(plan(pack), kill))
    assert len(list((tmp_path / "checkpoints" / "s1").iterdir())) == 1
    again: list[int] = []
    resumed = list(packed(settings)(plan(pack), lambda: again.append(1)))
    whole: list[int] = []  # as many as the calibrated width makes of four trials
    fresh = list(packed(replace(settings, checkpoint_every=0))(plan(pack), lambda: whole.append(1)))
    assert len(again) == len(whole) - 1
    curves = {o.key: o.curves for o in fresh}
    assert {o.key: o.curves for o in resumed} == curves
    assert list((tmp_path / "checkpoints" / "s1").iterdir()) == []


@pytest.mark.parametrize(
    ("indexes", "expected"),
    [([], ""), ([7], "7"), ([1, 0], "0-1"), ([5, 1, 2, 3, 9, 8], "1-3,5,8-9")],
)
def test_indexes_are_logged_as_ranges(indexes: list[int], expected: str) -> None:
    assert ranges(indexes) == expected
