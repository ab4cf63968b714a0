"""The exception tree of this package.

`WorkerError` > `SettingsError`, `PlacementError`, `LeaseLostError`, `NoProgressError`,
`RefusedError`, `ServiceError` > `ServiceUnreachableError`.
"""


class WorkerError(Exception):
    """Base of every error that this package raises on purpose."""


class SettingsError(WorkerError):
    """The driver's environment lacks a setting, or holds one that cannot be read."""


class PlacementError(WorkerError):
    """Packs cannot run where the settings want them."""


class ServiceError(WorkerError):
    """The service refused a call; the message carries its problem details."""


class ServiceUnreachableError(ServiceError):
    """The service did not answer for as long as the worker is willing to wait."""


class LeaseLostError(WorkerError):
    """The service took the lease back; what the pack has not posted yet is not ours any more."""


class RefusedError(WorkerError):
    """The service leases nothing to this worker, whatever it asks for; the message says why."""


class NoProgressError(WorkerError):
    """Rounds of packs ended without one trial moving, so that going on would spin."""
