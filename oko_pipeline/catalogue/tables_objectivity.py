"""Tables of signs of bias: official signs, independent signals, cards of schools, re-checks."""

from typing import Final

from oko_pipeline.catalogue.contracts import Table

OBJECTIVITY_TABLES: Final[tuple[Table, ...]] = ()
