"""``/v1/catalog`` and ``/v1/limits``: what a spec may say."""

from math import isfinite
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from gofau import catalog
from gofau.catalog import Entry, Parameter, Scalar
from gofau.version import code_version
from service.dependencies import Reader, Use
from service.problems import PROBLEMS
from studies.axes import MAX_POINTS
from studies.parsing import MAX_TEXT
from studies.spec import MAX_SEEDS

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


class ProblemView(EntryView):
    """A problem and what it measures."""

    metrics: list[str]
    cap: float | None
    train_size: int | None
    classes: int | None


class CatalogView(BaseModel):
    """All directions, rules and problems."""

    code_version: str
    directions: list[EntryView]
    rules: list[RuleView]
    problems: list[ProblemView]
    common: list[ParameterView]
    init_scale: ParameterView


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
    """Directions, rules, problems and their parameters."""
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
        common=[_parameter(p) for p in catalog.common.parameters],
        init_scale=_parameter(catalog.init_scale),
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


def _entry(entry: Entry) -> dict[str, Any]:
    parameters = [_parameter(p) for p in entry.parameters]
    return {"name": entry.name, "doc": entry.doc, "parameters": parameters}


def _parameter(p: Parameter) -> ParameterView:
    return ParameterView(
        name=p.name, kind=p.kind.__name__, default=p.default, expected=p.expected, doc=p.doc
    )
