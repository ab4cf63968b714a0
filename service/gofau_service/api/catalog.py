"""``/v1/catalog`` and ``/v1/limits``: what a spec may say."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gofau import catalog
from gofau.catalog import PROBLEM_CAP, Entry, MetricEntry, Parameter, Scalar
from gofau.version import code_version
from gofau_service.api.dependencies import Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_studies.metrics.facts import OUTCOMES
from gofau_studies.protocol.trial_facts import FACTS, NUMBERS, Way
from gofau_studies.protocol.trials import Outcome
from gofau_studies.report.rows import ROBUSTNESS
from gofau_studies.spec import MAX_SEEDS
from gofau_studies.spec.axes import MAX_POINTS
from gofau_studies.spec.parsing import MAX_TEXT
from gofau_studies.spec.settings import kinds

router = APIRouter(prefix="/v1", tags=["catalog"], responses=PROBLEMS)


class ParameterView(BaseModel):
    """A setting with its default (``null``: required) and its allowed values in words."""

    name: str
    kind: str
    default: Scalar | None
    expected: str
    doc: str


class EntryView(BaseModel):
    """A name that a spec may use."""

    name: str
    doc: str
    parameters: list[ParameterView]


class RuleView(EntryView):
    """An update rule and what its learning-rate axis drives."""

    lr_drives: list[str]


class NumberView(BaseModel):
    """A number and which way it is better.

    ``goal`` as direction or unit stands for the goal metric's own.
    """

    name: str
    better: Way
    unit: str = Field(description="in words; share is printed in percent; empty for none")


class ResultView(NumberView):
    """A number of a trial beside its metrics."""

    title: str = Field(description="what people are shown above it; empty for the goal's own name")
    doc: str


class MetricView(NumberView):
    """A metric that trials measure."""

    doc: str
    minimize: bool
    worst: float | None = Field(description="what a diverged trial counts as, if it is a number")
    problem_cap: bool = Field(description="whether that is the cap of the problem")
    best: float | None = Field(description="the best value that there can be, if bounded")


class ProblemView(EntryView):
    """A problem and what it measures."""

    metrics: list[str]
    cap: float | None
    train_size: int | None
    classes: int | None


class CatalogView(BaseModel):
    """All directions, rules, problems and metrics, and the other numbers of trials and reports."""

    code_version: str
    directions: list[EntryView]
    rules: list[RuleView]
    problems: list[ProblemView]
    metrics: list[MetricView]
    results: list[ResultView] = Field(description="numbers of a trial beside its metrics")
    ends: list[Outcome] = Field(description="how completed trials end")
    outcomes: list[NumberView] = Field(description="shares of a cell's trials")
    robustness: list[NumberView] = Field(description="numbers of a report")
    common: list[ParameterView]
    init_scale: ParameterView
    axes: list[ParameterView] = Field(
        description="what an axis may set beside parameters of rules and directions"
    )


class LimitsView(BaseModel):
    """What this service accepts."""

    max_trials: int
    max_running_studies: int
    max_body_bytes: int
    max_spec_characters: int
    max_axis_points: int
    max_seeds: int
    lease_ttl_s: float


@router.get("/catalog")
def get_catalog(_: Reader) -> CatalogView:
    """Directions, rules, problems and their parameters; which way each number is better."""
    return CatalogView(
        code_version=code_version(),
        directions=[EntryView(**_entry(e)) for e in catalog.directions.entries.values()],
        rules=[
            RuleView(**_entry(e), lr_drives=list(e.lr_drives))
            for e in catalog.rules.entries.values()
        ],
        problems=[
            ProblemView(
                **_entry(e),
                metrics=list(e.metric_names),
                cap=e.cap if isfinite(e.cap) else None,
                train_size=e.train_size,
                classes=e.classes,
            )
            for e in catalog.problems.entries.values()
        ],
        metrics=[_metric(e) for e in catalog.metrics.entries.values()],
        results=[_result(name) for name in NUMBERS],
        ends=list(Outcome),
        outcomes=_numbers(OUTCOMES),
        robustness=_numbers(ROBUSTNESS),
        common=[_parameter(p) for p in catalog.common.parameters],
        init_scale=_parameter(catalog.init_scale),
        axes=[_parameter(one) for kind in kinds() for one in kind.named],
    )


@router.get("/limits")
def get_limits(app: Use, _: Reader) -> LimitsView:
    """The limits that requests are held to."""
    s = app.settings
    return LimitsView(
        max_trials=s.max_trials,
        max_running_studies=s.max_running_studies,
        max_body_bytes=s.max_body_bytes,
        max_spec_characters=MAX_TEXT,
        max_axis_points=MAX_POINTS,
        max_seeds=MAX_SEEDS,
        lease_ttl_s=s.lease_ttl_s,
    )


def _metric(entry: MetricEntry) -> MetricView:
    return MetricView(
        name=entry.name,
        doc=entry.doc,
        minimize=entry.minimize,
        better=entry.better,
        unit=entry.unit,
        worst=None if entry.worst == PROBLEM_CAP else entry.worst,
        problem_cap=entry.worst == PROBLEM_CAP,
        best=entry.best,
    )


def _result(name: str) -> ResultView:
    fact = FACTS[name]
    return ResultView.model_validate({**vars(fact), "name": name})


def _numbers(table: Mapping[str, tuple[Way, str]]) -> list[NumberView]:
    return [NumberView(name=n, better=way, unit=unit) for n, (way, unit) in table.items()]


def _entry(entry: Entry) -> dict[str, Any]:
    parameters = [_parameter(p) for p in entry.parameters]
    return {"name": entry.name, "doc": entry.doc, "parameters": parameters}


def _parameter(p: Parameter) -> ParameterView:
    return ParameterView(
        name=p.name, kind=p.kind.__name__, default=p.default, expected=p.expected, doc=p.doc
    )
