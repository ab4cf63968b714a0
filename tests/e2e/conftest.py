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
def calm(tmp_path_factory: pytest.TempPathFactory) -> faults.Values:
    """The results of an undisturbed run."""
    folder = Folder(tmp_path_factory.mktemp("calm"))
    with faults.running(folder) as study:
        pass
    found = faults.values(folder, study)
    faults.end(folder)
    return found
