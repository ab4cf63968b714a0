"""Log lines: one object a line, ids wherever they are bound, and never a secret."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gofau_studies.telemetry.logs import HIDDEN, Lines, LogFormatError, bound, configure

TOKEN = "gofau_" + "aB3-_" * 9
log = logging.getLogger("tests.deploy.logs")


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    kept, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = kept
    logging.root.setLevel(level)


def lines(chosen: str, secrets: tuple[str, ...] = ()) -> io.StringIO:
    stream = io.StringIO()
    configure(chosen, secrets, stream)
    return stream


def parsed(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_the_bound_ids() -> None:
    stream = lines("json")
    with bound(study="st_1", pack=3):
        log.info("%d trials", 12)
        with bound(trial=7):
            log.warning("slow\nvery")
    log.info("outside")
    first, second, third = parsed(stream)
    assert (first["message"], first["study"], first["pack"]) == ("12 trials", "st_1", 3)
    assert (second["message"], second["trial"], second["level"]) == ("slow\nvery", 7, "warning")
    assert first.keys() - third.keys() == {"study", "pack"}


def test_text_lines_end_with_the_ids() -> None:
    stream = lines("text")
    with bound(study="st_1"):
        log.info("begun")
    assert stream.getvalue().endswith("INFO tests.deploy.logs: begun study=st_1\n")


def test_an_error_stays_on_its_line() -> None:
    stream = lines("json")
    try:
        raise ValueError(f"Bearer {TOKEN}")
    except ValueError:
        log.exception("failed")
    [line] = parsed(stream)
    assert "ValueError: Bearer [hidden]" in line["error"]


def test_ids_of_one_thread_are_not_those_of_another() -> None:
    stream = lines("json")
    with bound(study="st_1"):
        thread = threading.Thread(target=log.info, args=("elsewhere",))
        thread.start()
        thread.join()
    assert "study" not in parsed(stream)[0]


@pytest.mark.parametrize("chosen", ["text", "json"])
@pytest.mark.parametrize(
    "said, left",
    [
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [hidden]"),
        (f"token {TOKEN}.", "token [hidden]."),
        ("postgresql+psycopg://gofau:hunter2@db/gofau", "://gofau:[hidden]@db/gofau"),
        ("the key is swordfish-12", "the key is [hidden]"),
    ],
)
def test_secrets_are_hidden(chosen: str, said: str, left: str) -> None:
    stream = lines(chosen, ("swordfish-12", "abc"))
    with bound(study=said):
        log.info("%s", said)
    assert stream.getvalue().count(left) == 2


@given(
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=40),
    around=st.text(max_size=20),
)
def test_a_known_secret_is_in_no_line(secret: str, around: str) -> None:
    for as_json in (True, False):
        record = logging.LogRecord("x", logging.INFO, "", 0, f"{around}{secret}!", None, None)
        said = Lines([secret], as_json=as_json).format(record)
        assert secret not in said.partition("INFO" if not as_json else '"message"')[2]
        assert HIDDEN in said


def test_another_format_is_refused() -> None:
    with pytest.raises(LogFormatError, match="got 'xml', expected text or json"):
        configure("xml")
