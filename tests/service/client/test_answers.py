"""Every field that the API answers with reaches the client, the exports, --json and the page."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

import gofau_service.pages
from gofau_service import answers
from gofau_service.api.app import create_app
from gofau_service.client import Client
from gofau_service.settings import Settings
from gofau_studies.export import runs
from gofau_studies.export.runs import PLACE
from gofau_studies.protocol.trial_facts import NUMBERS
from gofau_studies.protocol.trials import Outcome, OutcomeCounts
from gofau_studies.report.model import RobustnessReport
from tests.service.client.conftest import study as answered
from tests.service.fakes import SPEC, TRIALS, FakeRunner, Service, diverged

READ: dict[str, type[BaseModel]] = {
    **{
        name: model
        for name, model in vars(answers).items()
        if isinstance(model, type)
        and issubclass(model, answers.Answer)
        and model not in (answers.Answer, answers.Page)
    },
    "OutcomeCounts": OutcomeCounts,
    "Page_Study_": answers.Page[answers.Study],
    "Page_Trial_": answers.Page[answers.Trial],
    "Page_Cell_": answers.Page[answers.Cell],
    "Page_Token_": answers.Page[answers.Token],
    "RobustnessReport": RobustnessReport,
}
"""What the client makes of each answer."""

HANDED_ON = {
    "CatalogView": "`Client.catalog` gives it as it came",
    "LimitsView": "`Client.limits` gives it as it came",
    "Health": "for load balancers and supervisors",
}
"""Answers without a model of the client's own."""

NOT_SHOWN = {
    "revision": "the order of changes, for those who follow them",
    "reuse": "how many results were reused says it",
    "started_at": "rate and time left are made of it",
}
"""Fields that the page does not show to people."""


@pytest.fixture(scope="module")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("openapi"), reconcile=False)
    return create_app(settings).openapi()


def promised(openapi: dict[str, Any]) -> set[str]:
    """The names of the schemas that endpoints for people and programs answer with."""
    found: set[str] = set()
    for path, operations in openapi["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
                if status.startswith("2") and "$ref" in schema and "/worker/" not in path:
                    found.add(name_of(schema))
    return found


def name_of(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def test_every_answer_has_a_model_of_the_client(openapi: dict[str, Any]) -> None:
    assert promised(openapi) <= READ.keys() | HANDED_ON.keys()
    assert READ.keys() | HANDED_ON.keys() <= set(openapi["components"]["schemas"])


def test_fields_and_outcomes_of_a_later_release_are_ignored() -> None:
    given = answered()
    plain = answers.StudyDetail.model_validate(given)
    given |= {"mood": "good", "outcomes": {**given["outcomes"], "abducted": 1}}
    given["counts"] = {**given["counts"], "frozen": 2}
    assert answers.StudyDetail.model_validate(given) == plain


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with one study: a failed trial, one that waits, and all kinds of ends."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("answers"), reconcile=False)
    started = Service.start(settings, FakeRunner())
    worker = started.started(SPEC)
    lease = worker.lease(*range(TRIALS - 1)).lease
    worker.post(lease, 1, make=diverged, failures={0: "RuntimeError: cheese"})
    worker.post(lease, *range(2, TRIALS - 1))
    yield started
    started.close()


@pytest.fixture(scope="module")
def study(served: Service) -> str:
    return str(served.http.get("/v1/studies").json()["items"][0]["id"])


def listed(served: Service, study: str) -> list[dict[str, Any]]:
    """The trials as the API lists them, with their points and places beside the other fields."""
    path = f"/v1/studies/{study}"
    rows = served.http.get(f"{path}/trials", params={"limit": 1000}).json()["items"]
    known = served.http.get(f"{path}/provenance").json()["environments"]
    records = {one["digest"]: one["record"] for one in known}
    for row in rows:
        place = records.get(row["environment"], {})
        row |= {**row.pop("point"), **{name: place.get(name) for name in PLACE}}
    return list(rows)


def test_exports_have_every_field_of_every_trial(served: Service, study: str) -> None:
    expected = listed(served, study)
    with Client(served.server.url) as client:
        chunks = {
            kind: b"".join(client.export(study, kind)) for kind in ("csv", "ndjson", "parquet")
        }
        table = client.study(study).to_pandas()
    assert [json.loads(line) for line in chunks["ndjson"].splitlines()] == expected
    assert pq.read_table(io.BytesIO(chunks["parquet"])).to_pylist() == expected
    texts = [{k: "" if v is None else str(v) for k, v in row.items()} for row in expected]
    assert list(csv.DictReader(io.StringIO(chunks["csv"].decode()))) == texts
    bare = json.loads(table.to_json(orient="records"))
    assert bare == expected


def test_trackers_get_every_column(served: Service, study: str) -> None:
    columns = listed(served, study)[0].keys() - set(SPEC["axes"])
    assert {*runs.LABELS, *runs.NUMBERS, *runs.TEXTS, *runs.ELSEWHERE} == columns


def test_the_client_gives_what_the_api_says(served: Service, study: str) -> None:
    with Client(served.server.url) as client:
        pairs = {
            f"/v1/studies/{study}": client.get(study),
            f"/v1/studies/{study}/trials/1": client.trial(study, 1),
        }
        for path, found in pairs.items():
            said = served.http.get(path).json()
            mine = found.model_dump(mode="json")
            assert mine.keys() == said.keys()
            # The clock alone changes the rate, and with it the time left.
            moving = ("trials_per_s", "eta_s")
            assert {k: mine[k] for k in mine if k not in moving} == {
                k: said[k] for k in said if k not in moving
            }
        cells = served.http.get(f"/v1/studies/{study}/cells").json()["items"]
        assert [cell.model_dump(mode="json") for cell in client.cells(study)] == cells


def test_the_page_shows_every_field_or_says_why_not(openapi: dict[str, Any]) -> None:
    static = Path(gofau_service.pages.__file__).parent / "static"
    code = "".join(path.read_text() for path in static.rglob("*.js"))
    schemas = openapi["components"]["schemas"]
    answers = ("StudyDetail", "TrialDetail", "Cell")
    fields = {name for answer in answers for name in schemas[answer]["properties"]}
    listed = {*NUMBERS, *Outcome}  # by the catalog, which the page goes through
    missing = {name for name in fields - listed if not re.search(rf'[."]{name}\b', code)}
    assert missing == NOT_SHOWN.keys()


def test_a_report_of_a_later_release_is_read(served: Service, study: str) -> None:
    served.worker(study).finish()
    plain = served.http.get(f"/v1/studies/{study}/report").json()
    more = {**plain, "mood": "good", "groups": [{**g, "colour": "blue"} for g in plain["groups"]]}
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json=more))
    with Client("http://later.test", transport=answer) as client:
        assert client.report(study) == RobustnessReport.model_validate(plain)
