"""What gofau raises.

GofauError
├── CatalogError           a name or value that the catalog does not allow (also a ValueError)
├── UnsupportedError       a tensor, or an implementation, that cannot be served (RuntimeError)
└── StateError             a state dict that does not fit the optimizer (ValueError)
"""


class GofauError(Exception):
    """The root of every error that gofau raises on purpose."""


class IncurableError(Exception):
    """Base of faults that trying again cannot cure, beside an error's own tree.

    They come from what was asked for or from what is installed, which stay as they are: a name or
    a value that is not allowed, a plug-in that cannot be imported, a data set that is not there.
    """


class UnsupportedError(GofauError, IncurableError, RuntimeError):
    """A kind of tensor or an implementation that this optimizer cannot serve."""


class StateError(GofauError, ValueError):
    """A stored state that does not belong to this optimizer."""
