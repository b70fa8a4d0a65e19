"""Results of a unit in all procedures of the year, brought to one measure: who reached the least that is expected.

«3» and above in ВПР, diagnostic works, ОГЭ and ЕГЭ with marks; the minimum score or more in ЕГЭ with test scores.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.exams import KIND_TITLES_RU
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.columns import told_table
from oko_pipeline.reporting.complex_analysis.view import (
    TOO_FEW,
    View,
    campaign_ru,
    exam_key,
    is_exam,
    scope_ru,
)
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import subject_ru
from oko_pipeline.reporting.sections import Spec, row, table
from oko_pipeline.statistics.differences import newcombe_interval
from oko_pipeline.statistics.intervals import Interval, wilson_interval

_SCHOOL_DIAGNOSTICS: Final = "school_diagnostics"
_POOLED_RU: Final = "сумма достигших минимального уровня к сумме участников работ предмета"
_EXAM_ORDER: Final = ("oge", "gve9", "ege", "gve11")
_PASSED_RU: Final = "1 − доля ниже минимального балла"


@dataclass(frozen=True, slots=True)
class Share:
    """A share (0 to 1) with its 95 % interval and the number of people that it is of."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Result:
    """A unit's result in one work or exam; `reached` of `n` participants with a mark or a score reached the minimum."""

    procedure: str
    procedure_ru: str
    place: tuple[int, str]
    subject_code: str
    scope: str
    row: Row
    participants: int
    n: int
    reached: int | None

    @property
    def title_ru(self) -> str:
        """Return the work or exam in words, without its campaign."""
        return scope_ru(self.scope)

    @property
    def share(self) -> Share | None:
        """Return the share of those who reached the minimum; None where nothing tells it."""
        return None if self.reached is None or self.n == 0 else share_of(self.reached, self.n)


def share_of(count: int, n: int) -> Share:
    """Return a share with its Wilson interval."""
    bounds = wilson_interval([count], [n])
    return Share(count / n, float(bounds.low[0]), float(bounds.high[0]), n)


def difference(own: Share, other: Share) -> tuple[float, float, float]:
    """Return own − other with its 95 % interval (Newcombe)."""

    def bounds(share: Share) -> Interval:
        return Interval(np.array([share.low]), np.array([share.high]))

    gap = newcombe_interval([own.value], bounds(own), [other.value], bounds(other))
    return own.value - other.value, float(gap.low[0]), float(gap.high[0])


def results(data: CycleData, level: str, code: str, school_year: str | None = None) -> list[Result]:
    """Return the results of a unit in all procedures of a year: works by campaign, then exams."""
    year = school_year or data.school_year
    works = data.rows("result_summary", school_year=year, unit_level=level, unit_code=code, subgroup="all")
    exams = data.rows("exam_summary", school_year=year, unit_level=level, unit_code=code, category="all")
    found = [_of_work(one) for one in works if one["participants_count"]]
    found += [_of_exam(one) for one in exams if one["participants_count"]]
    return sorted(found, key=lambda one: (one.place, _subject_place(one), one.scope))


def _subject_place(one: Result) -> tuple[str, int]:
    grade = 0 if is_exam(one.scope) else AssessmentKey.parse(one.scope).paper_grade
    return subject_ru(one.subject_code), grade


def _of_work(one: Row) -> Result:
    key = AssessmentKey.parse(str(one["assessment_id"]))
    known = campaigns().get(key.campaign_code)
    procedure, title = key.campaign_code, campaign_ru(key.campaign_code)
    if known is not None and known.procedure_code == _SCHOOL_DIAGNOSTICS:
        procedure, title = _SCHOOL_DIAGNOSTICS, "Школьные диагностики"
    began = 0 if known is None else known.starts_on.toordinal()
    n, reached = _counts_of_work(one)
    place = (began, procedure)
    return Result(procedure, title, place, key.subject_code, str(key), one, int(one["participants_count"]), n, reached)


def _counts_of_work(one: Row) -> tuple[int, int | None]:
    """Return how many are judged in a work and how many of them reached the minimum; None where nobody is judged."""
    n = int(one["marked_count"] or 0)
    if not n:
        return 0, None
    return n, int(one["mark_3_count"] or 0) + int(one["mark_4_count"] or 0) + int(one["mark_5_count"] or 0)


def _counts_of_exam(one: Row) -> tuple[int, int | None]:
    """Return the same counts of an exam."""
    if one["below_minimum_count"] is not None:
        n = int(one["participants_count"])
        return n, n - int(one["below_minimum_count"])
    if one["mark_2_count"] is None:
        return 0, None
    n = sum(int(one[f"mark_{mark}_count"] or 0) for mark in (2, 3, 4, 5))
    return n, n - int(one["mark_2_count"]) if n else None


def _of_exam(one: Row) -> Result:
    key = exam_key(str(one["exam_code"]))
    n, reached = _counts_of_exam(one)
    order = _EXAM_ORDER.index(key.kind)
    place = (10_000_000 + order, key.kind)
    title = f"{KIND_TITLES_RU[key.kind]} {key.year}"
    return Result(key.kind, title, place, key.subject_code, str(key), one, int(one["participants_count"]), n, reached)


def procedures(found: Iterable[Result]) -> dict[str, str]:
    """Return the procedures by code with their titles, in the order of the year."""
    return {one.procedure: one.procedure_ru for one in sorted(found, key=lambda one: one.place)}


def reached_text(view: View, one: Result) -> str:
    """Return the share of those who reached the minimum with its interval; words where too few took part."""
    if one.reached is None:
        return ru.DASH
    if one.n < view.settings.claim_from:
        return TOO_FEW
    if not is_exam(one.scope):
        return view.figures.share_with_interval(one.row, "base_level_share", "base_level_low", "base_level_high")
    if one.row["success_share"] is not None:
        return view.figures.share_with_interval(one.row, "success_share", "success_low", "success_high")
    return _computed_share(view.figures, share_of(one.reached, one.n), _PASSED_RU, [one.row])


def reached_value(view: View, one: Result) -> str:
    """Return the same share without its interval."""
    if one.reached is None:
        return ru.DASH
    if one.n < view.settings.claim_from:
        return TOO_FEW
    column = "success_share" if is_exam(one.scope) else "base_level_share"
    if one.row[column] is not None:
        return view.figures.percent_number(one.row, column)
    return view.figures.computed(one.reached / one.n, _PASSED_RU, [one.row], form="percent_number")


def high_text(view: View, one: Result) -> str:
    """Return the share of the high level: «5», in ЕГЭ 81 to 100 points."""
    if one.n < view.settings.claim_from:
        return ru.DASH
    if not is_exam(one.scope):
        return view.figures.percent_number(one.row, "mark_5_share")
    if one.row["score_81_100_share"] is not None:
        return view.figures.percent_number(one.row, "score_81_100_share")
    if one.row["mark_5_count"] is None or not one.n:
        return ru.DASH
    value = one.row["mark_5_count"] / one.n
    return view.figures.computed(value, "отметок «5» к участникам с отметкой", [one.row], form="percent_number")


def mean_text(view: View, one: Result) -> str:
    """Return the mean result with its unit: percent of the maximum, test score, mark."""
    if one.participants < view.settings.claim_from:
        return ru.DASH
    if not is_exam(one.scope):
        return "" if one.row["mean_percent"] is None else f"{view.figures.decimal(one.row, 'mean_percent')}{ru.NBSP}%"
    if one.row["mean_test"] is not None:
        return f"{view.figures.decimal(one.row, 'mean_test')}{ru.NBSP}балла"
    return "" if one.row["mean_mark"] is None else f"отм.{ru.NBSP}{view.figures.decimal(one.row, 'mean_mark', 2)}"


def participants_text(view: View, one: Result) -> str:
    """Return the number of participants, hidden where it is small."""
    hidden = view.settings.hide_below
    return f"менее{ru.NBSP}{hidden}" if one.participants < hidden else view.figures.whole(one.row, "participants_count")


def _computed_share(figures: Figures, share: Share, how_ru: str, rows: Sequence[Row]) -> str:
    value = figures.computed(share.value, how_ru, rows, form="percent_number")
    low = figures.computed(share.low, f"{how_ru}; нижняя граница Уилсона", rows, form="percent_number", digits=0)
    high = figures.computed(share.high, f"{how_ru}; верхняя граница Уилсона", rows, form="percent_number", digits=0)
    return f"{value}{ru.NBSP}({low}–{high})"


def side_by_side(view: View, found: Sequence[Result]) -> Spec | None:
    """Return subjects that several procedures tested: the share of those who reached the minimum, a row a procedure."""
    known = [one for one in found if one.reached is not None]
    titles = procedures(known)
    rows: list[Spec] = []
    for subject in sorted({one.subject_code for one in known}, key=subject_ru):
        own = [one for one in known if one.subject_code == subject]
        told = []
        for procedure, title in titles.items():
            works = [one for one in own if one.procedure == procedure]
            if sum(one.n for one in works) >= view.settings.claim_from:
                told.append(row(title, _grades(works), *_pooled(view, works)))
        if len(told) > 1:
            rows += [row(subject_ru(subject), kind="group"), *told]
    columns = [
        ("Процедура", 4.0, "text"),
        ("Классы", 1.6, "text"),
        ("С отметкой или баллом", 1.6, "number"),
        ("Достигли минимального уровня, %", 2.2, "number"),
    ]
    return table("Один предмет в разных процедурах", columns, rows)


def _grades(works: Sequence[Result]) -> str:
    if is_exam(works[0].scope):
        return "9" if works[0].procedure in ("oge", "gve9") else "11"
    return ", ".join(str(grade) for grade in sorted({AssessmentKey.parse(one.scope).paper_grade for one in works}))


def _pooled(view: View, own: Sequence[Result]) -> tuple[str, str]:
    """Return the number of marked participants of works of a subject and the share of those who reached the minimum."""
    if len(own) == 1:
        return marked_text(view, own[0]), reached_text(view, own[0])
    rows = [one.row for one in own]
    n = sum(one.n for one in own)
    total = view.figures.computed(n, "сумма участников работ предмета", rows, form="whole", digits=0)
    share = share_of(sum(one.reached or 0 for one in own), n)
    return total, _computed_share(view.figures, share, _POOLED_RU, rows)


def marked_text(view: View, one: Result) -> str:
    """Return the number of participants with a mark or a score."""
    if not is_exam(one.scope):
        return view.figures.whole(one.row, "marked_count")
    if one.n == one.row["participants_count"]:
        return view.figures.whole(one.row, "participants_count")
    return view.figures.computed(one.n, "сумма отметок экзамена", [one.row], form="whole", digits=0)


def by_procedure(view: View, found: Sequence[Result], extra: Mapping[str, tuple[str, ...]], titles: Any) -> Spec | None:
    """Return the table of all works and exams: rows by procedure, a group heading each.

    Args:
        view: the unit.
        found: its results.
        extra: further cells by work or exam, in the order of `titles`.
        titles: titles, widths and kinds of the further columns.
    """
    rows: list[Spec] = []
    for code, title in procedures(found).items():
        rows.append(row(title, kind="group"))
        for one in found:
            if one.procedure != code:
                continue
            label = one.title_ru
            if code == _SCHOOL_DIAGNOSTICS and not view.is_school:
                label = f"{label} ({view.data.short_school(_school_of(one))})"
            cells = (participants_text(view, one), mean_text(view, one) or ru.DASH, reached_text(view, one))
            more = extra.get(one.scope, tuple(ru.DASH for _ in titles))
            rows.append(row(label, *cells, high_text(view, one), *more))
    columns = [
        ("Работа, экзамен", 3.1, "text"),
        ("Участников", 1.65, "number"),
        ("Средний результат", 1.7, "number"),
        ("Минимальный уровень, %", 2.0, "number"),
        ("Высокий уровень, %", 1.3, "number"),
        *titles,
    ]
    return told_table("Участие, средний результат и уровни", columns, rows)


def _school_of(one: Result) -> str:
    """Return the school whose own diagnostics a work is; each has a campaign of its own."""
    return AssessmentKey.parse(one.scope).campaign_code.rpartition("-")[2]


def others_share(view: View, one: Result, codes: Sequence[str]) -> tuple[Share, list[Row]] | None:
    """Return the share of those who reached the minimum in the given schools taken together, and its rows."""
    found = view.of_all_schools(one.scope)
    rows = [found[code] for code in codes if code in found]
    counts = _counts_of_exam if is_exam(one.scope) else _counts_of_work
    counted = [(n, reached) for n, reached in map(counts, rows) if reached is not None]
    total = sum(n for n, _ in counted)
    return None if total == 0 else (share_of(sum(reached for _, reached in counted), total), rows)


def lowest_point(view: View, found: Sequence[Result]) -> str:
    """Name the works and exams where, even at the upper bound, fewer reached the minimum than elsewhere."""
    told = [(one, one.share) for one in found if one.n >= view.settings.detail_from and one.share is not None]
    if len(told) < 2:
        return ""
    chosen = sorted(told, key=lambda item: (item[1].high, item[0].scope))[:3]
    texts = [
        f"{one.title_ru[:1].lower()}{one.title_ru[1:]} ({one.procedure_ru}) — {_with_percent(reached_text(view, one))}"
        f", n{ru.NBSP}={ru.NBSP}{marked_text(view, one)}"
        for one, _ in chosen
    ]
    return f"Меньше всего достигших минимального уровня: {'; '.join(texts)}."


def _with_percent(text: str) -> str:
    value, _, bounds = text.partition(f"{ru.NBSP}(")
    return f"{value}{ru.NBSP}%" + (f" ({bounds[:-1]}{ru.NBSP}%)" if bounds else "")


def coverage_point(view: View, found: Sequence[Result]) -> str:
    """Say which procedures the year's picture rests on and how many works they hold."""
    titles = procedures(found)
    parts = []
    for code, title in titles.items():
        own = [one for one in found if one.procedure == code]
        noun = ru.plural(len(own), _EXAMS if is_exam(own[0].scope) else ru.WORKS)
        parts.append(f"{title} ({view.number([one.row for one in own], f'работ: {title}')}{ru.NBSP}{noun})")
    if len(titles) == 1:
        return f"Процедура одна: {parts[0]}."
    first = {one.procedure: one.row for one in reversed(found)}
    count = f"{view.number(list(first.values()), 'процедур')}{ru.NBSP}{ru.plural(len(titles), _PROCEDURES)}"
    return f"Рядом — {count}: {'; '.join(parts)}."


_EXAMS: Final = ("предмет", "предмета", "предметов")
_PROCEDURES: Final = ("процедура", "процедуры", "процедур")


def unmarked_text(found: Sequence[Result]) -> str:
    """Name the procedures without any marks: no levels can be told of them."""
    titles = procedures(found)
    silent = [title for code, title in titles.items() if all(one.n == 0 for one in found if one.procedure == code)]
    if not silent:
        return ""
    return f"Отметок нет, уровни не определены: {ru.listed(silent)}. Шкала перевода баллов не подтверждена."
