"""``gofau migrate``, ``backup`` and ``restore``: the database, named by GOFAU_* variables."""

from pathlib import Path
from typing import Annotated

import typer

from gofau_service.cli.command import Panel, command
from gofau_service.cli.console import out
from gofau_service.cli.errors import CliError
from gofau_service.cli.exits import Exit


@command(Panel.STORE)
def migrate() -> None:
    """Bring the database to this version's schema, and end.

    The service does so itself when it starts; alone, the step can be run and watched first.

    [bold]Example[/bold]

    GOFAU_DATABASE_URL=postgresql+psycopg://gofau@db/gofau gofau migrate
    """
    from gofau_service.errors import SchemaError
    from gofau_service.store import schema
    from gofau_service.store.engine import Store
    from gofau_service.store.errors import OperationalError

    store = Store(_database())
    try:
        schema.migrate(store)
    except SchemaError as error:
        raise CliError(str(error)) from error
    except OperationalError as error:
        raise CliError(
            f"database: {error.orig}; expected one that answers", Exit.UNREACHABLE
        ) from error
    finally:
        store.close()
    out().print("the schema is up to date", markup=False)


@command(Panel.STORE)
def backup(
    file: Annotated[Path, typer.Argument(help="The snapshot to write; must not exist.")],
) -> None:
    """Write a snapshot of the whole store to a file, also while studies run.

    [bold]Example[/bold]

    gofau backup gofau-monday.backup
    """
    from gofau_service.errors import BackupError
    from gofau_service.store.backup import back_up

    try:
        back_up(_database(), file)
    except BackupError as error:
        raise CliError(str(error)) from error
    out().print(f"wrote {file.absolute()}", markup=False, soft_wrap=True)


@command(Panel.STORE)
def restore(
    file: Annotated[Path, typer.Argument(help="A snapshot that gofau backup wrote.")],
) -> None:
    """Make the store from a snapshot, in a place that has none, and bring it up to date.

    Trials that were running in the snapshot wait again; the attempt is not counted.

    [bold]Example[/bold]

    gofau restore gofau-monday.backup
    """
    from gofau_service.errors import BackupError
    from gofau_service.store.backup import restore as make_from

    try:
        make_from(_database(), file)
    except BackupError as error:
        raise CliError(str(error)) from error
    migrate()


def _database() -> str:
    from gofau_service.errors import SettingsError
    from gofau_service.settings import Settings

    try:
        return Settings.from_environment().database
    except SettingsError as error:
        raise CliError(str(error)) from error
