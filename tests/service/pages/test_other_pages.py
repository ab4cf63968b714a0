"""The list, the submit page, the comparison, tokens and hostile names in the browser."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.service.fakes import Service
from tests.service.pages.stored import HOSTILE, SPEC, finish, stored

TOKEN = "gofau_admin-token-of-this-test"


def test_the_list_is_live(page: Page, service: Service) -> None:
    page.goto(service.server.url)
    expect(page.locator("#content")).to_contain_text("No study yet")
    worker = service.started(SPEC)
    row = page.locator(f"tr[data-study='{worker.study}']")
    expect(row).to_contain_text("Running")
    finish(worker)
    expect(row).to_contain_text("Completed")
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("stored")


def test_the_list_is_searched_filtered_and_sorted(page: Page, service: Service) -> None:
    for name in ("beta", "alpha", "gamma"):
        service.submit({**SPEC, "name": name})
    page.goto(service.server.url)
    names = page.locator("tr[data-study] th")
    expect(names).to_have_text(["gamma", "alpha", "beta"])
    page.get_by_label("Sort by").select_option("name")
    expect(names).to_have_text(["alpha", "beta", "gamma"])
    page.get_by_label("Name", exact=True).fill("AM")
    expect(names).to_have_text(["gamma"])
    page.get_by_label("State", exact=True).select_option("completed")
    expect(page.locator("#content")).to_contain_text("No study is like that")


def test_a_heading_sorts_and_turns_the_order_around(page: Page, service: Service) -> None:
    for name in ("beta", "alpha", "gamma"):
        service.submit({**SPEC, "name": name})
    page.goto(service.server.url)
    names = page.locator("tr[data-study] th")
    heading = page.locator("thead th", has_text="Study")
    expect(page.locator("thead th", has_text="Submitted")).to_have_attribute(
        "aria-sort", "descending"
    )
    heading.get_by_role("button").click()
    expect(names).to_have_text(["alpha", "beta", "gamma"])
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_label("Sort by")).to_have_value("name")
    expect(heading.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["gamma", "beta", "alpha"])
    expect(heading).to_have_attribute("aria-sort", "descending")


def test_the_list_listens_and_does_not_ask_again(page: Page, service: Service) -> None:
    service.submit({**SPEC, "name": "first"})
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/v1/studies?" in r.url else None)
    page.goto(service.server.url)
    names = page.locator("tr[data-study] th")
    expect(names).to_have_text(["first"])
    page.wait_for_timeout(3000)
    quiet = len(asked)
    assert quiet <= 2
    service.submit({**SPEC, "name": "second"})
    expect(names).to_have_text(["second", "first"])
    assert len(asked) > quiet


def test_hostile_names_are_text_everywhere(page: Page, service: Service) -> None:
    tag = HOSTILE[:60]
    problem = {"name": "digits-mlp", "label": HOSTILE[:90]}
    rules = ["additive", {"name": "hybrid", "label": HOSTILE[:80]}]
    changes = {"problem": problem, "rules": rules, "tags": [tag], "description": HOSTILE}
    study = stored(service, name=HOSTILE, **changes)
    page.goto(service.server.url)
    expect(page.locator("tr[data-study] th")).to_have_text(HOSTILE)
    page.goto(f"{service.server.url}/studies/{study}")
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator(".map figcaption span").nth(1)).to_have_text(HOSTILE[:80])
    expect(page.locator(".verdicts > li")).to_have_count(1)
    page.goto(f"{service.server.url}/submit?from={study}")
    expect(page.locator("#check")).to_contain_text("Ready")
    page.goto(f"{service.server.url}/compare?study={study}")
    expect(page.locator(".verdicts > li")).to_have_count(1)
    assert page.locator("img, main script, b").count() == 0


def test_form_and_editor_say_the_same(page: Page, service: Service) -> None:
    page.goto(f"{service.server.url}/submit")
    expect(page.locator("#check")).to_contain_text("Ready")
    editor = page.get_by_label("The same as YAML")
    name = page.locator("[data-path='name']")
    name.fill("from the form")
    expect(editor).to_have_value(holding("name: from the form"))
    editor.fill(editor.input_value().replace("epochs: 20", "epochs: 7"))
    expect(page.locator("[data-path='epochs']")).to_have_value("7")
    page.get_by_role("button", name="Add a rule").click()
    expect(editor).to_have_value(holding("- madam"))
    expect(page.locator("#check")).to_contain_text("Ready")


def holding(text: str) -> "re.Pattern[str]":
    return re.compile(re.escape(text))


def test_faults_are_named_before_anything_is_sent(page: Page, service: Service) -> None:
    page.goto(f"{service.server.url}/submit")
    expect(page.locator("#check")).to_contain_text("Ready")
    page.locator("[data-path='epochs']").fill("many")
    expect(page.locator("#check li")).to_contain_text("epochs: got many, expected")
    expect(page.locator("[data-path='epochs']")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Submit the study")).to_be_disabled()
    page.locator("[data-path='epochs']").fill("3")
    expect(page.locator("#check")).to_contain_text("trials in")


def test_a_submitted_study_opens_and_two_presses_submit_one(page: Page, service: Service) -> None:
    page.goto(f"{service.server.url}/submit")
    send = page.get_by_role("button", name="Submit the study")
    expect(send).to_be_enabled()
    send.evaluate("button => { button.click(); button.disabled = false; button.click(); }")
    expect(page).to_have_url(re.compile("/studies/[0-9a-f]+$"))  # whichever answer leads there
    expect(page.locator("h1")).to_have_text("digits-mlp")
    assert len(service.http.get("/v1/studies").json()["items"]) == 1


def test_a_search_is_edited_in_the_form(page: Page, service: Service) -> None:
    axes = {"lr": {"log": [1e-3, 1.0]}}
    spec = {**SPEC, "axes": axes, "search": {"sampler": "random", "trials": 6}}
    study = stored(service, **spec)
    page.goto(f"{service.server.url}/studies/{study}")
    expect(page.locator(".map canvas")).to_have_count(3)
    expect(page.locator("canvas.parallel")).to_be_visible()
    page.get_by_role("link", name="Copy and edit").click()
    expect(page.locator("#check")).to_contain_text("Ready")
    page.get_by_text("More settings").click()
    page.locator("[data-path='search.trials']").fill("8")
    expect(page.locator("#yaml")).to_have_value(holding("search: {sampler: random, trials: 8}"))
    expect(page.locator("#check")).to_contain_text("48 trials")


def test_rules_and_studies_are_compared(page: Page, service: Service) -> None:
    one = stored(service)
    two = stored(service, name="other", epochs=5)
    same = stored(service, epochs=6)
    page.goto(service.server.url)
    for study in (one, two):
        page.locator(f"tr[data-study='{study}'] input").check()
    page.get_by_role("link", name="Compare 2").click()
    expect(page.locator("#content")).to_contain_text("Their specs differ in epochs")
    expect(page.locator(".map figcaption span")).to_have_count(6)
    page.goto(f"{service.server.url}/compare?study={one}")
    page.get_by_label("Add a study").select_option(two)
    page.wait_for_url(f"**study={one}&study={two}")
    page.goto(f"{service.server.url}/compare?study={one}&study={same}")
    maps = page.locator(".map figcaption span")
    expect(maps.first).to_have_text(f"additive @ {one}")
    expect(maps).to_have_count(6)


def test_a_wrong_token_is_refused_and_a_right_one_is_kept(
    page: Page, make_service: Callable[..., Service]
) -> None:
    service = make_service(auth=True, admin_token=TOKEN)
    page.goto(service.server.url)
    dialog = page.locator("dialog.sign-in")
    dialog.get_by_label("Token").fill("gofau_wrong")
    dialog.get_by_role("button", name="Use token").click()
    expect(dialog.get_by_role("alert")).to_contain_text("unknown, expired or revoked")
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Use token").click()
    expect(page.locator("#content")).to_contain_text("No study yet")
    expect(dialog).to_have_count(0)
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"
    page.get_by_role("button", name="Forget token").click()
    expect(page.locator("dialog.sign-in")).to_be_visible()
