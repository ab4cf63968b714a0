"""What a report says of the trials that it was made from."""

from collections.abc import Sequence

import pandas as pd

from gofau_studies.landscape import whole
from gofau_studies.report.model import RobustnessReport


def noted(
    report: RobustnessReport, frame: pd.DataFrame, said: Sequence[str] = ()
) -> RobustnessReport:
    """The report with what is ``said`` of it and of its trials, before its own notes."""
    return report.model_copy(update={"notes": (*said, *whole.notes(frame), *report.notes)})
