"""What packs report to Ray's metrics, which each node of a cluster serves to Prometheus.

Ray puts ``ray_`` in front of the names and adds its own labels, such as the node's.
Source: https://docs.ray.io/en/latest/ray-observability/user-guides/add-app-metrics.html
"""

from ray.util.metrics import Counter, Histogram

from gofau_workers.train import PackAccount

SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


class PackMetrics:
    """Counts the trials of packs by how they ended, and times packs."""

    def __init__(self) -> None:
        self._trials = Counter(
            "gofau_pack_trials_total", "Trials by what their pack did with them.", ("end",)
        )
        self._seconds = Histogram(
            "gofau_pack_seconds", "Time from lease to posted results.", list(SECONDS)
        )

    def add(self, account: PackAccount, seconds: float) -> None:
        """Count one pack."""
        for end in ("completed", "failed", "reused", "refused"):
            count = getattr(account, end)
            if count:
                self._trials.inc(count, {"end": end})
        self._seconds.observe(seconds)
