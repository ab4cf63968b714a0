"""Which trials of a table have a result of their whole budget."""

import pandas as pd

from gofau_studies.landscape.counting import PARTIAL
from gofau_studies.protocol.trials import Outcome, TrialState


def whole(trials: pd.DataFrame) -> "pd.Series[bool]":
    """Rows that completed and were not stopped early.

    What a stopped trial would have come to is not known, and which were stopped depends on the
    values: counting theirs would bias a map, so to maps and metrics they are missing.

    Args:
        trials: columns ``state`` and ``outcome``.
    """
    completed = trials["state"] == TrialState.COMPLETED.value
    return completed & ~trials["outcome"].isin(PARTIAL)


def notes(trials: pd.DataFrame) -> tuple[str, ...]:
    """What a report over these trials has to say of those that were stopped early.

    Args:
        trials: columns ``state`` and ``outcome``.
    """
    stopped = int((trials["outcome"] == Outcome.STOPPED_EARLY.value).sum())
    if not stopped:
        return ()
    return (
        f"Successive halving stopped {stopped} of {len(trials)} trials early. Maps and metrics "
        "leave them out, so this is no landscape; the best trials are in the list of trials.",
    )
