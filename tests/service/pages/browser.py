"""The browser that the page is tested in, and what a page may not do in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = "GOFAU_TEST_CHROMIUM"
"""Path of the browser; by default the first of `NAMES` on the PATH."""
REQUIRED = "GOFAU_TEST_BROWSER_REQUIRED"
"""Set where the tests must fail, and not skip, for want of a browser."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
FEATURES_OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""The address bar's pages, which every window else starts a process for, headless or not, at more
than the cost of a page of ours. Chromium takes the last list it is given, so this one holds what
Playwright's own switches off too."""
ARGUMENTS = [
    f"--disable-features={','.join(FEATURES_OFF)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PATIENCE_MS = 60_000
"""How long a page may take to show what a test waits for, on a machine that is busy."""

expect.set_options(timeout=PATIENCE_MS)


def installed() -> str | None:
    """The browser's path, if there is one."""
    return os.environ.get(CHROMIUM) or next(filter(None, map(shutil.which, NAMES)), None)


def executable() -> str:
    """The browser's path; skips, or fails where one is required."""
    found = installed()
    if found:
        return found
    missing = f"page tests need Chromium: none of {', '.join(NAMES)} found (or set {CHROMIUM})"
    if os.environ.get(REQUIRED):
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a context of its own; any script error or blocked script fails the test."""
    context = browser.new_context(**options)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
    page.on("console", lambda m: faults.append(m.text) if "Security Policy" in m.text else None)
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()
    assert not faults, faults
