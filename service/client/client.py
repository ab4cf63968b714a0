"""The blocking client."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from service.client import calls
from service.client.calls import Call, Filter, Spec
from service.client.exchange import TIMEOUT, Pause, Reply, exchange, headers_of, next_pause
from service.client.following import STREAM_PATIENCE, Following
from service.client.models import M, Page, Plan, Study, StudyDetail, Trial
from service.client.retry import Backoff

if TYPE_CHECKING:
    from studies.report.model import RobustnessReport

T = TypeVar("T")


class Client:
    """The service's verbs. Use as a context manager, or call `close`.

    A request that finds no connection, or an answer of 502, 503 or 504, is sent again with growing
    pauses; an answer of 4xx never is. Every verb is safe to repeat: `submit` draws an idempotency
    key for each call, so that a retry finds the study that the first try stored.

    Args:
        url: address of the service, such as ``http://127.0.0.1:8080``.
        token: API token, where the service demands one.
        backoff: how often and how patiently to try.
        transport: how requests are carried; for tests and unusual networks.
        sleep: how to pause.

    Example:
        >>> client = Client("http://127.0.0.1:8080")
        >>> client.url
        'http://127.0.0.1:8080'
        >>> client.close()
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        backoff: Backoff | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=self.url, headers=headers_of(token), timeout=TIMEOUT, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(self, spec: Spec, *, key: str | None = None, fresh: bool = False) -> StudyDetail:
        """Store a study and have it run.

        Args:
            spec: a `StudySpec`, plain data, a file to read, or YAML text.
            key: idempotency key; the same key and spec give the same study.
            fresh: train every trial, also those whose result is known from another study.

        Raises:
            BadRequestError: a spec with faults; ``faults`` names the fields.
        """
        return self.send(calls.submit(spec, key, fresh))

    def validate(self, spec: Spec) -> Plan:
        """Check a spec and count its trials, cells and packs; nothing is stored."""
        return self.send(calls.validate(spec))

    def list(self, **filters: Filter) -> Iterator[Study]:
        """All studies that match, newest first, page by page."""
        return self.pages(calls.list_studies(**filters))

    def get(self, study: str) -> StudyDetail:
        """A study by its id."""
        return self.send(calls.get(study))

    def cancel(self, study: str) -> StudyDetail:
        """Stop a study; what has completed is kept."""
        return self.send(calls.cancel(study))

    def trials(self, study: str, **filters: Filter) -> Iterator[Trial]:
        """A study's trials in the order of its grid, page by page."""
        return self.pages(calls.trials(study, **filters))

    def report(self, study: str) -> "RobustnessReport":
        """The robustness report of what has completed so far."""
        return self.send(calls.report(study))

    def report_html(self, study: str) -> str:
        """The robustness report as one self-contained page."""
        return self.send(calls.report_html(study))

    def report_markdown(self, study: str) -> str:
        """The robustness report as Markdown."""
        return self.send(calls.report_markdown(study))

    def watch(self, study: str, patience: Backoff = STREAM_PATIENCE) -> Iterator[Study]:
        """The study now, then again at each news or sign of life, until it has ended.

        A cut stream is resumed where it stopped; where the service sends none, the study is read
        again at intervals.

        Raises:
            UnreachableError: no connection within ``patience``.
        """
        following = Following(study)
        pauses = patience.pauses()
        while not following.ended:
            cut: Reply = None
            try:
                for news in self._news(following):
                    pauses = patience.pauses()
                    yield news
            except httpx.TransportError as error:
                cut = error
            if not following.ended:
                self._sleep(next_pause(pauses, cut, self.url))

    def send(self, call: Call[T]) -> T:
        """Send a call, again if need be, and read its answer."""
        steps = exchange(call, self._backoff, self.url)
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = None
            if isinstance(step, Pause):
                self._sleep(step.seconds)
            else:
                reply = self._request(step.call)

    def pages(self, call: Call[Page[M]]) -> Iterator[M]:
        """The items of a listing, page after page."""
        following: Call[Page[M]] | None = call
        while following is not None:
            page = self.send(following)
            yield from page.items
            following = calls.page_after(call, page)

    def _request(self, call: Call[object]) -> httpx.Response | httpx.TransportError:
        try:
            return self._http.request(call.method, call.path, **call.options)
        except httpx.TransportError as error:
            return error

    def _news(self, following: Following) -> Iterator[Study]:
        if following.polls:
            yield following.see(self.send(calls.get(following.id)))
            return
        with self._http.stream("GET", following.path, headers=following.headers) as response:
            if following.refused(response.status_code, response.headers):
                return
            for line in response.iter_lines():
                if (news := following.take(line)) is not None:
                    yield news
                    if following.ended:
                        return
