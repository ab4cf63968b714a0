"""Runs of packs that must end alike, however they are computed."""

import pytest

from gofau.packing import TrialOutcome

EACH = [
    ("bmm", "test-blobs"),
    ("vmap", "test-tokens"),
    ("grouped", "test-convolutions"),
    ("serial", "test-convolutions"),
]
"""Every executor that runs on any device, with a problem for it."""


def assert_same(got: dict[int, TrialOutcome], want: dict[int, TrialOutcome], rel: float) -> None:
    """Equal outcomes, and curves within a relative difference."""
    assert got.keys() == want.keys()
    for key, outcome in got.items():
        assert outcome.outcome == want[key].outcome
        for name, curve in outcome.curves.items():
            assert curve == pytest.approx(want[key].curves[name], rel=rel), (key, name)
