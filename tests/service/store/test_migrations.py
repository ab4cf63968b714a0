"""The schema: migrations give what the code expects, up and down, with data in place."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, make_url, text

from gofau_service.errors import SchemaError
from gofau_service.settings import Settings
from gofau_service.store import studies as repository
from gofau_service.store.engine import Store
from gofau_service.store.schema import TABLES, downgrade, metadata, migrate
from gofau_service.studies import submission
from gofau_service.tokens.principal import LOCAL
from gofau_studies.spec.parsing import parse_spec
from tests.service.fakes import SPEC, TRIALS, Service


def submit(store: Store) -> str:
    with store.write() as session:
        wanted = submission.Submission(parse_spec(SPEC), "")
        return submission.submit(session, LOCAL, wanted, Settings())[0].public_id


def test_migrations_give_the_schema_of_the_code(store: Store) -> None:
    with store.migrating() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata()) == []
        assert set(inspect(connection).get_table_names()) == {
            "alembic_version",
            *(table.__tablename__ for table in TABLES),
        }


def test_migrating_again_changes_nothing(store: Store) -> None:
    study = submit(store)
    migrate(store)
    with store.read() as session:
        assert repository.find(session, study).waiting == 24


def test_each_step_down_and_up_keeps_the_data(store: Store) -> None:
    study = submit(store)
    downgrade(store, "0001")
    migrate(store)
    with store.read() as session:
        found = repository.find(session, study)
        assert (found.waiting, found.doomed) == (24, False)


def test_results_from_before_inputs_were_recorded_stay_and_are_not_taken(
    database: str, make_service: Callable[..., Service]
) -> None:
    first = make_service(database)
    old = first.started()
    old.finish(inputs={"data": "known"})
    downgrade(first.store, "0006")
    migrate(first.store)
    trial = first.http.get(f"/v1/studies/{old.study}/trials/0").json()
    assert (trial["state"], trial["inputs"], trial["environment"]) == ("completed", None, None)
    told = first.http.get(f"/v1/studies/{old.study}/provenance").json()
    assert told["environments"] == [{"digest": None, "trials": TRIALS, "record": {}}]
    page = first.http.get(f"/v1/studies/{old.study}/report.md").text
    assert f"computed on: {TRIALS} trials: not recorded" in page
    again = first.started()
    assert len(again.lease(*range(TRIALS), inputs={"data": "known"}).granted) == TRIALS


def test_a_newer_schema_is_left_alone_and_named(store: Store) -> None:
    with store.migrating() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match=r"got a schema of revision 9999, expected one up to 0\d"):
        migrate(store)


def test_down_to_nothing_and_up(store: Store) -> None:
    submit(store)
    downgrade(store, "base")
    with store.migrating() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    migrate(store)
    study = submit(store)
    with store.read() as session:
        assert repository.find(session, study).waiting == 24


def test_a_database_in_another_encoding_is_read_as_text(postgres_url: str) -> None:
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    bytes_alone = "CREATE DATABASE plain ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    with server.connect() as connection:
        connection.execute(text(bytes_alone))
    try:
        store = Store(make_url(postgres_url).set(database="plain").render_as_string(False))
        migrate(store)
        study = submit(store)
        with store.read() as session:
            assert repository.find(session, study).public_id == study
        store.close()
    finally:
        with server.connect() as connection:
            connection.execute(text("DROP DATABASE plain WITH (FORCE)"))
        server.dispose()
