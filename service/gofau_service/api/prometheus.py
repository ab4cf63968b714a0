"""``/metrics`` in Prometheus' text format."""

from collections.abc import Iterator
from hmac import compare_digest
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gofau_service.api.dependencies import Use, admin, caller
from gofau_service.api.http_metrics import REGISTRY
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.store import jobs, leases, studies
from gofau_service.store.engine import Session
from gofau_studies.protocol.trials import StudyState

router = APIRouter(tags=["health"], responses=PROBLEMS)


class _Gauges(Collector):
    """Gauges read from the store at each scrape, in the shape that the exporter takes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All gauges."""
        yield self._studies()
        yield self._trials()
        yield _single("gofau_leases", "Leases that are held.", len(leases.active(self._session)))
        yield _single(
            "gofau_jobs", "Ray jobs that have not ended.", len(jobs.all_open(self._session))
        )

    def _studies(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("gofau_studies", "Studies by state.", labels=["state"])
        found = studies.count_by_state(self._session)
        for state in StudyState:
            family.add_metric([state.value], found.get(state.value, 0))
        return family

    def _trials(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("gofau_trials", "Trials by state.", labels=["state"])
        for state, count in studies.trials_by_state(self._session).items():
            family.add_metric([state.value], count)
        return family


def _single(name: str, doc: str, value: int) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, doc)
    family.add_metric([], value)
    return family


def scraper(request: Request, app: Use) -> None:
    """Let an admin pass, and whoever bears the token of the metrics."""
    wanted = app.settings.metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "")
    if not wanted or not compare_digest(given.encode(), f"Bearer {wanted}".encode()):
        admin(caller(request, app))


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(app: Use, _: Annotated[None, Depends(scraper)]) -> PlainTextResponse:
    """Studies, trials, leases and jobs as gauges; request times as a histogram.

    For admins, and for the bearer of ``GOFAU_METRICS_TOKEN``.
    """
    with app.store.read() as session:
        gauges = generate_latest(_Gauges(session))
    return PlainTextResponse(gauges + generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
