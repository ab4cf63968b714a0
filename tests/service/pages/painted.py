"""Reads back what the painters of charts have painted."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Any
from xml.etree import ElementTree

import pytest

from gofau_studies.figures import print_chart, svg_chart
from gofau_studies.report.chart import Chart

Spots = list[tuple[float, float]]


@dataclass
class Painted:
    """What can be read off a painted chart.

    Places are shares of the frame, from its left and its bottom.
    """

    title: str
    of: str
    labels: list[str]
    x_ticks: list[tuple[str, float]]
    y_ticks: list[tuple[str, float]]
    names: list[str]
    styles: list[str]
    lines: list[list[Spots]]
    bands: int
    log: list[bool] | None = None
    ends: list[float] | None = None


def svg(chart: Chart) -> Painted:
    """The chart of the HTML report, by its text."""
    tree = ElementTree.fromstring(svg_chart.line_chart(chart))
    samples = [ElementTree.fromstring(svg_chart.sample(one)) for one in chart.series]
    drawn = [
        {"tag": node.tag, "text": node.text or "", **node.attrib}
        for node in tree.iter()
        if node.tag in ("text", "path")
    ]
    paths = [p for p in drawn if p["tag"] == "path"]
    [frame] = [p["d"] for p in paths if p.get("class") == "frame"]
    left, top, right, bottom = map(float, re.findall(r"[\d.]+", frame)[:4])
    at = _Frame(left, right, top, bottom)
    lines = [p for p in paths if "stroke-linecap" in p]
    texts = [t for t in drawn if t["tag"] == "text"]
    ticks = [t for t in texts if "class" not in t]
    of = tree.attrib["aria-label"].removeprefix(f"{chart.title} · ")
    return Painted(
        title=next(t["text"] for t in texts if t.get("class") == "title"),
        of=of,
        labels=[t["text"] for t in texts if t.get("class") == "label"],
        x_ticks=[(t["text"], at.x(float(t["x"]))) for t in ticks if t["text-anchor"] == "middle"],
        y_ticks=[(t["text"], at.y(float(t["y"]) - 4)) for t in ticks if t["text-anchor"] == "end"],
        names=[node.text or "" for node in tree.iter("title")],
        styles=[s.find("path").attrib["stroke"] for s in samples],  # type: ignore[union-attr]
        lines=[at.spots(p["d"]) for p in lines],
        bands=len([p for p in paths if "fill-opacity" in p]),
    )


@dataclass
class _Frame:
    left: float
    right: float
    top: float
    bottom: float

    def x(self, pixel: float) -> float:
        return (pixel - self.left) / (self.right - self.left)

    def y(self, pixel: float) -> float:
        return (self.bottom - pixel) / (self.bottom - self.top)

    def spots(self, d: str) -> list[Spots]:
        runs = [re.findall(r"([-\d.]+) ([-\d.]+)", run) for run in d.split("M")[1:]]
        return [[(self.x(float(x)), self.y(float(y))) for x, y in run] for run in runs]


def printed(chart: Chart) -> Painted:
    """The chart for print, by its axes."""
    figure = print_chart.line_chart(chart)
    [axes] = figure.axes
    figure.draw_without_rendering()
    inside = axes.transData + axes.transAxes.inverted()

    def runs(line: Any) -> list[Spots]:
        found: list[Spots] = [[]]
        for x, y in inside.transform(line.get_xydata()):
            if isnan(y):
                found.append([])
            else:
                found[-1].append((x, y))
        return [run for run in found if run]

    def ticks(side: Any, which: int) -> list[tuple[str, float]]:
        middle = axes.get_xlim()[0], axes.get_ylim()[0]
        places = [(v, middle[1]) if which == 0 else (middle[0], v) for v in side.get_ticklocs()]
        shares = inside.transform(places)[:, which] if places else []
        texts = [text.get_text() for text in side.get_ticklabels()]
        return list(zip(texts, map(float, shares), strict=True))

    return Painted(
        title=_plain(axes.get_title()),
        of=_plain(figure.get_suptitle()),
        labels=[_plain(axes.get_xlabel()), _plain(axes.get_ylabel())],
        x_ticks=ticks(axes.xaxis, 0),
        y_ticks=ticks(axes.yaxis, 1),
        names=[_plain(text.get_text()) for text in axes.get_legend().get_texts()],
        styles=[line.get_color() for line in axes.lines],
        lines=[runs(line) for line in axes.lines],
        bands=len(axes.collections),
        log=[axes.get_xscale() == "log", axes.get_yscale() == "log"],
        ends=[*axes.get_xlim(), *axes.get_ylim()],
    )


def _plain(text: str) -> str:
    return text.replace(r"\$", "$")


READ = """
async chart => {
  const { lineChart } = await import("/static/chart.js");
  const figure = lineChart(chart);
  const drawing = figure.querySelector("svg");
  const all = (query, name) => [...figure.querySelectorAll(query)].map(
    one => name ? one.getAttribute(name) : one.textContent);
  const places = kind => all(`text.${kind}`).map(
    (text, k) => [text, Number(all(`text.${kind}`, kind)[k])]);
  return {
    heading: figure.querySelector("figcaption span").textContent, labels: all("text.label"),
    frame: all("path.axis", "d")[0], x: places("x"), y: places("y"), names: all(".marks li"),
    styles: all(".marks path", "stroke"), lines: all("path.line", "d"),
    bands: all("path[opacity]", "d").length, notes: all("p.faint").join(" "),
    label: drawing.getAttribute("aria-label"),
  };
}
"""


def page_of(request: pytest.FixtureRequest) -> Callable[[Chart], Painted]:
    """The page in a browser; skips where there is none."""
    page, service = request.getfixturevalue("page"), request.getfixturevalue("service")
    page.goto(f"{service.server.url}/compare")

    def painted(chart: Chart) -> Painted:
        found = page.evaluate(READ, json.loads(chart.model_dump_json()))
        left, top, bottom, right = map(float, re.findall(r"[\d.]+", found["frame"]))
        at = _Frame(left, right, top, bottom)
        title, of = found["heading"].split(" · ")
        assert found["notes"] == " ".join(chart.notes)
        return Painted(
            title=title,
            of=of,
            labels=found["labels"],
            x_ticks=[(text, at.x(x)) for text, x in found["x"]],
            y_ticks=[(text, at.y(y - 4)) for text, y in found["y"]],
            names=found["names"],
            styles=found["styles"],
            lines=[at.spots(d) for d in found["lines"]],
            bands=found["bands"],
        )

    return painted


PAINTERS: dict[str, Callable[[pytest.FixtureRequest], Callable[[Chart], Painted]]] = {
    "svg": lambda _: svg,
    "print": lambda _: printed,
    "page": page_of,
}
