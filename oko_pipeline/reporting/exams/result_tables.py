"""Tables and charts of exam results: marks, scores, schools in the order of codes, years."""

from collections.abc import Callable, Sequence
from typing import Final

from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting import sections
from oko_pipeline.reporting.exams.comparisons import Gap, MunicipalResults, SchoolGap, Trend
from oko_pipeline.reporting.exams.results import SOURCES_RU, ExamResult, Share
from oko_pipeline.reporting.exams.words import exam_dative, exam_title, subject_name
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.sections import Spec

_MARK_ROLES: Final = ("mark_2", "mark_3", "mark_4", "mark_5")
_GROUPS: Final = (
    ("below", "ниже минимума", "mark_2"),
    ("middle", "до 60 баллов", "mark_3"),
    ("good", "61–80", "mark_4"),
    ("top", "81–100", "mark_5"),
)
_MEASURES_RU: Final = {
    "passed": "«3», «4» и «5»",
    "quality": "«4» и «5»",
    "below": "ниже минимума",
    "high": "80–100 баллов",
}
_ROW_MM: Final = 11
_LEAST_MM: Final = 42
_LEAST_CHANGES: Final = 2
_MOST_CHANGES: Final = 10
_LEAST_SCHOOLS: Final = 2
"""One school alone is the municipality: nothing to set side by side."""


def marks_table(results: Sequence[ExamResult], figures: Figures, claim_from: int, hide_below: int) -> Spec | None:
    """Return the table of exams with marks: counts, those who passed, «4» and «5», the mean mark."""
    columns = [
        ("Экзамен", 3.3, "text"),
        ("n", 0.9, "number"),
        ("«2»", 0.8, "number"),
        ("«3»", 0.8, "number"),
        ("«4»", 0.8, "number"),
        ("«5»", 0.8, "number"),
        ("«3»–«5», %", 2.4, "number"),
        ("«4» и «5», %", 2.4, "number"),
        ("Средняя отметка", 1.7, "number"),
    ]
    marked = [result for result in results if result.key.is_marked]
    rows = [
        row
        for source in SOURCES_RU
        for row in _by_source(marked, source, lambda one: _marks_row(one, figures, claim_from, hide_below))
    ]
    return sections.table("Отметки за экзамены", columns, rows)


def scores_table(results: Sequence[ExamResult], figures: Figures, claim_from: int, hide_below: int) -> Spec | None:
    """Return the table of exams with test scores: minimum, those below it, high scores, 100, the mean score."""
    scored = [result for result in results if not result.key.is_marked]
    has_minimum = any(result.minimum is not None for result in scored)
    columns = [
        ("Экзамен", 3.2, "text"),
        ("n", 0.8, "number"),
        *([("Порог", 1.1, "number")] if has_minimum else []),
        ("Ниже порога", 1.3, "number"),
        ("Ниже порога, %", 2.2, "number"),
        ("80–100", 1.3, "number"),
        ("80–100, %", 2.2, "number"),
        ("100", 0.8, "number"),
        ("Средний балл", 2.4, "number"),
    ]
    tiers = (claim_from, hide_below)
    rows = [
        row
        for source in SOURCES_RU
        for row in _by_source(scored, source, lambda one: _scores_row(one, figures, tiers, has_minimum=has_minimum))
    ]
    return sections.table("Тестовые баллы ЕГЭ", columns, rows)


def _by_source(results: Sequence[ExamResult], source: str, make: Callable[[ExamResult], Spec]) -> list[Spec]:
    own = [result for result in results if result.source == source]
    if not own:
        return []
    return [sections.row(f"Источник: {SOURCES_RU[source]}", kind="group"), *(make(result) for result in own)]


def _marks_row(result: ExamResult, figures: Figures, claim_from: int, hide_below: int) -> Spec:
    name = exam_title(result.key)
    if result.participants < hide_below:
        return sections.row(name, f"Участников меньше {hide_below}, числа скрыты")
    n = result.count_text(figures, "participants")
    if not result.is_marked:
        below = result.count_text(figures, "below")
        why = "остальные отметки с числом участников не сходятся" if result.is_doubtful else "остальных отметок нет"
        return sections.row(name, n, f"Ниже минимума — {below}; {why}")
    counts = [result.count_text(figures, mark) for mark in _MARK_ROLES]
    if result.participants < claim_from:
        return sections.row(name, n, *counts, f"Участников меньше {claim_from}, доли не приводятся")
    shares = [result.share_text(figures, measure) for measure in ("passed", "quality")]
    return sections.row(name, n, *counts, *shares, result.mean_mark_text(figures))


def _scores_row(result: ExamResult, figures: Figures, tiers: tuple[int, int], *, has_minimum: bool) -> Spec:
    claim_from, hide_below = tiers
    name = subject_name(result.key)
    if result.participants < hide_below:
        return sections.row(name, f"Участников меньше {hide_below}, числа скрыты")
    cells = [name, result.count_text(figures, "participants")]
    if has_minimum:
        cells.append(UNKNOWN if result.minimum is None else figures.whole(result.rows[0], "minimum_score"))
    below, high, hundred = (result.count_text(figures, part) for part in ("below", "high", "hundred"))
    if result.participants < claim_from:
        return sections.row(*cells, below, UNKNOWN, high, UNKNOWN, hundred, UNKNOWN)
    below_share, high_share = (result.share_text(figures, measure) for measure in ("below", "high"))
    return sections.row(*cells, below, below_share, high, high_share, hundred, result.mean_score_text(figures))


def marks_chart(results: Sequence[ExamResult], figures: Figures, claim_from: int) -> Spec | None:
    """Return bars of marks, an exam each; exams with few participants are left out."""
    shown = [one for one in results if one.is_marked and one.participants >= claim_from]
    if not shown:
        return None
    series = [
        sections.series(f"«{mark[-1]}»", mark, [_percent_of(one, figures, mark) for one in shown])
        for mark in _MARK_ROLES
    ]
    weakest = _phrases(
        [f"{exam_dative(one.key)}: «2» — {one.percent(figures, 'failed', form='percent')}" for one in shown]
    )
    return sections.chart(
        "stacked",
        "Отметки за экзамены, % участников",
        f"Доли отметок по экзаменам. {weakest}.",
        [f"{exam_title(one.key)} ({one.count_text(figures, 'participants')})" for one in shown],
        series,
        height_mm=max(_LEAST_MM, 24 + _ROW_MM * len(shown)),
    )


def groups_chart(results: Sequence[ExamResult], figures: Figures, claim_from: int) -> Spec | None:
    """Return bars of groups by test score; only protocols tell all four groups."""
    shown = [
        one
        for one in results
        if not one.key.is_marked and one.participants >= claim_from and one.count("middle") is not None
    ]
    if not shown:
        return None
    series = [
        sections.series(title, role, [_percent_of(one, figures, group) for one in shown])
        for group, title, role in _GROUPS
    ]
    told = _phrases(
        [f"{subject_name(one.key)}: ниже минимума — {one.percent(figures, 'below', form='percent')}" for one in shown]
    )
    return sections.chart(
        "stacked",
        "Группы участников ЕГЭ по тестовому баллу, %",
        f"Доли четырёх групп по экзаменам. {told}.",
        [f"{subject_name(one.key)} ({one.count_text(figures, 'participants')})" for one in shown],
        series,
        height_mm=max(_LEAST_MM, 24 + _ROW_MM * len(shown)),
    )


def _percent_of(result: ExamResult, figures: Figures, name: str) -> float | None:
    count = result.count(name)
    if count is None:
        return None
    value = count / result.participants
    text = figures.computed(value, f"доля {name} среди участников", result.rows, form="percent_number")
    return shown_number(text)


def shown_number(text: str) -> float:
    """Return a number as its text shows it, so that a chart and a table round alike."""
    return float(text.replace(",", "."))


def _phrases(texts: Sequence[str], limit: int = 3) -> str:
    return ru.sentence_start("; ".join(texts[:limit]))


def schools_table(
    municipal: MunicipalResults, figures: Figures, *, is_marked: bool, only: ExamKey | None = None
) -> tuple[Spec | None, list[str]]:
    """Return schools by exam in the order of codes, and for each exam how many schools are too small to be shown.

    Args:
        municipal: results of a municipality and its schools.
        figures: of the document.
        is_marked: exams with marks, or with test scores.
        only: one exam alone.
    """
    claim_from = municipal.data.settings.claim_from
    measures = ("passed", "quality") if is_marked else ("below", "high")
    gaps = {(one.school_code, one.result.key, one.gap.measure): one.gap for one in municipal.gaps}
    rows: list[Spec] = []
    left_out: list[str] = []
    for whole in municipal.results:
        if whole.key.is_marked != is_marked or (is_marked and not whole.is_marked) or only not in (None, whole.key):
            continue
        own = [
            (school, result)
            for school, results in municipal.schools.items()
            for result in results
            if result.key == whole.key and result.source == whole.source and not whole.is_doubtful
        ]
        shown = [(school, one) for school, one in own if one.participants >= claim_from]
        small = len(own) - len(shown)
        if small:
            rows_small = [row for _, one in own if one.participants < claim_from for row in one.rows]
            number = figures.computed(small, "ОО, где участников экзамена мало", rows_small, form="whole", digits=0)
            left_out.append(f"{exam_title(whole.key)} — {number}")
        if not shown or len(own) < _LEAST_SCHOOLS:
            continue
        rows.append(sections.row(exam_title(whole.key), kind="group"))
        for school, result in shown:
            name = municipal.data.unit_name("school", school)
            beside = [gaps.get((school, result.key, measure)) for measure in measures]
            verdicts = _verdict_words(beside, result, figures)
            shares = [result.share_text(figures, measure) for measure in measures]
            rows.append(sections.row(name, result.count_text(figures, "participants"), *shares, verdicts))
        rows.append(_whole_row(whole, figures, measures))
    columns = [
        ("ОО", 4.6, "text"),
        ("n", 0.9, "number"),
        (f"{ru.sentence_start(_MEASURES_RU[measures[0]])}, %", 2.3, "number"),
        (f"{ru.sentence_start(_MEASURES_RU[measures[1]])}, %", 2.3, "number"),
        ("Рядом с остальными ОО муниципалитета", 3.4, "text"),
    ]
    return sections.table("Результаты ОО в порядке кодов", columns, rows), left_out


def _whole_row(whole: ExamResult, figures: Figures, measures: Sequence[str]) -> Spec:
    shares = [whole.share_text(figures, measure) for measure in measures]
    return sections.row("Муниципалитет", whole.count_text(figures, "participants"), *shares, UNKNOWN, kind="own")


def _verdict_words(gaps: Sequence[Gap | None], result: ExamResult, figures: Figures) -> str:
    if all(gap is None for gap in gaps):
        return "не сравнивается: в остальных ОО участников мало"
    words = [gap_words(gap, result, figures) for gap in gaps if gap is not None and gap.is_confirmed]
    return "; ".join(words) if words else "в пределах случайного"


def gap_words(gap: Gap, result: ExamResult, figures: Figures) -> str:
    """Return a confirmed difference in words: ««4» и «5» — чаще на 20,1 п. п.»."""
    more = "чаще" if gap.value > 0 else "реже"
    size = figures.computed(gap.value, "разность доли ОО и доли остальных ОО", result.rows, form="points")
    return f"{_MEASURES_RU[gap.measure]} — {more} на{ru.NBSP}{size}"


def gap_phrase(one: SchoolGap, figures: Figures) -> str:
    """Return a confirmed difference of a school for its own note, with both shares."""
    gap = one.gap
    own = one.result.share_words(figures, gap.measure)
    rest = figures.computed(gap.other.value, "доля у остальных ОО муниципалитета", one.result.rows, form="percent")
    number = figures.computed(gap.other.n, "участников у остальных ОО", one.result.rows, form="whole", digits=0)
    return (
        f"{exam_dative(one.result.key)}: {_MEASURES_RU[gap.measure]} — {own}, у остальных ОО муниципалитета — {rest} "
        f"({number}{ru.NBSP}{ru.plural(gap.other.n, ru.PARTICIPANTS)})"
    )


def trend_table(found: Sequence[Trend], figures: Figures) -> Spec | None:
    """Return results by school year with the last change."""
    if not found:
        return None
    years = found[0].years
    used = [i for i, _ in enumerate(years) if any(one.results[i] is not None for one in found)]
    columns = [
        ("Экзамен и показатель", 3.6, "text"),
        *((f"{ru.school_year_words(years[i])}: % (95 %); n", 2.5, "number") for i in used),
        ("Изменение, п. п.", 3.0, "text"),
    ]
    rows = [
        sections.row(
            f"{exam_title(one.key)}: {_MEASURES_RU[one.measure]}",
            *(_year_cell(one.results[i], one.measure, figures) for i in used),
            _change_words(one, figures),
        )
        for one in found
    ]
    return sections.table("Результаты по учебным годам", columns, rows)


def trend_chart(found: Sequence[Trend], figures: Figures) -> Spec | None:
    """Return the two years of the changes that are drawn, a pair of points each; fewer than two need no chart."""
    drawn = [(one, one.gap) for one in found if one.gap is not None][:_MOST_CHANGES]
    if len(drawn) < _LEAST_CHANGES:
        return None
    sure = [_exam_measure(one) for one, gap in drawn if gap.is_confirmed]
    told = f"подтверждено: {ru.listed(sure)}" if sure else "ни одно не выходит за пределы случайного"
    return sections.chart(
        "before_after",
        "Доли участников в прошлом и в этом учебном году, %",
        f"Изменения долей за год; {told}.",
        [_exam_measure(one) for one, _ in drawn],
        [
            sections.series("было", "before", [_shown_share(gap.other, one, figures) for one, gap in drawn]),
            sections.series("стало", "after", [_shown_share(gap.own, one, figures) for one, gap in drawn]),
        ],
        value_title="%",
    )


def _exam_measure(trend: Trend) -> str:
    return f"{subject_name(trend.key)}: {_MEASURES_RU[trend.measure]}"


def _shown_share(share: Share, trend: Trend, figures: Figures) -> float:
    rows = [row for result in trend.results if result is not None for row in result.rows]
    return shown_number(figures.computed(share.value, "доля участников года", rows, form="percent_number"))


def _year_cell(result: ExamResult | None, measure: str, figures: Figures) -> str:
    if result is None or result.share(measure) is None:
        return UNKNOWN
    return f"{result.share_text(figures, measure)}; {result.count_text(figures, 'participants')}"


def _change_words(trend: Trend, figures: Figures) -> str:
    gap = trend.gap
    if gap is None:
        return f"не сравнивается: {trend.reason_ru}"
    rows = [row for result in trend.results if result is not None for row in result.rows]
    value = figures.computed(gap.value, "разность долей двух лет", rows, form="signed")
    low = figures.computed(gap.low, "разность долей двух лет: нижняя граница", rows, form="signed", digits=0)
    high = figures.computed(gap.high, "разность долей двух лет: верхняя граница", rows, form="signed", digits=0)
    size = f"{value} (от {low} до {high})"
    if not trend.is_scale_known:
        size += ", шкалы лет не сверены"
    if not gap.is_confirmed:
        return f"{size}, в пределах случайного"
    return f"{size}, {'лучше' if gap.is_better else 'хуже'}"


def measure_ru(measure: str) -> str:
    """Return a measure in words."""
    return _MEASURES_RU[measure]
