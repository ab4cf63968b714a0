"""Steps the wall clock of every Python process that finds this on its path.

The file named by ``GOFAU_TEST_CLOCK`` says by how many seconds; monotonic clocks go on as they do
when a machine's clock is set.
"""

import os
import time
from pathlib import Path

_wall = time.time
_step = Path(os.environ["GOFAU_TEST_CLOCK"])


def _stepped() -> float:
    return _wall() + float(_step.read_text())


time.time = _stepped
