"""National and international studies of the unit (НИКО, the model of PISA …) and summaries without protocols."""

from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.view import View
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.sections import Spec, row, section, table

_SUMMARISED: Final = (
    "niko", "pisa_model", "international_studies", "metasubject", "regional_diagnostics", "municipal_diagnostics",
    "school_diagnostics", "mock_exams",
)  # fmt: skip
"""Procedures of pupils that may come as summaries only; those of staff are no matter of this document."""
_POINTS: Final = ("mean", "percentile_25", "percentile_75")
_MOST: Final = 12


def studies(view: View) -> Spec | None:
    """Return studies that name the unit and summaries of works whose protocols the programme does not have."""
    return section(tables=[_studies_table(view), None if not view.is_school else _summaries_table(view)])


def _studies_table(view: View) -> Spec | None:
    name = view.data.unit_name(view.level, view.code)
    rows = view.data.rows("study_results")
    own = [one for one in rows if one["unit_level"] == view.level and one["unit_name"] in (name, view.code)]
    own.sort(key=lambda one: (str(one["study"]), one["study_year"], str(one["domain"]), one["grade"] or 0))
    told = [
        row(
            f"{ru.sentence_start(answer_ru(one, 'study'))}, {one['study_year']}",
            str(one["domain"]),
            ru.DASH if one["grade"] is None else str(one["grade"]),
            answer_ru(one, "measure"),
            _value(view, one),
            view.figures.whole(one, "participants_count"),
        )
        for one in own[:_MOST]
    ]
    columns = [
        ("Исследование", 2.4, "text"),
        ("Область", 2.8, "text"),
        ("Класс", 0.8, "number"),
        ("Показатель", 2.2, "text"),
        ("Значение", 1.6, "number"),
        ("Участников", 1.6, "number"),
    ]
    return table("Исследования качества образования", columns, told)


def _value(view: View, one: Row) -> str:
    value = view.figures.decimal(one, "value")
    unit = "" if str(one["measure"]) in _POINTS else f"{ru.NBSP}%"
    if one["standard_error"] is None:
        return f"{value}{unit}"
    return f"{value} ± {view.figures.decimal(one, 'standard_error')}{unit}"


def _summaries_table(view: View) -> Spec | None:
    """Return the school's summaries of works without protocols: НИКО, studies by the model of PISA, literacy."""
    rows = [one for one in view.of_schools("diagnostics_summary") if one["procedure"] in _SUMMARISED]
    rows = [one for one in rows if (one["participants_count"] or 0) >= view.settings.hide_below]
    rows.sort(key=lambda one: (str(one["procedure"]), str(one["held_on"]), str(one["work_subject"]), one["grade"]))
    told = [
        row(
            f"{ru.sentence_start(answer_ru(one, 'procedure'))}, {day_ru(one['held_on'])}",
            ru.sentence_start(answer_ru(one, "work_subject")),
            str(one["grade"]),
            view.figures.whole(one, "participants_count"),
            _base(view, one),
        )
        for one in rows[:_MOST]
    ]
    columns = [
        ("Процедура, дата", 3.4, "text"),
        ("Предмет, вид грамотности", 3.0, "text"),
        ("Класс", 0.8, "number"),
        ("Участников", 1.6, "number"),
        ("Базовый уровень и выше, %", 1.6, "number"),
    ]
    return table("Работы, по которым есть только сводные итоги", columns, told)


def _base(view: View, one: Row) -> str:
    levelled = one["levelled_count"]
    if not levelled or one["below_base_count"] is None or levelled < view.settings.claim_from:
        return ru.DASH
    share = 1 - one["below_base_count"] / levelled
    return view.figures.computed(share, "1 − доля ниже базового уровня", [one], form="percent_number")
