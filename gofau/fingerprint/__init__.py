"""What a training depends on beside gofau and its own settings: data, module, loss, other code.

Two trials of one cell and seed give one result only where these agree. They are looked at where the
training happens, since only there are the files, the environment and the packages that it reads.
"""

from gofau.fingerprint.inputs import Inputs, inputs_of, settled

__all__ = ["Inputs", "inputs_of", "settled"]
