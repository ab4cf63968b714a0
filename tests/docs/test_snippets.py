"""The snippets of the guides: specs are valid, Python runs against a service."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gofau_service.api.app import create_app
from gofau_service.client import Client
from gofau_service.reconciler.ray_jobs import JobRequest, JobStatus
from gofau_service.settings import Settings
from gofau_studies.spec.parsing import parse_yaml
from tests.docs.conftest import REFERENCE, Block, blocks
from tests.service.fakes import FakeRunner, Served, Worker, redeemed

DOCUMENTED_URL = "http://127.0.0.1:8080"


class InstantRunner(FakeRunner):
    """Completes a study's trials when its job starts, in the time that a request takes."""

    url = ""

    def submit(self, request: JobRequest) -> None:
        super().submit(request)
        with httpx.Client(base_url=self.url, timeout=240) as http:
            Worker(http, request.study, redeemed(http, request)).finish()
        self.jobs[request.submission_id] = JobStatus.SUCCEEDED


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service whose studies complete at once, with one study that has."""
    runner = InstantRunner()
    folder = tmp_path_factory.mktemp("data")
    settings = Settings(data_dir=folder, reconcile_every_s=0.05, ray_address="http://ray.test")
    served = Served(create_app(settings, runner))
    runner.url = served.url
    with Client(served.url) as client:
        list(client.watch(client.submit(YAML[0].text).id))
    yield served.url
    served.close()


def ids(found: list[Block]) -> list[str]:
    return [block.place for block in found]


YAML, PYTHON = blocks("yaml"), blocks("python")
SPECS = [*YAML, *blocks("yaml", REFERENCE)]


@pytest.mark.parametrize("block", SPECS, ids=ids(SPECS))
def test_specs_are_valid(block: Block) -> None:
    assert parse_yaml(block.text).trial_count > 0


@pytest.mark.parametrize("block", PYTHON, ids=ids(PYTHON))
def test_python_runs(
    block: Block,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = YAML[0].text
    (tmp_path / "study.yaml").write_text(spec)
    assert DOCUMENTED_URL in block.text
    names: dict[str, Any] = {"SPEC": spec}
    exec(compile(block.text.replace(DOCUMENTED_URL, url), block.place, "exec"), names)
    assert capsys.readouterr().out


def test_the_readme_shows_a_study_from_python_and_yaml_in_20_lines_each() -> None:
    readme = [block for block in (*YAML, *PYTHON) if block.place.startswith("README.md")]
    assert {block.language for block in readme} == {"yaml", "python"}
    assert all(block.text.count("\n") <= 20 for block in readme)


def test_the_python_snippet_of_the_readme_writes_the_page(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(YAML[0].text)
    exec(PYTHON[0].text.replace(DOCUMENTED_URL, url), {})
    assert "<svg" in (tmp_path / "report.html").read_text()


def test_the_example_fault_of_the_quickstart_is_the_real_one() -> None:
    shown = blocks("")[0].text.strip()
    spec = next(b.text for b in YAML if b.place.startswith("docs/quickstart"))
    broken = re.sub(r"\{name: multiplicative.*?\}", "{name: hybrid, gamma: 1.5}", spec)
    with pytest.raises(Exception, match=re.escape(shown.removeprefix("error: "))):
        parse_yaml(broken)
