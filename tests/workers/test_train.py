import io
import json
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from math import inf, nan
from pathlib import Path

import pytest
import torch

from gofau.catalog import CatalogError
from gofau.catalog.plugins import PluginError
from gofau.data.errors import CorruptDataError, MissingDataError
from gofau.packing import CheckpointError, ExecutorError, run_pack
from gofau.packing.plan.plan import PackPlan, TrialOutcome
from gofau.problems import Dataset
from gofau.problems.digits import DigitsMLP
from gofau_studies.protocol.trials import gist
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.telemetry import logs
from gofau_workers import inputs
from gofau_workers.errors import RefusedError
from gofau_workers.train import packed, train_pack
from gofau_workers.work import pending, plan, ranges
from tests.workers.fake_service import SETTINGS, FakeService


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


def some(service: FakeService, count: int = 6) -> list[WorkTrial]:
    return list(pending(service.client().work()))[:count]


def changed(trial: WorkTrial, **given: object) -> WorkTrial:
    return trial.model_copy(update={"definition": {**trial.definition, **given}})


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


def test_a_fault_of_all_fails_them_at_once(service: FakeService) -> None:
    pack = [changed(t, batch_size=5_000) for t in some(service)]
    account = train_pack(service.client(), pack, packed(replace(SETTINGS, checkpoint_every=0)))
    assert service.incurable == service.failures.keys() == set(range(6))
    assert service.failures[3] == (
        "PlanError: batch_size: got 5000, expected at most 1437, the training examples\n"
        "It would fail again, so it was not tried again."
    )
    assert (account.completed, account.failed) == (0, 6)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("init_scale", -1.0, "trials[key=2].init_scale: got -1.0, expected a finite number > 0"),
        ("schedule", {"kind": "saw"}, "trials[key=2].schedule.kind: got 'saw', expected constant"),
        ("hyper", {"lr": nan}, "trials[key=2].hyper.lr: got nan, expected a finite number > 0"),
    ],
)
def test_a_fault_of_one_fails_it_alone(
    service: FakeService, tmp_path: Path, field: str, value: object, words: str
) -> None:
    pack = some(service, 4)
    own = pack[2].definition
    given = {**own[field], **value} if isinstance(value, dict) and field in own else value
    pack[2] = changed(pack[2], **{field: given})
    train = packed(replace(SETTINGS, cache_dir=tmp_path, checkpoint_every=0))
    account = train_pack(service.client(), pack, train)
    assert service.incurable == service.failures.keys() == {2}
    assert service.failures[2].startswith(f"PlanError: {words}")
    assert sorted(service.results) == [0, 1, 3]
    assert (account.completed, account.failed) == (3, 1)


def incurable_faults() -> list[Exception]:
    """One of each kind that no retry can cure."""
    point = EntryPoint("broken", "nowhere:plugin", "gofau.problems")
    return [
        CatalogError("rule", "warp", "a known rule"),
        PluginError(point, "No module named 'nowhere'", "a ProblemPlugin"),
        MissingDataError("cifar10", Path("/data")),
        CorruptDataError(Path("/data/x"), "another checksum", "the published one", "fetch it"),
        ExecutorError("bmm", "its module is no MLP"),
    ]


@pytest.mark.parametrize("fault", incurable_faults(), ids=lambda fault: type(fault).__name__)
def test_what_no_retry_can_cure_is_not_tried_again(service: FakeService, fault: Exception) -> None:
    def raises(plan: PackPlan, _check: Callable[[], None]) -> Iterator[TrialOutcome]:
        yield outcome(plan.trials[0].key)
        raise fault

    account = train_pack(service.client(), some(service, 3), raises)
    assert sorted(service.results) == [0]
    assert service.incurable == service.failures.keys() == {1, 2}
    assert gist(service.failures[1]) == f"{type(fault).__name__}: {fault}"
    assert (account.completed, account.failed) == (1, 2)


@pytest.mark.parametrize("fault", [RuntimeError("x"), CheckpointError("x"), MemoryError("x")])
def test_what_may_pass_is_tried_again(service: FakeService, fault: Exception) -> None:
    def raises(_plan: PackPlan, _check: Callable[[], None]) -> Iterator[TrialOutcome]:
        raise fault
        yield outcome(0)

    train_pack(service.client(), some(service, 3), raises)
    assert service.failures.keys() == {0, 1, 2}
    assert service.incurable == set()


def test_all_results_are_posted_before_the_pack_is_asked_for_more(service: FakeService) -> None:
    posted: list[list[int]] = []

    def train(plan: PackPlan, _check: Callable[[], None]) -> Iterator[TrialOutcome]:
        for trial in plan.trials:
            posted.append(sorted(service.results))
            yield outcome(trial.key)
        posted.append(sorted(service.results))

    train_pack(service.client(), some(service, 3), train)
    assert posted[-1] == [0, 1, 2]


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


def test_a_pack_says_what_it_depends_on_before_it_is_leased(service: FakeService) -> None:
    train_pack(service.client(), some(service), train_all)
    [asked] = service.asked
    assert asked.inputs is not None
    assert asked.inputs["data"]["train_x"]["shape"] == [1437, 64]
    assert asked.environment is not None
    assert asked.environment.keys() >= {"processor", "isa", "torch", "python", "numpy", "ray"}
    assert socket.gethostname() not in json.dumps(asked.environment)


def test_trials_that_have_a_result_are_not_trained(service: FakeService) -> None:
    pack = some(service)
    service.known = {0, 1, 2, 3}
    account = train_pack(service.client(), pack, train_all)
    assert sorted(service.results) == [4, 5]
    assert (account.completed, account.reused, account.refused) == (2, 4, 0)


def test_the_examples_that_were_looked_at_are_trained_on(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Dataset] = []
    read = DigitsMLP.dataset

    def counted(self: DigitsMLP) -> Dataset:
        calls.append(read(self))
        return calls[-1]

    monkeypatch.setattr(inputs, "_settled", set())
    monkeypatch.setattr(DigitsMLP, "dataset", counted)
    settings = replace(SETTINGS, cache_dir=Path("/nonexistent"), checkpoint_every=0)

    def train(plan: PackPlan, check: Callable[[], None]) -> Iterator[TrialOutcome]:
        assert plan.inputs
        assert settings.checkpoint_every == 0
        return run_pack(replace(plan, epochs=1), on_progress=lambda _: check())

    account = train_pack(service.client(), some(service), train)
    assert account.completed == 6
    assert len(calls) == 2  # once to look, once to see that it stays


def test_examples_that_change_at_each_call_fail_their_trials_in_words(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DigitsMLP({}).dataset()

    def shuffled(_: DigitsMLP) -> Dataset:
        order = torch.randperm(len(data.train_y))
        return Dataset(data.train_x, data.train_y[order], data.val_x, data.val_y)

    monkeypatch.setattr(inputs, "_settled", set())
    monkeypatch.setattr(DigitsMLP, "dataset", shuffled)
    account = train_pack(service.client(), some(service), train_all)
    assert (account.failed, service.results) == (6, {})
    assert service.incurable == set(range(6))
    assert "other examples (train_y) when dataset() was called again" in service.failures[0]
    assert service.asked[0].inputs is None


def test_what_a_problem_raises_while_it_is_looked_at_fails_the_attempt(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: DigitsMLP) -> Dataset:
        raise OSError("the disk is away")

    monkeypatch.setattr(DigitsMLP, "dataset", broken)
    account = train_pack(service.client(), some(service), train_all)
    assert (account.failed, service.incurable) == (6, set())
    assert "the disk is away" in service.failures[0]


def test_a_worker_that_is_refused_says_so_and_trains_nothing(service: FakeService) -> None:
    pack = some(service)
    service.refusal = "worker w has gofau 1, the service has 2"
    with pytest.raises(RefusedError, match="worker w has gofau 1, the service has 2"):
        train_pack(service.client(), pack, train_all)
    assert service.results == service.failures == {}
