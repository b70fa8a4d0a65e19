"""The cycle of a direction: findings, recommendations, decisions and measures, the checklist, the missing sources."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.records import choice_lists, record_tables
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.directions.view import NoteView
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.sections import Spec, row, section, table

FINDINGS: Final = ("вывод", "вывода", "выводов")
_STRENGTHS: Final = ("strong", "moderate", "weak")
_MOST_FINDINGS: Final = 8
_MOST_ADVICE: Final = 10
_MOST_MEASURES: Final = 15
_OPEN_STATES: Final = ("accepted", "edited", "proposed", "waiting")
_STATES_RU: Final = {
    "accepted": "принята",
    "edited": "принята с правкой",
    "proposed": "предложена",
    "waiting": "ждёт ответа",
}
_VERDICTS_RU: Final = {
    "effective": "действенна",
    "partly": "действенна частично",
    "not_effective": "не действенна",
    "not_enough_data": "данных не хватает",
}
_STAGES_RU: Final = {
    "goals": "Цели",
    "object": "Объект",
    "indicators": "Показатели",
    "methods": "Методы",
    "monitoring": "Мониторинг",
    "analysis": "Анализ",
    "recommendations": "Рекомендации",
    "measures": "Меры",
    "decisions": "Решения",
    "effectiveness": "Эффективность",
}
_ANSWERS_RU: Final = {"1": "есть", "0": "нет", "na": "не применимо"}


def findings_section(view: NoteView) -> Spec | None:
    """Return what the rules concluded of the municipality, and how many conclusions there are of its schools."""
    own = sorted(
        view.own("findings", direction=view.direction),
        key=lambda one: (_STRENGTHS.index(str(one["strength"])), str(one["finding_id"])),
    )
    schools = view.of_schools("findings", direction=view.direction)
    text = ""
    if schools:
        units = {str(one["unit_code"]) for one in schools}
        count = view.figures.count(schools, FINDINGS, "выводы об ОО")
        names = "все" if units >= set(view.schools) else view.data.short_schools(units, 10)
        text = f"Об отдельных ОО — {count}; ОО, о которых они сделаны: {names}."
    points = [view.figures.text(one, "text_ru") for one in own[:_MOST_FINDINGS]]
    return section(text=[text], points=points)


def advice_section(view: NoteView) -> Spec | None:
    """Return the municipality's recommendations by addressee, and how many schools have their own."""
    rows = [
        one
        for one in view.own("recommendations", direction=view.direction)
        if one["state"] in _OPEN_STATES and not one["is_held_back"]
    ]
    audiences = list(choice_lists()["audiences"])
    rows.sort(
        key=lambda one: (audiences.index(str(one["addressee"])), -(one["urgency"] or 0), str(one["recommendation_id"]))
    )
    told: list[Spec] = []
    last = ""
    for one in rows[:_MOST_ADVICE]:
        if one["addressee"] != last:
            last = str(one["addressee"])
            told.append(row(ru.sentence_start(choice_lists()["audiences"][last]), kind="group"))
        told.append(
            row(
                view.figures.text(one, "text_ru"),
                view.figures.text(one, "control_ru") or ru.DASH,
                day_ru(one["due_on"]),
                _STATES_RU[str(one["state"])],
            )
        )
    columns = [
        ("Что сделать", 6.0, "text"),
        ("По чему проверят", 3.2, "text"),
        ("Срок", 1.5, "text"),
        ("Состояние", 1.6, "text"),
    ]
    return section(text=[_school_advice(view)], tables=[table("Рекомендации направления", columns, told)])


def _school_advice(view: NoteView) -> str:
    rows = view.of_schools("recommendations", direction=view.direction, is_held_back=False)
    rows = rows.where(state=_OPEN_STATES)
    if not rows:
        return ""
    schools = view.number(list({str(one["unit_code"]): one for one in rows}.values()), "ОО с рекомендациями")
    forms = ("рекомендация", "рекомендации", "рекомендаций")
    given = view.figures.count(rows, forms, "рекомендации для ОО")
    if len(rows) == 1:
        return f"Для {schools}{ru.NBSP}ОО составлена {given}: она — в паспорте этой ОО."
    return f"Для {schools}{ru.NBSP}ОО составлено {given}: они — в паспортах этих ОО."


def measures_section(view: NoteView) -> Spec | None:
    """Return the decisions and measures of the direction with the conclusion about each measure."""
    measures = sorted(
        view.registers("measures", direction=view.direction),
        key=lambda one: (str(one["school_code"] or ""), str(one["measure_number"])),
    )
    verdicts = _verdicts(view)
    told = [
        row(
            view.figures.text(one, "title"),
            view.data.short_school(str(one["school_code"])) if one["school_code"] else "муниципалитет",
            answer_ru(one, "status"),
            _verdict(view, one, verdicts),
        )
        for one in measures[:_MOST_MEASURES]
    ]
    columns = [("Мера", 5.0, "text"), ("Чья", 3.0, "text"), ("Состояние", 2.0, "text"), ("Вывод", 3.0, "text")]
    return section(text=[_counts(view, measures)], tables=[table("Меры направления", columns, told)])


def _counts(view: NoteView, measures: Sequence[Row]) -> str:
    decisions = view.registers("decisions", direction=view.direction)
    events = view.registers("events", direction=view.direction)
    parts = [
        f"{words} — {view.figures.computed(len(rows), f'число строк: {words.lower()}', rows, form='whole', digits=0)}"
        for words, rows in (("решений", decisions), ("мер", measures), ("мероприятий", events))
        if rows
    ]
    if not parts:
        return ""
    text = f"За год записано: {ru.listed(parts)}."
    if len(measures) > _MOST_MEASURES:
        text += f" В таблице первые {view.number(measures[:_MOST_MEASURES], 'показанных мер')} мер."
    return text


def _verdicts(view: NoteView) -> dict[tuple[str, str], Row]:
    return {
        (str(one["owner_code"]), str(one["measure_number"])): one
        for one in view.data.rows("measure_effects", owner_code=(view.code, *view.schools))
    }


def _verdict(view: NoteView, measure: Row, verdicts: dict[tuple[str, str], Row]) -> str:
    unit = str(measure["school_code"] or view.code)
    found = verdicts.get((unit, str(measure["measure_number"])))
    if found is not None:
        return _VERDICTS_RU.get(str(found["verdict"]), ru.DASH)
    return answer_ru(measure, "conclusion") if measure["conclusion"] is not None else "вывода ещё нет"


def checklist_section(view: NoteView) -> Spec | None:
    """Return which elements of the mechanism the municipality has, by stage."""
    rows = [one for one in view.own("direction_checklist", direction=view.direction) if one["answer"] != "na"]
    if not rows:
        return None
    stages = list(_STAGES_RU)
    rows.sort(key=lambda one: (stages.index(str(one["stage"])), str(one["criterion"])))
    if all(one["answer"] == "0" for one in rows):
        number = view.number(rows, "применимых элементов")
        return section(text=[f"Ни один из {number} элементов механизма не подтверждён записями и документами года."])
    told: list[Spec] = []
    last = ""
    for one in rows:
        if one["stage"] != last:
            last = str(one["stage"])
            told.append(row(_STAGES_RU[last], kind="group"))
        evidence = view.figures.whole(one, "evidence_count") if one["evidence_count"] else ru.DASH
        told.append(
            row(str(one["criterion_title"]), _ANSWERS_RU[str(one["answer"])], evidence, day_ru(one["evidence_on"]))
        )
    done = view.number([one for one in rows if one["answer"] != "0"], "элементов с подтверждением")
    share = f"{done} из {view.number(rows, 'применимых элементов')}"
    text = f"Элементов механизма с подтверждением — {share}."
    columns = [
        ("Элемент", 6.0, "text"),
        ("Ответ", 1.4, "text"),
        ("Подтверждений", 2.1, "number"),
        ("Последнее", 1.7, "number"),
    ]
    return section(text=[text], tables=[table("Механизм направления", columns, told)])


def gaps_section(view: NoteView) -> Spec | None:
    """Return which kinds of data of the direction did not come; kinds that the same units owe stand together."""
    known = source_kinds()
    owed: dict[tuple[str, ...], list[str]] = {}
    rows: dict[tuple[str, ...], list[Row]] = {}
    for kind in sorted(_kinds_of(view)):
        late = _late(view, kind)
        if late:
            units = tuple(late)
            owed.setdefault(units, []).append(_small(known[kind].title_ru if kind in known else kind))
            rows.setdefault(units, list(late.values()))
    return section(points=[f"Не пришло {_from(view, rows[units])}: {'; '.join(owed[units])}." for units in owed])


def _late(view: NoteView, kind: str) -> dict[str, Row]:
    units = [("school", code) for code in view.schools] + [("municipality", view.code)]
    return {
        code: one
        for level, code in units
        for one in view.data.rows("source_completeness", unit_level=level, unit_code=code, kind=kind, state="late")
        if not one["is_optional"]
    }


def _from(view: NoteView, rows: Sequence[Row]) -> str:
    """Say whose data are missing: «ни от одной ОО», «от 2 ОО (…) и от органа управления»."""
    schools = [one for one in rows if one["unit_code"] != view.code]
    parts: list[str] = []
    if len(schools) == len(view.schools):
        parts.append("ни от одной ОО")
    elif schools:
        names = view.data.short_schools((str(one["unit_code"]) for one in schools), 8)
        parts.append(f"от {view.number(schools, 'ОО, не сдавшие данные')}{ru.NBSP}ОО ({names})")
    if len(schools) < len(rows):
        parts.append("от органа управления")
    return " и ".join(parts)


def _small(text: str) -> str:
    return text if text[1:2].isupper() or text[2:3].isdigit() else text[:1].lower() + text[1:]


def _kinds_of(view: NoteView) -> set[str]:
    tables = {cut.table for cut in view.note.registers} | {one.table for one in view.indicators().values()}
    return {
        kind.slug
        for kind in source_kinds().values()
        if tables & {name for own in kind.layouts.values() for name in own}
        or any(name in tables and kind.slug in one.kinds for name, one in record_tables().items())
    }
