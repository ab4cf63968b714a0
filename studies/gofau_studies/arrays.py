"""Names of array types; docstrings say what the axes of each array are."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Indices = NDArray[np.intp]
"""What indexes other arrays, and counts along them."""

Codes = NDArray[np.int8]
"""Members of `gofau_studies.landscape.landscape.OutcomeCode`."""
