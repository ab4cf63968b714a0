"""What an import may bring with it, seen in a fresh interpreter."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("gofau", {"torch", "numpy"}),
        ("gofau.catalog", {"torch", "numpy"}),
        ("gofau.version", {"torch", "numpy"}),
        ("gofau_studies.spec.parsing", {"torch", "ray", "fastapi", "sqlalchemy"}),
        ("gofau_studies.report", {"torch", "ray", "fastapi", "sqlalchemy"}),
        ("gofau_service.api.app", {"torch", "ray", "gofau_workers", "sklearn"}),
        ("gofau_service.client", {"torch", "ray", "fastapi", "sqlalchemy", "gofau_workers"}),
        ("gofau_service.cli", {"torch", "ray", "fastapi", "sqlalchemy", "gofau_workers"}),
        ("gofau_workers.driver", {"gofau_service", "fastapi", "sqlalchemy"}),
    ],
)
def test_an_import_leaves_these_out(module: str, absent: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert absent & set(done.stdout.split()) == set()
    assert module in done.stdout.split()
