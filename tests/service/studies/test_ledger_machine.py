"""Random orders of everything that can happen to a study's trials: each ends once."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import select

from gofau_service.settings import Settings
from gofau_service.store import leases, studies
from gofau_service.store.engine import Store
from gofau_service.store.schema import migrate
from gofau_service.store.tables.studies import Study
from gofau_service.store.tables.trials import Trial
from gofau_service.studies import leasing, lifecycle, submission
from gofau_service.tokens.principal import LOCAL, Principal, Scope
from gofau_studies.protocol.trials import StudyState, TrialState
from gofau_studies.protocol.wire import LeaseRequest, ResultBatch
from gofau_studies.spec import StudySpec
from gofau_studies.spec.parsing import parse_spec
from tests.service.databases import empty, prepare
from tests.service.fakes import CODE, SPEC, TRIALS, diverged, result
from tests.service.studies.test_leases import assert_consistent

INDEXES = st.lists(st.integers(0, TRIALS - 1), min_size=1, max_size=8)
MAX_ATTEMPTS = 2
LIBRARY = range(0, TRIALS, 3)
"""Trials that another study has results of, computed on data A."""


class LedgerMachine(RuleBasedStateMachine):
    """The store against a model: which lease holds each trial, and what ended it."""

    url = ""
    held = Bundle("held")

    @initialize()
    def submit(self) -> None:
        if self.url:
            empty(self.url)
        self.folder = tempfile.TemporaryDirectory()
        url = self.url or f"sqlite:///{Path(self.folder.name) / 'gofau.db'}"
        prepare(url)
        self.store = Store(url)
        migrate(self.store)
        spec = parse_spec({**SPEC, "max_attempts": MAX_ATTEMPTS})
        self.fill_library(spec)
        self.study_id, self.public_id = self.running(spec)
        self.who = Principal("local", frozenset({Scope.WORKER}), self.study_id)
        self.holder: dict[int, str] = {}
        self.attempts = dict.fromkeys(range(TRIALS), 0)
        self.ended: dict[int, tuple[str, float | None]] = {}
        self.stamp = 0

    def running(self, spec: StudySpec) -> tuple[int, str]:
        wanted = submission.Submission(spec, "")
        with self.store.write() as session:
            study, _ = submission.submit(session, LOCAL, wanted, Settings())
            studies.set_state(session, study, StudyState.RUNNING)
            return study.id, study.public_id

    def fill_library(self, spec: StudySpec) -> None:
        study_id, public_id = self.running(spec)
        who = Principal("local", frozenset({Scope.WORKER}), study_id)
        results = [{**result(i), "wall_s": -0.0} for i in LIBRARY]
        with self.store.write() as session:
            held = leasing.lease(session, who, public_id, requested(list(LIBRARY), "A"), 60)
            leasing.post(session, who, held.lease, ResultBatch.model_validate({"results": results}))

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @property
    def open(self) -> bool:
        return len(self.ended) < TRIALS

    @rule(target=held, indexes=INDEXES, data=st.sampled_from([None, "A", "B"]))
    def lease(self, indexes: list[int], data: str | None) -> Any:
        with self.store.write() as session:
            asked = requested(indexes, data)
            lease = leasing.lease(session, self.who, self.public_id, asked, 60)
        free = set(indexes) - set(self.holder) - set(self.ended)
        taken = free & set(LIBRARY) if data == "A" else set()
        assert (lease.granted, lease.reused) == (sorted(free - taken), len(taken))
        self.ended.update(dict.fromkeys(taken, ("completed", 0.0)))
        for index in lease.granted:
            self.holder[index] = lease.lease
            self.attempts[index] += 1
        return lease.lease if lease.granted else multiple()

    @rule(lease=held, indexes=INDEXES, diverge=st.booleans())
    def post(self, lease: str, indexes: list[int], diverge: bool) -> None:
        self.stamp += 1
        make = diverged if diverge else result
        batch = ResultBatch.model_validate(
            {"results": [{**make(i), "wall_s": self.stamp} for i in indexes]}
        )
        with self.store.write() as session:
            receipt = leasing.post(session, self.who, lease, batch)
        fresh = {i for i in indexes if self.holder.get(i) == lease}
        assert receipt.stored == len(fresh)
        assert receipt.stored + receipt.duplicates + receipt.refused == len(indexes)
        for index in fresh:
            del self.holder[index]
            self.ended[index] = ("completed", self.stamp)

    @rule(lease=held, indexes=INDEXES)
    def fail(self, lease: str, indexes: list[int]) -> None:
        batch = ResultBatch.model_validate(
            {"failures": [{"index": i, "error": "boom"} for i in indexes]}
        )
        with self.store.write() as session:
            receipt = leasing.post(session, self.who, lease, batch)
        fresh = {i for i in indexes if self.holder.get(i) == lease}
        assert receipt.stored == len(fresh)
        self.lose(fresh)

    @rule(lease=held)
    def beat(self, lease: str) -> None:
        with self.store.write() as session:
            status = leasing.heartbeat(session, self.who, lease, 60)
        assert status.held == (lease in self.holder.values())

    @rule(lease=consumes(held))
    def release(self, lease: str) -> None:
        with self.store.write() as session:
            leasing.release(session, self.who, lease, 60)
        for index in [i for i, holder in self.holder.items() if holder == lease]:
            del self.holder[index]
            self.attempts[index] -= 1

    @rule(lease=held)
    def expire(self, lease: str) -> None:
        with self.store.write() as session:
            row = leases.find(session, lease, self.study_id)
            leasing.expire(session, row.id, row.beats, "silent", watched=True)
        self.lose({i for i, holder in self.holder.items() if holder == lease})

    @precondition(lambda self: len(self.ended) > TRIALS // 2)
    @rule()
    def cancel(self) -> None:
        with self.store.write() as session:
            study = studies.lock(session, self.public_id)
            if self.open:
                lifecycle.cancel(session, study)
        for index in set(range(TRIALS)) - set(self.ended):
            self.ended[index] = ("cancelled", None)
        self.holder.clear()

    @invariant()
    def the_store_agrees(self) -> None:
        if not hasattr(self, "public_id"):
            return
        with self.store.read() as session:
            study = session.get_one(Study, self.study_id)
            query = select(Trial).where(Trial.study_id == self.study_id)
            trials = {t.index: t for t in session.scalars(query)}
            copies = {i for i, t in trials.items() if t.source_study_id is not None}
            assert study.reused == len(copies)
            assert copies == {i for i, end in self.ended.items() if end == ("completed", 0.0)}
            for state in TrialState:
                count = sum(t.state == state for t in trials.values())
                assert getattr(study, state) == count
        for index, trial in trials.items():
            assert trial.attempts == self.attempts[index] <= MAX_ATTEMPTS
            if index in self.ended:
                state, stamp = self.ended[index]
                assert trial.state == state
                assert stamp is None or trial.wall_s == stamp
            else:
                assert trial.state == ("running" if index in self.holder else "waiting")
        assert study.state in ("running" if self.open else "completed", "cancelled", "failed")
        assert_consistent(self.store, self.public_id)

    def lose(self, indexes: set[int]) -> None:
        for index in indexes:
            del self.holder[index]
            if self.attempts[index] >= MAX_ATTEMPTS:
                self.ended[index] = ("failed", None)


def requested(indexes: list[int], data: str | None) -> LeaseRequest:
    inputs = None if data is None else {"data": data}
    return LeaseRequest(worker="w", trials=indexes, code_version=CODE, inputs=inputs)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
SETTINGS = settings(max_examples=12, stateful_step_count=20, suppress_health_check=QUIET)
TestLedgerOnSqlite = LedgerMachine.TestCase
TestLedgerOnSqlite.settings = SETTINGS


@pytest.mark.slow
def test_ledger_on_postgresql(postgres_url: str) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("OnPostgresql", (LedgerMachine,), {"url": postgres_url})
    run_state_machine_as_test(machine, settings=SETTINGS)
