"""The committed result and the page about it say the same."""

import json
from pathlib import Path
from typing import Any

from reproduce.protocol import Protocol
from reproduce.report import markdown
from reproduce.sensitivity import variants

DOCS = Path(__file__).parents[2] / "docs"
RESULT: dict[str, Any] = json.loads((DOCS / "results" / "toys" / "toys.json").read_text())
PAGE = (DOCS / "reproduce-toys.md").read_text()


def test_the_result_comes_from_the_main_protocol() -> None:
    main = Protocol()
    for name in ("iterations", "configurations", "repetitions"):
        assert RESULT[name] == getattr(main, name)
    assert [v["protocol"] for v in RESULT["sensitivity"]] == [v.label for v in variants(main)]


def test_the_committed_report_is_that_of_the_result() -> None:
    assert (DOCS / "results" / "toys" / "report.md").read_text() == markdown(RESULT)


def test_the_page_gives_the_counts_of_the_result() -> None:
    agreeing, pairs = RESULT["rows_agreeing"], RESULT["pairs_agreeing"]
    against = RESULT["pairs_contradicting"]
    assert f"**{agreeing} of 16 rows have the paper's order.**" in PAGE
    assert f"| **main** | **{agreeing}** | **{pairs}** | **{against}** |" in PAGE


def test_the_page_has_every_variant() -> None:
    counts = ("rows_agreeing", "pairs_agreeing", "pairs_contradicting")
    for variant in RESULT["sensitivity"]:
        cells = (variant["protocol"], *(str(variant[name]) for name in counts))
        assert f"| {' | '.join(cells)} |" in PAGE
