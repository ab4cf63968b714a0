"""How fast the web page is in headless Chromium, against a service in a process of its own.

First contentful paint on loopback; redrawing the maps of a 3 x 41 x 31 study, beside the same
three maps drawn by plotly.js in the same browser; turning the pages of the trials' table, 100,000
trials in all (--quick: 7,600). Needs Chromium on the PATH, or GOFAU_TEST_CHROMIUM.

Run with OMP_NUM_THREADS=1 python bench/page.py [--quick] [--json]
"""

import argparse
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

REPEATS = 7
SPEC: dict[str, Any] = {
    "name": "bench",
    "problem": "digits-mlp",
    "epochs": 1,
    "directions": ["sgd"],
    "rules": ["additive", "multiplicative", "hybrid"],
    "axes": {
        "lr": {"log": [1e-4, 10.0], "points": 41},
        "init_scale": {"log": [0.03, 30.0], "points": 31},
    },
    "goal": {"metric": "val_loss", "target": 0.3},
}
FILL = """
    UPDATE cells SET completed = trials, valued = trials, budget_exhausted = trials,
      value_sum = trials * (0.2 + 0.02 * (ordinal % 97)), value_sumsq = trials * 2.0,
      value_min = 0.1, value_max = 2.3, diverged = (ordinal % 11 = 0)
"""
REDRAW = """
    async (value) => {
      const select = document.querySelector("#at-maps .controls select");
      const from = performance.now();
      select.value = value;
      select.dispatchEvent(new Event("change"));
      const drawn = performance.now() - from;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return [drawn, performance.now() - from];
    }
"""
PLOTLY = """
    async (shift) => {
      const z = Array.from({ length: 31 }, (_, j) =>
        Array.from({ length: 41 }, (_, i) => ((i * 31 + j + shift) % 97) / 97));
      const from = performance.now();
      await Promise.all([0, 1, 2].map((k) => {
        const id = `map${k}`;
        let place = document.getElementById(id);
        if (!place) {
          place = document.createElement("div");
          place.id = id;
          document.body.append(place);
        }
        const trace = { type: "heatmap", z, zmin: 0, zmax: 1 };
        return Plotly.react(place, [trace], { width: 430, height: 320 });
      }));
      return performance.now() - from;
    }
"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A service with an empty database."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    environment = {**os.environ, "GOFAU_DATA_DIR": str(folder), "GOFAU_PORT": str(port)}
    environment["GOFAU_RECONCILE"] = "false"
    process = subprocess.Popen(
        [sys.executable, "-m", "gofau_service"], env=environment, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                httpx.get(f"{url}/readyz").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                break
        yield url
    finally:
        process.terminate()
        process.wait()


def filled(url: str, folder: Path, seeds: int) -> dict[str, Any]:
    """A study whose cells all have results."""
    study = httpx.post(f"{url}/v1/studies", json={**SPEC, "seeds": seeds}, timeout=120).json()
    with sqlite3.connect(folder / "gofau.db") as database:
        database.execute(FILL)
    database.close()
    return dict(study)


def first_paint(browser: Browser, url: str) -> float:
    """Milliseconds from the start of navigation to the first content, in a fresh context."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url, wait_until="load")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    found = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return float(found)


def redraws(page: Page) -> tuple[float, float]:
    """Medians of the drawing alone and up to the frame after it."""
    values = ["diverged", "goal"] * REPEATS
    times = [page.evaluate(REDRAW, value) for value in values]
    return median(t[0] for t in times), median(t[1] for t in times)


def plotly(browser: Browser) -> float:
    """Median of plotly.js redrawing three maps of the same size."""
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate((files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8"))
    times = [page.evaluate(PLOTLY, k) for k in range(REPEATS + 1)]
    page.close()
    return median(times[1:])


def pages(page: Page) -> float:
    """Median time from pressing Next to the new rows."""
    times = []
    rows = page.locator("#at-trials tbody tr th")
    for k in range(REPEATS):
        start = time.perf_counter()
        page.get_by_role("button", name="Next").click()
        expected = str(50 * (k + 1))
        page.wait_for_function(
            "first => document.querySelector('#at-trials tbody th')?.textContent === first",
            arg=expected,
        )
        times.append(1000 * (time.perf_counter() - start))
    assert rows.count() == 50
    return median(times)


def measure(quick: bool) -> dict[str, Any]:
    """All numbers of one run."""
    path = os.environ.get("GOFAU_TEST_CHROMIUM") or shutil.which("chromium")
    with (
        tempfile.TemporaryDirectory() as name,
        served(Path(name)) as url,
        sync_playwright() as playwright,
    ):
        study = filled(url, Path(name), 2 if quick else 27)
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        paints = {
            page: round(median(first_paint(browser, url + at) for _ in range(REPEATS)))
            for page, at in (("list", "/"), ("study", f"/studies/{study['id']}"))
        }
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/studies/{study['id']}")
        page.wait_for_selector("#at-maps canvas", timeout=60_000)
        page.wait_for_selector("#at-trials tbody tr")
        drawn, shown = redraws(page)
        other = plotly(browser)
        found = {
            "trials": study["trials"],
            "cells": 3 * 41 * 31,
            "first_contentful_paint_ms": paints,
            "redraw_ms": round(drawn, 1),
            "redraw_to_next_frame_ms": round(shown, 1),
            "plotly_redraw_ms": round(other, 1),
            "times_faster_than_plotly": round(other / drawn, 1),
            "next_page_of_trials_ms": round(pages(page)),
        }
        browser.close()
    return found


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="7,600 trials instead of 100,000")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = measure(options.quick)
    if options.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
