"""A robustness metric is one file and its rows of the docs: reports, pages and catalog have it."""

import json
from pathlib import Path

from tests.where.copied import copied

LOST = '''"""What the worst cell gives up against the best."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.maps import Maps
from gofau_studies.protocol.trial_facts import GOAL
from gofau_studies.report.evaluators import on_maps
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row


def lost(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """``[B]`` differences between the worst and the best cell."""
    return np.nanmax(maps.values, axis=(1, 2)) - maps.best


METRIC = RobustnessMetric(
    place=25,
    rows=(
        Row(
            "most_lost",
            "Most lost",
            "loss between the worst cell and the best",
            on_maps(lost),
            "lower",
            GOAL,
            "loses more at its worst cell",
            "loses less at its worst cell",
        ),
    ),
)
'''
INDEX = "| M11 | lr–init ridge | [ridge](ridge.md) | `ridge_slope` |\n"
FACTS = "| `ridge_slope` | neither |"
PATCH = {
    "studies/gofau_studies/report/robustness/most_lost.py": LOST,
    "docs/metrics/README.md": [
        (INDEX, f"{INDEX}| – | most lost | [ridge](ridge.md) | `most_lost` |\n"),
        (FACTS, f"| `most_lost` | lower | the goal metric's |\n{FACTS}"),
    ],
}

SEEN = """
import json, subprocess, sys
from gofau_service.settings import Settings
from tests.service.fakes import FakeRunner, Service
from tests.service.pages.stored import stored

settings = Settings(database_url="sqlite:///seen.db", reconcile=False, events_every_s=0.05)
service = Service.start(settings, FakeRunner())
try:
    study, url = stored(service), service.server.url
    cli = [sys.executable, "-m", "gofau_service.cli", "report", study, "--url", url, "--json"]
    printed = subprocess.run(cli, check=True, capture_output=True, text=True).stdout
    http = service.http
    print(json.dumps({
        "report": http.get(f"/v1/studies/{study}/report").json()["groups"][0],
        "html": http.get(f"/v1/studies/{study}/report.html").text,
        "markdown": http.get(f"/v1/studies/{study}/report.md").text,
        "catalog": http.get("/v1/catalog").json()["robustness"],
        "cli": printed,
    }))
finally:
    service.close()
"""


def test_a_robustness_metric_is_a_file_and_its_rows_of_the_docs(tmp_path: Path) -> None:
    copy = copied(tmp_path, PATCH)
    found = json.loads(copy.run(SEEN))
    scalars = [rule["scalars"]["most_lost"] for rule in found["report"]["rules"]]
    assert len(scalars) == 3
    for scalar in scalars:
        assert scalar["value"] > 0
        assert scalar["better"] == "lower"
        assert scalar["unit"]
    compared = [c for c in found["report"]["comparisons"] if c["metric"] == "most_lost"]
    assert compared
    assert "Most lost" in found["html"]
    assert "Most lost" in found["markdown"]
    assert [r["better"] for r in found["catalog"] if r["name"] == "most_lost"] == ["lower"]
    assert "most_lost" in found["cli"]
    copy.test(
        "tests/studies/metrics/test_metric_docs.py",
        "tests/docs/test_reference.py::test_every_number_is_documented_with_its_direction_and_unit",
    )
