"""Context of the municipality's note on the national olympiad: participation, tasks, appeals, violations."""

from collections.abc import Iterator, Sequence
from typing import Final

from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.objectivity.signs import schools_count, signal_text
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_TITLE: Final = "Всероссийская олимпиада школьников: проведение и результаты этапов"
_PARTICIPATIONS: Final = ("участие", "участия", "участий")


def olympiad_notes(data: CycleData) -> Iterator[Content]:
    """Make a note of each municipality that has rows about stages of the olympiad."""
    for code in data.municipalities():
        area = Area.of(data, code)
        stages = area.rows("olympiad_stages")
        if stages:
            yield Content(code, _context(area, stages))


def _context(area: Area, stages: Rows) -> Context:
    held = [(code, title) for code, title in choice_lists()["olympiad_stages"].items() if stages.where(stage=code)]
    sections = {
        "main": _main(area, stages, held),
        "tasks": _tasks(area),
        "appeals": _appeals(area, stages, held),
        "violations": _violations(area),
        "gaps": _gaps(area),
        "unknown": _unknown(area, stages),
    }
    context = {
        **heading(area.data, "municipality", area.code, _TITLE),
        "sections": sections,
        "stages": [
            {"title": ru.sentence_start(title), "section": _stage(area, stages.where(stage=code))}
            for code, title in held
        ],
    }
    return finished(context, area.data, area.figures)


def _main(area: Area, stages: Rows, held: Sequence[tuple[str, str]]) -> Spec | None:
    figures = area.figures
    points = [
        f"{ru.sentence_start(title)}: "
        f"{figures.total(stages.where(stage=code), 'participants_count', _PARTICIPATIONS)} из "
        f"{schools_count(figures, stages.where(stage=code))} ОО; победителей — "
        f"{figures.total(stages.where(stage=code), 'winners_count')}, призёров — "
        f"{figures.total(stages.where(stage=code), 'prize_count')}."
        for code, title in held
    ]
    return section(points=points)


def _stage(area: Area, stages: Rows) -> Spec | None:
    columns = [
        ("Предмет", 3.4, "text"),
        ("Классы", 1.4, "text"),
        ("ОО", 0.8, "number"),
        ("Участий", 1.2, "number"),
        ("Победителей", 1.3, "number"),
        ("Призёров", 1.3, "number"),
        ("Победителей и призёров, %", 1.8, "number"),
        ("Перепроверено работ", 1.4, "number"),
    ]
    titles = choice_lists()["olympiad_subjects"]
    codes = sorted({str(one["olympiad_subject"]) for one in stages}, key=lambda code: titles.get(code, code))
    rows = [_subject_row(area, stages.where(olympiad_subject=code), titles.get(code, code)) for code in codes]
    return section(tables=[table("Участие по предметам, по алфавиту", columns, rows)])


def _subject_row(area: Area, stages: Rows, title: str) -> Spec:
    figures = area.figures
    participants = sum(one["participants_count"] or 0 for one in stages)
    successes = sum((one["winners_count"] or 0) + (one["prize_count"] or 0) for one in stages)
    is_told = participants >= area.data.settings.claim_from and successes <= participants
    how = "победители и призёры, делённые на участия"
    share = figures.computed(successes / participants, how, stages, form="percent_number") if is_told else ru.DASH
    return row(
        title,
        _grades(stages),
        schools_count(figures, stages),
        *(figures.total(stages, name) for name in ("participants_count", "winners_count", "prize_count")),
        share,
        figures.total(stages, "rechecked_count"),
    )


def _grades(rows: Sequence[Row]) -> str:
    grades = sorted({int(one["grade"]) for one in rows if one["grade"] is not None})
    if not grades:
        return ru.DASH
    runs: list[list[int]] = []
    for grade in grades:
        if runs and grade == runs[-1][-1] + 1:
            runs[-1].append(grade)
        else:
            runs.append([grade])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _tasks(area: Area) -> Spec | None:
    columns = [
        ("Предмет, класс выполнения", 3.6, "text"),
        ("Этап", 2.2, "text"),
        ("Задание", 1.2, "text"),
        ("Участников", 1.3, "number"),
        ("Средний балл из максимума", 2.2, "text"),
        ("Выполнение, %", 1.4, "number"),
        ("0 баллов, %", 1.3, "number"),
        ("Максимум, %", 1.3, "number"),
    ]
    found = [one for one in area.data.rows("olympiad_tasks", municipality_code=area.code) if one["participants_count"]]
    found.sort(
        key=lambda one: (
            answer_ru(one, "olympiad_subject"),
            one["grade"] or 0,
            str(one["stage"]),
            str(one["task_number"]),
        )
    )
    return section(tables=[table("Выполнение заданий олимпиады", columns, [_task_row(area, one) for one in found])])


def _task_row(area: Area, one: Row) -> Spec:
    figures = area.figures
    is_told = one["participants_count"] >= area.data.settings.claim_from

    def share(column: str, total: str, how: str) -> str:
        if not is_told or one[column] is None or not one[total]:
            return ru.DASH
        return figures.computed(one[column] / one[total], how, [one], form="percent_number", digits=0)

    return row(
        f"{answer_ru(one, 'olympiad_subject')}, {one['grade']}{ru.NBSP}класс",
        answer_ru(one, "stage"),
        str(one["task_number"]),
        figures.whole(one, "participants_count"),
        f"{figures.decimal(one, 'mean_points')} из {figures.decimal(one, 'maximum_points', 0)}",
        share("mean_points", "maximum_points", "средний балл, делённый на максимум"),
        share("zero_count", "participants_count", "получившие 0 баллов, делённые на участников"),
        share("full_count", "participants_count", "получившие максимум, делённые на участников"),
    )


def _appeals(area: Area, stages: Rows, held: Sequence[tuple[str, str]]) -> Spec | None:
    figures = area.figures
    own = area.data.rows("appeals", procedure="olympiad", municipality_code=area.code)
    text = [
        f"{ru.sentence_start(title)}: апелляций {figures.total(of_stage, 'appeals_count')}, удовлетворено "
        f"{figures.total(of_stage, 'appeals_granted_count')}."
        for code, title in held
        if (of_stage := stages.where(stage=code)) and any(one["appeals_count"] for one in of_stage)
    ]
    columns = [
        ("Предмет, класс", 4.0, "text"),
        ("Этап", 2.8, "text"),
        ("Участников", 1.4, "number"),
        ("Апелляций о баллах", 1.6, "number"),
        ("Удовлетворено", 1.6, "number"),
        ("Баллы повышены", 1.5, "number"),
        ("Баллы понижены", 1.5, "number"),
    ]
    names = ("participants_count", "points_appeals_count", "granted_count", "raised_count", "lowered_count")
    rows = [
        row(
            f"{answer_ru(one, 'appeal_subject')}, {one['grade']}{ru.NBSP}класс",
            answer_ru(one, "stage"),
            *(figures.whole(one, name) for name in names),
        )
        for one in sorted(own, key=lambda one: (answer_ru(one, "appeal_subject"), one["grade"] or 0))
    ]
    return section(text=text, tables=[table("Апелляции, рассмотренные муниципалитетом", columns, rows)])


def _violations(area: Area) -> Spec | None:
    found = area.rows("violations", procedure="olympiad")
    columns = [
        ("Код", 20, "text"),
        ("Этап, предмет, класс", 46, "text"),
        ("Дата", 22, "text"),
        ("Нарушение", 28, "text"),
        ("Кто выявил", 26, "text"),
        ("Последствие", 30, "text"),
    ]
    rows = [
        row(
            str(one["school_code"]),
            _stage_subject(one),
            day_ru(one["held_on"]),
            answer_ru(one, "kind"),
            answer_ru(one, "detected_by"),
            answer_ru(one, "consequence"),
        )
        for one in sorted(found, key=lambda one: (one["school_code"], str(one["held_on"])))
    ]
    return section(tables=[table("Нарушения порядка олимпиады", columns, rows)])


def _stage_subject(one: Row) -> str:
    subject = choice_lists()["school_subjects"].get(str(one["subject"]), "")
    grade = f"{one['grade']}{ru.NBSP}класс" if one["grade"] else ""
    return ", ".join(
        part for part in (answer_ru(one, "olympiad_stage"), subject[:1].lower() + subject[1:], grade) if part
    )


def _gaps(area: Area) -> Spec | None:
    signals = area.rows("objectivity_signals", signal_code="olympiad_gap", state="signal")
    points = [
        f"{one['school_code']} {area.school(str(one['school_code']))}: {signal_text(area.figures, one)}."
        for one in sorted(signals, key=lambda one: one["school_code"])
    ]
    return section(points=points)


def _unknown(area: Area, stages: Rows) -> Spec | None:
    told = {str(one["school_code"]) for one in stages}
    silent = [f"{code} {name}" for code, name in area.names.items() if code not in told]
    odd = [
        one
        for one in stages
        if (one["winners_count"] or 0) + (one["prize_count"] or 0) > (one["participants_count"] or 0)
    ]
    text = [f"Сведений об участии не подали: {'; '.join(silent)}." if silent else ""]
    if odd:
        count = area.figures.computed(
            len(odd), "строк, где победителей и призёров больше, чем участий", odd, form="whole"
        )
        rows = ru.plural(len(odd), ("строке", "строках", "строках"))
        text.append(
            f"В {count}{ru.NBSP}{rows} форм победителей и призёров больше, чем участий; доли по этим предметам не "
            f"посчитаны, сведения надо уточнить: {area.listed(str(one['school_code']) for one in odd)}."
        )
    return section(text=text)
