"""One study in the browser: live, by pointer and by keyboard."""

import re

from playwright.sync_api import Page, expect

from tests.service.fakes import Service
from tests.service.pages.stored import HOSTILE, SPEC, TRIALS, finish, stored


def go(page: Page, service: Service, study: str) -> None:
    page.goto(f"{service.server.url}/studies/{study}")
    expect(page.locator(".map canvas")).to_have_count(3)


def centre(page: Page, rule: int) -> tuple[float, float]:
    """A pixel of the middle cell of a rule's map, once what stands above it has come."""
    expect(page.locator(".verdicts > li").first).to_be_visible()
    canvas = page.locator(".map canvas").nth(rule)
    canvas.hover(trial=True)  # scrolls there and waits until it keeps its place
    box = canvas.bounding_box()
    assert box
    return box["x"] + 46 + (box["width"] - 56) / 2, box["y"] + 8 + (box["height"] - 48) / 2


def test_a_study_finishes_before_ones_eyes(page: Page, service: Service) -> None:
    worker = service.started(SPEC)
    go(page, service, worker.study)
    expect(page.locator("#at-status")).to_contain_text(f"0 of {TRIALS} trials ended")
    expect(page.locator("#at-verdict")).to_contain_text("No trial has completed yet")
    page.evaluate("window.kept = true")
    finish(worker, leave=10)
    expect(page.locator("#at-status")).to_contain_text(f"{TRIALS - 10} of {TRIALS} trials ended")
    finish(worker)
    expect(page.locator("#at-status .badge")).to_have_text("Completed")
    expect(page.locator(".verdicts > li")).to_have_count(2)
    assert page.evaluate("window.kept")


def test_verdict_numbers_and_curves_come_with_intervals(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    expect(page.locator(".verdicts")).to_contain_text("hybrid against additive")
    numbers = page.locator("#at-metrics table").first
    expect(numbers.locator("thead th")).to_have_text(["", "additive", "multiplicative", "hybrid"])
    report = service.http.get(f"/v1/studies/{page.url.rsplit('/', 1)[1]}/report").json()
    best = report["groups"][0]["rules"][0]["scalars"]["best"]["value"]
    row = numbers.locator(
        "tr", has=page.locator("th", has_text=re.compile("^Best ?lower is better$"))
    )
    expect(row.locator("td").first).to_contain_text(f"{best:.3g}")
    assert page.locator(".chart").count() >= 3


def test_pointing_reads_every_rule_at_the_same_point(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    page.mouse.move(*centre(page, 1))
    said = page.locator("#at-maps .readout")
    expect(said).to_have_text(
        "lr 0.1, init_scale 1: additive 0.2 · multiplicative 0.2 · hybrid 0.2"
    )


def test_a_click_opens_the_cells_seeds_and_curves(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    page.mouse.click(*centre(page, 2))
    cell = page.locator("#at-cell")
    expect(cell.locator("h3")).to_have_text("hybrid, lr 0.1, init_scale 1")
    expect(cell.locator("h3")).to_be_focused()
    expect(cell.locator(".chart .marks li")).to_have_text(["seed 0", "seed 1"])
    expect(cell.locator("dl")).to_contain_text("hyper.gamma0.5")
    expect(cell.locator("tbody tr")).to_have_count(2)
    cell.get_by_label("Curve", exact=True).select_option("val_accuracy")
    expect(cell.locator("figcaption")).to_contain_text("val_accuracy")


def test_the_keyboard_does_what_the_pointer_does(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    first = page.locator(".map canvas").first
    first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator("#at-maps .readout")).to_contain_text("lr 0.01, init_scale 1: ")
    page.keyboard.press("+")
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(page.locator("#at-cell h3")).to_have_text("additive, lr 0.01, init_scale 1")


def test_a_drag_zooms_all_maps_and_all_shows_them_whole(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    expect(page.locator(".verdicts > li")).to_have_count(2)
    canvases = page.locator(".map canvas")
    shot = "canvas => canvas.toDataURL()"
    page.mouse.move(0, 0)
    before = canvases.nth(2).evaluate(shot)
    x, y = centre(page, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 50, steps=4)
    page.mouse.up()
    page.mouse.move(0, 0)
    assert canvases.nth(2).evaluate(shot) != before
    page.get_by_role("button", name="Show the whole map").click()
    page.mouse.move(0, 0)
    assert canvases.nth(2).evaluate(shot) == before


def test_each_map_is_a_table_too(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    page.locator(".map summary").first.click()
    table = page.locator(".map table")
    expect(table.locator("tbody th")).to_have_text(["10", "1", "0.1"])
    expect(table.locator("tbody tr").nth(1).locator("td").nth(2)).to_have_text("0.2")
    expect(table.locator("tbody tr").nth(1).locator("td").nth(4)).to_contain_text("2 of 2 diverged")


def test_other_measures_and_one_seed_can_be_shown(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    page.locator(".map summary").first.click()
    corner = page.locator(".map table tbody tr").nth(1).locator("td").nth(4)
    page.get_by_label("Show", exact=True).select_option("diverged")
    expect(corner).to_contain_text("100 %")
    page.get_by_label("Show", exact=True).select_option("goal")
    page.get_by_label("Seeds", exact=True).select_option("seed 1")
    expect(page.locator(".legend")).to_contain_text("seed 1")
    expect(page.locator(".map table tbody tr").nth(1).locator("td").nth(2)).to_have_text("0.2")


def test_waiting_cells_are_said_to_wait(page: Page, service: Service) -> None:
    worker = service.started(SPEC)
    finish(worker, leave=12)
    go(page, service, worker.study)
    page.locator(".map summary").nth(2).click()
    expect(page.locator(".map table td", has_text="waiting")).to_have_count(6)


def test_errors_of_failed_trials_are_shown_as_text(page: Page, service: Service) -> None:
    worker = service.started({**SPEC, "max_attempts": 1})
    finish(worker, failures={0: HOSTILE})
    go(page, service, worker.study)
    page.locator(".map canvas").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("#at-cell summary", has_text="Seed 0").click()
    expect(page.locator("#at-cell pre")).to_have_text(HOSTILE)


def test_cancelling_asks_first(page: Page, service: Service) -> None:
    study = service.submit(SPEC)["id"]
    go(page, service, study)
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Back").click()
    assert service.study(study)["state"] == "queued"
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the study").click()
    expect(page.locator("#at-status .badge")).to_have_text("Cancelled")
    assert service.study(study)["state"] == "cancelled"


def test_a_study_is_paused_resumed_tagged_and_extended(page: Page, service: Service) -> None:
    study = service.submit(SPEC)["id"]
    go(page, service, study)

    def do(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).first.click()

    badge = page.locator("#at-status .badge")
    do("Pause")
    page.locator("dialog").get_by_role("button", name="Pause").click()
    expect(badge).to_have_text("Paused")
    do("Resume")
    page.locator("dialog").get_by_role("button", name="Resume").click()
    expect(badge).to_have_text("Queued")
    do("Tags")
    page.get_by_label("Tags", exact=True).fill(f"one, {HOSTILE[:50]}")
    page.locator("dialog").get_by_role("button", name="Tags").click()
    expect(page.locator("#at-status .tag")).to_have_count(2)
    do("Extend")
    page.locator("dialog").get_by_label("Seeds").fill("3")
    page.locator("dialog").get_by_role("button", name="Extend").click()
    expect(page.locator("#at-status")).to_contain_text(f"of {TRIALS // 2 * 3} trials")


def test_a_refusal_is_shown_and_nothing_changes(page: Page, service: Service) -> None:
    study = service.submit(SPEC)["id"]
    go(page, service, study)
    page.get_by_role("button", name="Pause").click()
    assert service.http.post(f"/v1/studies/{study}/cancel").is_success
    page.locator("dialog").get_by_role("button", name="Pause").click()
    expect(page.locator("#notices")).to_contain_text("only a queued or running study is paused")


def test_an_unknown_study_is_said_to_be_unknown(page: Page, service: Service) -> None:
    page.goto(f"{service.server.url}/studies/nope")
    expect(page.locator("#notices")).to_contain_text("no study nope")


RECORD = """
() => {
  const write = CanvasRenderingContext2D.prototype.fillText;
  window.written = [];
  CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
    window.written.push(text);
    return write.call(this, text, ...at);
  };
}
"""


def test_files_are_downloaded(page: Page, service: Service) -> None:
    study = stored(service)
    go(page, service, study)
    for name, first in (("Trials, CSV", b"index,"), ("Report, Markdown", b"# ")):
        with page.expect_download() as waited:
            page.get_by_role("button", name=name).click()
        assert waited.value.path().read_bytes().startswith(first), name
    page.evaluate(RECORD)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Download the map of hybrid as PNG").click()
    assert waited.value.path().read_bytes().startswith(b"\x89PNG")
    written = page.evaluate("window.written")  # of a map that is painted anew meanwhile, too
    start = written.index("digits-mlp, sgd") - 1
    assert written[start : start + 6] == [
        *("hybrid", "digits-mlp, sgd", "val_loss, mean over seeds, lower is better"),
        *("0.2 best", "1.25", "2.3 worst, the cap"),
    ]


def test_trials_are_paged_and_filtered_by_the_service(page: Page, service: Service) -> None:
    go(page, service, stored(service))
    rows = page.locator("#at-trials tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#at-trials")).to_contain_text("Page 2")
    expect(rows).to_have_count(TRIALS - 50)
    page.get_by_label("Outcome", exact=True).select_option("nonfinite")
    expect(rows).to_have_count(3 * 3 * 2)


def test_three_axes_get_slices_and_parallel_coordinates(page: Page, service: Service) -> None:
    axes = {**SPEC["axes"], "momentum": {"values": [0.0, 0.5, 0.9]}}
    go(page, service, stored(service, axes=axes))
    page.locator("#at-maps").get_by_label("momentum").select_option("0.9")
    expect(page.locator("canvas.parallel")).to_have_attribute(
        "aria-label", re.compile("135 cells over lr, init_scale, momentum")
    )
