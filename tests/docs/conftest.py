"""Documents and their fenced blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDES = (
    "README.md",
    "docs/quickstart.md",
    "docs/cli.md",
    "docs/client.md",
    "docs/exit-codes.md",
    "docs/exports.md",
)
REFERENCE = (
    "docs/deploy.md",
    "docs/observability.md",
    "docs/rest.md",
    "docs/search.md",
    "docs/spec.md",
    "docs/tokens.md",
)
"""Guides whose specs and command lines are tested, but whose Python needs more than a service."""


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language and its text."""

    place: str
    language: str
    text: str


def blocks(language: str, names: Sequence[str] = GUIDES) -> list[Block]:
    """Every fenced block of a language in the guides."""
    found = []
    for name in names:
        text = (ROOT / name).read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(f"{name}:{line}", language, match[2]))
    return found


def section(name: str, heading: str) -> str:
    """The text under a heading of the second level, up to the next."""
    text = (ROOT / name).read_text(encoding="utf-8")
    match = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert match, f"{name}: no section {heading!r}"
    return match[1]
