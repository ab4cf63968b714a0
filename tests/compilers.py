"""Whether the compiled executor and the fused steps can be built here."""

import subprocess
from functools import cache

import pytest

from gofau.errors import UnsupportedError
from gofau.fused.compiler import find_compiler


@cache
def compiler_works() -> bool:
    """Whether a program compiles with what ``CXX`` names, or with the compiler on the PATH."""
    try:
        command = [find_compiler(), "-x", "c++", "-fsyntax-only", "-"]
    except UnsupportedError:
        return False
    return not subprocess.run(command, input=b"", check=False, capture_output=True).returncode


needs_compiler = pytest.mark.skipif(not compiler_works(), reason="needs a C++ compiler")
