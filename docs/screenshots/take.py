"""Take the pictures of docs/pages.md: train real studies, then photograph the pages in Chromium.

Start a service first (`gofau up`), then run: python docs/screenshots/take.py http://127.0.0.1:8080
Studies that an earlier run left are used again. Needs Chromium on the PATH, or GOFAU_TEST_CHROMIUM.
"""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from gofau_service.client import Client

Theme = Literal["light", "dark"]
HERE = Path(__file__).parent
HEIGHTS = {1440: 900, 390: 844}
SHOWN_FROM = 0.35
"""Progress of the running study when it is photographed."""
DIGITS: dict[str, Any] = {
    "name": "digits-mlp",
    "description": "Which update rule forgives a wrong learning rate or a wrong initial scale, "
    "on a small MLP over real digits?",
    "problem": {"name": "digits-mlp", "width": 64, "depth": 2},
    "epochs": 20,
    "batch_size": 64,
    "directions": ["sgd"],
    "rules": [
        "additive",
        {"name": "multiplicative", "lr_in": 1.0},
        {"name": "hybrid", "lr_in": 1.0, "gamma": 0.5},
    ],
    "axes": {
        "lr": {"log": [1e-3, 10.0], "points": 13},
        "init_scale": {"log": [0.032, 31.25], "points": 9},
    },
    "seeds": 5,
    "tags": ["digits", "docs"],
    "goal": {"metric": "val_loss", "minimize": True, "target": 0.3},
}
WIDE = DIGITS | {
    "name": "digits-mlp-wide",
    "description": "Twice the width.",
    "problem": {"name": "digits-mlp", "width": 128, "depth": 2},
    "epochs": 10,
}
SOBOL = DIGITS | {
    "name": "digits-mlp-sobol",
    "description": "Sobol points instead of a grid, with weight decay as a third axis.",
    "epochs": 10,
    "rules": DIGITS["rules"][:2],
    "axes": {
        "lr": {"log": [1e-3, 10.0]},
        "init_scale": {"log": [0.032, 31.25]},
        "weight_decay": {"log": [1e-6, 1e-2]},
    },
    "search": {"sampler": "sobol", "trials": 128},
    "seeds": 3,
    "tags": ["digits", "search"],
}
FINE = DIGITS | {
    "name": "digits-mlp-fine",
    "description": "A finer grid.",
    "axes": {
        "lr": {"log": [1e-3, 10.0], "points": 25},
        "init_scale": {"log": [0.032, 31.25], "points": 17},
    },
    "seeds": 3,
}


def trained(client: Client, spec: dict[str, Any]) -> str:
    """The id of the completed study of a spec's name, made where there is none."""
    for study in client.list():
        if study.name == spec["name"] and study.state == "completed":
            return study.id
    made = client.submit(spec).id
    list(client.watch(made))
    return made


@contextmanager
def opened(browser: Browser, url: str, width: int, theme: Theme) -> Iterator[Page]:
    """A page of a size in a theme, once it has drawn."""
    size: ViewportSize = {"width": width, "height": HEIGHTS[width]}
    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#at-curves .chart, tr[data-study], #check.good")
    page.evaluate("document.fonts.ready")
    yield page
    context.close()


def keep(page: Page, name: str, width: int, theme: Theme, upto: str | None = None) -> None:
    """What is seen first, or all from the top to the end of an element."""
    if upto:
        box = page.locator(upto).first.bounding_box()
        if box is None:
            raise ValueError(f"{name}: {upto} is not on the page")
        page.set_viewport_size({"width": width, "height": round(box["y"] + box["height"] + 24)})
    page.wait_for_timeout(300)
    page.screenshot(path=HERE / f"{name}-{width}-{theme}.png")


def everywhere(browser: Browser, url: str, ids: dict[str, str]) -> None:
    """Every page at both widths, each theme at least once."""
    study, search = f"{url}/studies/{ids['grid']}", f"{url}/studies/{ids['search']}"
    both = f"{url}/compare?study={ids['grid']}&study={ids['wide']}"
    shots: tuple[tuple[str, str, int, Theme, str | None], ...] = (
        ("study", study, 1440, "light", "#at-maps"),
        ("study", study, 1440, "dark", "#at-maps"),
        ("study", study, 390, "dark", "#at-maps figure"),
        ("search", search, 1440, "dark", "#at-parallel"),
        ("compare", both, 1440, "light", None),
        ("compare", both, 390, "light", None),
        ("submit", f"{url}/submit", 1440, "light", None),
        ("submit", f"{url}/submit", 390, "light", None),
    )
    for name, at, width, theme, upto in shots:
        with opened(browser, at, width, theme) as page:
            keep(page, name, width, theme, upto)
    with opened(browser, study, 1440, "light") as page:
        cell(page)


def cell(page: Page) -> None:
    """A cell beside the best one, opened."""
    page.locator("#at-maps canvas").first.focus()
    for key in ["ArrowRight"] * 8 + ["ArrowUp"] * 5 + ["Enter"]:
        page.keyboard.press(key)
    page.locator("#at-cell .chart").wait_for()
    page.locator("#at-cell").screenshot(path=HERE / "cell-1440-light.png")


def running(browser: Browser, client: Client, url: str) -> None:
    """The list and a study while it trains."""
    study = client.submit(FINE, fresh=True)
    while client.get(study.id).progress < SHOWN_FROM:
        time.sleep(1)
    lists: tuple[tuple[int, Theme], ...] = ((1440, "light"), (390, "dark"))
    for width, theme in lists:
        with opened(browser, url, width, theme) as page:
            keep(page, "studies", width, theme)
    with opened(browser, f"{url}/studies/{study.id}", 1440, "light") as page:
        keep(page, "running", 1440, "light", "#at-maps")
    client.cancel(study.id)


def main() -> None:
    """Take all pictures of a service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of the service")
    url = parser.parse_args().url.rstrip("/")
    path = os.environ.get("GOFAU_TEST_CHROMIUM") or shutil.which("chromium")
    with Client(url) as client, sync_playwright() as playwright:
        specs = {"grid": DIGITS, "wide": WIDE, "search": SOBOL}
        ids = {name: trained(client, spec) for name, spec in specs.items()}
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        everywhere(browser, url, ids)
        running(browser, client, url)
        browser.close()


if __name__ == "__main__":
    main()
