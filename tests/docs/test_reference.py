"""The references: every call of the API, every setting, and curl as it is shown."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gofau.catalog.metrics import METRICS
from gofau_service.api.app import create_app
from gofau_service.client import Client
from gofau_service.settings import PREFIX, Settings
from gofau_studies.protocol.trial_facts import FACTS
from gofau_studies.protocol.trials import Outcome
from gofau_studies.report.rows import ROBUSTNESS
from gofau_workers import settings as worker_settings
from tests.docs.conftest import ROOT, blocks, section
from tests.docs.test_snippets import DOCUMENTED_URL, YAML, url

__all__ = ["url"]


def rows(document: str) -> Iterator[list[str]]:
    """The cells of every row of every table."""
    for line in (ROOT / document).read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def calls() -> Iterator[tuple[str, str]]:
    """Every documented call, with the paths that share a row written out."""
    for cell, *_ in rows("docs/rest.md"):
        verb = base = ""
        for part in re.findall(r"`([^`]+)`", cell):
            given, _, path = part.rpartition(" ")
            if part.isupper():
                continue
            verb = given or verb
            path = path if path.startswith("/") else f"{base}/{path}"
            base = base or path.rpartition("/")[0]
            yield verb, path


def test_every_call_of_the_api_is_documented_and_no_other(tmp_path: Path) -> None:
    paths = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    known = {
        (verb.upper(), path)
        for path, verbs in paths.items()
        for verb in verbs
        if not path.startswith("/v1/worker")
    }
    documented = set(calls())
    assert documented <= known
    assert {path for _, path in known} == {path for _, path in documented}


def test_every_number_is_documented_with_its_direction_and_unit() -> None:
    found = {
        row[0].strip("`"): (row[1], row[2])
        for row in rows("docs/metrics/README.md")
        if len(row) == 3 and row[0].strip("`") in ROBUSTNESS
    }
    own = {"goal": "the goal metric's way"}
    units = {"goal": "the goal metric's", "": "none"}
    assert found == {
        name: (own.get(better, better), units.get(unit, unit))
        for name, (better, unit) in ROBUSTNESS.items()
    }


def test_every_fact_of_a_trial_is_documented_in_the_words_of_the_list() -> None:
    found = [[c.strip("`") for c in row] for row in rows("docs/exports.md") if len(row) == 4]
    own = {"goal": "the goal metric's way"}
    units = {"goal": "the goal metric's"}
    assert found == [
        [
            name,
            fact.doc,
            own.get(fact.better or "", fact.better or ""),
            units.get(fact.unit, fact.unit or ("none" if fact.better else "")),
        ]
        for name, fact in FACTS.items()
    ]


def test_every_outcome_is_documented_with_what_it_counts_as() -> None:
    *_, table = section("docs/exports.md", "What is known of a trial").partition("| outcome |")
    found = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", table, re.MULTILINE))
    counts = {o: "the problem's cap" if o.lost else "its value" for o in Outcome if o.whole}
    assert found == dict.fromkeys(Outcome, "nothing") | counts


def test_every_metric_of_the_catalog_is_documented_with_its_direction() -> None:
    found = {
        name: row[1]
        for row in rows("docs/spec.md")
        for name in re.findall(r"`(\w+)`", row[0])
        if row[1] in ("lower", "higher")
    }
    assert found == {entry.name: entry.better for entry in METRICS}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_does_what_the_guide_shows(url: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(YAML[0].text)
    with Client(url) as client:
        study = client.submit(YAML[0].text)
        *_, ended = client.watch(study.id)
    script = blocks("sh", ["docs/rest.md"])[0].text.replace(DOCUMENTED_URL, url)
    ran = subprocess.run(
        ["sh", "-ec", script.replace("curl ", "curl --silent --fail-with-body ")],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "STUDY": ended.id},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "event: progress" in ran.stdout
    assert "<svg" in (tmp_path / "report.html").read_text()
    assert len((tmp_path / "trials.csv").read_text().splitlines()) == ended.trials + 1


def test_every_setting_is_documented_in_the_words_of_the_code() -> None:
    found = {
        cells[0].strip("`"): cells[1:] for cells in rows("docs/settings.md") if len(cells) == 3
    }
    service = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}
    named = re.findall(
        r"^\| ``(\w+)`` \| (.*?) \| (.*?) \|$", str(worker_settings.__doc__), re.MULTILINE
    )
    workers = {name: (text, default) for name, text, default in named if default != "required"}
    assert found.keys() == service.keys() | workers.keys()
    assert {n: found[n][0] for n in service} == {n: f.description for n, f in service.items()}
    assert {n: tuple(found[n]) for n in workers} == {
        n: tuple(part.replace("``", "`") for part in parts) for n, parts in workers.items()
    }
    for name, field in service.items():
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert float(found[name][1].replace(",", "")) == field.default


def test_every_extra_is_documented() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    named = {cells[0].strip("`") for cells in rows("docs/quickstart.md")}
    assert named == extras.keys() - {"dev"}


@pytest.mark.parametrize(
    "package", ["gofau", "gofau/packing", "studies/gofau_studies", "service/gofau_service"]
)
def test_every_room_is_documented(package: str) -> None:
    name = package.replace("studies/", "").replace("service/", "").replace("/", ".")
    _, _, table = section("docs/architecture.md", "Rooms").partition(f"| room of `{name}` |")
    first = re.findall(r"^\| (`.*?) \|", table.partition("\n\n")[0], re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(first))
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert sorted(named) == sorted(folders)
