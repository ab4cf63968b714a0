"""A study as an MLflow experiment in an SQLite store: one run a trial.

MLflow is imported when something is written: ``pip install 'gofau[trackers]'``.
Source: https://mlflow.org/docs/latest/self-hosting/architecture/backend-store/.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gofau_studies.export.folder import fresh_folder
from gofau_studies.export.runs import Run, Runs
from gofau_studies.export.senses import sense_of
from gofau_studies.spec.goal import Goal

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

FILE = "mlflow.db"
ARTIFACTS = "artifacts"
BATCH = 1000
"""Metrics that MLflow takes at once."""

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "WARNING"}
"""Settings of MLflow, read on import: an export tells nobody, and says what we say."""


def write(runs: Runs, name: str, folder: Path, goal: Goal) -> None:
    """Write a run for every trial that completed or failed, in one experiment.

    The step of a metric is the epoch, 0 before training. A run begins ``wall_s``, the trial's
    share of its pack's time, before the trial's end.

    Args:
        runs: the trials.
        name: the experiment's name.
        folder: where ``mlflow.db`` goes; it must not be there, or be empty.
        goal: of the study. The experiment's tags ``gofau.better.METRIC`` say which way each
            number is better.

    Raises:
        FolderError: the folder holds something already.
        ImportError: MLflow is not installed.
    """
    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    from mlflow.tracking import MlflowClient

    with fresh_folder(folder) as part:
        client = MlflowClient(f"sqlite:///{(part / FILE).absolute()}")
        artifacts = (folder / ARTIFACTS).absolute().as_uri()
        experiment = client.create_experiment(name, artifact_location=artifacts)
        seen: set[str] = set()
        for run in runs:
            _write_run(client, experiment, run)
            seen |= run.curves.keys() | run.results.keys()
        for metric in sorted(seen):
            if said := sense_of(metric, goal):
                client.set_experiment_tag(experiment, f"gofau.better.{metric}", said)


def _write_run(client: "MlflowClient", experiment: str, run: Run) -> None:
    from mlflow.entities import Param

    at = round(1000 * run.ended_at.timestamp())
    made = client.create_run(
        experiment,
        start_time=at - round(1000 * run.wall_s),
        tags={f"gofau.{name}": text for name, text in run.texts.items()}
        | {"gofau.index": str(run.index)},
        run_name=run.name,
    )
    params = [Param(name, str(value)) for name, value in run.params.items()]
    client.log_batch(made.info.run_id, params=params)
    metrics = list(_metrics(run, at))
    for first in range(0, len(metrics), BATCH):
        client.log_batch(made.info.run_id, metrics=metrics[first : first + BATCH])
    status = "FAILED" if run.failed else "FINISHED"
    client.set_terminated(made.info.run_id, status, end_time=at)


def _metrics(run: Run, at: int) -> "Iterator[Metric]":
    from mlflow.entities import Metric

    for metric, curve in run.curves.items():
        for epoch, value in enumerate(curve):
            yield Metric(metric, value, at, epoch)
    epochs = int(run.results.get("epochs_run", 0))
    for name, value in run.results.items():
        yield Metric(name, value, at, epochs)
