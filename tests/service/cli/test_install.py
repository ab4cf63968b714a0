"""Commands are found by folder, and each name stands for one of them."""

import pytest
import typer

from gofau_service.cli import command
from gofau_service.cli.app import app


def test_two_commands_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert app.registered_commands
    first = command.FOUND[0]
    monkeypatch.setattr(command, "FOUND", [*command.FOUND, first])
    with pytest.raises(ValueError, match=f"got {first.name} twice, expected once"):
        command.install(typer.Typer(), "gofau_service.cli.commands")
