"""What a report shows beside landscapes: learning curves of chosen cells, importances of axes."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gofau_service.store import trial_list
from gofau_service.store.engine import Session
from gofau_studies.landscape.counting import DIVERGED
from gofau_studies.landscape.landscape import GroupKey
from gofau_studies.landscape.of_study import StudyMaps, goal_of
from gofau_studies.protocol.trials import TrialState
from gofau_studies.report.all_charts import with_charts
from gofau_studies.report.importances import ABSENT, available, study_importances
from gofau_studies.report.learning import Training, learning_curves
from gofau_studies.report.model import (
    AnalysisSettings,
    Curve,
    Importance,
    RobustnessReport,
    Supplement,
)
from gofau_studies.report.shown_cells import ShownCell, shown_cells
from gofau_studies.spec import StudySpec

PENDING = (TrialState.WAITING, TrialState.RUNNING)


def supplements(
    session: Session,
    study_id: int,
    spec: StudySpec,
    maps: StudyMaps,
    settings: AnalysisSettings,
) -> dict[GroupKey, Supplement]:
    """By group: the learning curves of its chosen cells."""
    chosen = shown_cells(maps.landscapes, settings)
    rows = {cell: maps.at(cell.key, cell.cell.lr, cell.cell.init_scale) for cell in chosen}
    indexes = [int(index) for found in rows.values() for index in found["index"]]
    measured = _curves(session, study_id, indexes, spec.goal.metric)
    trainings = {cell: _trainings(found, measured) for cell, found in rows.items()}
    groups = dict.fromkeys(one.key.group for one in maps.landscapes)
    return {group: Supplement(curves=_learning(group, trainings, spec)) for group in groups}


def importances_of(spec: StudySpec, trials: pd.DataFrame) -> dict[GroupKey, tuple[Importance, ...]]:
    """Importances once nothing waits or runs, and where the package for them is installed."""
    if trials["state"].isin(PENDING).any() or not available():
        return {}
    return study_importances(spec, trials)


def with_importances(
    report: RobustnessReport, found: Mapping[GroupKey, tuple[Importance, ...]]
) -> RobustnessReport:
    """The report with the importances of each group, and the charts that show them."""
    groups = (
        group.model_copy(update={"importances": found.get((group.problem, group.direction), ())})
        for group in report.groups
    )
    return report.model_copy(update={"groups": tuple(map(with_charts, groups))})


def notes() -> tuple[str, ...]:
    """What reports lack on this machine."""
    return () if available() else (ABSENT,)


def _learning(
    group: GroupKey, trainings: Mapping[ShownCell, Sequence[Training]], spec: StudySpec
) -> tuple[Curve, ...]:
    here = {cell: seen for cell, seen in trainings.items() if cell.key.group == group}
    return learning_curves(here, goal_of(spec))


def _trainings(
    trials: pd.DataFrame, measured: Mapping[int, Sequence[float | None]]
) -> list[Training]:
    return [
        Training(measured[index], outcome in DIVERGED)
        for index, outcome in zip(trials["index"], trials["outcome"], strict=True)
        if index in measured
    ]


def _curves(
    session: Session, study_id: int, indexes: Sequence[int], metric: str
) -> dict[int, list[float | None]]:
    """Curves of the goal metric by trial; only trials that completed have any."""
    found = trial_list.curves_of(session, study_id, indexes)
    return {index: curves.get(metric, []) for index, curves in found}
