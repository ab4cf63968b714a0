"""All tables, and bringing a database to the current schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from gofau_service.errors import SchemaError
from gofau_service.store.base import Base
from gofau_service.store.engine import Store
from gofau_service.store.tables.jobs import Job, Leadership
from gofau_service.store.tables.leases import LeaseRow
from gofau_service.store.tables.provenance import EnvironmentRow, InputsRow
from gofau_service.store.tables.rounds import SearchRoundRow
from gofau_service.store.tables.studies import Arm, Cell, Study, StudyTag
from gofau_service.store.tables.tokens import TokenRow
from gofau_service.store.tables.trials import Measurement, Trial

TABLES = (
    Study,
    StudyTag,
    Arm,
    Cell,
    Trial,
    Measurement,
    SearchRoundRow,
    InputsRow,
    EnvironmentRow,
    LeaseRow,
    TokenRow,
    Job,
    Leadership,
)


def metadata() -> MetaData:
    """The schema that the code expects."""
    return Base.metadata


def migrate(store: Store, revision: str = "head") -> None:
    """Upgrade the database to ``revision``; replicas that start together take turns.

    Raises:
        SchemaError: a newer version has upgraded it already, beyond what this one knows.
    """
    with store.migrating() as connection:
        config = _config(connection)
        _refuse_newer(connection, config)
        command.upgrade(config, revision)


def downgrade(store: Store, revision: str) -> None:
    """Take the database back to ``revision`` (``base``: no tables)."""
    with store.migrating() as connection:
        command.downgrade(_config(connection), revision)


def _refuse_newer(connection: Connection, config: Config) -> None:
    got = MigrationContext.configure(connection).get_current_revision()
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if got not in (None, *known):
        raise SchemaError(
            f"database: got a schema of revision {got}, expected one up to {known[0]}; start the "
            "version of gofau that made it, or restore a backup from before"
        )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
