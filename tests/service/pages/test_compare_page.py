"""Differences on paired seeds, and the maps of several studies on one scale."""

import csv
import re
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.service.fakes import Service
from tests.service.pages.stored import stored


def minus(text: str) -> str:
    """The page writes a true minus sign."""
    return text.replace("-", "−")


def go(page: Page, service: Service, *studies: str) -> None:
    page.goto(f"{service.server.url}/compare?{'&'.join(f'study={one}' for one in studies)}")
    expect(page.locator(".verdicts > li").first).to_be_visible()


def test_differences_are_the_reports_and_drawn_around_zero(page: Page, service: Service) -> None:
    study = stored(service)
    go(page, service, study)
    found = service.http.get(f"/v1/studies/{study}/report").json()["groups"][0]["comparisons"]
    whiskers = page.locator("#at-differences svg.whisker")
    valued = [c for c in found if c["difference"]["value"] is not None]
    expect(whiskers).to_have_count(len(valued))
    for k, one in enumerate(valued):
        value = minus(f"{one['difference']['value']:.3g}")
        label = re.compile(f"^{re.escape(value)}")
        expect(whiskers.nth(k)).to_have_attribute("aria-label", label)
    rules = page.locator("#at-differences tbody tr td:nth-last-child(5)")
    expect(rules).to_have_text([c["rule"] for c in found])
    dots = whiskers.locator(".dot")
    zero = [k for k, c in enumerate(valued) if c["difference"]["value"] == 0]
    assert zero
    for k in zero:
        expect(dots.nth(k)).to_have_attribute("cx", "90.0")


def test_differences_are_downloaded_as_a_table(page: Page, service: Service) -> None:
    study = stored(service)
    go(page, service, study)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Differences, CSV").click()
    rows = list(csv.DictReader(waited.value.path().read_text("utf-8").splitlines()))
    found = service.http.get(f"/v1/studies/{study}/report").json()["groups"][0]["comparisons"]
    assert [(r["metric"], r["rule"], r["baseline"], r["support"]) for r in rows] == [
        (c["metric"], c["rule"], c["baseline"], c["strength"]) for c in found
    ]


def test_studies_are_paired_with_the_first(page: Page, service: Service) -> None:
    one = stored(service, rules=["additive"])
    worse = stored(
        service,
        lambda *_: {"outcome": "budget_exhausted", "metrics": {"val_loss": 0.9}, "best": 0.9},
        name="worse",
        rules=["additive"],
        epochs=5,
    )
    go(page, service, one, worse)
    differences = page.locator("#at-differences")
    expect(differences.locator("caption")).to_contain_text("rule minus additive @ stored")
    best = differences.locator(
        "tr", has=page.locator("th", has_text=re.compile("^Best ?lower is better$"))
    )
    expect(best).to_contain_text("additive @ worse")
    expect(best).to_contain_text("0.7")
    expect(page.locator(".map figcaption span")).to_have_text(
        ["additive @ stored", "additive @ worse"]
    )
    expect(page.locator("#at-maps .legend .ends > span").first).to_have_text("0.2 best")
    page.locator("#at-maps canvas").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#at-maps .readout")).to_contain_text(
        "additive @ stored 0.2 · additive @ worse 0.9"
    )


def test_studies_of_different_goals_have_maps_of_their_own(page: Page, service: Service) -> None:
    """Each in its own metric, direction and scale; one scale would call the worst the best."""

    def by_lr(definition: Mapping[str, Any], seed: int) -> dict[str, Any]:
        good = (definition["hyper"].get("lr") or definition["hyper"]["lr_out"]) > 5
        metrics = {"val_loss": 0.4 if good else 0.8, "val_accuracy": 0.9 if good else 0.6}
        best = metrics[definition["goal_metric"]]
        outcome = {"outcome": "budget_exhausted", "steps_to_target": None}
        return outcome | {"metrics": metrics, "best": best}

    loss = stored(service, by_lr, rules=["additive"], name="by loss")
    score = {"metric": "val_accuracy"}
    accuracy = stored(service, by_lr, rules=["additive"], name="by score", goal=score)
    page.goto(f"{service.server.url}/compare?study={loss}&study={accuracy}")
    maps = page.locator("#at-maps")
    expect(maps).to_contain_text("These studies have different goals")
    expect(maps.locator("h3")).to_have_text(
        ["val_loss (lower is better): by loss", "val_accuracy (higher is better): by score"]
    )
    said = maps.locator(".legend .what")
    expect(said.nth(0)).to_contain_text("val_loss, mean over seeds lower is better")
    expect(said.nth(1)).to_contain_text("val_accuracy, mean over seeds higher is better")
    bests = maps.locator(".legend .ends > span:first-child")
    expect(bests).to_have_text(["0.4 best", "90 % best"])
    worsts = maps.locator(".legend .ends > span:last-child")
    expect(worsts).to_have_text(["2.3 worst, the cap", "0 % worst, the cap"])
    shares = [".map canvas >> nth=0", ".map canvas >> nth=1"]
    pixels = [maps.locator(one).evaluate("c => c.toDataURL()") for one in shares]
    assert pixels[0] != pixels[1]


def test_one_rule_alone_is_compared_with_nothing(page: Page, service: Service) -> None:
    page.goto(f"{service.server.url}/compare?study={stored(service, rules=['additive'])}")
    expect(page.locator("#at-differences")).to_contain_text("nothing to be compared with")


def test_studies_over_other_axes_say_so_instead_of_maps(page: Page, service: Service) -> None:
    one = stored(service)
    other = stored(service, name="other", axes={"lr": {"log": [1e-3, 10.0], "points": 5}})
    page.goto(f"{service.server.url}/compare?study={one}&study={other}")
    expect(page.locator("#at-maps")).to_contain_text("different axes")
    expect(page.locator("#content")).to_contain_text("Their specs differ in axes")
