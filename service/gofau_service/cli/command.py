"""How a module of `gofau_service.cli.commands` says which commands it has."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

import typer

from gofau.modules import modules, repeated

F = TypeVar("F", bound=Callable[..., None])


class Panel(Enum):
    """The parts of ``gofau --help``, in order."""

    RUN = "Run a study"
    LOOK = "Look at studies"
    CHANGE = "Change a study"
    LIBRARY = "Use the library"
    SERVE = "Serve"
    STORE = "Keep the store"


@dataclass(frozen=True)
class Command:
    """A command, or a group of them, and where the help lists it."""

    panel: Panel
    name: str
    does: Callable[..., None] | typer.Typer


FOUND: Final[list[Command]] = []


def command(panel: Panel, name: str = "") -> Callable[[F], F]:
    """Make a function a command.

    Args:
        panel: where the help lists it.
        name: what it is called; the function's name by default.
    """

    def found(does: F) -> F:
        FOUND.append(Command(panel, name or does.__name__, does))
        return does

    return found


def group(panel: Panel, name: str, **options: Any) -> typer.Typer:
    """A group of commands, such as ``gofau token``, to add them to."""
    made = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", **options)
    FOUND.append(Command(panel, name, made))
    return made


def install(app: typer.Typer, package: str) -> None:
    """Add the commands of all modules of a package, by panel and name.

    Raises:
        ValueError: two have one name, of which the command line would know the last alone.
    """
    modules(package)  # each says which commands it has
    if twice := repeated(one.name for one in FOUND):
        raise ValueError(f"commands of {package}: got {', '.join(twice)} twice, expected once")
    order = list(Panel)
    for one in sorted(FOUND, key=lambda one: (order.index(one.panel), one.name)):
        if isinstance(one.does, typer.Typer):
            app.add_typer(one.does, name=one.name, rich_help_panel=one.panel.value)
        else:
            app.command(one.name, rich_help_panel=one.panel.value)(one.does)
