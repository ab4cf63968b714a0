"""Refuses what other websites have a browser send here.

A service on loopback asks for no token: whoever can send it a request may do everything. Any page
that a person opens can send requests to their own machine. It cannot read the answers, but a
submission does its work unread; and a page whose name is made to mean 127.0.0.1 after it was loaded
counts as of the same origin and reads, too. Browsers say in headers that no script can set where a
request comes from and which name it asked for.
Sources: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site,
https://owasp.org/www-community/attacks/DNS_Rebinding
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gofau_service.api.problem_details import problem
from gofau_service.settings import Settings, is_loopback

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

OWN = ("same-origin", "none")
"""``Sec-Fetch-Site`` of the service's own pages, and of an address that a person typed."""


class OwnOrigin:
    """ASGI middleware: answers 403 to other sites' changes, and to names that are not its own.

    A request with a token passes: no other site knows it. Names are looked at only where no token
    is demanded on loopback.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._open = is_loopback(settings.host) and not settings.auth_required
        self._own = {_origin(url) for url in (settings.url, settings.url_for_workers)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it comes from elsewhere."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        answer = problem(Request(scope), 403, "Forbidden", refusal)
        await answer(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        if "authorization" in headers:
            return None
        host = headers.get("host", "")
        if self._open and not self._is_own_name(host):
            return f"Host: got {host!r}, expected a name of this machine's loopback"
        if scope["method"] in SAFE or self._same_site(headers, host):
            return None
        origin = headers.get("origin", "another site")
        return f"Origin: got {origin!r}, expected {host!r}; other sites may change nothing here"

    def _is_own_name(self, host: str) -> bool:
        name = _name(f"//{host}")
        own = name in {_name(origin) for origin in self._own} or is_loopback(name)
        return own or name.endswith(".localhost") or not host

    def _same_site(self, headers: Headers, host: str) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site in OWN or (site is None and origin is None) or origin in self._own:
            return True
        return site is None and origin in (f"http://{host}", f"https://{host}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _name(url: str) -> str:
    """The host's name in a URL; empty where it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
