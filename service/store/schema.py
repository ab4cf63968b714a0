"""All tables, and bringing a database to the current schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from service.jobs.models import Job, Leadership
from service.search.models import SearchRoundRow
from service.store.base import Base
from service.store.engine import Store
from service.studies.models import Arm, Cell, Study, StudyTag
from service.tokens.models import TokenRow
from service.trials.models import Measurement, Trial
from service.workers.models import LeaseRow

TABLES = (
    Study,
    StudyTag,
    Arm,
    Cell,
    Trial,
    Measurement,
    SearchRoundRow,
    LeaseRow,
    TokenRow,
    Job,
    Leadership,
)


def metadata() -> MetaData:
    """The schema that the code expects."""
    return Base.metadata


def migrate(store: Store, revision: str = "head") -> None:
    """Upgrade the database to ``revision``; replicas that start together take turns."""
    with store.migrating() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(store: Store, revision: str) -> None:
    """Take the database back to ``revision`` (``base``: no tables)."""
    with store.migrating() as connection:
        command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
