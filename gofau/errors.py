"""What gofau raises, as one tree; the classes stand where they are raised.

GofauError
├── UnsupportedError         tensors or an implementation that cannot be served (RuntimeError)
│   └── ExecutorError        also a PackError: an executor that cannot train this problem
├── StateError               a state dict that does not fit the optimizer (ValueError)
├── CatalogError             a name or value that the catalog does not allow (ValueError)
├── MetricError              a metric whose facts contradict each other (ValueError)
├── PluginError              an installed plug-in that cannot be used
├── ContractError            a law of rules, directions or problems that is broken (AssertionError)
├── PackError                what goes wrong with packed training
│   ├── PlanError            a plan that cannot be run as written (ValueError)
│   └── CheckpointError      a checkpoint that cannot be used for this plan
├── DataError                what goes wrong with data sets
│   ├── MissingDataError     the data set is not in the folder (FileNotFoundError)
│   ├── CorruptDataError     files that do not match their published checksums or layout
│   ├── FetchError           a download that ended early; the same command resumes it
│   └── FolderError          the folder for data cannot be made or written to
├── UnsettledDataError       a problem whose examples are others on every call
└── NotTensorsError          examples that are no tensors (TypeError)
"""


class GofauError(Exception):
    """The root of every error that gofau raises on purpose."""


class IncurableError(Exception):
    """Base of faults that trying again cannot cure, beside an error's own tree.

    They come from what was asked for or from what is installed, which stay as they are: a name or
    a value that is not allowed, a plug-in that cannot be imported, a data set that is not there.
    """


class UnsupportedError(GofauError, IncurableError, RuntimeError):
    """Tensors, an implementation or an executor that cannot serve what was asked for."""


class StateError(GofauError, ValueError):
    """A stored state that does not belong to this optimizer."""
