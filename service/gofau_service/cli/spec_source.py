"""Reading a spec from a file or standard input, and checking it before it travels."""

import sys
from pathlib import Path

from gofau_service.cli.errors import CliError
from gofau_studies.spec.parsing import parse_yaml

STDIN = Path("-")


def read_spec(path: Path) -> str:
    """The text of a valid spec.

    Raises:
        CliError: no such file, or one that is not text.
        SpecError: a spec with faults.
    """
    text = sys.stdin.read() if path == STDIN else _read(path)
    parse_yaml(text)
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CliError(f"SPEC: got {path}, which is not UTF-8 text, expected YAML") from error
    except OSError as error:
        raise CliError(f"SPEC: got {path} ({error.strerror}), expected a file to read") from error
