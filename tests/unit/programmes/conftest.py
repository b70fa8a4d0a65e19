"""Two municipalities, three schools, registers by a few rows."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.programmes.evidence import EvidenceBook
from oko_pipeline.programmes.units import Units

SCHOOLS = pd.DataFrame({"school_code": ["s1", "s2", "s3"], "municipality_code": ["m1", "m1", "m2"]})


def register(name, *rows):
    """Return rows of a register with all of its columns; what is not given is empty."""
    table = any_table(name)
    columns = {column: [row.get(column) for row in rows] for column in table.column_names}
    frame = pd.DataFrame(columns)
    return pd.concat([table.empty(), frame.astype(table.empty().dtypes.to_dict())]) if rows else table.empty()


@pytest.fixture
def units():
    return Units.of_schools(SCHOOLS)


@pytest.fixture
def book_of(units):
    def make(registers=None, made=None, tables_of=None):
        return EvidenceBook(units, registers or {}, made or {}, tables_of or {})

    return make
