"""The async client: the calls of `gofau_service.client.calls`, awaited."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self, TypeVar

import httpx

from gofau_service.answers import M, Page, Study
from gofau_service.client import calls
from gofau_service.client.calls import Call
from gofau_service.client.changes import PATH, Change, ListFollowing, check
from gofau_service.client.exchange import (
    TIMEOUT,
    Pause,
    Reply,
    address,
    exchange,
    headers_of,
    next_pause,
)
from gofau_service.client.following import STREAM_PATIENCE, Following
from gofau_service.client.retry import Backoff

T = TypeVar("T")


class AsyncClient:
    """Sends calls without blocking the event loop; the same retries as `Client`.

    Example:
        >>> from gofau_service.client import AsyncClient, calls
        >>> async def names(url: str) -> list[str]:
        ...     async with AsyncClient(url) as client:
        ...         return [study.name async for study in client.pages(calls.list_studies())]
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        backoff: Backoff | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url = address(url)
        self._backoff = backoff or Backoff()
        self._sleep = sleep
        self._http = httpx.AsyncClient(
            base_url=self.url, headers=headers_of(token), timeout=TIMEOUT, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
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
                await self._sleep(step.seconds)
            else:
                reply = await self._request(step.call)

    async def pages(self, call: Call[Page[M]]) -> AsyncIterator[M]:
        """The items of a listing, page after page."""
        following: Call[Page[M]] | None = call
        while following is not None:
            page = await self.send(following)
            for item in page.items:
                yield item
            following = calls.page_after(call, page)

    def watch(self, study: str, patience: Backoff = STREAM_PATIENCE) -> AsyncIterator[Study]:
        """The study now, then again at each news or sign of life, until it has ended."""
        following = Following(study)
        return self._resumed(lambda: self._news(following), lambda: following.ended, patience)

    def changes(self, patience: Backoff = STREAM_PATIENCE) -> AsyncIterator[Change]:
        """Changes of the list of studies as they happen, without end; first a ``reset``."""
        following = ListFollowing()
        return self._resumed(lambda: self._changes(following), lambda: False, patience)

    async def _request(self, call: Call[object]) -> httpx.Response | httpx.TransportError:
        try:
            return await self._http.request(call.method, call.path, **call.options)
        except httpx.TransportError as error:
            return error

    async def _resumed(
        self, read: Callable[[], AsyncIterator[T]], ended: Callable[[], bool], patience: Backoff
    ) -> AsyncIterator[T]:
        """What a stream yields, taken up again after each cut until it has ended."""
        pauses = patience.pauses()
        while not ended():
            cut: Reply = None
            try:
                async for item in read():
                    pauses = patience.pauses()
                    yield item
            except httpx.TransportError as error:
                cut = error
            if not ended():
                await self._sleep(next_pause(pauses, cut, self.url))

    async def _news(self, following: Following) -> AsyncIterator[Study]:
        if following.polls:
            found = await self.send(calls.get(following.id))
            yield following.see(found)
            return
        async with self._http.stream(
            "GET", following.path, headers=following.parser.headers
        ) as response:
            if following.refused(response.status_code, response.headers):
                return
            async for line in response.aiter_lines():
                if (news := following.take(line)) is not None:
                    yield news
                    if following.ended:
                        return

    async def _changes(self, following: ListFollowing) -> AsyncIterator[Change]:
        async with self._http.stream("GET", PATH, headers=following.parser.headers) as response:
            if not response.is_success:
                await response.aread()
            check(response)
            async for line in response.aiter_lines():
                if (change := following.take(line)) is not None:
                    yield change
