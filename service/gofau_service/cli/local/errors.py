"""Why a local stack does not run."""


class LocalError(Exception):
    """This machine could not start, or keep, the service or Ray."""
