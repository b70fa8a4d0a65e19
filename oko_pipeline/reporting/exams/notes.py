"""Notes on ГИА-9 and ЕГЭ for a municipality and for a school."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting import sections
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.exams import around, statements, words
from oko_pipeline.reporting.exams.comparisons import MunicipalResults, SchoolGap, Trend, trends
from oko_pipeline.reporting.exams.result_tables import (
    groups_chart,
    marks_chart,
    marks_table,
    schools_table,
    scores_table,
    shown_number,
    trend_chart,
    trend_table,
)
from oko_pipeline.reporting.exams.results import ExamResult, Share, contradicting_forms, graduates, second_attempts
from oko_pipeline.reporting.exams.risk import risk_section
from oko_pipeline.reporting.exams.tasks import weak_tasks_section
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.sections import Context, Spec

_MOST_CHARTED: Final = 6


@dataclass(frozen=True, slots=True)
class Exam:
    """What the two notes differ in."""

    level: str
    kinds: tuple[str, ...]
    procedures: tuple[str, ...]
    registers: tuple[str, ...]
    grades: tuple[int, ...]
    title: str


OGE: Final = Exam(
    "9", ("oge", "gve9"), ("interview",), ("oge",), (9, 10), "Итоги государственной итоговой аттестации в 9 классах"
)
EGE: Final = Exam(
    "11", ("ege", "gve11"), ("essay", "statement"), ("ege",), (11, 12), "Итоги единого государственного экзамена"
)


def municipality_notes(data: CycleData, exam: Exam) -> Iterator[Content]:
    """Yield the note of every municipality that has results or forms of the exams."""
    for code in data.municipalities():
        municipal = MunicipalResults(data, code, exam.kinds)
        if not municipal.results:
            continue
        yield Content(code, _municipality_note(data, municipal, exam))


def school_notes(data: CycleData, exam: Exam) -> Iterator[Content]:
    """Yield the note of every school that has results of the exams."""
    for municipality in data.municipalities():
        municipal = MunicipalResults(data, municipality, exam.kinds)
        for code, results in municipal.schools.items():
            if any(one.participants >= data.settings.hide_below for one in results):
                yield Content(code, _school_note(data, code, municipal, exam))


def _municipality_note(data: CycleData, municipal: MunicipalResults, exam: Exam) -> Context:
    figures = Figures()
    unit = ("municipality", municipal.code)
    found = trends(data, unit, exam.kinds, municipal.results)
    told = statements.Told(data, municipal.results, found, figures)
    main = [
        statements.participation(told),
        statements.failures(told),
        statements.heights(told),
        statements.changes(told),
        *statements.school_groups(municipal, figures),
    ]
    context = _common(data, unit, (exam, municipal.results, found), figures)
    context["statements"] = [one for one in main if one is not None]
    context["schools"] = _schools_section(municipal, figures)
    context["risk"] = risk_section(data, municipal.code, exam.kinds, figures)
    context["beside"] = None
    context["tasks"] = None
    return sections.finished(context, data, figures)


def _school_note(data: CycleData, code: str, municipal: MunicipalResults, exam: Exam) -> Context:
    figures = Figures()
    unit = ("school", code)
    results = municipal.schools[code]
    found = trends(data, unit, exam.kinds, results)
    told = statements.Told(data, results, found, figures)
    gaps = municipal.of_school(code)
    main = [
        statements.participation(told),
        statements.failures(told),
        statements.heights(told),
        statements.beside_others(gaps, figures),
        statements.changes(told),
    ]
    context = _common(data, unit, (exam, results, found), figures)
    context["statements"] = [one for one in main if one is not None]
    context["schools"] = context["risk"] = None
    context["beside"] = _beside_section(results, municipal, gaps, figures)
    context["tasks"] = weak_tasks_section(data, code, municipal, figures)
    return sections.finished(context, data, figures)


def _common(
    data: CycleData, unit: around.Unit, made: tuple[Exam, Sequence[ExamResult], Sequence[Trend]], figures: Figures
) -> Context:
    exam, results, found = made
    settings = data.settings
    marked = [one for one in results if one.key.is_marked]
    return {
        **sections.heading(data, *unit, exam.title),
        "settings": {"claim_from": settings.claim_from, "hide_below": settings.hide_below},
        "participation": _participation_section(data, unit, exam, figures),
        "both_forms": sections.section(tables=[around.both_forms_table(results, figures, settings.claim_from)]),
        "admission": around.admission_section(data, unit, exam.procedures, figures),
        "marks": sections.section(
            tables=[marks_table(results, figures, settings.claim_from, settings.hide_below)],
            charts=[marks_chart(results, figures, settings.claim_from)],
        ),
        "scores": sections.section(
            tables=[scores_table(results, figures, settings.claim_from, settings.hide_below)],
            charts=[groups_chart(results, figures, settings.claim_from)],
        ),
        "year_marks": around.year_marks_section(marked, figures, settings.claim_from),
        "second": _second_section(data, unit, exam, figures),
        "retained": around.retained_section(data, unit, exam.grades, figures),
        "special": around.special_section(data, unit, exam.kinds, figures),
        "medals": around.medals_section(data, unit, figures) if exam.level == "11" else None,
        "choice": around.choice_section(data, unit, exam.grades, figures),
        "appeals": around.appeals_section(data, unit, exam.registers, figures),
        "dynamics": sections.section(tables=[trend_table(found, figures)], charts=[trend_chart(found, figures)]),
        "advice": around.advice_section(data, unit, exam.level, figures),
        "quality": _quality_section(data, unit, exam, results),
    }


def _participation_section(data: CycleData, unit: around.Unit, exam: Exam, figures: Figures) -> Spec | None:
    text = [around.forms_text(data, unit, exam.level, figures)]
    row = graduates(data, unit) if exam.level == "11" else None
    if row is not None and row["participants_count"] >= data.settings.hide_below:
        counted = figures.counted(row, "participants_count", words.GRADUATES)
        text.append(f"По сводной таблице региона ЕГЭ сдавали {counted}.")
    tables = []
    if unit[0] == "municipality":
        tables = [around.forms_table(data, unit[1], exam.level, figures)]
    return sections.section(text=text, tables=tables)


def _second_section(data: CycleData, unit: around.Unit, exam: Exam, figures: Figures) -> Spec | None:
    """Return results of the additional period: those who had to take an exam again."""
    rows = []
    hide_below = data.settings.hide_below
    for one in second_attempts(data, unit, exam.kinds):
        if one.participants < hide_below:
            rows.append(sections.row(words.exam_title(one.key), f"Участников меньше {hide_below}, числа скрыты"))
            continue
        share = "—" if one.participants < data.settings.claim_from else one.share_text(figures, "below")
        counts = [one.count_text(figures, name) for name in ("participants", "below")]
        rows.append(sections.row(words.exam_title(one.key), *counts, share))
    columns = [
        ("Экзамен", 4.0, "text"),
        ("Сдавали", 1.5, "number"),
        ("Ниже минимума", 1.8, "number"),
        ("Ниже минимума, %", 2.4, "number"),
    ]
    return sections.section(tables=[sections.table("Дополнительный период", columns, rows)])


def _schools_section(municipal: MunicipalResults, figures: Figures) -> Spec | None:
    marked, small_marked = schools_table(municipal, figures, is_marked=True)
    scored, small_scored = schools_table(municipal, figures, is_marked=False)
    small = [*small_marked, *small_scored]
    claim_from = municipal.data.settings.claim_from
    text = f"ОО, где участников меньше {claim_from}, в таблице нет: {'; '.join(small)}." if small else ""
    if marked is None and scored is None:
        return None
    return sections.section(text=[text], tables=[scored, marked])


def _beside_section(
    results: Sequence[ExamResult], municipal: MunicipalResults, gaps: Sequence[SchoolGap], figures: Figures
) -> Spec | None:
    """Return a school's shares beside those of its municipality, exams with enough participants."""
    found = _pairs_beside(results, municipal)
    rows = [
        sections.row(
            f"{words.exam_title(own.key)}: {statements.measure_ru(measure)}",
            own.count_text(figures, "participants"),
            own.share_text(figures, measure),
            whole.share_text(figures, measure),
            _verdict(next((gap.gap for gap in gaps if gap.result is own and gap.gap.measure == measure), None)),
        )
        for own, whole, measure in found
    ]
    columns = [
        ("Экзамен и показатель", 4.2, "text"),
        ("n", 0.8, "number"),
        ("ОО, %", 2.2, "number"),
        ("Муниципалитет, %", 2.4, "number"),
        ("Отличие от остальных ОО", 2.8, "text"),
    ]
    table = sections.table("ОО и муниципалитет", columns, rows)
    return sections.section(tables=[table], charts=[_beside_chart(found, figures)])


def _pairs_beside(
    results: Sequence[ExamResult], municipal: MunicipalResults
) -> list[tuple[ExamResult, ExamResult, str]]:
    """Return a school's result, that of its municipality and a measure, where both have enough participants."""
    claim_from = municipal.data.settings.claim_from
    whole = {(one.key, one.source): one for one in municipal.results if not one.is_doubtful}
    found = []
    for one in results:
        other = whole.get((one.key, one.source))
        if other is None or one.is_doubtful or not claim_from <= one.participants < other.participants:
            continue
        found.extend(
            (one, other, measure)
            for measure in (("passed", "quality") if one.key.is_marked else ("below", "high"))
            if one.share(measure) is not None and other.share(measure) is not None
        )
    return found


def _beside_chart(found: Sequence[tuple[ExamResult, ExamResult, str]], figures: Figures) -> Spec | None:
    """Return shares of a school and of its municipality with their intervals; the numbers stand in the table."""
    if len(found) > _MOST_CHARTED:
        found = [one for one in found if one[2] in ("passed", "below")][:_MOST_CHARTED]
    if len(found) < 2:
        return None
    series = []
    for position, name, role in ((0, "ОО", "own"), (1, "муниципалитет", "municipality")):
        drawn = [(own, whole)[position].drawn(figures, measure) for own, whole, measure in found]
        values, lows, highs = ([shown_number(one[part]) for one in drawn] for part in range(3))
        series.append(sections.series(name, role, values, low=lows, high=highs))
    apart = [
        f"{words.exam_dative(own.key)}, {statements.measure_ru(measure)}"
        for own, whole, measure in found
        if _is_apart(own.share(measure), whole.share(measure))
    ]
    told = ru.listed(apart, 3) if apart else "нет нигде"
    return sections.chart(
        "interval",
        "Доли участников в ОО и в муниципалитете с интервалами, %",
        f"Доли в ОО и в муниципалитете с 95-процентными интервалами; интервалы не пересекаются: {told}.",
        [f"{words.subject_name(own.key)}: {statements.measure_ru(measure)}" for own, _, measure in found],
        series,
        value_title="%",
        minimum=0,
        height_mm=65,
    )


def _is_apart(own: Share | None, other: Share | None) -> bool:
    return own is not None and other is not None and (own.high < other.low or own.low > other.high)


def _verdict(gap: object) -> str:
    is_confirmed = getattr(gap, "is_confirmed", None)
    if is_confirmed is None:
        return "не сравнивается"
    if not is_confirmed:
        return "в пределах случайного"
    return "лучше" if getattr(gap, "is_better", False) else "хуже"


def _quality_section(data: CycleData, unit: around.Unit, exam: Exam, results: Sequence[ExamResult]) -> Spec | None:
    """Return where forms contradict themselves, so that these numbers are not used."""
    told = {one.key for one in results if one.source == "exam_results_reported"}
    faulty = [one for one in contradicting_forms(data, unit, exam.kinds) if one.key in told]
    if not faulty:
        return None
    names = ru.listed([words.exam_dative(one.key) for one in sorted(faulty, key=lambda one: words.exam_order(one.key))])
    text = (
        "В формах ОО сумма отметок или групп баллов не сходится с числом участников, поэтому выводов по ним нет: "
        f"{names}. Исправленную форму сдают заново."
    )
    return sections.section(text=[text])
