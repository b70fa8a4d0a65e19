"""Further files of the generated sample: all sources of the cycle besides results of ВПР.

The sample knows no reader and collection no sample; forms and protocols of this program are filled here, above both.
"""

from collections.abc import Callable, Iterator
from typing import Final

from oko_pipeline.orchestration.sample_diagnostics import diagnostic_jobs
from oko_pipeline.orchestration.sample_forms import form_jobs
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
"""Of the year before there are forms alone, all sound: two years in a row show what registers carry over."""


def source_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield the jobs of all sources of the year and of the forms of the year before.

    `write_sample` takes this as its `further`.

    Args:
        inbox: the inbox being written.
        world: the territory; its options tell which groups of files are wanted and whether faults are planted.
    """
    options = world.options
    if YEAR_BEFORE in options.school_years and options.wants(LayoutGroup.REGISTERS):
        yield from form_jobs(inbox, world, YEAR_BEFORE, has_faults=False)
    if SOURCES_YEAR not in options.school_years:
        return
    if options.wants(LayoutGroup.REGISTERS):
        yield from form_jobs(inbox, world, SOURCES_YEAR, has_faults=options.dirt > 0)
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
