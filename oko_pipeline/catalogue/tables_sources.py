"""Tables about the sources themselves: links of schools, completeness, log of access and erasure."""

from typing import Final

from oko_pipeline.catalogue.contracts import Table

SOURCE_TABLES: Final[tuple[Table, ...]] = ()
