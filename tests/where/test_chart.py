"""A chart is one file: report, page, print and command line have it without another word."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.pages.browser import executable, installed
from tests.where.copied import copied

SPREAD = '''
"""Width of the band of the goal metric over the learning rate."""

from collections.abc import Iterator

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.framing import axis, series, value_axis
from gofau_studies.report.model import CurveKind, GroupReport


def charts(group: GroupReport) -> Iterator[Chart]:
    """One line a rule."""
    curves = [
        c.model_copy(
            update={
                "value": tuple(
                    None if a is None or b is None else b - a
                    for a, b in zip(c.low, c.high, strict=True)
                ),
                "low": (),
                "high": (),
            }
        )
        for c in group.curves_of(CurveKind.GOAL)
    ]
    ys = [v for c in curves for v in c.value if v is not None]
    if ys:
        y = value_axis("width of the band", ys, group.goal_unit)
        yield Chart(
            name="spread",
            title="how sure the curve is",
            of=group.name,
            x=axis("learning rate", curves[0].x, log=True),
            y=y,
            series=tuple(series(c, y, group.style(c.rule)) for c in curves),
        )


CHART = ChartMaker(place=15, of_group=charts)
'''
PATCH = {"studies/gofau_studies/report/charts/spread.py": SPREAD}

SEEN = """
import json, subprocess, sys
from gofau_service.settings import Settings
from tests.service.fakes import FakeRunner, Service
from tests.service.pages.stored import stored

settings = Settings(database_url="sqlite:///seen.db", reconcile=False, events_every_s=0.05)
service = Service.start(settings, FakeRunner())
try:
    study, url = stored(service), service.server.url
    cli = [sys.executable, "-m", "gofau_service.cli", "figures", study, "--url", url, "--json"]
    figures = subprocess.run([*cli, "--only", "spread"], check=True, capture_output=True, text=True)
    page = None
    if "page" in sys.argv:
        from tests.service.pages.browser import launched, opened
        with launched() as browser, opened(browser) as tab:
            tab.goto(f"{url}/studies/{study}")
            tab.get_by_text("how sure the curve is").wait_for()
            page = tab.locator("#at-curves figcaption span").all_inner_texts()
    report = service.http.get(f"/v1/studies/{study}/report").json()
    html = service.http.get(f"/v1/studies/{study}/report.html").text
finally:
    service.close()
charts, printed = report["groups"][0]["charts"], json.loads(figures.stdout)
print(json.dumps({"charts": charts, "html": html, "page": page, "print": printed}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy with the chart's file shows of a study."""
    copy = copied(tmp_path_factory.mktemp("chart"), PATCH)
    seen: dict[str, Any] = json.loads(copy.run(SEEN, *(["page"] if installed() else [])))
    [path] = seen["print"]
    return seen | {"stem": Path(path).stem, "print": (copy.root / path).read_text("utf-8")}


def test_report_page_and_print_have_it(found: dict[str, Any]) -> None:
    assert [c["name"] for c in found["charts"]] == [
        *("sensitivity", "spread", "tuning", "steps"),
        *("learning",) * 3,
    ]
    made = found["charts"][1]
    names = [line["name"] for line in made["series"]]
    assert names == ["additive", "multiplicative", "hybrid"]
    assert f'aria-label="{made["title"]} · {made["of"]}"' in found["html"]
    assert found["stem"] == "digits-mlp-sgd-spread"
    assert all(text in found["print"] for text in (made["title"], made["y"]["label"], *names))


def test_the_web_page_has_it(found: dict[str, Any]) -> None:
    executable()
    assert found["page"][1] == "how sure the curve is · digits-mlp, sgd"
    assert len(found["page"]) == len(found["charts"])
