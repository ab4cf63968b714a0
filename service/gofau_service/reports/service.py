"""Reports of stored trials, each computed once for a revision of its study."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from gofau.catalog.metrics import better_side
from gofau_service.errors import InvalidError
from gofau_service.reports import supplements as beside
from gofau_service.reports.frame import trials_frame
from gofau_service.reports.provenance import provenance_of
from gofau_service.store import studies as repository
from gofau_service.store.engine import Store
from gofau_service.store.tables.studies import Study
from gofau_studies.errors import FieldError
from gofau_studies.landscape import whole as censoring
from gofau_studies.landscape.caps import caps
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.landscape.of_study import study_maps
from gofau_studies.report import build
from gofau_studies.report.model import AnalysisSettings, RobustnessReport, SpecSummary
from gofau_studies.report.notes import notes
from gofau_studies.report.provenance import mixtures
from gofau_studies.spec import StudySpec
from gofau_studies.spec.canonical import content_hash
from gofau_studies.spec.entries import RuleSpec
from gofau_studies.spec.goal import doubts
from gofau_studies.spec.parsing import stored_spec
from gofau_studies.spec.resolution import driven, examples

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
            study = repository.find(session, public_id, owner)
            key = (study.public_id, study.revision)
            if key not in self._kept:
                self._kept[key] = _analyse(session, study)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def compare(store: Store, public_ids: Sequence[str], owner: str | None) -> RobustnessReport:
    """One report over several studies; each rule's label names its study.

    Raises:
        NotFoundError: no such study.
        InvalidError: one study twice, or goals that differ.
        LandscapeError: trials that describe no landscape, or different grids.
    """
    with store.read() as session:
        studies = [repository.find(session, public_id, owner) for public_id in public_ids]
        specs = [stored_spec(study.spec) for study in studies]
        _check_comparable(public_ids, specs)
        frames = [trials_frame(session, study) for study in studies]
        every = pd.concat(frames)
        told = provenance_of(session, studies, every)
    found = [
        one.renamed(f"{one.key.rule} @ {label}")
        for spec, frame, label in zip(specs, frames, _labels(studies), strict=True)
        for one in study_maps(spec, frame, caps(spec, every)).landscapes
    ]
    hashes = [study.spec_hash for study in studies]
    summary = SpecSummary(
        name=" and ".join(study.name for study in studies),
        spec_hash=content_hash(hashes),
        settings={"studies": ", ".join(public_ids)},
    )
    settings = AnalysisSettings(tolerance=specs[0].goal.tolerance, baseline=found[0].key.rule)
    rng = np.random.default_rng(int(summary.spec_hash[:16], 16))
    said = dict.fromkeys(doubt for study in studies for doubt in doubts(study.spec))
    return _noted(build(found, summary, told, rng, settings), every, (*said, *mixtures(told)))


def _check_comparable(public_ids: Sequence[str], specs: Sequence[StudySpec]) -> None:
    if len(set(public_ids)) != len(public_ids):
        errors = [FieldError("study", list(public_ids), "each study once")]
        raise InvalidError("studies to compare", errors)
    goals = {f"{spec.goal.metric}, {better_side(spec.goal.minimize)} is better" for spec in specs}
    if len(goals) > 1:
        errors = [FieldError("study", sorted(goals), "one goal for all")]
        raise InvalidError("studies to compare", errors)


def _labels(studies: Sequence[Study]) -> list[str]:
    """Names where they differ, ids where they don't."""
    names = [study.name for study in studies]
    return names if len(set(names)) == len(names) else [study.public_id for study in studies]


def _analyse(session: Session, study: Study) -> Analysis:
    spec = stored_spec(study.spec)
    frame = trials_frame(session, study)
    maps = study_maps(spec, frame, caps(spec, frame))
    settings = AnalysisSettings(tolerance=spec.goal.tolerance)
    told = provenance_of(session, [study], frame)
    with ThreadPoolExecutor(1) as aside:
        # A forest is grown by the interpreter, while a report's arrays mostly do without it.
        importances = aside.submit(beside.importances_of, spec, frame)
        report = build(
            maps.landscapes,
            SpecSummary(name=study.name, spec_hash=study.spec_hash, settings=_settings(spec)),
            told,
            np.random.default_rng(int(study.spec_hash[:16], 16)),
            settings,
            supplements=beside.supplements(session, study.id, spec, maps, settings),
        )
    report = beside.with_importances(report, importances.result())
    said = (
        *doubts(study.spec),
        *mixtures(told),
        *beside.notes(),
        *notes(spec, maps.landscapes),
    )
    return Analysis(_noted(report, frame, said), maps.landscapes)


def _noted(
    report: RobustnessReport, frame: pd.DataFrame, said: Sequence[str] = ()
) -> RobustnessReport:
    return report.model_copy(update={"notes": (*said, *censoring.notes(frame), *report.notes)})


def _settings(spec: StudySpec) -> dict[str, str]:
    shown = {
        "problems": ", ".join(p.label for p in spec.problems),
        "epochs": str(spec.epochs),
        "batch size": str(spec.batch_size),
        "directions": ", ".join(d.label for d in spec.directions),
        "seeds": str(len(spec.seeds)),
        "goal": f"{'minimize' if spec.goal.minimize else 'maximize'} {spec.goal.metric}",
    }
    for name, axis in spec.axes.items():
        low, high = axis.bounds
        count = f"{axis.size} values, " if spec.search.is_grid else ""
        shown[f"axis {name}"] = f"{count}{low:g} to {high:g}"
    if not spec.search.is_grid:
        found = spec.search
        shown["search"] = f"{found.sampler}, {found.budget} points a rule, seed {found.seed}"
    if spec.refine:
        shown["refined"] = f"{spec.refine.trials} cells a rule in {spec.refine.rounds} rounds"
    if spec.halving:
        shown["halving"] = _words(spec.halving.definition(spec.goal.metric, spec.goal.minimize))
    for rule in spec.rules:
        driven = [f"{a} → {', '.join(_drives(spec, a, rule.label))}" for a in spec.axes]
        shown[f"rule {rule.label}"] = "; ".join([*driven, *_schedules(spec, rule)])
    return shown


def _schedules(spec: StudySpec, rule: RuleSpec) -> list[str]:
    rates = spec.schedule_of(rule).definition()
    gamma = rule.gamma_schedule.definition() if rule.gamma_schedule else {}
    found = {"schedule": rates, "γ schedule": gamma}
    return [f"{name}: {_words(given)}" for name, given in found.items() if given]


def _words(given: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in given.items() if value is not None)


def _drives(spec: StudySpec, axis: str, label: str) -> list[str]:
    arms = (arm for arm in examples(spec) if arm.rule.label == label)
    return list(dict.fromkeys(p.name for arm in arms for p in driven(axis, arm)))
