"""What the maps show: any metric, any way to put seeds together, points of a search."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.service.fakes import Service
from tests.service.pages.stored import stored

PIXELS = "canvas => canvas.toDataURL()"


def by_seed(definition: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Seed 1 ends worse than seed 0 and leaves a quarter of the parameters where they were."""
    loss, accuracy = (0.4, 0.9) if seed == 0 else (0.8, 0.7)
    return {
        "outcome": "budget_exhausted",
        "metrics": {"val_loss": loss, "val_accuracy": accuracy},
        "best": loss,
        "frozen_fraction": 0.25 * seed,
        "wall_s": 1.0 + 2.0 * seed,
    }


def ranked(definition: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The loss is the learning rate; above 3 a trial diverges."""
    lr = definition["hyper"].get("lr") or definition["hyper"].get("lr_out")
    metrics = {"val_loss": lr, "val_accuracy": 0.5}
    return {} if lr > 5 else {"outcome": "budget_exhausted", "metrics": metrics, "best": lr}


def opened(page: Page, service: Service, study: str, maps: int) -> Locator:
    """The panel of a study's maps, the first of them unfolded as a table."""
    page.goto(f"{service.server.url}/studies/{study}")
    expect(page.locator(".map canvas")).to_have_count(maps)
    expect(page.locator(".verdicts > li").first).to_be_visible()
    page.locator(".map summary").first.click()
    return page.locator("#at-maps")


@pytest.mark.parametrize(
    "measure, aggregate, said",
    [
        ("goal", "mean", ("val_loss, mean over seeds", "0.6", "2.3", "0.6")),
        ("goal", "best", ("val_loss, best seed", "0.4", "2.3", "0.4")),
        ("goal", "worst", ("val_loss, worst seed", "0.8", "2.3", "0.8")),
        ("goal", "seed 1", ("val_loss, seed 1", "0.8", "2.3", "0.8")),
        ("val_accuracy", "mean", ("val_accuracy, mean over seeds", "80 %", "80 %", "80 %")),
        ("val_accuracy", "best", ("val_accuracy, best seed", "90 %", "90 %", "90 %")),
        ("val_accuracy", "worst", ("val_accuracy, worst seed", "70 %", "70 %", "70 %")),
        ("frozen_fraction", "mean", ("frozen fraction, mean over seeds", *["12.5 %"] * 3)),
        ("frozen_fraction", "seed 0", ("frozen fraction, seed 0", "0 %", "0 %", "0 %")),
        ("wall_s", "worst", ("seconds a trial, worst seed", "3", "3", "3")),
        ("reached", None, ("share at target", "100 %", "0 %", "0 %")),
    ],
)
def test_a_choice_redraws_the_maps_on_its_own_scale(
    page: Page, service: Service, measure: str, aggregate: str | None, said: tuple[str, ...]
) -> None:
    title, best, worst, cell = said
    study = stored(service, by_seed, rules=["additive"])
    panel = opened(page, service, study, 1)
    panel.get_by_label("Show", exact=True).select_option(measure)
    if aggregate:
        panel.get_by_label("Seeds", exact=True).select_option(aggregate)
    expect(panel.locator(".legend .what")).to_have_text(re.compile(re.escape(title)))
    ends = panel.locator(".legend .ends > span")
    expect(ends.nth(0)).to_have_text(f"{best} best")
    expect(ends.nth(2)).to_have_text(re.compile(f"^{re.escape(worst)} worst"))
    expect(panel.locator(".map table td").first).to_have_text(cell)
    expect(panel.locator(".map canvas")).to_have_attribute(
        "aria-label", re.compile(f"{re.escape(title)}.* over lr and init_scale, 15 of 15")
    )


def test_another_metric_paints_other_pixels_and_back(page: Page, service: Service) -> None:
    panel = opened(page, service, stored(service), 3)
    canvas = panel.locator(".map canvas").nth(2)
    show = panel.get_by_label("Show", exact=True)
    page.mouse.move(0, 0)
    goal = canvas.evaluate(PIXELS)
    show.select_option("diverged")
    expect(panel.locator(".legend .what")).to_have_text("share diverged lower is better")
    shares = canvas.evaluate(PIXELS)
    show.select_option("goal")
    expect(panel.locator(".legend .what")).to_contain_text("val_loss")
    assert shares != goal
    assert canvas.evaluate(PIXELS) == goal


@pytest.mark.parametrize("target, said", [(None, "none"), (0.3, "∞")])
def test_a_target_that_no_trial_reached_takes_for_ever_and_one_that_is_not_there_is_none(
    page: Page, service: Service, target: float | None, said: str
) -> None:
    goal = {"metric": "val_loss", "target": target}
    study = stored(service, lambda *_: {"steps_to_target": None}, rules=["additive"], goal=goal)
    panel = opened(page, service, study, 1)
    panel.get_by_label("Show", exact=True).select_option("steps_to_target")
    expect(panel.locator(".map table td").first).to_have_text(said)
    expect(panel.locator(".legend")).to_contain_text("no such number")


def test_a_cell_of_which_few_seeds_reach_the_target_is_not_among_the_fastest(
    page: Page, service: Service
) -> None:
    """The mean over those that did would be the best of the map."""

    def lucky(definition: Mapping[str, Any], seed: int) -> dict[str, Any]:
        lr = definition["hyper"]["lr"]
        reached = {"outcome": "reached_target", "steps_to_target": 40}
        if lr > 5:
            missed = {"outcome": "budget_exhausted", "steps_to_target": None}
            finite = {"metrics": {"val_loss": 0.5, "val_accuracy": 0.5}, "best": 0.5}
            return finite | (missed if seed else {**reached, "steps_to_target": 5})
        return reached

    panel = opened(page, service, stored(service, lucky, rules=["additive"]), 1)
    panel.get_by_label("Show", exact=True).select_option("steps_to_target")
    cells = panel.locator(".map table tr").nth(1).locator("td")
    expect(cells).to_have_text(["40", "40", "40", "40", "∞"])
    ends = panel.locator(".legend .ends > span")
    expect(ends.nth(0)).to_have_text("40 best")
    panel.get_by_label("Seeds", exact=True).select_option("best")
    expect(cells).to_have_text(["40", "40", "40", "40", "5"])
    panel.get_by_label("Seeds", exact=True).select_option("seed 1")
    expect(cells).to_have_text(["40", "40", "40", "40", "∞"])


def test_one_seed_alone_counts_as_the_mean_does(page: Page, service: Service) -> None:
    """At most as bad as the cap, which a trial that diverged is whatever it measured."""

    def bad(definition: Mapping[str, Any], seed: int) -> dict[str, Any]:
        lr = definition["hyper"]["lr"]
        loss = 0.1 if lr > 5 else 50.0
        outcome = "diverged" if lr > 5 else "budget_exhausted"
        metrics = {"val_loss": loss, "val_accuracy": 0.5}
        return {"outcome": outcome, "metrics": metrics, "best": loss, "steps_to_target": None}

    panel = opened(page, service, stored(service, bad, rules=["additive"]), 1)
    cells = panel.locator(".map table tr").nth(1).locator("td")
    whole = ["2.3"] * 4 + ["2.3, 2 of 2 diverged"]
    expect(cells).to_have_text(whole)
    panel.get_by_label("Seeds", exact=True).select_option("seed 1")
    expect(cells).to_have_text(whole)


def test_a_map_of_diverged_trials_has_the_colour_of_the_worst(page: Page, service: Service) -> None:
    panel = opened(page, service, stored(service, all_diverged, rules=["additive"]), 1)
    expect(panel.locator(".map table td").first).to_contain_text("2.3")
    corner = "c => [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 9, 9).data]"
    pixels = panel.locator(".map canvas").evaluate(corner)
    reds = pixels[0::4]
    assert min(reds) < 0x20, "the darkest colour is #00224e, the lightest #fee838"


def all_diverged(definition: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return {
        "outcome": "diverged",
        "metrics": {"val_loss": 99.0, "val_accuracy": 0.1},
        "best": 2.0,
        "steps_to_target": None,
    }


@pytest.mark.parametrize(
    "metric, better, best", [("val_accuracy", "higher", "70 %"), ("val_loss", "lower", "0.6")]
)
def test_a_goal_is_drawn_in_its_own_direction(
    page: Page, service: Service, metric: str, better: str, best: str
) -> None:
    target = 0.99 if metric == "val_accuracy" else 0.3

    def measured(definition: Mapping[str, Any], seed: int) -> dict[str, Any]:
        lr = definition["hyper"]["lr"]
        accuracy = 0.7 if lr > 5 else 0.5
        metrics = {"val_loss": 1.3 - accuracy, "val_accuracy": accuracy}
        outcome = {"outcome": "budget_exhausted", "steps_to_target": None}
        return outcome | {"metrics": metrics, "best": metrics[metric]}

    goal = {"metric": metric, "target": target}
    panel = opened(page, service, stored(service, measured, rules=["additive"], goal=goal), 1)
    expect(panel.locator(".legend .what")).to_contain_text(f"{better} is better")
    expect(panel.locator(".legend .ends > span").first).to_have_text(f"{best} best")
    expect(panel.locator(".map table tr").nth(1).locator("td").last).to_have_text(best)
    other = "val_loss" if metric == "val_accuracy" else "val_accuracy"
    panel.get_by_label("Show", exact=True).select_option(other)
    turned = "lower" if better == "higher" else "higher"
    expect(panel.locator(".legend .what")).to_contain_text(f"{turned} is better")
    expect(page.locator("#at-trials th").nth(7)).to_have_text(f"{metric} ({better} is better)")


def searched(service: Service) -> str:
    """A search over the plane, whose loss is its learning rate."""
    axes = {"lr": {"log": [1e-3, 10.0]}, "init_scale": {"log": [0.1, 10.0]}}
    search = {"sampler": "sobol", "trials": 16}
    return stored(service, ranked, axes=axes, search=search, rules=["additive"])


def test_a_search_is_drawn_as_points(page: Page, service: Service) -> None:
    panel = opened(page, service, searched(service), 1)
    expect(panel.locator(".map canvas")).to_have_attribute(
        "aria-label", re.compile("at points over lr and init_scale, 16 of 16 with results")
    )
    expect(panel.locator(".legend .marks li")).to_have_text(
        ["waiting", "some seeds diverged", "half or more diverged", "best of all"]
    )
    heads = panel.locator(".map table thead th")
    expect(heads).to_have_text(
        ["Rank", "lr", "init_scale", "val_loss, mean over seeds", "Diverged"]
    )
    best = panel.locator(".map table tbody tr").first.locator("td")
    assert best.nth(0).inner_text() == best.nth(2).inner_text()
    expect(best.nth(3)).to_have_text("0 of 2")
    expect(panel.locator(".map table tbody tr").last.locator("td").nth(3)).to_have_text("2 of 2")


def test_a_point_is_opened_by_key_and_by_pointer(page: Page, service: Service) -> None:
    panel = opened(page, service, searched(service), 1)
    canvas = panel.locator(".map canvas")
    canvas.focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(panel.locator(".readout")).to_have_text(
        re.compile(r"^lr \S+, init_scale \S+: additive \S+$")
    )
    said = panel.locator(".readout").inner_text().split(":")[0]
    page.keyboard.press("Enter")
    title = page.locator("#at-cell h3")
    expect(title).to_have_text(f"additive, {said}")
    expect(page.locator("#at-cell .chart .marks li")).to_have_count(2)
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] - 30, "y": 30})  # wherever it has moved to
    expect(title).not_to_have_text(f"additive, {said}")
    expect(title).to_be_focused()


def test_points_zoom_about_the_pointer_and_back(page: Page, service: Service) -> None:
    panel = opened(page, service, searched(service), 1)
    canvas = panel.locator(".map canvas")
    page.mouse.move(0, 0)
    whole = canvas.evaluate(PIXELS)
    panel.get_by_role("button", name="Zoom in").click()
    assert canvas.evaluate(PIXELS) != whole
    panel.get_by_role("button", name="Show the whole map").click()
    assert canvas.evaluate(PIXELS) == whole


MARKS = """async () => {
  const { addBasin } = await import("/static/view.js");
  const axis = { positions: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };
  return [8, 9].map((rows) => {
    const values = Float64Array.from(axis.positions.flatMap((y) =>
      axis.positions.map((x) => (y < rows ? 0.1 + (x - 4.3) ** 2 + (y - 4) ** 2 : NaN))));
    const y = { ...axis, values: axis.positions };
    const view = { x: axis, y, values, contour: [], ridge: [], best: null };
    addBasin(view, true, { tolerance: 2, cap: 100 });
    return [view.contour.length > 0, view.ridge.some((x) => x !== null), view.best !== null];
  });
}"""


def test_a_basin_waits_for_results_of_most_of_the_grid(page: Page, service: Service) -> None:
    page.goto(service.server.url)
    assert page.evaluate(MARKS) == [[False] * 3, [True] * 3]
