"""Stores and calls of earlier releases: a store is migrated and read, and its calls are made again.

`tests/service/stores/make.py` made each with the code of its day. Answers may say more than they
did: what they said then, they say still.
"""

import csv
import gzip
import io
import json
import math
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from gofau_service.settings import Settings
from gofau_service.store.engine import Store
from gofau_service.store.schema import migrate
from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_spec
from tests.service.fakes import FakeRunner, Service
from tests.service.stores.make import settings_of

FOLDER = Path(__file__).parent / "stores"
NAMES = [path.name.removesuffix(".sql.gz") for path in sorted(FOLDER.glob("*.sql.gz"))]
CLOSE = 1e-12
"""Relative; numbers of a report are computed anew, the others are read."""

OF_THE_DAY = {"trials_per_s", "eta_s", "next_cursor", "analysed_at", ".code_version"}
"""What the time since then and the code that answers change; a dot: at the top of an answer."""

NEW = {"id", "token", "created_at", "started_at", "ended_at", "expires_at", "revoked_at", "key"}
"""What each making of a thing draws anew."""

KNOWN_RESULTS = {"reusable", "seconds_per_trial", "seconds"}
"""What goes by the results of the code that runs."""

Exchange = Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """A recorded exchange and today's answer to the same request."""

    then: Exchange
    now: httpx.Response
    moving: frozenset[str]

    @property
    def place(self) -> str:
        """The request, for a message."""
        return f"{self.then['method']} {self.then['target']}"


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def database(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store as it was."""
    file = tmp_path_factory.mktemp("stores") / "gofau.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(gzip.decompress((FOLDER / f"{name}.sql.gz").read_bytes()).decode())
    return file


@pytest.fixture(scope="module")
def record(name: str) -> list[Exchange]:
    exchanges: list[Exchange] = json.loads(
        gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes())
    )
    return exchanges


@pytest.fixture(scope="module")
def answered(database: Path, record: list[Exchange]) -> Iterator[list[Answered]]:
    """Every recorded call, made again on a migrated copy."""
    service = Service.start(settings_of(migrated(database, "copy.db")), FakeRunner())
    yield list(again(service, record))
    service.close()


def migrated(database: Path, name: str) -> Path:
    """A copy with the schema of today."""
    copy = database.with_name(name)
    copy.write_bytes(database.read_bytes())
    store = Store(f"sqlite:///{copy}")
    migrate(store)
    store.close()
    return copy


def again(service: Service, record: list[Exchange]) -> Iterator[Answered]:
    """Send each request; what is made is known by its new id from then on."""
    renamed: dict[str, str] = {}
    changed = False
    for then in record:
        target = then["target"]
        for old, new in renamed.items():
            target = target.replace(old, new)
        changed |= then["method"] != "GET"
        now = answer(service.http, {**then, "target": target})
        if then["method"] == "POST" and now.is_success and "id" in now.json():
            renamed[json.loads(text(then))["id"]] = now.json()["id"]
        yield Answered(
            then, now, frozenset(OF_THE_DAY | (NEW | KNOWN_RESULTS if changed else set()))
        )


def answer(http: httpx.Client, then: Exchange) -> httpx.Response:
    """Today's answer; of a stream as much as its first event."""
    path, content = then["target"], then["body"].encode("latin-1")
    with http.stream(then["method"], path, headers=then["headers"], content=content) as response:
        if then["kind"] != "text/event-stream":
            response.read()
            return response
        told = ""
        for chunk in response.iter_text():
            told += chunk
            if first_event(told):
                break
        return httpx.Response(response.status_code, headers=response.headers, text=told)


def text(then: Exchange) -> str:
    return str(then["answer"].encode("latin-1").decode())


def first_event(stream: str) -> tuple[str, Any] | None:
    """The name and the data of the first whole event that has data."""
    for block in stream.replace("\r\n", "\n").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if fields.get("data"):
            return fields["event"], json.loads(fields["data"])
    return None


def missed(then: Any, now: Any, moving: frozenset[str], place: str = "") -> Iterator[str]:
    """Where an answer no longer says what it said."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key, value in then.items():
            if key not in now:
                yield f"{place}.{key} is gone"
            elif key in moving or f"{place}.{key}" in moving:
                if type(now[key]) is not type(value) and value is not None:
                    yield f"{place}.{key} was {value!r}, is {now[key]!r}"
            else:
                yield from missed(value, now[key], moving, f"{place}.{key}")
    elif isinstance(then, list) and isinstance(now, list):
        yield from missed_of_list(then, now, moving, place)
    elif not same(then, now):
        yield f"{place} was {then!r}, is {now!r}"


def missed_of_list(
    then: list[Any], now: list[Any], moving: frozenset[str], place: str
) -> Iterator[str]:
    """Entries with names are matched by them, since a catalog grows; others by their order."""
    if then and all(isinstance(one, dict) and "name" in one and "id" not in one for one in then):
        named = {one["name"]: one for one in now}
        for one in then:
            yield from missed(one, named.get(one["name"]), moving, f"{place}[{one['name']}]")
        return
    if len(then) != len(now):
        yield f"{place} had {len(then)} entries, has {len(now)}"
    for index, (old, new) in enumerate(zip(then, now, strict=False)):
        yield from missed(old, new, moving, f"{place}[{index}]")


def same(then: Any, now: Any) -> bool:
    if isinstance(then, float) and isinstance(now, float | int):
        return math.isclose(then, now, rel_tol=CLOSE) or (math.isnan(then) and math.isnan(now))
    return type(then) is type(now) and bool(then == now)


def table(kind: str, content: bytes) -> list[dict[str, Any]]:
    """The rows of an export."""
    if kind == "text/csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    if kind == "application/x-ndjson":
        return [json.loads(line) for line in content.splitlines()]
    return list(pq.read_table(io.BytesIO(content)).to_pylist())


def test_every_call_is_answered_with_the_same_status_and_kind(answered: list[Answered]) -> None:
    kinds = [(one.now.headers.get("content-type", "").partition(";")[0]) for one in answered]
    found = [
        (one.place, one.now.status_code, kind) for one, kind in zip(answered, kinds, strict=True)
    ]
    assert found == [(one.place, one.then["status"], one.then["kind"]) for one in answered]


def test_what_was_said_is_said_still(answered: list[Answered]) -> None:
    found = [one for one in answered if one.then["kind"] == "application/json"]
    assert len(found) > 40
    for one in found:
        said = json.loads(text(one.then))
        assert list(missed(said, one.now.json(), one.moving)) == [], one.place


def test_exports_have_the_same_rows(answered: list[Answered]) -> None:
    found = [one for one in answered if "/export" in one.then["target"]]
    assert {one.then["kind"] for one in found} == {
        "text/csv",
        "application/x-ndjson",
        "application/vnd.apache.parquet",
    }
    for one in found:
        then = table(one.then["kind"], one.then["answer"].encode("latin-1"))
        now = table(one.then["kind"], one.now.content)
        assert len(then) > 1
        assert list(missed_of_list(then, now, one.moving, one.place)) == []


def test_streams_begin_with_the_same_event(answered: list[Answered]) -> None:
    found = [one for one in answered if one.then["kind"] == "text/event-stream"]
    assert len(found) == 2
    for one in found:
        then, now = first_event(text(one.then)), first_event(one.now.text)
        assert then is not None
        assert now is not None
        assert now[0] == then[0]
        assert list(missed(then[1], now[1], one.moving)) == []


def test_reports_as_pages_have_the_same_title(answered: list[Answered]) -> None:
    for end, title in (("report.md", "^# (.+)$"), ("report.html", "<title>(.+)</title>")):
        [one] = [one for one in answered if one.then["target"].endswith(end)]
        found = [
            re.findall(title, page, re.MULTILINE)[:1] for page in (text(one.then), one.now.text)
        ]
        assert found == [["Robustness of a grid"]] * 2


def test_hashes_of_specs_and_keys_of_cells_are_what_they_were(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        studies = connection.execute("SELECT id, name, spec, spec_hash FROM studies").fetchall()
        assert len(studies) > 5
        for study, name, spec, spec_hash in studies:
            parsed = parse_spec(json.loads(spec))
            assert (name, parsed.hash) == (name, spec_hash)
            stored = connection.execute(
                "SELECT key FROM cells WHERE study_id = ? ORDER BY ordinal", (study,)
            )
            expected = [cell.key for cell in cells(parsed)]
            assert [key for (key,) in stored][: len(expected)] == expected


def test_a_paused_study_goes_on(database: Path) -> None:
    url = f"sqlite:///{migrated(database, 'resumed.db')}"
    service = Service.start(Settings(database_url=url, reconcile=False), FakeRunner())
    try:
        [study] = service.http.get("/v1/studies", params={"state": "paused"}).json()["items"]
        assert study["counts"]["waiting"] == study["trials"]
        service.http.post(f"/v1/studies/{study['id']}/resume").raise_for_status()
        service.reconciler.look()
        service.clock.at += 2 * service.settings.leader_ttl_s  # whoever led then leads no more
        service.reconciler.look()
        service.worker(study["id"]).finish()
        ended = service.study(study["id"])
        assert (ended["state"], ended["counts"]["completed"]) == ("completed", study["trials"])
        report = service.http.get(f"/v1/studies/{study['id']}/report").json()
        assert len(report["groups"]) == 2
    finally:
        service.close()


@pytest.mark.parametrize(
    "now, message",
    [
        ({"a": 1.5}, ".b is gone"),
        ({"a": 1.5 + 1e-9, "b": [1]}, ".a was 1.5, is 1.500000001"),
        ({"a": 1.5, "b": [1.0]}, ".b[0] was 1, is 1.0"),
        ({"a": None, "b": [1]}, ".a was 1.5, is None"),
        ({"a": 1.5, "b": [1, 2]}, ".b had 1 entries, has 2"),
    ],
)
def test_what_is_no_longer_said_is_found(now: dict[str, Any], message: str) -> None:
    assert list(missed({"a": 1.5, "b": [1]}, now, frozenset())) == [message]
