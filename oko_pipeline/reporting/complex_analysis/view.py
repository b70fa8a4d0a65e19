"""Whom a document is about: a municipality or a school, with the names and the groups that its sections need."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.exams import ExamKey, subject_title
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import subject_ru

_MOST_TRACED: Final = 30
"""Rows that a figure of a count names at most: a list of hundreds would be longer than the document."""
SCHOOLS_SHORT: Final = ("ОО", "ОО", "ОО")
TOO_FEW: Final = "мало участников"
NO_GROUP_RU: Final = "Вне групп: особого вида или условия не известны"


SharedRows = dict[str, dict[str, Row]]
"""Rows of schools by work or exam, then by code: a thousand documents read them once."""


@dataclass(frozen=True, slots=True)
class View:
    """A unit with its data and the figures of its document; `schools` are its own schools in order of codes."""

    data: CycleData
    level: str
    code: str
    schools: tuple[str, ...]
    municipality_code: str
    figures: Figures = field(default_factory=Figures)
    shared: SharedRows = field(default_factory=dict[str, dict[str, Row]], repr=False, compare=False)

    @property
    def settings(self) -> DocumentSettings:
        """Return the settings that documents depend on."""
        return self.data.settings

    @property
    def is_school(self) -> bool:
        """Tell whether the document is about one school."""
        return self.level == "school"

    def own(self, table: str, **conditions: Any) -> Rows:
        """Return the unit's own rows of a table with `unit_level` and `unit_code`."""
        return self.data.rows(table, unit_level=self.level, unit_code=self.code, **conditions)

    def of_schools(self, table: str, **conditions: Any) -> Rows:
        """Return the rows of the unit's schools in a table with `school_code`."""
        # One code is found by the index, several are filtered.
        codes = self.schools[0] if len(self.schools) == 1 else self.schools
        return self.data.rows(table, **conditions, school_code=codes)

    def group(self, school_code: str) -> Row | None:
        """Return the row of `school_groups` of a school that is in a group, None of others."""
        row = self.data.row("school_groups", school_code=school_code)
        return None if row is None or row["group_code"] is None else row

    def peers(self) -> tuple[str, ...]:
        """Return the other schools of the school's group (of its municipality where it has no group)."""
        group = self.group(self.code)
        if group is None:
            others = self.data.rows("schools", municipality_code=self.municipality_code)
        else:
            others = self.data.rows("school_groups", group_code=group["group_code"])
        return tuple(sorted({str(row["school_code"]) for row in others} - {self.code}))

    def of_all_schools(self, scope: str) -> dict[str, Row]:
        """Return the results of all schools in a work or an exam, by code."""
        if scope not in self.shared:
            if is_exam(scope):
                rows = self.data.rows("exam_summary", exam_code=scope, unit_level="school", category="all")
            else:
                rows = self.data.rows("result_summary", assessment_id=scope, unit_level="school", subgroup="all")
            self.shared[scope] = {str(row["unit_code"]): row for row in rows if row["participants_count"]}
        return self.shared[scope]

    def number(self, rows: Sequence[Row], how_ru: str) -> str:
        """Return how many rows there are; the figure names the first of them, so that it stays short."""
        return self.figures.computed(len(rows), how_ru, rows[:_MOST_TRACED], form="whole", digits=0)

    def school_name(self, code: str) -> str:
        """Return the name of a school with its code: «Школа № 1 (edu990001)»."""
        name = self.data.unit_name("school", code)
        return code if name == code else f"{name} ({code})"


def municipality_view(data: CycleData, code: str) -> View:
    """Return the view of a municipality."""
    return View(data, "municipality", code, tuple(str(row["school_code"]) for row in data.schools(code)), code)


def school_view(data: CycleData, school: Row, shared: SharedRows | None = None) -> View:
    """Return the view of a school.

    Args:
        data: the rows of the year.
        school: the school's row of the year's register.
        shared: what the views of all schools find out once.
    """
    code = str(school["school_code"])
    known = {} if shared is None else shared
    return View(data, "school", code, (code,), str(school["municipality_code"]), shared=known)


def campaign_ru(campaign_code: str) -> str:
    """Return a campaign with its procedure: «ВПР, осень 2020», «Муниципальная диагностика, зима 2025/2026»."""
    known = campaigns().get(campaign_code)
    if known is None:
        return campaign_code
    return f"ВПР, {known.short_ru}" if known.procedure_code == "vpr" else ru.sentence_start(known.short_ru)


def scope_ru(scope: str) -> str:
    """Return a work or an exam without its campaign: «Русский язык, 5 класс», «Физика»."""
    if is_exam(scope):
        _, _, subject, level = scope.split(":")
        return subject_title(subject, level)
    key = AssessmentKey.parse(scope)
    level = {"advanced": ", углублённый уровень"}.get(key.level, "")
    return f"{subject_ru(key.subject_code)}, {key.paper_grade}{ru.NBSP}класс{level}"


def exam_key(exam_code: str) -> ExamKey:
    """Return the parts of an `exam_code`."""
    kind, year, subject, level = exam_code.split(":")
    return ExamKey(kind, int(year), subject, level)


def is_exam(scope: str) -> bool:
    """Tell whether a code is that of a state exam."""
    return scope.partition(":")[0] in ("oge", "ege", "gve9", "gve11")
