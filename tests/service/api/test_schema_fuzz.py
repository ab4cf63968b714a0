"""The whole OpenAPI document against a running service, and specs made at random."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gofau_service.api.app import create_app
from gofau_service.settings import Settings
from tests.service.fakes import SPEC, FakeRunner, Service, Worker

QUICK = settings(max_examples=4, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=50)
SOUND = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
ENDLESS = "GET /v1/studies/events"
"""A stream that no answer ends; `test_study_list` reads it."""
FRAMING = {"connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"}
"""Headers of HTTP itself: with wrong ones the server answers in plain text, before the service."""
ENDS = ("/cancel", "/pause", "/extend")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all cases, whose largest grid is small."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    url = f"sqlite:///{folder / 'gofau.db'}"
    config = Settings(database_url=url, reconcile=False, max_trials=2_000, events_every_s=0.01)
    service = Service.start(config, FakeRunner())
    yield service
    service.close()


@pytest.fixture(scope="module")
def worker(served: Service) -> Worker:
    """The worker of a study that has results and goes on."""
    worker = served.started()
    worker.post(worker.lease(0, 1, 2).lease, 0, 1)
    return worker


def operations() -> dict[str, Any]:
    """Every documented operation by its name."""
    never_opened = Path(tempfile.gettempdir()) / "gofau-schema.db"
    app = create_app(Settings(database_url=f"sqlite:///{never_opened}"))
    schema = schemathesis.openapi.from_dict(app.openapi())
    found = (operation.ok() for operation in schema.get_all_operations())
    named = {f"{operation.method.upper()} {operation.path}": operation for operation in found}
    del named[ENDLESS]
    return named


OPERATIONS = operations()
EACH = pytest.mark.parametrize("name", OPERATIONS)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def check(name: str, profile: settings, call: Callable[[Any], None]) -> None:
    """Call an operation with valid and with invalid input."""
    operation = OPERATIONS[name]
    takes_input = operation.body or any(True for _ in operation.iter_parameters())
    for mode in MODES if takes_input else MODES[:1]:
        given(case=operation.as_strategy(generation_mode=mode))(profile(lambda case: call(case)))()


@EACH
def test_every_answer_is_as_documented(name: str, served: Service, worker: Worker) -> None:
    check(name, QUICK, lambda case: send(case, served, worker))


@pytest.mark.slow
@EACH
def test_every_answer_is_as_documented_at_length(
    name: str, served: Service, worker: Worker
) -> None:
    check(name, LONG, lambda case: send(case, served, worker))


def send(case: Any, served: Service, worker: Worker) -> None:
    """Send a case as it was made, which hardly ever names what is there, and about a real study."""
    assume(not FRAMING & {name.lower() for name in case.headers or ()})
    on_any(case, served)
    on_real(case, served, worker)


def on_any(case: Any, served: Service) -> None:
    """Send a case as it was made."""
    case.call_and_validate(
        base_url=served.server.url, excluded_checks=[positive_data_acceptance], timeout=240
    )


def on_real(case: Any, served: Service, worker: Worker) -> None:
    """Send a case about the study that is there, as its worker where only that may."""
    path = case.operation.path
    if path.endswith("/events"):
        return  # the stream of an open study has no end
    if "study" in (case.path_parameters or {}) and not path.endswith(ENDS):
        case.path_parameters["study"] = worker.study
    if case.method == "DELETE":
        case.path_parameters = dict.fromkeys(case.path_parameters, "none")
    token = {"Authorization": f"Bearer {worker.token}"} if "/worker/" in path else {}
    url = served.server.url
    case.call_and_validate(base_url=url, headers=token, checks=SOUND, timeout=240)


TEXT = st.text(max_size=8)
LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.sampled_from(["sgd", "additive"])
)
ANY = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
FIELDS = st.sampled_from([*SPEC, "fixed", "max_attempts", "tags", "dtype", "batch_size", "zzz"])
RANGE = st.lists(st.floats(), min_size=2, max_size=2)
AXIS = st.fixed_dictionaries(
    {},
    optional={
        "log": RANGE,
        "linear": RANGE,
        "values": st.lists(st.floats(), max_size=3),
        "points": st.integers(-1, 20_000),
    },
)
AXES = st.dictionaries(
    st.sampled_from(["lr", "init_scale", "gamma", "weight_decay", "x"]), AXIS, max_size=3
)
CHANGES = st.dictionaries(FIELDS, ANY, max_size=3) | st.fixed_dictionaries({"axes": AXES})


@given(changes=CHANGES)
@settings(QUICK, max_examples=60)
def test_a_spec_made_at_random_is_stored_or_refused_by_field(
    served: Service, changes: dict[str, Any]
) -> None:
    body = json.dumps({**SPEC, **changes}).encode()
    headers = {"Content-Type": "application/json"}
    plan = served.http.post("/v1/studies/validate", content=body, headers=headers)
    stored = served.http.post("/v1/studies", content=body, headers=headers)
    assert plan.is_success == stored.is_success
    assert stored.status_code in (201, 422)
    if stored.status_code == 422:
        assert stored.json()["errors"]


@given(
    body=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
@settings(QUICK, max_examples=60)
def test_bytes_made_at_random_are_refused(served: Service, body: bytes) -> None:
    for kind in ("application/json", "application/yaml"):
        headers = {"Content-Type": kind}
        answer = served.http.post("/v1/studies", content=body, headers=headers)
        assert answer.status_code == 422
