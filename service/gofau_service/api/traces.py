"""Traces of requests where tracing is on, by FastAPI's own means, with our ids on them.

Source: https://fastapi.tiangolo.com/advanced/opentelemetry/.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gofau_studies.telemetry import logs, tracing

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that machines ask for every few seconds, which are not traced."""

IDS = {"study": "gofau.study", "lease": "gofau.lease", "index": "gofau.trial"}
"""Parameters of paths, and the attributes that they become."""


def telemetry() -> TelemetryConfig:
    """What FastAPI reports: a span a request while tracing is on, and nothing else ever.

    Metrics and logs are `gofau_service.api.prometheus` and `gofau_studies.telemetry.logs`.
    """
    provider = tracing.provider()
    return {
        "tracing": provider is not None,
        "tracer_provider": provider,
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "auto_configure": False,
        "exclude": lambda scope: scope["path"] in PROBES,
    }


def name_spans(app: FastAPI) -> None:
    """Put ids on the spans of requests, if tracing is on by now."""
    if tracing.provider() is not None:
        app.add_middleware(SpanIds)


class SpanIds:
    """ASGI middleware: the ids in a request's path become attributes, its trace is logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the span ends with the answer, so that ids must come before."""
        from opentelemetry.trace import format_trace_id, get_current_span

        span = get_current_span()
        if not span.is_recording():
            await self._app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attributes(_ids(scope))
            await send(message)

        with logs.bound(trace=format_trace_id(span.get_span_context().trace_id)):
            await self._app(scope, receive, named)


def _ids(scope: Scope) -> dict[str, Any]:
    given = scope.get("path_params", {})
    return {attribute: given[name] for name, attribute in IDS.items() if name in given}
