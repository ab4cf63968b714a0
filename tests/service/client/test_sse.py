"""The line protocol of server-sent events, against the cases of the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gofau_service.client.sse import Event, Parser


def events(text: str) -> list[Event]:
    parser = Parser()
    return [event for line in text.split("\n") for event in parser.feed(line)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("data: a\n\n", [Event("message", "a", "")]),
        ("data: a\ndata: b\n\n", [Event("message", "a\nb", "")]),
        ("data:a\n\n", [Event("message", "a", "")]),
        ("data:  a\n\n", [Event("message", " a", "")]),
        ("data\n\n", [Event("message", "", "")]),
        ("event: x\n\n", []),
        (": comment\n\n", []),
        ("id: 5\ndata: a\n\ndata: b\n\n", [Event("message", "a", "5"), Event("message", "b", "5")]),
        ("event: x\ndata: a\n\ndata: b\n\n", [Event("x", "a", ""), Event("message", "b", "")]),
        ("other: x\ndata: a\n\n", [Event("message", "a", "")]),
        ("id: a\0b\ndata: a\n\n", [Event("message", "a", "")]),
        ("data: never ended", []),
    ],
)
def test_lines_become_events(text: str, expected: list[Event]) -> None:
    assert events(text) == expected


@pytest.mark.parametrize("value, seconds", [("1500", 1.5), ("x", None), ("²", None)])
def test_the_retry_time_is_kept(value: str, seconds: float | None) -> None:
    parser = Parser()
    assert list(parser.feed(f"retry: {value}")) == []
    assert parser.retry_s == seconds


@given(st.lists(st.text(st.characters(exclude_characters="\r\n"))))
def test_no_line_breaks_the_parser(lines: list[str]) -> None:
    parser = Parser()
    found = [event for line in lines for event in parser.feed(line)]
    assert len(found) <= lines.count("")
