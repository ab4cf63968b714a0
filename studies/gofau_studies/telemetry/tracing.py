"""OpenTelemetry traces through service, driver and packs, where they are asked for.

| variable | meaning | default |
|---|---|---|
| ``GOFAU_TRACING`` | ``on`` or ``off`` | ``on`` where an address is set |
| ``OTEL_EXPORTER_OTLP_ENDPOINT`` | the collector's address for OTLP over HTTP | \
``http://localhost:4318`` |

The exporter and the sampler read the other ``OTEL_*`` variables themselves. While tracing is off,
OpenTelemetry's SDK is not imported. Spans carry the ids that `gofau_studies.telemetry.logs` has
bound, and the lines that are logged inside a span carry its trace's id.

Sources: https://opentelemetry.io/docs/specs/otel/protocol/exporter/,
https://www.w3.org/TR/trace-context/.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from gofau_studies.errors import StudiesError
from gofau_studies.telemetry import logs

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, Tracer

VARIABLE = "GOFAU_TRACING"
ADDRESSES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
CARRIED = ("traceparent", "tracestate")
FLUSH_S = 2.0

Attribute = str | int | float | list[int]

_begun_inside: ContextVar[list[str] | None] = ContextVar("begun_inside", default=None)


class TracingError(StudiesError):
    """Traces that were asked for and cannot be made."""


@dataclass(frozen=True)
class _Tracing:
    provider: "TracerProvider"
    tracer: "Tracer"


_running: _Tracing | None = None


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces.

    Raises:
        TracingError: the switch is neither on nor off.
    """
    chosen = environment.get(VARIABLE, "")
    if chosen not in ("", "on", "off"):
        raise TracingError(f"{VARIABLE}: got {chosen!r}, expected on or off")
    return chosen == "on" or (not chosen and any(environment.get(name) for name in ADDRESSES))


def start(process: str, environment: Mapping[str, str] = os.environ) -> None:
    """Export spans from now on if the environment asks for it; starting again changes nothing.

    Args:
        process: the kind of process, such as ``gofau-driver``: the traces' ``service.name``.
        environment: where the switch and the addresses are looked up.

    Raises:
        TracingError: the switch is neither on nor off, or OpenTelemetry is not installed.
    """
    if not is_wanted(environment) or _running is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingError(
            f"{VARIABLE}: got {error}, expected OpenTelemetry, which traces need; "
            "install it with pip install 'gofau[tracing]', or set it to off"
        ) from error
    start_with(process, BatchSpanProcessor(OTLPSpanExporter()))


def start_with(process: str, processor: "SpanProcessor") -> None:
    """Hand spans to ``processor`` from now on, under a provider that no other library shares."""
    global _running  # noqa: PLW0603 # one process, one tracer
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    named = {"service.name": process, "service.version": version("gofau")}
    made = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    made.add_span_processor(processor)
    _running = _Tracing(made, made.get_tracer("gofau"))


def stop(seconds: float = FLUSH_S) -> None:
    """Export what has ended, for so long at most, and trace no more."""
    global _running  # noqa: PLW0603 # see above
    if _running is not None:
        _within(seconds, _running.provider.shutdown)
        _running = None


def flush(seconds: float = FLUSH_S) -> None:
    """Export what has ended, for so long at most."""
    if _running is not None:
        _within(seconds, _running.provider.force_flush)


def _within(seconds: float, call: Callable[[], object]) -> None:
    """Wait for a call, but no longer: a collector that is away must not hold up an exit.

    The provider's own limits only end the wait between the exporter's tries.
    """
    thread = threading.Thread(target=call, name="traces", daemon=True)
    thread.start()
    thread.join(seconds)


def provider() -> "TracerProvider | None":
    """Where spans go; ``None`` while tracing is off."""
    return None if _running is None else _running.provider


@contextmanager
def span(name: str, **ids: Attribute) -> Iterator[None]:
    """Trace a block under a name, with these ids and those that its log lines carry."""
    if _running is None:
        yield
        return
    inside = _begun_inside.get()
    if inside is not None:
        inside.append(name)
    begun = _running.tracer.start_span(name, attributes=_attributes(ids))
    try:
        with _entered(begun):
            yield
    finally:
        begun.end()


@contextmanager
def unless_idle(name: str) -> Iterator[None]:
    """Trace a block that repeats, if another span begins inside it or it fails.

    A span that is never ended is never exported.
    """
    if _running is None:
        yield
        return
    inside: list[str] = []
    token = _begun_inside.set(inside)
    begun = _running.tracer.start_span(name)
    try:
        with _entered(begun):
            yield
    except Exception:
        inside.append("error")
        raise
    finally:
        _begun_inside.reset(token)
        if inside:
            begun.end()


def fail(error: BaseException) -> None:
    """Mark the current span as failed by ``error``, whose text stays out: it may hold secrets."""
    if _running is not None:
        from opentelemetry.trace import get_current_span

        _mark(get_current_span(), error)


def carried() -> dict[str, str]:
    """The current span as W3C headers; none while tracing is off or outside any span."""
    headers: dict[str, str] = {}
    if _running is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(headers)
    return headers


def as_environment() -> dict[str, str]:
    """The current span as environment variables, for `from_environment` in another process.

    Source: https://opentelemetry.io/docs/specs/otel/context/env-carriers/
    """
    return {name.upper(): value for name, value in carried().items()}


def from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What `as_environment` put there, as W3C headers."""
    found = {name: environment.get(name.upper(), "") for name in CARRIED}
    return {name: value for name, value in found.items() if value}


@contextmanager
def continued(headers: Mapping[str, str]) -> Iterator[None]:
    """Make the spans of a block children of the one that W3C headers name."""
    if _running is None:
        yield
        return
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    token = context.attach(TraceContextTextMapPropagator().extract(headers))
    try:
        yield
    finally:
        context.detach(token)


@contextmanager
def _entered(begun: "Span") -> Iterator[None]:
    """Make a span the current one, and mark it if the block fails."""
    from opentelemetry.trace import format_trace_id, use_span

    trace = format_trace_id(begun.get_span_context().trace_id)
    with (
        use_span(begun, record_exception=False, set_status_on_exception=False),
        logs.bound(trace=trace),
    ):
        try:
            yield
        except Exception as error:
            _mark(begun, error)
            raise


def _mark(begun: "Span", error: BaseException) -> None:
    from opentelemetry.trace import StatusCode

    begun.set_attribute("error.type", type(error).__name__)
    begun.set_status(StatusCode.ERROR)


def _attributes(ids: Mapping[str, Attribute]) -> dict[str, Attribute]:
    known = {name: value for name, value in logs.bound_ids().items() if name != "trace"}
    return {f"gofau.{name}": value for name, value in {**known, **ids}.items()}
