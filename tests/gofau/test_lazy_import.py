"""The torch-free parts of gofau load without torch."""

import subprocess
import sys

import pytest

import gofau


def loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["gofau", "gofau.catalog", "gofau.errors"])
def test_torch_stays_out(module):
    assert not {"torch", "numpy"} & loaded(f"import {module}; dir({module})")


def test_torch_stays_out_when_all_entries_are_read():
    names = ("directions", "rules", "problems", "metrics")
    read = "\n".join(f"assert gofau.catalog.{name}.entries" for name in names)
    assert not {"torch", "numpy"} & loaded(f"import gofau.catalog\n{read}")


def test_a_public_name_brings_torch():
    """Seen where torch cannot be imported, which is quicker than to import it."""
    script = "import sys; sys.modules['torch'] = None; import gofau; print('loaded'); gofau.Gofau"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == "loaded\n"
    assert "import of torch halted" in done.stderr


def test_every_public_name_resolves_and_no_other():
    for name in gofau.__all__:
        assert getattr(gofau, name) is not None
    assert set(gofau.__all__) <= set(dir(gofau))
    with pytest.raises(AttributeError, match="module 'gofau' has no attribute 'Adam'"):
        gofau.Adam  # noqa: B018
