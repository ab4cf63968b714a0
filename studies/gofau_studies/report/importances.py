"""Importances of a study's axes, for the report."""

from collections.abc import Mapping
from importlib.util import find_spec

import pandas as pd

from gofau_studies.importance.points import study_points
from gofau_studies.importance.tuning import importances
from gofau_studies.landscape.landscape import GroupKey
from gofau_studies.report.model import Importance
from gofau_studies.spec import StudySpec

ABSENT = "The importances of axes are left out: they need scikit-learn."


def available() -> bool:
    """Whether the package behind the estimates is installed."""
    return find_spec("sklearn") is not None


def study_importances(
    spec: StudySpec, trials: pd.DataFrame
) -> dict[GroupKey, tuple[Importance, ...]]:
    """Importances by (problem, direction), rule by rule and axis by axis.

    A grid is judged without the cells that a refinement added, which crowd at the basin's border.

    Args:
        spec: of the study.
        trials: labels, axes, seed, state, outcome and value, one row a trial.
    """
    found: dict[GroupKey, list[Importance]] = {}
    table = study_points(spec, trials)
    for (problem, direction, rule), estimates in importances(table, list(spec.axes)).items():
        found.setdefault((problem, direction), []).extend(_lines(rule, estimates))
    return {group: tuple(lines) for group, lines in found.items()}


def _lines(rule: str, estimates: Mapping[str, Mapping[str, float]]) -> list[Importance]:
    ped_anova, fanova = estimates["ped_anova"], estimates["fanova"]
    return [
        Importance(rule=rule, axis=axis, ped_anova=share, fanova=fanova[axis])
        for axis, share in sorted(ped_anova.items())
    ]
