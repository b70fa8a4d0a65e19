"""The section «Главное» of a note about exams: what the numbers say, how sure it is, what to look at first.

Shares are claimed from `claim_from` participants on; a difference is named only when it is confirmed among all
comparisons of its kind (`comparisons`). Causes are never guessed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.exams import KIND_TITLES_RU
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.exams import words
from oko_pipeline.reporting.exams.comparisons import MunicipalResults, SchoolGap, Trend
from oko_pipeline.reporting.exams.result_tables import gap_phrase, measure_ru
from oko_pipeline.reporting.exams.results import ExamResult
from oko_pipeline.reporting.figures import Figures

Statement = dict[str, object]
_MOST_EXAMS: Final = 6
_MOST_SCHOOLS: Final = 8
_MOST_POINTS: Final = 5
_MANY_FAILED: Final = "Часть участников не преодолела его по {}; больше всего таких:"


@dataclass(frozen=True, slots=True)
class Told:
    """What statements are made from: results of the unit, its verdicts, its changes."""

    data: CycleData
    results: Sequence[ExamResult]
    trends: Sequence[Trend]
    figures: Figures

    @property
    def large(self) -> list[ExamResult]:
        """Return the results with enough participants for shares, without forms that contradict themselves."""
        least = self.data.settings.claim_from
        return [one for one in self.results if one.participants >= least and not one.is_doubtful]


def statement(title: str, text: str, points: Sequence[str] = ()) -> Statement:
    """Return a statement: bold beginning, sentence, points."""
    return {"title": title, "text": text, "points": list(points)}


def participation(told: Told) -> Statement:
    """Return how many results there are, by kind of exam, and which exams are too small for shares."""
    figures, results = told.figures, told.results
    parts = []
    for kind in KIND_TITLES_RU:
        own = [one for one in results if one.key.kind == kind]
        if own:
            rows = [row for one in own for row in one.rows]
            number = sum(one.participants for one in own)
            text = figures.computed(number, "сумма участников экзаменов", rows, form="whole", digits=0)
            exams = _number(figures, own, f"экзаменов {KIND_TITLES_RU[kind]}")
            exams += f"{ru.NBSP}{ru.plural(len(own), words.EXAMS)}"
            parts.append(f"{KIND_TITLES_RU[kind]} — {text}{ru.NBSP}{ru.plural(number, words.RESULTS)} ({exams})")
    text = f"{ru.sentence_start(ru.listed(parts))}."
    small = [one for one in results if one.participants < told.data.settings.claim_from]
    if small:
        names = ru.listed([words.exam_dative(one.key) for one in small], _MOST_EXAMS)
        text += (
            f" Участников меньше {told.data.settings.claim_from}, поэтому доли не приводятся и выводов нет: {names}."
        )
    return statement("Участие", text)


def failures(told: Told) -> Statement | None:
    """Return where the minimum was not reached."""
    large = [one for one in told.large if one.share(_failed(one)) is not None]
    if not large:
        return None
    missed = [one for one in large if one.count(_failed_count(one))]
    if not missed:
        names = ru.listed([words.exam_dative(one.key) for one in large], _MOST_EXAMS)
        return statement("Минимальный порог", f"Его преодолели все: {names}.")
    largest = sorted(missed, key=lambda one: -(one.count(_failed_count(one)) or 0))
    points = [
        f"{words.exam_dative(one.key)}: {one.count_text(told.figures, _failed_count(one))} из "
        f"{_of(one, told.figures)}, {one.share_words(told.figures, _failed(one))}."
        for one in largest[:_MOST_POINTS]
    ]
    clean = [words.exam_dative(one.key) for one in large if one not in missed]
    text = f"Его преодолели все: {ru.listed(clean)}. " if clean else ""
    few = "Не все:" if clean else "Его преодолели не все:"
    text += few if len(missed) <= _MOST_POINTS else _MANY_FAILED.format(_exams(told.figures, missed))
    return statement("Минимальный порог", text, points)


def heights(told: Told) -> Statement | None:
    """Return high results: «4» and «5», or 80–100 points and hundreds."""
    found = [
        (share.count, one, measure)
        for one in told.large
        for measure in (("quality",) if one.key.is_marked else ("high",))
        if (share := one.share(measure)) is not None
    ]
    reached = sorted((one for one in found if one[0]), key=lambda one: -one[0])
    points = [_height_point(one, measure, told.figures) for _, one, measure in reached[:_MOST_POINTS]]
    nobody = [words.exam_dative(one.key) for count, one, _ in found if not count]
    if nobody:
        points.append(f"Таких результатов нет: {ru.listed(nobody, _MOST_EXAMS)}.")
    is_cut = len(reached) > _MOST_POINTS
    text = (
        f"Есть по {_exams(told.figures, [one for _, one, _ in reached])}; больше всего их:"
        if is_cut
        else "Доля среди участников:"
    )
    return statement("Высокие результаты", text, points) if points else None


def _height_point(one: ExamResult, measure: str, figures: Figures) -> str:
    tail = ""
    if not one.key.is_marked and one.count("hundred"):
        tail = f"; {one.counted_text(figures, 'hundred', words.RESULTS)} по{ru.NBSP}100{ru.NBSP}баллов"
    return f"{words.exam_dative(one.key)}: {measure_ru(measure)} — {one.share_words(figures, measure)}{tail}."


def _exams(figures: Figures, found: Sequence[ExamResult]) -> str:
    number = _number(figures, found, "экзаменов, о которых это сказано")
    return f"{number}{ru.NBSP}{ru.plural(len(found), ('экзамену', 'экзаменам', 'экзаменам'))}"


def _number(figures: Figures, found: Sequence[ExamResult], how_ru: str) -> str:
    return figures.computed(len(found), how_ru, [row for one in found for row in one.rows], form="whole", digits=0)


def changes(told: Told) -> Statement | None:
    """Return confirmed changes over the year; that there are none is said once."""
    compared = [one for one in told.trends if one.gap is not None]
    if not compared:
        return None
    sure = [one for one in compared if one.gap is not None and one.gap.is_confirmed]
    if not sure:
        rows = [row for one in compared for result in one.results if result is not None for row in result.rows]
        number = told.figures.computed(len(compared), "показателей, сравнённых за год", rows, form="whole", digits=0)
        number += f"{ru.NBSP}{ru.plural(len(compared), ('показателя', 'показателей', 'показателей'))}"
        return statement("Изменение за год", f"Ни у одного из {number} оно не выходит за пределы случайного.")
    points = [_change_point(one, told.figures) for one in sure]
    return statement("Изменение за год", "Подтверждённые изменения:", points)


def _change_point(trend: Trend, figures: Figures) -> str:
    gap, now = trend.gap, trend.results[-1]
    if gap is None or now is None:
        return ""
    rows = [row for result in trend.results if result is not None for row in result.rows]
    size = figures.computed(gap.value, "разность долей двух лет", rows, form="points")
    side = "стало лучше" if gap.is_better else "стало хуже"
    more = "выросла" if gap.value > 0 else "снизилась"
    side += "" if trend.is_scale_known else "; шкалы лет не сверены"
    return f"{words.exam_dative(trend.key)}: доля {_share_of(trend.measure)} {more} на{ru.NBSP}{size} ({side})."


def _share_of(measure: str) -> str:
    return {"below": "не достигших минимума", "high": "результатов от 80 баллов"}.get(measure, measure_ru(measure))


def school_groups(municipal: MunicipalResults, figures: Figures) -> list[Statement]:
    """Return the schools with confirmed high and low results, in the order of codes: two statements."""
    if not municipal.gaps:
        return []
    made = []
    for is_better, title in ((False, "Где нужна помощь в первую очередь"), (True, "У кого перенимать опыт")):
        found = municipal.confirmed(is_better=is_better)
        if found:
            made.append(
                statement(title, _group_text(found, figures, is_better=is_better), _by_school(municipal, found))
            )
    if not made:
        rows = [row for one in municipal.gaps for row in one.result.rows]
        schools = len({one.school_code for one in municipal.gaps})
        compared = figures.computed(schools, "число сравнённых ОО", rows, form="whole", digits=0)
        compared += f"{ru.NBSP}{ru.plural(schools, words.SCHOOLS)}"
        made.append(
            statement("Различия ОО", f"Сравнение {compared} с остальными ОО подтверждённых отличий не показало.")
        )
    return made


def _group_text(found: Sequence[SchoolGap], figures: Figures, *, is_better: bool) -> str:
    codes = {one.school_code for one in found}
    rows = [row for one in found for row in one.result.rows]
    number = figures.computed(len(codes), "число ОО с подтверждённым отличием", rows, form="whole", digits=0)
    side = "лучше" if is_better else "хуже"
    which = ru.plural(len(codes), ("которой", "которых", "которых"))
    return (
        f"{number}{ru.NBSP}ОО, результаты {which} {side}, чем у остальных ОО муниципалитета, и отличие не объяснить "
        "случайностью:"
    )


def _by_school(municipal: MunicipalResults, found: Sequence[SchoolGap]) -> list[str]:
    by_school: dict[str, list[SchoolGap]] = {}
    for one in found:
        by_school.setdefault(one.school_code, []).append(one)
    points = []
    for code in sorted(by_school)[:_MOST_SCHOOLS]:
        told = [f"{words.exam_dative(one.result.key)} ({measure_ru(one.gap.measure)})" for one in by_school[code]]
        points.append(f"{municipal.data.unit_name('school', code)}: {ru.listed(told)}.")
    if len(by_school) > _MOST_SCHOOLS:
        points.append(f"Ещё {ru.counted(len(by_school) - _MOST_SCHOOLS, words.SCHOOLS)} — в таблице результатов ОО.")
    return points


def beside_others(gaps: Sequence[SchoolGap], figures: Figures) -> Statement | None:
    """Return what sets a school apart from the other schools of its municipality; that nothing does is said once."""
    if not gaps:
        return None
    sure = [one for one in gaps if one.gap.is_confirmed]
    if not sure:
        keys = sorted({one.result.key for one in gaps}, key=words.exam_order)
        names = ru.listed([words.exam_dative(key) for key in keys], _MOST_EXAMS)
        return statement(
            "Рядом с остальными ОО муниципалитета",
            f"Отличий, которые нельзя объяснить случайностью, нет ({names}).",
        )
    points = [
        f"{'Лучше' if one.gap.is_better else 'Хуже'}: {gap_phrase(one, figures)}."
        for one in sorted(sure, key=lambda one: one.gap.is_better)
    ]
    return statement("Рядом с остальными ОО муниципалитета", "Подтверждённые отличия:", points)


def _failed(one: ExamResult) -> str:
    return "failed" if one.is_marked else "below"


def _failed_count(one: ExamResult) -> str:
    return "mark_2" if one.is_marked else "below"


def _of(one: ExamResult, figures: Figures) -> str:
    text = one.count_text(figures, "participants")
    return f"{text}{ru.NBSP}{ru.plural(one.participants, ru.PARTICIPANTS_GENITIVE)}"
