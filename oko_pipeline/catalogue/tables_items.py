"""Tables of tasks and skills in depth, of links between procedures, and of pupils who need help (restricted)."""

from typing import Final

from oko_pipeline.catalogue.contracts import Table

ITEM_TABLES: Final[tuple[Table, ...]] = ()
