"""What is read for indicators holds all that they are computed from."""

import pytest

from assets.indicators import _columns
from oko_pipeline.analysis.indicators import SITTINGS
from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.indicators import indicators


@pytest.mark.parametrize("code", sorted(indicators()))
def test_columns_that_tell_works_from_people_are_read(code):
    indicator = indicators()[code]
    held = set((all_tables() | restricted_tables())[indicator.table].column_names)
    assert {name for name in SITTINGS if name in held} <= _columns(indicator)
