"""Spans in memory, and a collector that listens on a socket of this machine."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from gofau_studies.telemetry import tracing


class Ended(SimpleSpanProcessor):
    """Spans that have ended, once those of all requests have.

    A request's span ends in the server's thread, after its client has read the answer.
    """

    def __init__(self) -> None:
        self._kept = InMemorySpanExporter()
        super().__init__(self._kept)
        self._changed = threading.Condition()
        self._open = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        with self._changed:
            self._open += span.kind is SpanKind.SERVER

    def on_end(self, span: ReadableSpan) -> None:
        super().on_end(span)
        with self._changed:
            self._open -= span.kind is SpanKind.SERVER
            self._changed.notify_all()

    def all(self) -> tuple[ReadableSpan, ...]:
        """Those that ended since the last `clear`, in that order."""
        self._settle()
        return self._kept.get_finished_spans()

    def clear(self) -> None:
        """Forget all that began until now."""
        self._settle()
        self._kept.clear()

    def _settle(self, seconds: float = 240) -> None:
        with self._changed:
            ended = self._changed.wait_for(lambda: self._open == 0, seconds)
        assert ended, f"{self._open} requests did not end within {seconds:g} s"


@pytest.fixture
def spans() -> Iterator[Ended]:
    """Tracing is on, and what ends is kept here."""
    ended = Ended()
    tracing.start_with("gofau-test", ended)
    yield ended
    tracing.stop()


@dataclass(frozen=True)
class Received:
    """A span as the wire brought it."""

    process: str
    name: str
    trace: bytes
    id: bytes
    parent: bytes
    attributes: dict[str, Any]


class Collector(ThreadingHTTPServer):
    """An OTLP receiver: takes ``POST /v1/traces`` with protobuf bodies."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.received: list[Received] = []
        self.refused: list[str] = []
        self.arrived = threading.Condition()

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self.arrived:
            self.received.extend(_flat(request))
            self.arrived.notify_all()

    def named(self, name: str) -> list[Received]:
        with self.arrived:
            return [span for span in self.received if span.name == name]

    def wait_for(self, *names: str, seconds: float = 240) -> None:
        """Wait until a span of each name has come."""
        with self.arrived:
            self.arrived.wait_for(lambda: set(names) <= {s.name for s in self.received}, seconds)
            missing = set(names) - {span.name for span in self.received}
        assert not missing, f"{missing} did not come within {seconds:g} s"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:  # the name that the base class calls
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        if (self.path, kind) == ("/v1/traces", "application/x-protobuf"):
            self.server.take(body)
        else:
            self.server.refused.append(f"{self.path} {kind}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _flat(request: ExportTraceServiceRequest) -> Iterator[Received]:
    for group in request.resource_spans:
        of = {a.key: a.value.string_value for a in group.resource.attributes}
        for scope in group.scope_spans:
            for span in scope.spans:
                found = {a.key: _plain(a.value) for a in span.attributes}
                yield Received(
                    of["service.name"],
                    span.name,
                    span.trace_id,
                    span.span_id,
                    span.parent_span_id,
                    found,
                )


def _plain(value: Any) -> Any:
    if value.WhichOneof("value") == "array_value":
        return [_plain(item) for item in value.array_value.values]
    return getattr(value, value.WhichOneof("value"))


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that listens."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
