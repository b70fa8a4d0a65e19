"""All tables of the project: those written in code and those made from the descriptions of registers.

Apart from `tables`, because reading the descriptions costs time that a run with nothing to do need not spend.
"""

from functools import cache

from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.records import record_contracts
from oko_pipeline.catalogue.tables import RESTRICTED_TABLES, TABLES


@cache
def all_tables() -> dict[str, Table]:
    """Return the tables of the database by name."""
    return TABLES | {name: table for name, table in record_contracts().items() if not table.is_restricted}


@cache
def restricted_tables() -> dict[str, Table]:
    """Return the tables about single people by name; they stand in the restricted store only."""
    return RESTRICTED_TABLES | {name: table for name, table in record_contracts().items() if table.is_restricted}


def any_table(name: str) -> Table:
    """Return the table called `name` from either store; raises `KeyError` when there is none."""
    return _every_table()[name]


@cache
def _every_table() -> dict[str, Table]:
    return all_tables() | restricted_tables()
