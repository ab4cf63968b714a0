"""Counts what workers post."""

from prometheus_client import Counter

from gofau_service.api.http_metrics import REGISTRY
from gofau_studies.protocol.wire import ResultReceipt

POSTED = Counter(
    "gofau_results",
    "Results and failures that workers posted to this process: stored, duplicates, or refused.",
    ("kind",),
    registry=REGISTRY,
)
for _kind in ("stored", "duplicates", "refused"):
    POSTED.labels(_kind)  # a series that starts at 0 has a rate from its first result on


def count(receipt: ResultReceipt) -> None:
    """Count one post."""
    POSTED.labels("stored").inc(receipt.stored)
    POSTED.labels("duplicates").inc(receipt.duplicates)
    POSTED.labels("refused").inc(receipt.refused)
