"""Every number of the wire, the infinite ones too, in every place of the page that reads one."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.service.fakes import Service
from tests.service.pages.stored import stored

READ = "async value => (await import('/static/wire.js')).read(value)"
NUMBER = "async value => (await import('/static/format.js')).number(value)"


@pytest.fixture
def blank(page: Page, service: Service) -> Page:
    """A page that may import the modules."""
    page.goto(f"{service.server.url}/compare")
    return page


@pytest.mark.parametrize(
    "sent, read, said",
    [
        (0.25, 0.25, "0.25"),
        ("inf", float("inf"), "∞"),
        ("-inf", float("-inf"), "−∞"),
        ("nan", None, "–"),
        (None, None, "–"),
    ],
)
def test_a_number_is_read_and_said(blank: Page, sent: Any, read: Any, said: str) -> None:
    assert blank.evaluate(READ, sent) == read
    assert blank.evaluate(NUMBER, sent) == said


def test_what_is_no_number_is_loud(blank: Page) -> None:
    with pytest.raises(Exception, match='got "1e3x", expected a number'):
        blank.evaluate(READ, "1e3x")


DRAW = """
async ([value, low, high, better, strength]) => {
  const { differences } = await import("/static/differences.js");
  const difference = { value, low, high, better, unit: "steps", reason: null };
  const tested = { strength, p_value: 0.01, p_holm: 0.02 };
  const c = { metric: "m", rule: "r", baseline: "b", difference, ...tested };
  const near = { ...c, rule: "near", difference: { ...difference, value: 1, low: 0.5, high: 2 } };
  const titles = { m: { title: "M", doc: "D", more: "slower", less: "faster" } };
  const made = differences({ problem: "p", direction: "d", comparisons: [c, near] }, titles);
  const row = made.querySelector("tbody tr");
  const dot = row.querySelector(".dot");
  const d = dot?.getAttribute("d");
  const x = Number(dot?.getAttribute("cx") ?? d?.match(/^M([0-9.]+)/)?.[1]);
  const span = row.querySelector(".span")?.getAttribute("d") ?? null;
  return { x, arrow: Boolean(d), text: row.textContent, span };
}
"""
MIDDLE = 90


@pytest.mark.parametrize(
    "ends, better, side, said",
    [
        (("inf", "inf", "inf"), "lower", 1, "slower (worse)"),
        (("inf", 3.0, "inf"), "lower", 1, "slower (worse)"),
        (("-inf", "-inf", -2.0), "lower", -1, "faster (better)"),
        (("inf", None, None), "higher", 1, "slower (better)"),
        ((0.5, 0.25, "inf"), "lower", 1, "slower (worse)"),
        ((-1.0, "-inf", -0.5), "neither", -1, "faster"),
    ],
)
def test_a_difference_is_drawn_on_its_own_side_and_called_by_it(
    blank: Page, ends: tuple[Any, Any, Any], better: str, side: int, said: str
) -> None:
    found = blank.evaluate(DRAW, [*ends, better, "shown"])
    assert (found["x"] - MIDDLE) * side > 0
    assert found["arrow"] == isinstance(ends[0], str)
    assert said in found["text"]
    assert "NaN" not in (found["span"] or "")


@pytest.mark.parametrize("value", [None, "nan"])
def test_a_difference_that_is_none_is_not_drawn(blank: Page, value: Any) -> None:
    found = blank.evaluate(DRAW, [value, None, None, "lower", "shown"])
    assert found["x"] is None or found["x"] != found["x"]
    assert "slower" not in found["text"]
    assert "faster" not in found["text"]


CHART = """
async y => {
  const { lineChart } = await import("/static/chart.js");
  const { counted } = await import("/static/framing.js");
  const lines = [{ name: "s", x: y.map((_, k) => k), y }];
  const figure = lineChart(counted("t", "x", { label: "y" }, lines));
  const all = query => [...figure.querySelectorAll(query)];
  figure.querySelector("details").open = true;
  figure.querySelector("details").dispatchEvent(new Event("toggle"));
  const cells = all("td").map(t => t.textContent);
  return { paths: all("path").map(p => p.getAttribute("d")), dots: all("circle").length, cells };
}
"""


def test_a_curve_breaks_where_it_is_infinite_and_its_table_says_so(blank: Page) -> None:
    found = blank.evaluate(CHART, [3.0, "inf", None, "nan", 1.0, "-inf", 2.0])
    assert found["dots"] == 3
    assert found["cells"] == ["3", "∞", "–", "–", "1", "−∞", "2"]
    assert not any("NaN" in d or "Infinity" in d for d in found["paths"])


SCALE = """
async ([best, worst, capped, value]) => {
  const { Scale } = await import("/static/colour.js");
  return new Scale(best, worst, capped).position(value);
}
"""


@pytest.mark.parametrize(
    "scale, value, position",
    [
        ((1.0, 2.0, False), 1.0, 0),
        ((2.0, 1.0, False), float("inf"), 1),
        ((1.0, 2.0, False), float("-inf"), 1),
        ((2.0, 2.0, False), float("inf"), 1),
        ((2.0, 2.0, False), 2.0, 0),
        ((2.0, 2.0, True), 2.0, 1),
    ],
)
def test_an_infinite_number_has_the_colour_of_the_worst(
    blank: Page, scale: tuple[float, float, bool], value: float, position: float
) -> None:
    assert blank.evaluate(SCALE, [*scale, value]) == position


COUNTED = "async ([t, low, cap]) => (await import('/static/measures.js')).counted(t, low, cap)"


@pytest.mark.parametrize(
    "value, outcome, expected",
    [
        (1.0, "budget_exhausted", 1.0),
        (3.0, "reached_target", 2.0),
        (1.0, "diverged", 2.0),
        (None, "nonfinite", 2.0),
        ("inf", "budget_exhausted", 2.0),
        ("-inf", "budget_exhausted", 2.0),
        (1.0, "stopped_early", None),
        (None, None, None),
    ],
)
def test_the_page_counts_a_trial_as_reports_do(
    blank: Page, value: Any, outcome: str | None, expected: float | None
) -> None:
    trial = {"value": value, "outcome": outcome}
    assert blank.evaluate(COUNTED, [trial, True, 2.0]) == expected
    turned = {"inf": "-inf", "-inf": "inf", None: None, 1.0: -1.0, 3.0: -3.0}
    other = {"value": turned[value], "outcome": outcome}
    negative = None if expected is None else -expected
    assert blank.evaluate(COUNTED, [other, False, -2.0]) == negative


def test_a_rule_that_never_reaches_the_target_is_not_called_faster(
    page: Page, service: Service
) -> None:
    """The report's difference is infinite; read as nothing, it stood on the side of the faster."""

    def never(definition: Any, seed: int) -> dict[str, Any]:
        reached = {"outcome": "reached_target", "steps_to_target": 40 + seed}
        missed = {"outcome": "budget_exhausted", "steps_to_target": None}
        loss = 0.5 + seed / 64  # seeds that repeat each other would be one seed
        finite = {"metrics": {"val_loss": loss, "val_accuracy": 0.5}, "best": loss}
        return finite | (missed if definition["rule"] == "multiplicative" else reached)

    study = stored(service, never, rules=["additive", "multiplicative"], seeds=8)
    groups = service.http.get(f"/v1/studies/{study}/report").json()["groups"]
    [wanted] = [c for c in groups[0]["comparisons"] if c["metric"] == "time_to_target"]
    assert wanted["difference"]["value"] == "inf"
    assert wanted["difference"]["better"] == "lower"
    page.goto(f"{service.server.url}/compare?study={study}")
    heading = page.locator("th", has_text="Steps to target")
    row = page.locator("#at-differences tr", has=heading)
    expect(row).to_contain_text("∞")
    expect(row).not_to_contain_text("faster")
    expect(row).not_to_contain_text("better)")
    fits = "cell => cell.scrollWidth <= cell.clientWidth"
    assert row.locator("td", has_text="∞").evaluate(fits), "the reason runs into the next column"
    arrow = row.locator("svg.whisker .beyond")
    expect(arrow).to_have_count(1)
    assert float((arrow.get_attribute("d") or "")[1:].split()[0]) > MIDDLE
