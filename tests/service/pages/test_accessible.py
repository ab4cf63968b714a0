"""Every page at both widths in both themes: axe finds nothing serious, nothing runs over."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.service.fakes import Service
from tests.service.pages.browser import opened
from tests.service.pages.stored import HOSTILE, stored

PAGES = ("studies", "study", "submit", "compare")


def show(page: Page, service: Service, name: str, study: str) -> None:
    """Open a page and wait until it has drawn what it has."""
    paths = {"studies": "/", "submit": "/submit"}
    paths |= {"study": f"/studies/{study}", "compare": f"/compare?study={study}"}
    ready = {"studies": "tr[data-study]", "submit": "#check.good"}
    page.goto(service.server.url + paths[name])
    expect(page.locator(ready.get(name, ".verdicts > li")).first).to_be_visible()
    if name == "study":
        page.locator(".map canvas").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator("#at-cell .chart")).to_be_visible()


@pytest.mark.parametrize(
    "width, theme",
    [
        (390, "light"),
        (1440, "dark"),
        pytest.param(390, "dark", marks=pytest.mark.slow),
        pytest.param(1440, "light", marks=pytest.mark.slow),
    ],
)
def test_pages_are_accessible(browser: Browser, service: Service, width: int, theme: str) -> None:
    study = stored(service, name=HOSTILE)
    size = {"width": width, "height": 900}
    with opened(browser, viewport=size, color_scheme=theme) as page:
        for name in PAGES:
            show(page, service, name, study)
            found = Axe().run(page).response["violations"]
            serious = [v for v in found if v["impact"] in ("serious", "critical")]
            assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == [], name
            beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(beyond) <= 0, name
