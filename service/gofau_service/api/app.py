"""The FastAPI app and its parts."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi
from starlette.routing import Route

from gofau.modules import modules, repeated
from gofau_service import api
from gofau_service.api import problem_details
from gofau_service.api.body_limit import BodyLimit
from gofau_service.api.dependencies import Parts
from gofau_service.api.http_metrics import HttpMetrics
from gofau_service.api.own_origin import OwnOrigin
from gofau_service.api.rate_limit import RateLimit
from gofau_service.api.traces import name_spans, telemetry
from gofau_service.events.study_changes import StudyChanges
from gofau_service.reconciler.ray_jobs import JobRunner, RayJobs
from gofau_service.reconciler.reconciler import Reconciler
from gofau_service.reconciler.thread import ReconcilerThread
from gofau_service.reconciler.wake_up import WakeUp
from gofau_service.reports.analyst import Analyst
from gofau_service.settings import Settings
from gofau_service.store.engine import Store
from gofau_service.store.schema import migrate
from gofau_service.tokens import bearer
from gofau_studies.spec import StudySpec
from gofau_studies.telemetry import tracing

DESCRIPTION = (
    "Hyperparameter-robustness studies: submit a grid of learning rates, init scales, update "
    "rules and seeds; read maps, metrics with intervals and comparisons. Errors are RFC 9457 "
    "problem details."
)


def create_app(settings: Settings | None = None, runner: JobRunner | None = None) -> FastAPI:
    """The app.

    Args:
        settings: by default read from the environment.
        runner: where drivers run; by default the Ray cluster of the settings.
    """
    chosen = settings or Settings.from_environment()
    store = Store(chosen.database)
    rates = RateLimit(chosen.rate_per_s, chosen.rate_burst)
    changes = StudyChanges(store, chosen.events_every_s)
    parts = Parts(chosen, store, WakeUp(), Analyst(store), rates, changes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(_prepare, parts)
        with _reconciling(parts, runner) if chosen.reconcile else nullcontext():
            yield
        store.close()
        await run_in_threadpool(tracing.flush)

    app = FastAPI(
        title="Gofau",
        version=version("gofau"),
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry=telemetry(),
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    app.state.routes = routes()
    # Including the routers would make models of all their types once more for each app, and have
    # each request look for its route twice.
    app.router.routes.extend(app.state.routes)
    problem_details.install(app)
    app.add_middleware(BodyLimit, limit=chosen.max_body_bytes)
    app.add_middleware(OwnOrigin, settings=chosen)
    app.add_middleware(HttpMetrics)
    name_spans(app)
    _document(app)
    return app


@cache
def routes() -> list[Route]:
    """The routes of all routers in the modules of this package, by path.

    Fixed parts of a path come before parameters that they could else be taken for.
    """
    values = (value for module in modules(api.__name__) for value in vars(module).values())
    routers = [value for value in values if isinstance(value, APIRouter)]
    found = [r for router in routers for r in router.routes if isinstance(r, Route)]
    if doubled := repeated(f"{method} {r.path}" for r in found for method in r.methods or ()):
        raise ValueError(f"routes: got {', '.join(doubled)} more than once, expected each once")
    return sorted(found, key=lambda r: [(part[:1] == "{", part) for part in r.path.split("/")])


def _prepare(parts: Parts) -> None:
    migrate(parts.store)
    parts.store.analyze()
    secret = parts.settings.admin_token.get_secret_value()
    if secret:
        with parts.store.write() as session:
            bearer.ensure_admin(session, secret)


@contextmanager
def _reconciling(parts: Parts, runner: JobRunner | None) -> Iterator[None]:
    s = parts.settings
    if runner is None and s.ray_address:
        runner = RayJobs(s.ray_address, s.ray_token.get_secret_value())
    reconciler = Reconciler(parts.store, runner, s)
    thread = ReconcilerThread(reconciler, parts.wake_up, s.reconcile_every_s)
    thread.start()
    try:
        yield
    finally:
        thread.stop()


def _document(app: FastAPI) -> None:
    """Put the spec's own schema, which endpoints read by hand, into the OpenAPI document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            spec = StudySpec.model_json_schema(ref_template="#/components/schemas/{model}")
            models = schema["components"]["schemas"]
            models.update(spec.pop("$defs", {}))
            models["StudySpec"] = spec
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
