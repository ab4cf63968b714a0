from dataclasses import replace
from pathlib import Path

import pytest

from gofau.packing import Gamma, Halving, Schedule
from gofau_studies.protocol.trials import StudyState
from gofau_studies.protocol.wire import WorkTrial
from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_yaml
from gofau_workers.driver import drive
from gofau_workers.errors import NoProgressError, RefusedError, SettingsError
from gofau_workers.rounds import pack_sizes
from gofau_workers.settings import WorkerSettings
from gofau_workers.work import pack_up, pending, plan
from tests.workers.fake_service import SETTINGS, FakeService


def test_drives_until_nothing_waits_and_nothing_runs(service: FakeService) -> None:
    rounds: list[int] = []

    def run(_settings: WorkerSettings, trials: list[WorkTrial]) -> None:
        rounds.append(len(trials))
        for trial in trials[:16]:
            del service.waiting[trial.index]

    drive(service.client(), SETTINGS, run)
    assert rounds == [24, 8]


@pytest.mark.parametrize(("specified", "expected"), [(None, 10), (3, 3)])
def test_the_spec_says_how_often_packs_are_saved(
    service: FakeService, specified: int | None, expected: int
) -> None:
    service.checkpoint_every = specified
    found: list[int] = []

    def run(settings: WorkerSettings, _trials: list[WorkTrial]) -> None:
        found.append(settings.checkpoint_every)
        service.waiting.clear()

    drive(service.client(), SETTINGS, run)
    assert found == [expected]


def test_a_study_that_ended_leaves_no_checkpoints(service: FakeService, tmp_path: Path) -> None:
    settings = replace(SETTINGS, cache_dir=tmp_path)
    mine, other = (tmp_path / "checkpoints" / study for study in ("s1", "s2"))
    for folder in (mine, other):
        folder.mkdir(parents=True)
    service.state = StudyState.PAUSED
    drive(service.client(), settings, run=lambda *_: pytest.fail("ran"))
    assert mine.exists()
    service.state = StudyState.CANCELLED
    drive(service.client(), settings, run=lambda *_: pytest.fail("ran"))
    assert (mine.exists(), other.exists()) == (False, True)


def test_waits_for_trials_that_a_dead_pack_still_holds(service: FakeService) -> None:
    dead = {i: service.waiting.pop(i) for i in (3, 4)}
    service.leases["dead"] = set(dead)
    naps: list[float] = []
    rounds: list[list[int]] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            service.leases.clear()
            service.waiting.update(dead)

    def run(_settings: WorkerSettings, trials: list[WorkTrial]) -> None:
        rounds.append([t.index for t in trials])
        service.waiting.clear()

    drive(service.client(), SETTINGS, run, sleep)
    assert [len(r) for r in rounds] == [22, 2]
    assert rounds[1] == [3, 4]


@pytest.mark.parametrize("state", [StudyState.PAUSED, StudyState.CANCELLING, StudyState.CANCELLED])
def test_an_inactive_study_is_left_alone(service: FakeService, state: StudyState) -> None:
    service.state = state
    drive(service.client(), SETTINGS, run=lambda *_: pytest.fail("ran"))


def test_rounds_that_move_nothing_end_loudly(service: FakeService) -> None:
    with pytest.raises(NoProgressError, match="3 rounds moved none of 24 waiting trials"):
        drive(service.client(), SETTINGS, run=lambda *_: None)


def test_packs_share_a_bucket_and_cover_every_trial_once(service: FakeService) -> None:
    trials = list(pending(service.client().work()))
    packs = pack_up(trials, pack_sizes(trials, workers=2, most=5))
    assert sorted(t.index for p in packs for t in p) == list(range(24))
    assert max(map(len, packs)) <= 5
    for pack in packs:
        assert {t.definition["rule"] for t in pack} == {pack[0].definition["rule"]}


def test_trials_run_alone_once_they_lost_two_attempts() -> None:
    definition = {"hyper": {"lr": 0.1}, "init_scale": 1.0}
    trials = [
        WorkTrial(index=i, cell="c", seed=0, attempts=attempts, definition=definition)
        for attempts in (0, 1, 2)
        for i in range(64)
    ]
    packs = pack_up(trials, pack_sizes(trials, workers=1, most=64))
    sizes = {a: {len(p) for p in packs if p[0].attempts == a} for a in (0, 1, 2)}
    assert sizes == {0: {64}, 1: {64}, 2: {1}}


def test_a_plan_carries_every_setting_of_the_cell(service: FakeService) -> None:
    trials = list(pending(service.client().work()))[-2:]
    made = plan(trials)
    assert (made.rule, made.epochs) == ("hybrid", 2)
    assert made.problem_parameters["width"] == 8
    assert made.problem_parameters["depth"] == 1
    assert made.trials[0].hyper["gamma"] == 0.5
    assert made.trials[0].hyper["lr"] == made.trials[0].hyper["lr_out"] == 1.0
    assert [t.seed for t in made.trials] == [0, 1]
    assert made.trials[0].init_scale == 1.0


def test_a_plan_carries_schedules_and_halving() -> None:
    rates = {"kind": "step", "warmup": 0.1, "drop_factor": 0.5, "drops": [0.25]}
    spec = """
name: scheduled
problem: digits-mlp
epochs: 9
directions: [sgd]
rules:
  - {name: hybrid, label: a, schedule: {kind: step, warmup: 0.1, drop_factor: 0.5, drops: [0.25]}}
axes: {lr: {values: [0.1]}}
halving: {first: 2, rungs: 1}
seeds: 1
"""
    (cell,) = cells(parse_yaml(spec))
    assert cell.definition["schedule"] == rates
    made = plan([WorkTrial(index=0, cell=cell.key, seed=0, attempts=0, definition=cell.definition)])
    assert made.halving == Halving(2, 3, 1, "val_loss", True)
    assert made.trials[0].schedule == Schedule("step", factor=0.5, drops=(0.25,), warmup=0.1)
    definition = {**cell.definition, "gamma_schedule": {"kind": "inverse", "patience": 2}}
    del definition["schedule"], definition["halving"]
    other = plan([WorkTrial(index=0, cell="c", seed=0, attempts=0, definition=definition)])
    assert (other.halving, other.trials[0].schedule) == (None, Schedule())
    assert other.trials[0].gamma == Gamma("inverse", 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"GOFAU_STUDY": ""}, "GOFAU_STUDY: got nothing, expected a value in the environment"),
        ({"GOFAU_PACK_SIZE": "many"}, "GOFAU_PACK_SIZE: got 'many', expected a number >= 0"),
        ({"GOFAU_PATIENCE_S": "-1"}, "GOFAU_PATIENCE_S: got '-1', expected a number >= 0"),
        ({"GOFAU_PATIENCE_S": "nan"}, "GOFAU_PATIENCE_S: got 'nan', expected a number >= 0"),
    ],
)
def test_bad_settings_are_named(change: dict[str, str], message: str) -> None:
    good = {"GOFAU_SERVICE_URL": "http://x/", "GOFAU_STUDY": "s", "GOFAU_TICKET": "t"}
    assert WorkerSettings.from_environment(good).service_url == "http://x"
    with pytest.raises(SettingsError) as caught:
        WorkerSettings.from_environment({**good, **change})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("count", "workers", "expected"),
    # A worker's share, up to 128; from there on an eighth of it, up to 256.
    [(3, 2, 2), (100, 2, 50), (945, 2, 128), (2048, 2, 128), (3200, 2, 200), (8192, 2, 256)],
)
def test_packs_widen_where_each_worker_has_many(count: int, workers: int, expected: int) -> None:
    trials = [
        WorkTrial(index=i, cell="c", seed=0, attempts=0, definition={"hyper": {"lr": 0.1}})
        for i in range(count)
    ]
    assert set(pack_sizes(trials, workers, WorkerSettings.pack_size).values()) == {expected}


def test_a_refused_round_ends_the_study_with_the_reason(service: FakeService) -> None:
    def run(_settings: WorkerSettings, _trials: list[WorkTrial]) -> None:
        raise RefusedError("worker w has gofau 1, the service has 2")

    with pytest.raises(RefusedError):
        drive(service.client(), SETTINGS, run)
    assert service.given_up == ["worker w has gofau 1, the service has 2"]
