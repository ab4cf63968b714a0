"""The blocking client."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from gofau_service.answers import (
    Cell,
    M,
    NewToken,
    Page,
    Plan,
    Study,
    StudyDetail,
    StudyProvenance,
    Token,
    Trial,
    TrialDetail,
)
from gofau_service.client import calls
from gofau_service.client.calls import Call, Filter, Spec
from gofau_service.client.changes import PATH, Change, ListFollowing, check
from gofau_service.client.errors import UnreachableError
from gofau_service.client.exchange import (
    TIMEOUT,
    Pause,
    Reply,
    address,
    cause_of,
    exchange,
    headers_of,
    next_pause,
)
from gofau_service.client.following import STREAM_PATIENCE, Following
from gofau_service.client.problems import raise_for_problem
from gofau_service.client.retry import Backoff

if TYPE_CHECKING:
    from gofau_service.client.results import StudyResults
    from gofau_studies.report.model import RobustnessReport

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
        self.url = address(url)
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
        """All studies that match, newest first or by ``sort`` (``"-progress"``), page by page."""
        return self.pages(calls.list_studies(**filters))

    def get(self, study: str) -> StudyDetail:
        """A study by its id."""
        return self.send(calls.get(study))

    def cancel(self, study: str) -> StudyDetail:
        """Stop a study; what has completed is kept."""
        return self.send(calls.act(study, "cancel"))

    def pause(self, study: str) -> StudyDetail:
        """Run nothing more until the study is resumed."""
        return self.send(calls.act(study, "pause"))

    def resume(self, study: str) -> StudyDetail:
        """Queue a paused study again."""
        return self.send(calls.act(study, "resume"))

    def retry(self, study: str) -> StudyDetail:
        """Let failed trials wait again, with all their attempts."""
        return self.send(calls.act(study, "retry"))

    def extend(
        self,
        study: str,
        *,
        seeds: int | Sequence[int] | None = None,
        axes: Mapping[str, Any] | None = None,
    ) -> StudyDetail:
        """Give a study more seeds or wider axes; only the new trials run.

        Args:
            study: its id.
            seeds: a larger count, or a longer list.
            axes: axes to replace by wider ones, as in a spec.
        """
        given = {"seeds": seeds, "axes": axes}
        change = {name: value for name, value in given.items() if value is not None}
        return self.send(calls.extend(study, change))

    def tag(self, study: str, tags: Sequence[str]) -> StudyDetail:
        """Replace a study's tags."""
        return self.send(calls.tag(study, tags))

    def delete(self, study: str, *, force: bool = False) -> bool:
        """Delete a study with its trials; ``force`` cancels it first if it has not ended.

        Returns:
            Whether it is gone; ``False`` when it goes as soon as its job has ended.
        """
        return self.send(calls.delete(study, force))

    def trial(self, study: str, index: int) -> TrialDetail:
        """One trial with its metrics and curves."""
        return self.send(calls.trial(study, index))

    def cells(self, study: str, **filters: Filter) -> Iterator[Cell]:
        """Aggregates of a study's cells: the heat map, while it runs too.

        ``metric`` names another number than the goal, such as ``"wall_s"`` or ``"val_accuracy"``.
        """
        return self.pages(calls.cells(study, **filters))

    def trials(self, study: str, **filters: Filter) -> Iterator[Trial]:
        """A study's trials in the order of its grid, page by page.

        ``sort`` names an axis, a result or a metric, with a minus to descend; ``where`` lists
        conditions on them that all hold, such as ``["lr>=0.01", "val_accuracy>0.9"]``.
        """
        return self.pages(calls.trials(study, **filters))

    def report(self, study: str) -> "RobustnessReport":
        """The robustness report of what has completed so far."""
        return self.send(calls.report(study))

    def compare(self, *studies: str) -> "RobustnessReport":
        """One report over several studies with the same grid; the first is the baseline."""
        return self.send(calls.compare(studies))

    def provenance(self, study: str) -> StudyProvenance:
        """Data, other code and processors of a study's results; trials name them by digest."""
        return self.send(calls.provenance(study))

    def export(self, study: str, kind: str = "csv", **filters: Filter) -> Iterator[bytes]:
        """All trials, one row a trial, as chunks of ``csv``, ``ndjson`` or ``parquet``."""
        call = calls.export(study, kind, **filters)
        try:
            with self._http.stream(call.method, call.path, **call.options) as response:
                if not response.is_success:
                    response.read()
                raise_for_problem(response)
                yield from response.iter_bytes()
        except httpx.TransportError as error:
            raise UnreachableError(self.url, cause_of(error)) from error

    def study(self, study: str) -> "StudyResults":
        """A study's results as tables: pandas, an Optuna storage, tuning curves, importances."""
        from gofau_service.client.results import StudyResults

        return StudyResults(self, study)

    def report_html(self, study: str) -> str:
        """The robustness report as one self-contained page."""
        return self.send(calls.report_html(study))

    def report_markdown(self, study: str) -> str:
        """The robustness report as Markdown."""
        return self.send(calls.report_markdown(study))

    def catalog(self) -> dict[str, Any]:
        """Directions, rules and problems that a spec may name, with their parameters."""
        return self.send(calls.catalog())

    def limits(self) -> dict[str, Any]:
        """The limits that requests are held to."""
        return self.send(calls.limits())

    def create_token(
        self,
        name: str,
        *,
        owner: str,
        scopes: Sequence[str] = ("read",),
        expires_in_s: float | None = None,
    ) -> NewToken:
        """Make an API token (``read``, ``submit`` or ``admin``); its secret is shown this once."""
        return self.send(calls.create_token(name, owner, scopes, expires_in_s))

    def tokens(self) -> Iterator[Token]:
        """All tokens, newest first, without their secrets."""
        return self.pages(calls.list_tokens())

    def revoke_token(self, token: str) -> None:
        """Refuse a token from now on."""
        self.send(calls.revoke_token(token))

    def watch(self, study: str, patience: Backoff = STREAM_PATIENCE) -> Iterator[Study]:
        """The study now, then again at each news or sign of life, until it has ended.

        A cut stream is resumed where it stopped; where the service sends none, the study is read
        again at intervals.

        Raises:
            UnreachableError: no connection within ``patience``.
        """
        following = Following(study)
        yield from self._resumed(lambda: self._news(following), lambda: following.ended, patience)

    def changes(self, patience: Backoff = STREAM_PATIENCE) -> Iterator[Change]:
        """Changes of the list of studies as they happen, without end.

        The first one is a ``reset``: read the list then, and again whenever another one comes.

        Raises:
            RefusedError: the service has no such stream, or does not give it to this caller.
            UnreachableError: no connection within ``patience``.
        """
        following = ListFollowing()
        yield from self._resumed(lambda: self._changes(following), lambda: False, patience)

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

    def _resumed(
        self, read: Callable[[], Iterator[T]], ended: Callable[[], bool], patience: Backoff
    ) -> Iterator[T]:
        """What a stream yields, taken up again after each cut until it has ended."""
        pauses = patience.pauses()
        while not ended():
            cut: Reply = None
            try:
                for item in read():
                    pauses = patience.pauses()
                    yield item
            except httpx.TransportError as error:
                cut = error
            if not ended():
                self._sleep(next_pause(pauses, cut, self.url))

    def _news(self, following: Following) -> Iterator[Study]:
        if following.polls:
            yield following.see(self.send(calls.get(following.id)))
            return
        with self._http.stream("GET", following.path, headers=following.parser.headers) as response:
            if following.refused(response.status_code, response.headers):
                return
            for line in response.iter_lines():
                if (news := following.take(line)) is not None:
                    yield news
                    if following.ended:
                        return

    def _changes(self, following: ListFollowing) -> Iterator[Change]:
        with self._http.stream("GET", PATH, headers=following.parser.headers) as response:
            if not response.is_success:
                response.read()
            check(response)
            for line in response.iter_lines():
                if (change := following.take(line)) is not None:
                    yield change
