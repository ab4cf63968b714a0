"""SVG, print and page paint the same chart: what is read back of each is the chart's data."""

import json
from collections.abc import Callable
from itertools import chain
from math import inf
from typing import Any
from xml.etree import ElementTree

import pytest

from gofau_studies.report.all_charts import makers, with_charts_across
from gofau_studies.report.chart import Chart
from gofau_studies.report.model import AcrossReport, AcrossRule, CellRole, CurveKind
from tests.service.pages.painted import PAINTERS, Painted, Spots
from tests.studies.charts import cell_curve, curve, group

PIXELS = 4e-3
"""How far a painted place may be off, as a share of the frame: a pixel and its rounding."""


def charts() -> dict[str, Chart]:
    """Every kind of chart that there is, with gaps, infinite numbers, logs and lines that leave."""
    kinds = (CurveKind.GOAL, CurveKind.TUNING, CurveKind.STEPS)
    made = group(
        *(curve("a<b", better="lower", kind=kind) for kind in kinds),
        *(curve("$b", (300.0, None, inf), better="lower", kind=kind) for kind in kinds),
        cell_curve("a<b", CellRole.BEST, (2.3, 0.5, 0.1, 0.1)),
        cell_curve("a<b", CellRole.EDGE, (2.3, None, 0.2, 0.1)),
        cell_curve("$b", CellRole.DIVERGED, (2.3, 40.0, inf, 2.0)),
    )
    profiles = tuple(
        curve(rule, (0.0, 0.5, 1.0), (), kind=CurveKind.PROFILE, x=(1.0, 2.0, 4.0), high=())
        for rule in ("a<b", "$b")
    )
    rules = tuple(AcrossRule(rule=c.rule, scalars={}) for c in profiles)
    across = with_charts_across(
        AcrossReport(
            direction="d", problems=("p", "q"), baseline="a<b", rules=rules, profiles=profiles
        )
    )
    score = group(curve("a", (0.1, 0.7, 0.4), better="higher"), metric="accuracy", unit="share")
    found = {f"{c.name} {c.part}".strip(): c for c in (*made.charts, *across.charts)}
    return {**found, "score": score.charts[0]}


CHARTS = charts()


def test_every_kind_is_painted_here() -> None:
    assert {one.name for one in CHARTS.values()} == set(makers())
    assert {one.y.log for one in CHARTS.values()} == {True, False}


def spots(chart: Chart) -> list[list[Spots]]:
    """Runs of every line that is drawn, as shares of the frame."""
    found = []
    for one in chart.series:
        runs: list[Spots] = [[]]
        for x, y in zip(one.x, one.line, strict=True):
            if y is None:
                runs.append([])
            else:
                runs[-1].append((chart.x.position(x), chart.y.position(y)))
        found.append([run for run in runs if run])
    return found


@pytest.fixture(params=PAINTERS)
def painter(request: pytest.FixtureRequest) -> Callable[[Chart], Painted]:
    """Paints a chart and reads it back."""
    return PAINTERS[request.param](request)


def test_what_is_painted_is_the_chart(painter: Callable[[Chart], Painted]) -> None:
    for name, chart in CHARTS.items():
        found = painter(chart)
        assert (found.title, found.of) == (chart.title, chart.of), name
        assert found.labels == [chart.x.label, chart.y.label], name
        assert found.names == [one.name for one in chart.series], name
        assert len(set(found.styles)) == len({one.style for one in chart.series}), name
        assert found.bands == sum(bool(one.low) for one in chart.series), name
        for axis, ticks in ((chart.x, found.x_ticks), (chart.y, found.y_ticks)):
            # Where ticks lie between the borders says where the axis ends, and whether it is log.
            assert [text for text, _ in ticks] == [tick.label for tick in axis.ticks], name
            for (_, at), tick in zip(ticks, axis.ticks, strict=True):
                assert at == pytest.approx(axis.position(tick.at), abs=PIXELS), name
        for runs, drawn in zip(found.lines, spots(chart), strict=True):
            assert [len(run) for run in runs] == [len(run) for run in drawn], name
            for mine, theirs in zip(chain(*runs), chain(*drawn), strict=True):
                assert mine == pytest.approx(theirs, abs=PIXELS), name
        if found.ends is not None:
            ends = [chart.x.low, chart.x.high, chart.y.low, chart.y.high]
            assert found.ends == pytest.approx(ends), name
            assert found.log == [chart.x.log, chart.y.log], name


KEPT = """
async chart => {
  const { alone, lineChart } = await import("/static/chart.js");
  return new XMLSerializer().serializeToString(
    alone(chart, lineChart(chart).querySelector("svg")));
}
"""


def test_a_chart_that_is_downloaded_says_all_by_itself(page: Any, service: Any) -> None:
    page.goto(f"{service.server.url}/compare")
    chart = CHARTS["learning a<b"]
    tree = ElementTree.fromstring(page.evaluate(KEPT, json.loads(chart.model_dump_json())))
    texts = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    names = [one.name for one in chart.series]
    assert {chart.full_title, chart.x.label, chart.y.label, *names, *chart.notes} <= set(texts)
    _, top, width, height = map(float, tree.attrib["viewBox"].split())
    for node in tree.iter("{http://www.w3.org/2000/svg}text"):
        assert top < float(node.get("y", 0)) < top + height
        assert float(node.get("x", 0)) + 6 * len(node.text or "") < width
