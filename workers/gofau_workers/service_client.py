"""The worker's side of `gofau_studies.protocol.wire`: every call is safe to repeat, and is."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from gofau_studies.protocol import wire
from gofau_studies.telemetry import tracing
from gofau_workers.errors import LeaseLostError, RefusedError, ServiceError, ServiceUnreachableError
from gofau_workers.settings import WorkerSettings

M = TypeVar("M", bound=wire.Wire)

PAGE = 10_000
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
RETRIED = frozenset({429, 500, 502, 503, 504})


class ServiceClient:
    """Calls the service for one study, retrying with backoff while it is unreachable.

    A lease request that was carried out but whose answer was lost leaves trials under a lease
    that nobody renews; they come back when it expires. All other calls are idempotent.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._clock = clock
        self._http = httpx.Client(
            base_url=settings.service_url,
            headers={"Authorization": f"Bearer {settings.token}"},
            timeout=httpx.Timeout(30.0),
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def exchange(self, use: wire.TicketUse) -> wire.TicketReceipt:
        """Exchange the ticket for a token of one's own."""
        body = use.model_dump(mode="json")
        return self._call("POST", "/v1/worker/tickets", wire.TicketReceipt, json=body)

    def work(self) -> Iterator[wire.WorkPage]:
        """Pages of waiting trials; at least one page, which carries the study's state."""
        after: int | None = -1
        while after is not None:
            path = f"/v1/worker/studies/{self._settings.study}/work"
            page = self._call("GET", path, wire.WorkPage, params={"after": after, "limit": PAGE})
            yield page
            after = page.next_after

    def lease(self, request: wire.LeaseRequest) -> wire.Lease:
        """Ask for trials; the answer grants those that were still waiting.

        Raises:
            RefusedError: this worker is given none.
        """
        path = f"/v1/worker/studies/{self._settings.study}/leases"
        return self._call("POST", path, wire.Lease, json=request.model_dump(mode="json"))

    def fail(self, reason: str) -> wire.LeaseStatus:
        """Fail what is left of the study."""
        path = f"/v1/worker/studies/{self._settings.study}/failure"
        body = wire.StudyFailure(reason=reason).model_dump(mode="json")
        return self._call("POST", path, wire.LeaseStatus, json=body)

    def heartbeat(self, lease: str) -> wire.LeaseStatus:
        """Renew the lease."""
        return self._call("POST", f"/v1/worker/leases/{lease}/heartbeat", wire.LeaseStatus)

    def release(self, lease: str) -> wire.LeaseStatus:
        """Give back what the lease still holds, without counting the attempt."""
        return self._call("POST", f"/v1/worker/leases/{lease}/release", wire.LeaseStatus)

    def post(self, lease: str, batch: wire.ResultBatch) -> wire.ResultReceipt:
        """Post results and failures."""
        path = f"/v1/worker/leases/{lease}/results"
        return self._call("POST", path, wire.ResultReceipt, json=batch.model_dump(mode="json"))

    def search(self) -> wire.SearchHistory:
        """Every cell of the study with what it gave."""
        path = f"/v1/worker/studies/{self._settings.study}/search"
        return self._call("GET", path, wire.SearchHistory)

    def append(self, wanted: wire.SearchRound) -> wire.RoundReceipt:
        """Append a round; the first post of its number counts."""
        path = f"/v1/worker/studies/{self._settings.study}/rounds"
        return self._call("POST", path, wire.RoundReceipt, json=wanted.model_dump(mode="json"))

    def _call(self, method: str, path: str, answer: type[M], **options: Any) -> M:
        deadline = self._clock() + self._settings.patience_s
        pause = FIRST_PAUSE_S
        headers = tracing.carried()
        while True:
            try:
                response = self._http.request(method, path, headers=headers, **options)
                if response.status_code not in RETRIED:
                    return _parsed(response, answer)
                trouble = f"HTTP {response.status_code}"
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
            if self._clock() + pause > deadline:
                waited = f"{self._settings.patience_s:g} s"
                raise ServiceUnreachableError(f"{method} {path}: {trouble}, retried for {waited}")
            self._sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE_S)


def _parsed(response: httpx.Response, answer: type[M]) -> M:
    if response.status_code == httpx.codes.GONE:
        raise LeaseLostError(response.text[:500])
    if response.status_code == httpx.codes.CONFLICT:
        raise RefusedError(_detail(response))
    if response.is_error:
        call = f"{response.request.method} {response.request.url.path}"
        raise ServiceError(f"{call}: HTTP {response.status_code} {response.text[:500]}")
    return answer.model_validate_json(response.content)


def _detail(response: httpx.Response) -> str:
    """What problem details say in words."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:500]
