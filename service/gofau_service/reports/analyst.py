"""Reports of stored trials, each computed once for a revision of its study."""

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from gofau_service.reports import supplements
from gofau_service.reports.frame import trials_frame
from gofau_service.reports.notes import noted
from gofau_service.reports.provenance import provenance_of
from gofau_service.reports.spec_summary import summary
from gofau_service.store import studies
from gofau_service.store.engine import Session, Store
from gofau_service.store.tables.studies import Study
from gofau_studies.landscape.caps import caps
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.landscape.of_study import study_maps
from gofau_studies.report import build
from gofau_studies.report.model import AnalysisSettings, RobustnessReport
from gofau_studies.report.notes import notes
from gofau_studies.report.provenance import mixtures
from gofau_studies.spec.goal import doubts
from gofau_studies.spec.parsing import stored_spec

KEPT = 16


@dataclass(frozen=True)
class Analysis:
    """A report and the landscapes that it was built from."""

    report: RobustnessReport
    landscapes: list[Landscape]


class Analyst:
    """Builds analyses and keeps the latest; one thread builds at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[str, int], Analysis] = OrderedDict()
        self._turn = threading.Lock()

    def analyse(self, public_id: str, owner: str | None) -> Analysis:
        """The analysis of a study as it is now.

        Raises:
            NotFoundError: no such study.
            LandscapeError: the trials describe no landscape.
        """
        with self._turn, self._store.read() as session:
            study = studies.find(session, public_id, owner)
            key = (study.public_id, study.revision)
            if key not in self._kept:
                self._kept[key] = _analyse(session, study)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def _analyse(session: Session, study: Study) -> Analysis:
    spec = stored_spec(study.spec)
    frame = trials_frame(session, study)
    maps = study_maps(spec, frame, caps(spec, frame))
    settings = AnalysisSettings(tolerance=spec.goal.tolerance)
    told = provenance_of(session, [study], frame)
    with ThreadPoolExecutor(1) as aside:
        # A forest is grown by the interpreter, while a report's arrays mostly do without it.
        importances = aside.submit(supplements.importances_of, spec, frame)
        report = build(
            maps.landscapes,
            summary(study, spec),
            told,
            np.random.default_rng(int(study.spec_hash[:16], 16)),
            settings,
            supplements=supplements.supplements(session, study.id, spec, maps, settings),
        )
    report = supplements.with_importances(report, importances.result())
    said = (
        *doubts(study.spec),
        *mixtures(told),
        *supplements.notes(),
        *notes(spec, maps.landscapes),
    )
    return Analysis(noted(report, frame, said), maps.landscapes)
