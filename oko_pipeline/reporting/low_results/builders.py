"""Builders of the documents about schools with low results, by kind."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.content import Builder
from oko_pipeline.reporting.low_results.notes import final_notes, input_notes, interim_notes
from oko_pipeline.reporting.low_results.pairs import school_pairs
from oko_pipeline.reporting.low_results.programme import programmes

LOW_RESULTS: Final[Mapping[str, Builder]] = {
    "low_results_input": input_notes,
    "low_results_interim": interim_notes,
    "low_results_final": final_notes,
    "low_results_programme": programmes,
    "school_pairs": school_pairs,
}
