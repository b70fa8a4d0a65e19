"""All layouts in the order in which they are tried: the first that recognises a workbook reads it."""

from typing import Final

from oko_pipeline.collection.layout import Layout, Workbook
from oko_pipeline.collection.layouts.benchmark_table import BenchmarkTable
from oko_pipeline.collection.layouts.blank_form import BlankForm
from oko_pipeline.collection.layouts.context_questionnaire import ContextQuestionnaire
from oko_pipeline.collection.layouts.diagnostic_protocol import DiagnosticProtocol
from oko_pipeline.collection.layouts.essay_protocol import EssayProtocol
from oko_pipeline.collection.layouts.gia_appeals import GiaAppeals
from oko_pipeline.collection.layouts.gia_protocol import GiaProtocol
from oko_pipeline.collection.layouts.gia_scales import GiaScales
from oko_pipeline.collection.layouts.gia_school_table import GiaSchoolTable
from oko_pipeline.collection.layouts.individual_results import IndividualResults
from oko_pipeline.collection.layouts.interview_protocol import InterviewProtocol
from oko_pipeline.collection.layouts.journal_comparison import JournalComparison
from oko_pipeline.collection.layouts.planned_results import PlannedResults
from oko_pipeline.collection.layouts.raw_2020 import Raw2020
from oko_pipeline.collection.layouts.raw_2021 import Raw2021
from oko_pipeline.collection.layouts.raw_2022 import Raw2022
from oko_pipeline.collection.layouts.record_export import RecordExport
from oko_pipeline.collection.layouts.record_form import RecordFormLayout
from oko_pipeline.collection.layouts.ris_tables import RisTables
from oko_pipeline.collection.layouts.scale_table import ScaleTable
from oko_pipeline.collection.layouts.school_links import SchoolLinks
from oko_pipeline.collection.layouts.school_registry import SchoolRegistry
from oko_pipeline.collection.layouts.score_distribution import ScoreDistribution
from oko_pipeline.collection.layouts.statistics_by_marks import StatisticsByMarks
from oko_pipeline.collection.layouts.survey_answers import SurveyAnswers
from oko_pipeline.collection.layouts.task_completion import TaskCompletion
from oko_pipeline.collection.layouts.task_descriptions import TaskDescriptions

LAYOUTS: Final[tuple[Layout, ...]] = (
    RecordFormLayout(),
    Raw2020(),
    Raw2021(),
    Raw2022(),
    DiagnosticProtocol(),
    IndividualResults(),
    BlankForm(),
    StatisticsByMarks(),
    JournalComparison(),
    ScoreDistribution(),
    TaskCompletion(),
    PlannedResults(),
    TaskDescriptions(),
    GiaAppeals(),
    GiaProtocol(),
    GiaSchoolTable(),
    EssayProtocol(),
    InterviewProtocol(),
    GiaScales(),
    RisTables(),
    ContextQuestionnaire(),
    ScaleTable(),
    BenchmarkTable(),
    SchoolLinks(),
    SurveyAnswers(),
    SchoolRegistry(),
    RecordExport(),
)


def recognise(workbook: Workbook) -> Layout | None:
    """Return the layout of a workbook; None when none recognises it."""
    return next((layout for layout in LAYOUTS if layout.recognise(workbook)), None)
