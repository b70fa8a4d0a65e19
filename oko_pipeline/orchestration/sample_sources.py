"""Further files of the generated sample: all sources of the cycle besides results of ВПР.

The sample knows no reader and collection no sample; forms and protocols of this program are filled here, above both.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from oko_pipeline.orchestration.sample_diagnostics import diagnostic_jobs
from oko_pipeline.orchestration.sample_forms import form_jobs, known_form_jobs
from oko_pipeline.sample.cycle import CycleMeasure, cycle_jobs, cycle_rows, plan_measures
from oko_pipeline.sample.exam_files import exam_file_jobs
from oko_pipeline.sample.exams import exam_jobs
from oko_pipeline.sample.exports import export_jobs
from oko_pipeline.sample.inbox import Inbox
from oko_pipeline.sample.options import LayoutGroup
from oko_pipeline.sample.results import World
from oko_pipeline.sample.school_lists import school_list_jobs
from oko_pipeline.sample.surveys import survey_jobs

Job = Callable[[], None]

SOURCES_YEAR: Final = "2025-2026"
YEAR_BEFORE: Final = "2024-2025"
"""Of the year before there are forms, all sound, and the results that measures began with."""


def source_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield the jobs of all sources of the year, of the forms of the year before, and of measures between the two.

    `write_sample` takes this as its `further`.

    Args:
        inbox: the inbox being written.
        world: the territory; its options tell which groups of files are wanted and whether faults are planted.
    """
    options = world.options
    years = [year for year in (YEAR_BEFORE, SOURCES_YEAR) if year in options.school_years]
    # What a measure did is seen in two years or not at all.
    measures = plan_measures(world) if options.wants(LayoutGroup.MEASURES) and len(years) > 1 else ()
    for year in years:
        yield from _year_jobs(inbox, world, measures, year)
    if SOURCES_YEAR not in years:
        return
    if options.wants(LayoutGroup.EXPORTS):
        yield from export_jobs(inbox, world)
    if options.wants(LayoutGroup.EXAMS):
        yield from exam_jobs(inbox, world)
        yield from exam_file_jobs(inbox, world)
    if options.wants(LayoutGroup.SURVEYS):
        yield from survey_jobs(inbox, world)
    if options.wants(LayoutGroup.DIAGNOSTICS):
        yield from diagnostic_jobs(inbox, world)
    if options.wants(LayoutGroup.SCHOOL_LISTS):
        yield from school_list_jobs(inbox, world)


def _year_jobs(inbox: Inbox, world: World, measures: Sequence[CycleMeasure], school_year: str) -> Iterator[Job]:
    """Yield the jobs of the forms of a year, and of the results that show what the measures did."""
    known = {
        f"reg99_{one.code}": cycle_rows(world, measures, place, school_year)
        for place, one in enumerate(world.territory.municipalities)
        if any(measure.municipality == place for measure in measures)
    }
    if world.options.wants(LayoutGroup.REGISTERS):
        has_faults = school_year == SOURCES_YEAR and world.options.dirt > 0
        yield from form_jobs(inbox, world, school_year, has_faults=has_faults, known=known)
    elif known:
        yield from known_form_jobs(inbox, world, school_year, known)
    if measures:
        yield from cycle_jobs(inbox, world, measures, school_year)
