"""Which trials of a table have a result of their whole budget."""

import pandas as pd

from studies.trials import Outcome, TrialState


def whole(trials: pd.DataFrame) -> "pd.Series[bool]":
    """Rows that completed and were not stopped early.

    What a stopped trial would have come to is not known, and which were stopped depends on the
    values: counting theirs would bias a map, so to maps and metrics they are missing.

    Args:
        trials: columns ``state`` and ``outcome``.
    """
    completed = trials["state"] == TrialState.COMPLETED.value
    return completed & (trials["outcome"] != Outcome.STOPPED_EARLY.value)
