"""Processes killed outright: the account stays exact, results stay the same, nothing is left."""

from collections.abc import Callable

import pytest

from tests.e2e import faults
from tests.e2e.folder import Folder

pytestmark = pytest.mark.slow

VICTIMS = {
    "pack": [faults.is_pack],
    "driver": [faults.is_driver],
    "pack, then driver": [faults.is_pack, faults.is_driver],
    "service": [faults.is_service],
    "raylet": [faults.is_raylet],
    "GCS": [faults.is_gcs],
    "whole cluster": [faults.is_cluster],
}


@pytest.mark.parametrize("victims", VICTIMS.values(), ids=list(VICTIMS))
def test_a_kill_loses_and_doubles_nothing(
    folder: Folder, calm: faults.Values, victims: list[Callable[[str], bool]]
) -> None:
    with faults.running(folder) as study:
        for chosen in victims:
            faults.kill(folder, chosen)
    faults.assert_same(faults.values(folder, study), calm)
    faults.end(folder)


def test_a_stack_listens_on_loopback_alone(undisturbed: faults.Undisturbed) -> None:
    assert len(undisturbed.listening) > 5
    assert {a for a in undisturbed.listening if not faults.is_loopback(a)} == set()
