"""Spans: their parents, their ids, what is kept out of them, and that off is off."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from gofau_studies.telemetry import logs, tracing
from gofau_studies.telemetry.tracing import TracingError
from tests.tracing.conftest import Collector, Ended

log = logging.getLogger("tests.tracing")


def named(spans: Ended) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.all()}


def parent(span: ReadableSpan) -> int:
    assert span.parent is not None
    return span.parent.span_id


def span_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def trace_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.trace_id


@pytest.mark.parametrize(
    "environment, wanted",
    [
        ({}, False),
        ({"GOFAU_TRACING": ""}, False),
        ({"GOFAU_TRACING": "on"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "GOFAU_TRACING": "off"}, False),
    ],
)
def test_tracing_is_on_where_it_is_asked_for(environment: dict[str, str], wanted: bool) -> None:
    assert tracing.is_wanted(environment) is wanted


def test_another_word_for_the_switch_is_refused() -> None:
    with pytest.raises(TracingError, match="GOFAU_TRACING: got 'yes', expected on or off"):
        tracing.start("gofau-test", {"GOFAU_TRACING": "yes"})


def test_spans_nest_and_carry_the_bound_ids(spans: Ended) -> None:
    with (
        logs.bound(study="st_1", pack=3),
        tracing.span("outer", trials=[4, 5]),
        logs.bound(lease="l1"),
        tracing.span("inner"),
    ):
        pass
    found = named(spans)
    assert found["outer"].parent is None
    assert parent(found["inner"]) == span_id(found["outer"])
    assert dict(found["outer"].attributes or {}) == {
        "gofau.study": "st_1",
        "gofau.pack": 3,
        "gofau.trials": (4, 5),
    }
    assert dict(found["inner"].attributes or {}) == {
        "gofau.study": "st_1",
        "gofau.pack": 3,
        "gofau.lease": "l1",
    }
    assert found["outer"].resource.attributes["service.name"] == "gofau-test"


def test_lines_inside_a_span_carry_its_trace(spans: Ended) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "begun", None, None)
    lines = logs.Lines(as_json=True)
    with tracing.span("work"):
        inside = json.loads(lines.format(record))
    assert inside["trace"] == f"{trace_id(named(spans)['work']):032x}"
    assert "trace" not in json.loads(lines.format(record))


def test_a_failed_block_says_what_failed_and_not_its_text(spans: Ended) -> None:
    with pytest.raises(ValueError, match="swordfish"), tracing.span("work"):
        raise ValueError("swordfish")
    span = named(spans)["work"]
    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert "swordfish" not in span.to_json()


def test_a_handled_error_marks_the_span_that_it_is_told_to(spans: Ended) -> None:
    with tracing.span("work"):
        tracing.fail(RuntimeError("swordfish"))
    assert named(spans)["work"].status.status_code is StatusCode.ERROR


def test_a_trace_goes_on_in_another_process(spans: Ended) -> None:
    with tracing.span("here"):
        headers, environment = tracing.carried(), tracing.as_environment()
    assert headers == tracing.from_environment({**environment, "PATH": "/bin"})
    assert set(environment) == {"TRACEPARENT"}
    with tracing.continued(headers), tracing.span("there"):
        pass
    found = named(spans)
    assert parent(found["there"]) == span_id(found["here"])
    assert trace_id(found["there"]) == trace_id(found["here"])


@pytest.mark.parametrize("headers", [{}, {"traceparent": "nonsense"}])
def test_a_trace_begins_where_none_is_carried(spans: Ended, headers: dict[str, str]) -> None:
    with tracing.continued(headers), tracing.span("there"):
        pass
    assert named(spans)["there"].parent is None


def test_a_repeated_block_is_traced_when_something_happens_in_it(
    spans: Ended,
) -> None:
    with tracing.unless_idle("idle"):
        pass
    with tracing.unless_idle("busy"), tracing.span("step"):
        pass
    with pytest.raises(RuntimeError), tracing.unless_idle("broken"):
        raise RuntimeError
    found = named(spans)
    assert found.keys() == {"busy", "step", "broken"}
    assert parent(found["step"]) == span_id(found["busy"])


def test_while_off_nothing_is_carried_and_blocks_run() -> None:
    ran = []
    with tracing.span("a"), tracing.unless_idle("b"), tracing.continued({"traceparent": "x"}):
        tracing.fail(RuntimeError())
        ran.append(tracing.carried())
    tracing.flush()
    tracing.stop()
    assert ran == [{}]
    assert tracing.provider() is None


@pytest.fixture
def exporting(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    tracing.start("gofau-test")
    yield collector
    tracing.stop()


def test_spans_come_over_otlp(exporting: Collector) -> None:
    with logs.bound(study="st_1"), tracing.span("outer"), tracing.span("inner", trials=[1, 2]):
        pass
    tracing.flush(20)
    [outer], [inner] = exporting.named("outer"), exporting.named("inner")
    assert (inner.parent, inner.trace) == (outer.id, outer.trace)
    assert inner.process == "gofau-test"
    assert inner.attributes == {"gofau.study": "st_1", "gofau.trials": [1, 2]}
    assert exporting.refused == []


def test_starting_again_changes_nothing(exporting: Collector) -> None:
    before = tracing.provider()
    tracing.start("gofau-other")
    assert tracing.provider() is before


LEFT_OUT = """
import sys
from importlib.abc import MetaPathFinder

EXTRA = ("opentelemetry.sdk", "opentelemetry.exporter")

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith(EXTRA):
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, Absent())
from gofau_service.api.app import create_app
from gofau_service.settings import Settings
from gofau_studies.telemetry import tracing

tracing.start("gofau-service", {})
app = create_app(Settings())
with tracing.span("work"):
    print([m.cls.__name__ for m in app.user_middleware], [m for m in EXTRA if m in sys.modules])
try:
    tracing.start("gofau-service", {"GOFAU_TRACING": "on"})
except tracing.TracingError as error:
    print(error)
"""


def test_without_the_extra_all_is_as_before_and_asking_is_an_error() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEFT_OUT], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first == "['HttpMetrics', 'OwnOrigin', 'BodyLimit'] []"
    assert second == (
        "GOFAU_TRACING: got No module named 'opentelemetry.exporter', expected OpenTelemetry, "
        "which traces need; install it with pip install 'gofau[tracing]', or set it to off"
    )


def test_a_collector_that_is_away_holds_up_no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes the connection, and answers when it is told to.
    with Collector() as late:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", late.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "120")
        tracing.start("gofau-test")
        with tracing.span("work"):
            pass
        tracing.stop(0.01)
        [waiting] = [t for t in threading.enumerate() if t.name == "traces"]
        assert tracing.provider() is None
        assert waiting.daemon
        late.handle_request()
        waiting.join()
        assert late.named("work")
