"""A study's trials as a table, and what is computed from it on the caller's side."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from gofau_service.answers import StudyDetail
from gofau_studies.protocol.trial_facts import RESULTS, kind

if TYPE_CHECKING:
    import pandas as pd

    from gofau_service.client.calls import Filter
    from gofau_studies.importance.tuning import TuningCurve
    from gofau_studies.landscape.landscape import Landscape
    from gofau_studies.report.model import RobustnessReport
    from gofau_studies.spec import StudySpec

NULLABLE = tuple(name for name in RESULTS if kind(name) in (int, float))
"""Columns that are empty for trials without a result, and numbers all the same."""


class Reader(Protocol):
    """What reads a service: a client."""

    def get(self, study: str) -> StudyDetail:
        """The study with its spec."""

    def export(self, study: str, kind: str = ..., **filters: "Filter") -> Iterator[bytes]:
        """All trials as chunks of a format."""

    def report(self, study: str) -> "RobustnessReport":
        """The robustness report."""


class StudyResults:
    """A study of a service, read when asked for.

    Example:
        >>> from gofau_service.client import Client
        >>> Client("http://127.0.0.1:8080").study("219c87afc8c93016").id
        '219c87afc8c93016'
    """

    def __init__(self, client: Reader, study: str) -> None:
        self._client = client
        self.id = study

    def detail(self) -> StudyDetail:
        """The study now."""
        return self._client.get(self.id)

    def spec(self) -> "StudySpec":
        """The study's spec."""
        from gofau_studies.spec.parsing import stored_spec

        return stored_spec(self.detail().spec)

    def to_pandas(self, **filters: "Filter") -> "pd.DataFrame":
        """All trials, one row a trial: labels, axis values, seed and results.

        Args:
            filters: which trials only, as `Client.export` takes them.
        """
        return frame(self._client.export(self.id, "ndjson", **filters))

    def landscapes(self, report: "RobustnessReport") -> "list[Landscape]":
        """The maps behind a report of this study, as figures are drawn from them."""
        from gofau_studies.landscape.of_study import study_maps

        caps = {group.problem: group.cap for group in report.groups}
        return study_maps(self.spec(), _placed(self.to_pandas(), report), caps).landscapes

    def to_optuna(self, storage: str, **filters: "Filter") -> list[str]:
        """Write the trials to an Optuna storage, such as ``sqlite:///study.db``.

        Args:
            filters: which trials only, as `Client.export` takes them.

        Returns:
            The names of the Optuna studies, one for every problem, direction and rule with trials.

        Raises:
            gofau_studies.export.optuna_storage.ExportError: it has such studies already.
        """
        from gofau_studies.export.optuna_storage import write

        detail = self.detail()
        trials = self.to_pandas(**filters)
        if trials.empty:
            return []
        return write(trials, self.spec(), storage, f"{detail.name} {self.id}")

    def tuning_curves(self) -> "list[TuningCurve]":
        """The best of the first n points, rule by rule."""
        from gofau_studies.importance.points import study_points
        from gofau_studies.importance.tuning import tuning_curves

        spec = self.spec()
        table = study_points(spec, self.to_pandas())
        return tuning_curves(table, ordered=spec.search.adaptive)

    def importances(
        self, report: "RobustnessReport | None" = None
    ) -> dict[tuple[str, str, str], dict[str, dict[str, float]]]:
        """How much each axis matters to each rule, as the report of an ended study says.

        Where the report has none, they are estimated here, which needs scikit-learn.

        Args:
            report: of this study, if it is at hand.
        """
        groups = (report or self._client.report(self.id)).groups
        said = {(g.problem, g.direction): g.importances for g in groups if g.importances}
        if not said:
            from gofau_studies.report.importances import study_importances

            said = study_importances(self.spec(), self.to_pandas())
        found: dict[tuple[str, str, str], dict[str, dict[str, float]]] = {}
        for group, lines in said.items():
            for one in lines:
                shares = found.setdefault((*group, one.rule), {"ped_anova": {}, "fanova": {}})
                shares["ped_anova"][one.axis] = one.ped_anova
                shares["fanova"][one.axis] = one.fanova
        return found


def _placed(trials: "pd.DataFrame", report: "RobustnessReport") -> "pd.DataFrame":
    """Trials with both axes of a map, also where the study fixes one, and with targets missed."""
    from gofau_studies.landscape.table import with_misses

    for name in ("lr", "init_scale"):
        if name not in trials:
            groups = {(g.problem, g.direction): g for g in report.groups}
            at = zip(trials["problem"], trials["direction"], strict=True)
            field = "lr_range" if name == "lr" else "init_range"
            trials[name] = [getattr(groups[key], field)[0] for key in at]
    return with_misses(trials)


def frame(chunks: Iterable[bytes]) -> "pd.DataFrame":
    """The rows of an NDJSON export; numbers that a trial lacks are NaN."""
    import pandas as pd

    lines = b"".join(chunks).splitlines()
    table = pd.DataFrame([json.loads(line) for line in lines])
    return table.astype({name: "float64" for name in NULLABLE if name in table})
