"""Studies of made-up results, stored and exported as trained ones are."""

import json
from functools import partial
from typing import Any

import numpy as np
import pytest

from gofau_service.exports import formats, rows
from gofau_service.reports import analyst
from gofau_service.reports.frame import trials_frame
from gofau_service.settings import Settings
from gofau_service.store import studies
from gofau_service.store.engine import Store
from gofau_service.store.recount import recount
from gofau_service.store.schema import migrate
from gofau_service.store.tables.trials import Trial
from gofau_service.store.trial_list import TrialFilter
from gofau_service.studies.rounds import append
from gofau_service.studies.submission import Submission, submit
from gofau_service.tokens.principal import LOCAL
from gofau_studies.protocol.trials import StudyState
from gofau_studies.protocol.wire import ArmPoints, SearchRound
from gofau_studies.report.model import AnalysisSettings
from gofau_studies.spec import StudySpec

RESAMPLES = 100
"""Few, since each is worked out on its own here; the report draws as many."""

SPEC: dict[str, Any] = {
    "name": "made up",
    "problems": [{"name": "digits-mlp"}, {"name": "digits-cnn"}],
    "epochs": 2,
    "directions": ["sgd"],
    "rules": ["additive", "multiplicative", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [1e-3, 3.0], "points": 6},
        "init_scale": {"log": [0.1, 8.0], "points": 3},
    },
    "seeds": 6,
    "goal": {"metric": "val_loss", "target": 0.6},
}
LOSSES = SPEC
ACCURACIES = {
    **SPEC,
    "problems": [{"name": "digits-mlp"}],
    "axes": {"lr": {"log": [1e-3, 3.0], "points": 7}},
    "goal": {"metric": "val_accuracy", "minimize": False, "target": 0.6, "tolerance": 0.1},
    "seeds": 8,
}
SEARCHED = {
    **SPEC,
    "problems": [{"name": "digits-mlp"}],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [1e-3, 3.0], "points": 4},
        "init_scale": {"log": [0.1, 8.0], "points": 2},
    },
    "search": {"sampler": "sobol", "trials": 32},
    "seeds": 5,
    "goal": {"metric": "val_loss"},
}
REFINED = {
    **SPEC,
    "problems": [{"name": "digits-mlp"}],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "refine": {"trials": 12, "rounds": 1},
    "seeds": 5,
}
STUDIES = {"losses": LOSSES, "accuracies": ACCURACIES, "searched": SEARCHED, "refined": REFINED}


def result(row: dict[str, Any], spec: StudySpec, rng: np.random.Generator) -> dict[str, Any]:
    """A made-up result: a valley with seed noise, an edge, values beyond the cap and losses."""
    arm = ("additive", "multiplicative", "hybrid").index(row["rule"])
    cnn = row["problem"] == "digits-cnn"
    x, z = np.log10(row["lr"]), np.log10(row.get("init_scale") or 1.0)
    seed = np.random.default_rng([row["seed"], arm, cnn]).standard_normal(3)
    away = x + 1.2 - 0.2 * arm - (0.7 - 0.3 * arm) * z + 0.1 * seed[0]
    loss = 0.3 + 0.05 * arm + (0.5 + 0.2 * cnn) * away**2 + 0.15 * z**2 + 0.05 * seed[1]
    loss = abs(loss + 0.05 * rng.standard_normal()) + 0.01
    dead = away > 1.3 + 0.25 * arm + 0.15 * seed[2]
    if rng.random() < 0.02:
        return {"state": "failed", "outcome": None, "value": None, "steps_to_target": None}
    minimize = spec.goal.minimize
    value = loss if minimize else float(np.round(360 * np.exp(-loss)) / 360)
    target = spec.goal.target
    met = target is not None and not dead and (value <= target if minimize else value >= target)
    return {
        "state": "completed",
        "outcome": "diverged" if dead else "reached_target" if met else "budget_exhausted",
        "value": None if dead else value,
        "steps_to_target": int(20 + 40 * away**2 + 10 * rng.random()) if met else None,
        "frozen_fraction": 0.01 * arm + 0.001 * rng.random(),
    }


class Made:
    """A study of made-up results in a store of its own: its report, and what it exports."""

    def __init__(self, given: dict[str, Any], folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        few = partial(AnalysisSettings, resamples=RESAMPLES)
        monkeypatch.setattr(analyst, "AnalysisSettings", few)
        self.spec = StudySpec.model_validate(given)
        store = Store(f"sqlite:///{folder / 'gofau.db'}")
        migrate(store)
        with store.write() as session:
            wanted = Submission(self.spec, json.dumps(given))
            study, _ = submit(session, LOCAL, wanted, Settings(data_dir=folder))
            self._fill(session, study)
            public_id, key, columns = study.public_id, study.id, rows.columns(study)
        self.trials = [
            json.loads(line)
            for part in formats.as_ndjson(columns, rows.chunks(store, key, TrialFilter()))
            for line in part.splitlines()
        ]
        analysis = analyst.Analyst(store).analyse(public_id, None)
        self.report, self.hash = analysis.report, analysis.report.study.spec_hash
        store.close()

    def _fill(self, session: Any, study: Any) -> None:
        rng = np.random.default_rng(7)
        studies.set_state(session, study, StudyState.RUNNING)
        self._train(session, study, rng)
        self.first = len(trials_frame(session, study))
        if self.spec.refine:
            labels = [(r.label, rng.random((self.spec.refine.trials, 2))) for r in self.spec.rules]
            arms = [
                ArmPoints(
                    problem="digits-mlp",
                    direction="sgd",
                    rule=rule,
                    points=[
                        {"lr": 10 ** (-2.9 + 3 * x), "init_scale": 10 ** (-0.9 + 1.7 * z)}
                        for x, z in places
                    ],
                )
                for rule, places in labels
            ]
            append(session, study, SearchRound(number=1, arms=arms))
            self._train(session, study, rng)
        studies.set_state(session, study, StudyState.COMPLETED)

    def _train(self, session: Any, study: Any, rng: np.random.Generator) -> None:
        for row in trials_frame(session, study).to_dict("records"):
            trial = session.get(Trial, (study.id, row["index"]))
            if trial.state == "waiting":
                for name, value in result(row, self.spec, rng).items():
                    setattr(trial, name, value)
                trial.code_version = "made up"
        session.flush()
        recount(session, study)
