"""Tables that compare like with like: clusters, comparable schools, contextual results, low and high results."""

from typing import Final

from oko_pipeline.catalogue.contracts import Table

CONTEXT_TABLES: Final[tuple[Table, ...]] = ()
