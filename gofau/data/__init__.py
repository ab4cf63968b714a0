"""Downloaded data sets: where they lie, how they are fetched, and loaders for their formats.

`gofau.data.sources`, `gofau.data.fetch` and ``python -m gofau.data`` need no torch; the loaders
`gofau.data.cifar` and `gofau.data.tiny_imagenet` read through torchvision.
"""

from gofau.data.errors import CorruptDataError, DataError, FetchError, FolderError, MissingDataError
from gofau.data.fetch import fetch
from gofau.data.sources import Source, data_root, present, sources

__all__ = [
    "CorruptDataError",
    "DataError",
    "FetchError",
    "FolderError",
    "MissingDataError",
    "Source",
    "data_root",
    "fetch",
    "present",
    "sources",
]
