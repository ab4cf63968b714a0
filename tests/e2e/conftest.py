from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import faults
from tests.e2e.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.clear()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> faults.Undisturbed:
    """A run that nothing disturbed, and what its stack listened on."""
    folder = Folder(tmp_path_factory.mktemp("calm"))
    with faults.running(folder) as study:
        listening = faults.listening(folder)
    values, records = faults.values(folder, study), faults.records(folder, study)
    faults.end(folder)
    return faults.Undisturbed(values, records, listening)


@pytest.fixture(scope="session")
def calm(undisturbed: faults.Undisturbed) -> faults.Values:
    """The results of an undisturbed run."""
    return undisturbed.values
