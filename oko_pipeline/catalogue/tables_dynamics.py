"""Tables of change over years and of risk zones."""

from typing import Final

from oko_pipeline.catalogue.contracts import Table

DYNAMICS_TABLES: Final[tuple[Table, ...]] = ()
