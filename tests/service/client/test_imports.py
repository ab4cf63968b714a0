"""The client is light: it must not drag the server's libraries into a notebook."""

import subprocess
import sys

CODE = """
import sys, gofau_service.client
heavy = {"fastapi", "starlette", "sqlalchemy", "ray", "torch", "uvicorn", "pandas", "scipy"}
print(sorted(heavy & set(sys.modules)))
"""


def test_importing_the_client_loads_no_server() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
