"""The page's files: read once, served by name, allowed to do little."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""No inline script or style, nothing from elsewhere, and no text that is parsed as HTML."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Asset:
    """A file with its media type and the hash that tells browsers whether theirs is current."""

    body: bytes
    media_type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """Every file under ``static``, by its path there."""
    return dict(_walk(files("gofau_service.pages") / "static", ""))


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Asset]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            found.extend(_walk(entry, f"{prefix}{entry.name}/"))
        elif entry.name.endswith((".js", ".css")):
            found.append((f"{prefix}{entry.name}", _asset(entry)))
    return found


def _asset(entry: Traversable) -> Asset:
    body = entry.read_bytes()
    kind = "text/javascript" if entry.name.endswith(".js") else mimetypes.guess_type(entry.name)[0]
    digest = hashlib.sha256(body).hexdigest()[:32]
    return Asset(body, f"{kind}; charset=utf-8", f'"{digest}"')
