"""Tables of state exams (ОГЭ, ЕГЭ, ГВЭ), final essay and final interview: protocols, summaries, scales, minima."""

from typing import Final

from oko_pipeline.catalogue.contracts import Table

EXAM_TABLES: Final[tuple[Table, ...]] = ()
