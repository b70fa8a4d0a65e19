"""Tables of surveys: answers of respondents (restricted) and results by question and scale."""

from typing import Final

from oko_pipeline.catalogue.contracts import Table

SURVEY_TABLES: Final[tuple[Table, ...]] = ()
