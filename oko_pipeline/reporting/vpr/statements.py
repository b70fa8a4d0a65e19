"""The section «Главное»: what the numbers say, in words, and how sure it is.

A statement is made only from groups of at least `claim_from` participants. A deviation is named only when its 95 %
interval leaves zero out; everything else is silence, said once. Causes are never guessed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.vpr.levels import Difference, Level, Share, difference
from oko_pipeline.reporting.vpr.note_data import Record
from oko_pipeline.reporting.vpr.note_tables import is_surely_red, red_threshold
from oko_pipeline.reporting.vpr.note_works import UnitView, WorkView, titles_by_grade

Statement = dict[str, object]
_MOST_DEVIATIONS: Final = 6
_MOST_SKILLS: Final = 6
_SUCH: Final = ("такого отличия", "таких отличий", "таких отличий")
_TAKINGS: Final = ("участие", "участия", "участий")
_CASES: Final = ("случай", "случая", "случаев")


@dataclass(frozen=True, slots=True)
class _Deviation:
    work: WorkView
    measure_ru: str
    own: Share
    other: Share
    where_ru: str
    gap: Difference


def statements(view: UnitView, settings: DocumentSettings) -> list[Statement]:
    """Return the statements of a unit: `title`, `text` and a list of `points` each."""
    works = [work for work in view.works if work.own.participants >= settings.claim_from]
    marked = [work for work in works if work.own.marks is not None and work.own.marked >= settings.claim_from]
    found = [_participation(view, settings)]
    if marked:
        found += [_levels(marked, "Базовый уровень", "base"), _levels(marked, "Высокий уровень", "high")]
        found += _deviations(marked, settings)
    found += _journal(works, settings)
    found += _weak_skills(works, settings)
    silence = _silence(view, settings)
    return [*found, silence] if silence else found


def _statement(title: str, text: str, points: Sequence[str] = ()) -> Statement:
    return {"title": title, "text": text, "points": list(points)}


def _participation(view: UnitView, settings: DocumentSettings) -> Statement:
    participants = sum(work.own.participants for work in view.works)
    absent = sum(work.absent for work in view.works)
    if participants == 0:
        return _statement("Участие", "Результатов участников в этой кампании нет.")
    works = ru.counted(len(view.works), ru.WORKS_DATIVE)
    grades = ru.listed([str(grade) for grade in sorted({work.assessment["pupil_grade"] for work in view.works})])
    text = f"Есть результаты по {works} в {grades} {'классах' if ' ' in grades else 'классе'}: "
    if all(work.own.participants < settings.hide_below for work in view.works):
        return _statement(
            "Участие", f"{text}в каждой менее {ru.counted(settings.hide_below, ru.PARTICIPANTS_GENITIVE)}."
        )
    text += f"{ru.counted(participants, _TAKINGS)} (один обучающийся участвует в нескольких работах)"
    text += f", отсутствий — {ru.whole(absent)} ({ru.percent(absent / (participants + absent))})." if absent else "."
    missing = sorted({_school_work(row) for row in view.coverage if row["is_expected"] and row["state"] == "missing"})
    if missing and view.kind == "municipality":
        text += f" Ожидались, но не получены результаты: {ru.counted(len(missing), _CASES)} (раздел «Участие»)."
    elif missing:
        text += (
            f" Ожидались, но не получены результаты по {ru.counted(len(missing), ru.WORKS_DATIVE)} (раздел «Участие»)."
        )
    return _statement("Участие", text)


def _school_work(row: Record) -> tuple[str, str]:
    return row["school_code"], row["assessment_id"]


def _levels(works: Sequence[WorkView], title: str, measure: str) -> Statement:
    shares = [(work, share) for work in works if (share := _measure(work.own, measure)) is not None]
    what = "Отметку «3» и выше" if measure == "base" else "Отметку «5»"
    if len(shares) == 1:
        work, share = shares[0]
        text = f"{what} по работе «{work.title}» получили {_with_interval(share)} участников (n = {work.own.marked})."
        return _statement(title, text)
    lowest, highest = min(shares, key=lambda item: item[1].value), max(shares, key=lambda item: item[1].value)
    text = (
        f"{what} получили от {_with_interval(lowest[1])} участников ({lowest[0].title}, n = {lowest[0].own.marked})"
        f" до {_with_interval(highest[1])} ({highest[0].title}, n = {highest[0].own.marked})."
    )
    return _statement(title, text)


def _deviations(works: Sequence[WorkView], settings: DocumentSettings) -> list[Statement]:
    compared = [work for work in works if work.reference is not None and work.reference.marked >= settings.claim_from]
    if not compared:
        return [_statement("Сравнение с ориентирами", "Ориентиров для сравнения в данных нет.")]
    candidates = [
        deviation
        for work in compared
        for measure, name in (("base", "базовый уровень"), ("high", "доля «5»"))
        if (deviation := _deviation(work, measure, name)) is not None
    ]
    clear = sorted((d for d in candidates if d.gap.is_clear), key=lambda d: -abs(d.gap.value))
    compared_text = (
        f"Сравнено {ru.counted(len(candidates), ('показатель', 'показателя', 'показателей'))} по "
        f"{ru.counted(len(compared), ru.WORKS_DATIVE)}"
    )
    if not clear:
        text = f"{compared_text}: отличий, которые выходят за пределы случайного разброса, нет."
        return [_statement("Сравнение с ориентирами", text)]
    by_chance = len(candidates) * 0.05
    chance = (
        f" При таком числе сравнений случайно могло бы возникнуть около {ru.counted(round(by_chance), _SUCH)}."
        if by_chance >= 1
        else ""
    )
    more = f", показаны {_MOST_DEVIATIONS} наибольших" if len(clear) > _MOST_DEVIATIONS else ""
    text = f"{compared_text}; за пределы случайного разброса выходят {ru.whole(len(clear))}{more}.{chance}"
    if len(clear) == 1:
        text = f"{compared_text}; за пределы случайного разброса выходит одно отличие.{chance}"
    return [_statement("Сравнение с ориентирами", text, [_deviation_text(d) for d in clear[:_MOST_DEVIATIONS]])]


def _deviation(work: WorkView, measure: str, name: str) -> _Deviation | None:
    reference = work.reference
    own, other = _measure(work.own, measure), None if reference is None else _measure(reference, measure)
    if reference is None or own is None or other is None:
        return None
    return _Deviation(work, name, own, other, reference.where_ru, difference(own, other))


def _deviation_text(deviation: _Deviation) -> str:
    gap = deviation.gap
    word = "выше" if gap.value > 0 else "ниже"
    bounds = sorted((abs(gap.low), abs(gap.high)))
    return (
        f"{deviation.work.title}: {deviation.measure_ru} {ru.percent(deviation.own.value)}, {deviation.where_ru} — "
        f"{ru.percent(deviation.other.value)}; {word} на {ru.points(gap.value)} "
        f"(95-процентный интервал — от {ru.decimal(bounds[0] * 100)} до {ru.points(bounds[1])}, "
        f"n = {deviation.work.own.marked})."
    )


def _journal(works: Sequence[WorkView], settings: DocumentSettings) -> list[Statement]:
    paired = [work for work in works if work.own.journal is not None and work.own.pairs >= settings.claim_from]
    if not paired:
        return []
    pairs = sum(work.own.pairs for work in paired)
    shares = [
        sum(work.own.journal[k].value * work.own.pairs for work in paired if work.own.journal) / pairs for k in range(3)
    ]
    gaps = sum(work.own.gaps or 0 for work in paired)
    text = (
        f"Из {ru.counted(pairs, ('пары', 'пар', 'пар'))} отметок (за работу и по журналу) совпали "
        f"{ru.percent(shares[1])}; отметка за работу ниже журнальной в {ru.percent(shares[0])} случаев, выше — в "
        f"{ru.percent(shares[2])}."
    )
    if gaps:
        text += f" Разница в две отметки и более — {ru.counted(gaps, _CASES)}: каждый стоит разобрать отдельно."
    items = [item for work in paired if (item := _journal_deviation(work, settings))]
    if items:
        text += " Ниже журнала заметно чаще, чем у ориентира:"
    return [_statement("Соответствие журналу", text, items)]


def _journal_deviation(work: WorkView, settings: DocumentSettings) -> str | None:
    around = [c for c in work.comparators if c.journal is not None and c.pairs >= settings.claim_from]
    if not around or work.own.journal is None:
        return None
    reference = max(around, key=lambda level: level.pairs)
    if reference.journal is None:
        return None
    own, other = work.own.journal[0], reference.journal[0]
    gap = difference(own, other)
    if gap.low <= 0:
        return None
    return (
        f"{work.title}: {ru.percent(own.value)}, {reference.where_ru} — {ru.percent(other.value)}; больше на "
        f"{ru.points(gap.value)} (95-процентный интервал — от {ru.decimal(gap.low * 100)} до {ru.points(gap.high)}, "
        f"n = {work.own.pairs})."
    )


def _weak_skills(works: Sequence[WorkView], settings: DocumentSettings) -> list[Statement]:
    """Name the tasks that are surely red and farthest below the threshold of their level."""
    weak = [
        (red_threshold(task, settings) / 100 - task["solved_share"], work, task)
        for work in works
        for task in work.tasks
        if task["colour"] == "red" and task["solved_share"] is not None and is_surely_red(task, settings)
    ]
    if not weak:
        return []
    weak.sort(key=lambda item: (-item[0], item[1].assessment_id, item[2]["position"]))
    items = [_weak_text(work, task, settings) for _, work, task in weak[:_MOST_SKILLS]]
    text = f"Уверенно ниже порога — {ru.counted(len(weak), ru.TASKS)}"
    text += f", из них {_MOST_SKILLS} самых далёких от порога:" if len(weak) > _MOST_SKILLS else ":"
    return [_statement("Слабые места", text, items)]


def _weak_text(work: WorkView, task: Record, settings: DocumentSettings) -> str:
    skill = f": {ru.shortened(task['skill'], 140)}" if task["skill"] else ""
    return (
        f"{work.title}, задание {task['task_code']}{skill} — {ru.percent(task['solved_share'])} при пороге "
        f"{_threshold_text(red_threshold(task, settings))} (n = {task['taught_count']})."
    )


def _threshold_text(threshold: float) -> str:
    return f"{ru.decimal(threshold, 0 if float(threshold).is_integer() else 1)}{ru.NBSP}%"


def _silence(view: UnitView, settings: DocumentSettings) -> Statement | None:
    small = [work for work in view.works if 0 < work.own.participants < settings.claim_from]
    claimable = [work for work in view.works if work.own.participants >= settings.claim_from]
    unmarked = [work for work in claimable if work.own.marks is None]
    parts: list[str] = []
    if small:
        parts.append(
            f"Меньше {ru.counted(settings.claim_from, ru.PARTICIPANTS_GENITIVE)} в "
            f"{ru.counted(len(small), ('работе', 'работах', 'работах'))}: {titles_by_grade(small)}. "
            "По ним проценты не приводятся и выводы не делаются."
        )
    if unmarked:
        which = "ни по одной работе" if len(unmarked) == len(claimable) else f"по работам: {titles_by_grade(unmarked)}"
        parts.append(
            f"Шкала перевода баллов в отметки отсутствует или отвергнута {which}. Отметки не выставлены, показаны "
            "только баллы и задания."
        )
    return _statement("О чём данные не говорят", " ".join(parts)) if parts else None


def _measure(level: Level, measure: str) -> Share | None:
    return level.base if measure == "base" else level.high


def _with_interval(share: Share) -> str:
    return f"{ru.percent(share.value)} ({ru.interval(share.low, share.high)}{ru.NBSP}%)"
