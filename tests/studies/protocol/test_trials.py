"""Outcomes and their counts, and the gist of a trial's error."""

import traceback

import pytest

from gofau_studies.protocol.trials import LONGEST_GIST, Outcome, OutcomeCounts, OutcomeFields, gist


def test_of_a_traceback_it_is_the_last_exception() -> None:
    try:
        try:
            raise ValueError("first")
        except ValueError as error:
            raise FileNotFoundError("no data\nfetch: it") from error
    except FileNotFoundError as error:
        text = "".join(traceback.format_exception(error))
    assert gist(text) == "FileNotFoundError: no data"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("", ""),
        ("the worker was lost, 3 times", "the worker was lost, 3 times"),
        (
            "Traceback (most recent call last):\n  File ...\nKeyboardInterrupt\n",
            "KeyboardInterrupt",
        ),
        ("... cut off\n  x = 1\npkg.mod.OddError: [x] 1\n", "pkg.mod.OddError: [x] 1"),
        ("  only\n  code", "  code"),
    ],
)
def test_of_other_texts_it_is_the_telling_line(error: str, expected: str) -> None:
    assert gist(error) == expected


def test_it_is_short() -> None:
    assert len(gist(f"ValueError: {'x' * 1000}")) == LONGEST_GIST


def test_counts_of_outcomes_are_read_as_fields_and_as_a_mapping() -> None:
    counts = OutcomeCounts(diverged=2, nonfinite=1)
    assert dict(counts) == {o: {"diverged": 2, "nonfinite": 1}.get(o, 0) for o in Outcome}
    assert (counts["diverged"], counts.diverged, sum(counts.values())) == (2, 2, 3)
    assert counts.get(Outcome.REACHED_TARGET) == 0
    assert counts == dict.fromkeys(Outcome, 0) | {"diverged": 2, "nonfinite": 1}
    assert counts != OutcomeCounts(diverged=2)
    assert len({counts, OutcomeCounts(diverged=2, nonfinite=1)}) == 1
    with pytest.raises(KeyError, match="abducted"):
        counts["abducted"]


def test_every_outcome_has_its_count() -> None:
    assert list(OutcomeFields.model_fields) == list(Outcome)
