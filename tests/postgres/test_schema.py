"""A database of the released schema on PostgreSQL becomes one of this version, with its rows."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import DOCUMENT_ISSUES, DOCUMENTS, SCHOOLS
from oko_pipeline.errors import StorageError
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.engine import make_engine
from oko_pipeline.storage.migrations import state, upgrade
from oko_pipeline.storage.schema import build_metadata
from tests.unit.storage.released import DOCUMENT, SCHOOL, SCHOOL_COLUMNS, schema_of

_COLLATIONS = (
    "SELECT DISTINCT coalesce(collation_name, 'default') FROM information_schema.columns "
    "WHERE data_type = 'text' AND table_name = ANY(%(names)s)"
)


@pytest.fixture
def released_url(postgres_url):
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        for statement in upgrade.baseline_sql().splitlines():
            plain = statement.replace(" WITHOUT ROWID;", ";").replace(" DOUBLE", " DOUBLE PRECISION")
            connection.exec_driver_sql(plain)
        marks = ", ".join(["%s"] * len(DOCUMENT))
        connection.exec_driver_sql(f"INSERT INTO documents VALUES ({marks})", DOCUMENT)  # noqa: S608
        marks = ", ".join(["%s"] * len(SCHOOL))
        connection.exec_driver_sql(f"INSERT INTO schools ({SCHOOL_COLUMNS}) VALUES ({marks})", SCHOOL)  # noqa: S608
    engine.dispose()
    return postgres_url


def test_an_upgraded_schema_is_the_schema_of_a_new_database_and_keeps_its_rows(released_url):
    upgraded = Database(released_url)
    assert upgraded.read(SCHOOLS)["school_name"].tolist() == [SCHOOL[2]]
    assert upgraded.read(DOCUMENTS)["profile"].tolist() == ["school"]
    assert upgraded.read(DOCUMENT_ISSUES)["file_sha256"].tolist() == ["bb22"]
    names = set(all_tables())
    with upgraded.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), _with_state()) == []
        assert connection.exec_driver_sql(_COLLATIONS, {"names": sorted(names)}).scalars().all() == ["C"]
    told = schema_of(upgraded.engine, names)
    with upgraded.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    upgraded.close()
    new = Database(released_url)
    assert schema_of(new.engine, names) == told
    new.close()


def _with_state():
    """Return the schema with the tables in which the database tells of it."""
    metadata = sa.MetaData()
    for table in (*build_metadata().tables.values(), *state._OWN.tables.values()):
        table.to_metadata(metadata)
    return metadata


def test_an_opened_database_is_not_looked_through_again(postgres_url, monkeypatch):
    Database(postgres_url).engine.dispose()
    monkeypatch.setattr(upgrade, "write_transaction", None)
    again = Database(postgres_url)
    assert again.read(SCHOOLS).empty
    again.close()


def test_a_newer_database_is_refused(postgres_url):
    database = Database(postgres_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_revision SET version_num = '9999'")
        connection.exec_driver_sql("UPDATE schema_state SET fingerprint = 'other'")
    database.close()
    with pytest.raises(StorageError, match="более новой версией программы"):
        database.read(SCHOOLS)


def test_a_server_that_is_not_there_is_named_without_the_password():
    database = Database("postgresql+psycopg://oko:secret@127.0.0.1:1/oko")
    with pytest.raises(StorageError, match="не открывается") as caught:
        database.read(SCHOOLS)
    assert "secret" not in str(caught.value)
