from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    if made.left:
        made.start("down").communicate(timeout=120)
