"""Turns of speech about works, indicators and exams that sentences of findings and recommendations share."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.text_templates import subject_form
from oko_pipeline.catalogue.wording import NBSP, counted, decimal, listed, percent, whole
from oko_pipeline.errors import CatalogueError

_SUBJECTS_SHOWN: Final = 4
_IN_BRACKETS: Final = re.compile(r"\s*\(.*\)")
_MORE_SUBJECTS: Final = ("предмету", "предметам", "предметам")


@cache
def campaign_words(campaign_code: str) -> str:
    """Return when a campaign was: «весна 2021 года»; another procedure is named: «региональная диагностика, …»."""
    campaign = campaigns().get(campaign_code)
    if campaign is None:
        return campaign_code
    return _IN_BRACKETS.sub("", campaign.title_ru).removeprefix("ВПР, ")


@cache
def work_words(assessment_id: str) -> str:
    """Return a work after «по»: «математике за 5 класс (весна 2021 года)»."""
    key = AssessmentKey.parse(assessment_id)
    level = ", углублённый уровень" if key.level == "advanced" else ""
    campaign = campaign_words(key.campaign_code)
    return f"{subject_form(key.subject_code)} за {key.paper_grade}{NBSP}класс ({campaign}{level})"


@cache
def assessment_parts(assessment_id: str) -> tuple[str, int] | None:
    """Return subject code and paper grade of a work; None for a text that is no work («all»)."""
    try:
        key = AssessmentKey.parse(assessment_id)
    except CatalogueError:
        return None
    return key.subject_code, key.paper_grade


@cache
def exam_words(exam_code: str) -> str:
    """Return the title of an exam: «ЕГЭ 2021 года, русский язык»."""
    kind, year, subject, level = exam_code.split(":")
    return ExamKey(kind, int(year), subject, level).title_ru


def subjects_words(pairs: Iterable[tuple[str, int | None]]) -> str:
    """Return subjects with their grades after «по»: «математике (4 и 5 классы), истории (6 класс)»."""
    grades: dict[str, set[int]] = {}
    for subject, grade in pairs:
        own = grades.setdefault(subject, set())
        if grade is not None:
            own.add(grade)
    parts = [f"{subject_form(subject)}{_grades_words(sorted(own))}" for subject, own in grades.items()]
    if len(parts) <= _SUBJECTS_SHOWN:
        return listed(parts)
    rest = len(parts) - _SUBJECTS_SHOWN
    return f"{', '.join(parts[:_SUBJECTS_SHOWN])} и ещё по{NBSP}{counted(rest, _MORE_SUBJECTS)}"


def _grades_words(grades: Sequence[int]) -> str:
    if not grades:
        return ""
    return f" ({listed([str(one) for one in grades])}{NBSP}{'класс' if len(grades) == 1 else 'классы'})"


def value_words(value: float | None, unit: str | None) -> str | None:
    """Return a value with its unit: share 0.321 → «32,1 %», percent 32.1 → «32,1 %», days 12 → «12»."""
    if value is None:
        return None
    if unit == "share":
        return percent(value)
    if unit == "percent":
        return f"{decimal(value)}{NBSP}%"
    if unit in {"count", "days"}:
        return whole(round(value))
    return decimal(value, 2)
