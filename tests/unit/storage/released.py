"""Databases of released schemas, and a schema as plain values, so that two ways to it can be compared."""

import sqlite3
from pathlib import Path

import sqlalchemy as sa

from oko_pipeline.catalogue.records import record_contracts
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.storage.migrations.upgrade import baseline_sql

DOCUMENT = (
    "2020-2021", "school_note:vpr-2021-spring:edu990404", "school_note", "vpr-2021-spring", "school", "edu990404",
    "Справка ОО", "2020-2021/ОО/справка.docx", "aa11", "bb22", "2021-06-01T00:00:00Z", "0.1.0", "{}",
)  # fmt: skip
SCHOOL = ("2020-2021", "edu990404", "Школа № 4", True, "general", "reg99_m101", "99")
SCHOOL_COLUMNS = (
    "school_year, school_code, school_name, is_name_known, school_kind, municipality_code, region_code"
)  # fmt: skip


def make_released(path: Path) -> None:
    """Make the SQLite database that the program made before it kept revisions, with rows."""
    connection = sqlite3.connect(path)
    connection.executescript(f"BEGIN;\n{baseline_sql()}\nCOMMIT;")
    connection.execute(f"INSERT INTO documents VALUES ({', '.join('?' * len(DOCUMENT))})", DOCUMENT)  # noqa: S608
    connection.execute(f"INSERT INTO schools ({SCHOOL_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", SCHOOL)  # noqa: S608
    connection.commit()
    connection.close()


def schema_of(engine: sa.Engine, names: set[str]) -> dict[str, object]:
    """Return the columns, keys and indexes of tables as a database tells them, with the order of columns left out."""
    found = sa.inspect(engine)
    told: dict[str, object] = {}
    for name in sorted(names):
        columns = {
            str(one["name"]): (str(one["type"]), one["nullable"], one.get("default"), one.get("comment"))
            for one in found.get_columns(name)
        }
        indexes = {str(one["name"]): (one["column_names"], one["unique"]) for one in found.get_indexes(name)}
        told[name] = (columns, found.get_pk_constraint(name)["constrained_columns"], indexes)
    return told


def code_tables() -> set[str]:
    """Return the tables that are written in code: a change of theirs asks for a revision."""
    return set(TABLES) - set(record_contracts())
