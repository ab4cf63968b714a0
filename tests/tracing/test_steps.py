"""Which steps of service and worker are traced, and how they hang together."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from gofau.packing.plan.plan import PackPlan, TrialOutcome
from gofau_service.reconciler.ray_jobs import JobStatus
from gofau_studies.telemetry import logs, tracing
from gofau_workers.train import train_pack
from tests.service.conftest import make_service, sqlite
from tests.service.fakes import Service
from tests.tracing.conftest import Ended
from tests.tracing.test_tracing import named, parent, span_id, trace_id
from tests.workers.conftest import service as fake_service
from tests.workers.fake_service import FakeService
from tests.workers.test_train import some, train_all

__all__ = ["fake_service", "make_service", "sqlite"]

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def served(spans: Ended, sqlite: str, make_service: Callable[..., Service]) -> Service:
    """A service that was made while tracing was on."""
    made = make_service(sqlite)
    spans.clear()
    return made


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_request_is_a_child_of_its_caller_and_has_the_ids_of_its_path(
    served: Service, spans: Ended
) -> None:
    worker = served.started()
    spans.clear()
    answer = served.http.get(f"/v1/studies/{worker.study}/trials/3", headers={"traceparent": TRACE})
    assert answer.is_success
    [span] = spans.all()
    assert (span.name, span.kind) == ("GET /v1/studies/{study}/trials/{index}", SpanKind.SERVER)
    assert f"{trace_id(span):032x}-{parent(span):016x}" == TRACE[3:-3]
    found = attributes(span)
    assert found["http.response.status_code"] == 200
    assert (found["gofau.study"], found["gofau.trial"]) == (worker.study, "3")


def test_a_refused_request_is_traced_too(served: Service, spans: Ended) -> None:
    served.http.get("/v1/studies/st_none")
    [span] = spans.all()
    found = attributes(span)
    assert (found["http.response.status_code"], found["gofau.study"]) == (404, "st_none")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_not_traced(served: Service, spans: Ended, path: str) -> None:
    served.http.get(path).raise_for_status()
    assert spans.all() == ()


def test_a_job_carries_the_trace_of_the_look_that_submitted_it(
    served: Service, spans: Ended
) -> None:
    study = served.submit()["id"]
    spans.clear()
    served.reconciler.look()
    found = named(spans)
    assert found.keys() == {"reconcile", "submit job"}
    submit = found["submit job"]
    assert parent(submit) == span_id(found["reconcile"])
    [request] = served.runner.requests
    assert attributes(submit) == {"gofau.study": study, "gofau.job": request.submission_id}
    carried = tracing.from_environment(request.environment)
    assert carried["traceparent"].split("-")[1:3] == [
        f"{trace_id(submit):032x}",
        f"{span_id(submit):016x}",
    ]


def test_looks_that_change_nothing_are_not_traced(served: Service, spans: Ended) -> None:
    served.started()
    spans.clear()
    served.reconciler.look()
    assert spans.all() == ()


def test_lost_leases_and_ended_jobs_are_traced(served: Service, spans: Ended) -> None:
    worker = served.started()
    worker.lease(0, 1)
    served.reconciler.look()
    served.clock.at += served.settings.lease_ttl_s + 1
    [job] = served.runner.jobs
    served.runner.jobs[job] = JobStatus.FAILED
    spans.clear()
    served.reconciler.look()
    found = named(spans)
    assert found["expire lease"].attributes is not None
    assert attributes(found["end job"]) == {
        "gofau.study": worker.study,
        "gofau.job": job,
        "gofau.status": "FAILED",
    }


def test_without_tracing_a_job_carries_none(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite)
    service.started()
    assert tracing.from_environment(service.runner.requests[0].environment) == {}


def test_a_pack_is_leased_trained_and_posted(fake_service: FakeService, spans: Ended) -> None:
    pack = some(fake_service, 4)
    with logs.bound(study="s1", pack=2), tracing.span("pack"):
        train_pack(fake_service.client(), pack, train_all)
    found = named(spans)
    assert found.keys() == {"pack", "lease", "train", "post results"}
    assert parent(found["lease"]) == parent(found["train"]) == span_id(found["pack"])
    assert parent(found["post results"]) == span_id(found["train"])
    assert attributes(found["lease"])["gofau.trials"] == (0, 1, 2, 3)
    posted = attributes(found["post results"])
    assert posted.pop("gofau.lease") == "lease-2"
    assert posted == {"gofau.study": "s1", "gofau.pack": 2, "gofau.trials": (0, 1, 2, 3)}


def test_every_call_of_a_worker_names_its_span(
    fake_service: FakeService, spans: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: dict[str, str] = {}
    handle = fake_service.handle

    def noted(request: httpx.Request) -> httpx.Response:
        carried[request.url.path.rpartition("/")[2]] = request.headers.get("traceparent", "")
        return handle(request)

    monkeypatch.setattr(fake_service, "handle", noted)
    train_pack(fake_service.client(), some(fake_service, 2), train_all)
    found = named(spans)
    for last, name in {"leases": "lease", "results": "post results", "release": "train"}.items():
        assert carried[last].split("-")[2] == f"{span_id(found[name]):016x}"
    assert carried["work"] == ""


def test_code_that_raises_fails_the_training(fake_service: FakeService, spans: Ended) -> None:
    def crash(plan: PackPlan, check: Callable[[], None]) -> Iterator[TrialOutcome]:
        yield from train_all(plan, check)
        raise RuntimeError("out of cheese")

    train_pack(fake_service.client(), some(fake_service, 2), crash)
    train = named(spans)["train"]
    assert train.status.status_code is StatusCode.ERROR
    assert attributes(train)["error.type"] == "RuntimeError"
