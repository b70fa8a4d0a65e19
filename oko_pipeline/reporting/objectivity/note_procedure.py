"""Sections of the department's note about how procedures went and what was done: lists, rechecks, replies, measures."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area, under_schools
from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import answer_ru, day_ru, work_ru
from oko_pipeline.reporting.objectivity.signs import distinct_schools, schools_count
from oko_pipeline.reporting.sections import Spec, row, section, table

_BIAS_LISTS: Final = ("bias", "risk_low", "risk_medium", "risk", "control", "objective")
_BASES: Final = {"signals": "по сигналам", "random": "случайно"}
_VERDICTS: Final = {
    "reached": "ориентир достигнут",
    "not_reached": "ориентир не достигнут",
    "undecided": "по данным не решить",
    "no_data": "итогов нет",
}
_INDEPENDENT: Final = ("regional_diagnostics", "municipal_diagnostics", "metasubject", "niko", "pisa_model")
_WORKS: Final = ("работа", "работы", "работ")


def lists_section(area: Area, in_question: Sequence[str]) -> Spec | None:
    """Return the external lists of the year and how they agree with what was computed."""
    listed = area.rows("external_lists", list_kind=_BIAS_LISTS)
    if not listed:
        return None
    named = {str(one["school_code"]) for one in listed if one["list_kind"] not in ("control", "objective")}
    text = [f"Внешние перечни называют {schools_count(area.figures, listed)} ОО муниципалитета."]
    only_listed = sorted(named - set(in_question))
    if only_listed:
        text.append(f"Есть в перечне, но карточка повода не даёт: {area.listed(only_listed)}.")
    columns = [
        ("Код", 20, "text"),
        ("ОО", 34, "text"),
        ("Перечень", 34, "text"),
        ("Год", 12, "number"),
        ("Чей", 22, "text"),
        ("Основание", 28, "text"),
        ("Признаков", 20, "number"),
    ]
    rows = [
        row(
            str(one["school_code"]),
            area.school(str(one["school_code"])),
            answer_ru(one, "list_kind"),
            str(one["list_year"]),
            answer_ru(one, "source"),
            str(one["act"] or ru.DASH),
            area.figures.whole(one, "markers_count"),
        )
        for one in sorted(listed, key=lambda one: (one["school_code"], one["list_kind"]))
    ]
    return section(text=text, tables=[table("ОО муниципалитета во внешних перечнях", columns, rows)])


def recheck_section(area: Area) -> Spec | None:
    """Return what was selected for rechecking and what rechecking gave."""
    selected = area.rows("recheck_selection")
    results = area.rows("rechecks")
    tables = [_selection_table(area, selected), _results_table(area), _reported_table(area, results)]
    text: list[str] = []
    if selected:
        by_basis = [
            f"{_BASES[basis]} — {schools_count(area.figures, selected.where(basis=basis))} ОО"
            for basis in _BASES
            if selected.where(basis=basis)
        ]
        works = area.figures.total(selected, "selected_count", _WORKS)
        text.append(f"Для перепроверки отобрано {works}: {ru.listed(by_basis)}.")
    if results:
        checked = area.figures.total(results, "rechecked_count", _WORKS)
        same = area.figures.total(results, "same_count")
        text.append(f"По сведениям форм перепроверено {checked}; балл совпал в {same}.")
    return section(text=text, tables=tables)


def _selection_table(area: Area, selected: Rows) -> Spec | None:
    columns = [
        ("Работа", 74, "text"),
        ("Класс", 20, "text"),
        ("Отбор", 30, "text"),
        ("Работ в классе", 22, "number"),
        ("К проверке", 24, "number"),
    ]
    rows: list[Spec] = []
    for code, of_school in area.by_school(selected).items():
        rows.append(row(f"{code} {area.school(code)}", kind="group"))
        rows += [
            row(
                ru.sentence_start(work_ru(one["assessment_id"])),
                str(one["class_label"]),
                _BASES[one["basis"]],
                area.figures.whole(one, "works_count"),
                area.figures.whole(one, "selected_count"),
            )
            for one in sorted(of_school, key=lambda one: (one["assessment_id"], one["class_label"]))
        ]
    return table("Отбор классов и работ для перепроверки", columns, rows)


def _results_table(area: Area) -> Spec | None:
    columns = [
        ("Код", 20, "text"),
        ("ОО", 34, "text"),
        ("Работа", 34, "text"),
        ("Проверено", 19, "text"),
        ("В допуске, % (интервал)", 26, "number"),
        ("Сдвиг, балл (интервал)", 22, "number"),
        ("Вывод", 19, "text"),
    ]
    results = area.data.rows("recheck_results", unit_level="school", unit_code=tuple(area.names))
    rows = [
        row(
            str(one["unit_code"]),
            area.school(str(one["unit_code"])),
            "все работы" if one["assessment_id"] == "all" else work_ru(one["assessment_id"]),
            f"{area.figures.whole(one, 'rechecked_count')} из {area.figures.whole(one, 'selected_count')}",
            area.figures.share_with_interval(one, "objective_share", "objective_low", "objective_high"),
            _shift(area, one),
            _VERDICTS[one["verdict"]],
        )
        for one in sorted(
            results, key=lambda one: (one["unit_code"], one["assessment_id"] != "all", one["assessment_id"])
        )
        if one["rechecked_count"]
    ]
    return under_schools(area, table("Итоги перепроверки отобранных работ", columns, rows))


def _shift(area: Area, result: Row) -> str:
    if result["mean_shift"] is None:
        return ru.DASH
    mean = area.figures.decimal(result, "mean_shift")
    bounds = area.figures.interval(result, "shift_low", "shift_high", form="decimal", digits=1)
    return f"{mean}{ru.NBSP}({bounds})" if bounds != ru.DASH else mean


def _reported_table(area: Area, rechecks: Rows) -> Spec | None:
    columns = [
        ("Код", 20, "text"),
        ("Процедура, предмет, класс", 38, "text"),
        ("Основание", 23, "text"),
        ("Проверено", 19, "number"),
        ("Совпало", 15, "number"),
        ("Понижено", 17, "number"),
        ("Повышено", 17, "number"),
        ("Проверка объективна", 21, "text"),
    ]
    rows = [
        row(
            str(one["school_code"]),
            f"{answer_ru(one, 'procedure')}, {_lower(answer_ru(one, 'recheck_subject'))}, {one['grade']}{ru.NBSP}класс",
            answer_ru(one, "reason"),
            *(
                area.figures.whole(one, name)
                for name in ("rechecked_count", "same_count", "lowered_count", "raised_count")
            ),
            _yes_no(one["is_confirmed_objective"]),
        )
        for one in sorted(rechecks, key=lambda one: (one["school_code"], str(one["recheck_number"])))
    ]
    return under_schools(area, table("Перепроверки, о которых сообщили ОО и муниципалитет", columns, rows))


def _yes_no(value: object) -> str:
    if value is None:
        return ru.DASH
    return "да" if value else "нет"


def replies_section(area: Area, in_question: Sequence[str]) -> Spec | None:
    """Return the causes that schools named and their replies; who has not answered."""
    causes, replies = area.rows("causes"), area.rows("sign_replies")
    is_asked = bool(area.data.rows("causes") or area.data.rows("sign_replies"))
    answered = set(distinct_schools(causes)) | set(distinct_schools(replies))
    silent = [code for code in in_question if code not in answered]
    text: list[str] = []
    if causes or replies:
        named = area.figures.count(causes)
        text.append(
            f"Причин названо {named} ({schools_count(area.figures, causes)} ОО), ответов на признаки получено "
            f"{area.figures.count(replies)} ({schools_count(area.figures, replies)} ОО)."
        )
    if silent and is_asked:
        text.append(f"Требуют внимания, но ни причин, ни ответа не прислали: {area.listed(silent)}.")
    wanted = set(in_question)
    tables = [
        _causes_table(area, [one for one in causes if one["school_code"] in wanted]),
        _replies_table(area, [one for one in replies if one["school_code"] in wanted]),
    ]
    return section(text=text, tables=tables)


def _causes_table(area: Area, causes: Sequence[Row]) -> Spec | None:
    columns = [
        ("Код", 20, "text"),
        ("Причина", 40, "text"),
        ("Характер", 26, "text"),
        ("Работа", 34, "text"),
        ("Насколько доказана", 28, "text"),
        ("Кто назвал", 24, "text"),
    ]
    rows = [
        row(
            str(one["school_code"]),
            answer_ru(one, "cause"),
            answer_ru(one, "nature"),
            _procedure_ru(one),
            answer_ru(one, "confidence"),
            answer_ru(one, "named_by"),
        )
        for one in sorted(causes, key=lambda one: (one["school_code"], str(one["cause_number"])))
    ]
    return under_schools(area, table("Причины, названные в ОО, которые требуют внимания", columns, rows))


def _replies_table(area: Area, replies: Sequence[Row]) -> Spec | None:
    columns = [
        ("Код", 20, "text"),
        ("Признак", 30, "text"),
        ("Работа", 36, "text"),
        ("Согласна ли ОО", 22, "text"),
        ("Чем объясняет", 36, "text"),
        ("Дата ответа", 24, "text"),
    ]
    rows = [
        row(
            str(one["school_code"]),
            _short_reference(one),
            _procedure_ru(one),
            answer_ru(one, "answer"),
            answer_ru(one, "explanation"),
            day_ru(one["replied_on"]),
        )
        for one in sorted(replies, key=lambda one: (one["school_code"], str(one["sign_ref"])))
    ]
    return under_schools(area, table("Ответы ОО на признаки", columns, rows))


def _short_reference(reply: Row) -> str:
    """Return the code of the sign that is answered; links given in its place are not printed."""
    reference = str(reply["sign_ref"] or ru.DASH)
    return "по ссылке в форме" if "://" in reference else reference


def _procedure_ru(one: Row) -> str:
    from_subject = answer_ru(one, "subject") if one["subject"] is None else _subject(one["subject"])
    parts = [answer_ru(one, "procedure"), from_subject, f"{one['grade']}{ru.NBSP}класс" if one["grade"] else ru.DASH]
    known = [part for part in parts if part != ru.DASH]
    return ", ".join(known) or ru.DASH


def _subject(code: str) -> str:
    return _lower(choice_lists()["school_subjects"].get(code, code))


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def conduct_section(area: Area) -> Spec | None:
    """Return how procedures went: observers, violations, visits, by school in order of codes."""
    observers, violations, visits = (area.rows(name) for name in ("observers", "violations", "control_visits"))
    if not (observers or violations or visits):
        return None
    figures = area.figures
    text: list[str] = []
    if observers:
        text.append(
            f"Наблюдателей было {figures.total(observers, 'observers_count')}, обучено из них "
            f"{figures.total(observers, 'trained_count')}, общественных — {figures.total(observers, 'public_count')}; "
            f"конфликт интересов отмечен у {figures.total(observers, 'conflict_count')}."
        )
    if violations:
        text.append(f"Нарушений порядка внесено {figures.count(violations)}: {_kinds_ru(area, violations)}.")
    without = [code for code in area.names if code not in {str(one["school_code"]) for one in observers}]
    if observers and without:
        text.append(f"Сведений о наблюдателях нет: {area.listed(without)}.")
    return section(text=text, tables=[_conduct_table(area, observers, violations, visits)])


def _kinds_ru(area: Area, violations: Rows) -> str:
    kinds = sorted({str(one["kind"]) for one in violations if one["kind"] is not None})
    told = [(violations.where(kind=kind), kind) for kind in kinds]
    return ru.listed([f"{answer_ru(found[0], 'kind')} — {area.figures.count(found)}" for found, _ in told])


def _conduct_table(area: Area, observers: Rows, violations: Rows, visits: Rows) -> Spec | None:
    columns = [
        ("Код", 20, "text"),
        ("ОО", 44, "text"),
        ("Наблюдателей", 18, "number"),
        ("из них обучены", 18, "number"),
        ("общественных", 18, "number"),
        ("Замечаний в актах", 18, "number"),
        ("Нарушений", 18, "number"),
        ("Посещений", 16, "number"),
    ]
    rows = [
        row(
            code,
            area.school(code),
            *(
                _sum(area, observers, code, name)
                for name in ("observers_count", "trained_count", "public_count", "remarks_count")
            ),
            _number(area, violations, code),
            _number(area, visits, code),
        )
        for code in area.names
        if any(one.where(school_code=code) for one in (observers, violations, visits))
    ]
    return table("Наблюдение и контроль по ОО (в порядке кодов)", columns, rows)


def _sum(area: Area, rows: Rows, code: str, column: str) -> str:
    own = rows.where(school_code=code)
    return area.figures.total(own, column) if own else ru.DASH


def _number(area: Area, rows: Rows, code: str) -> str:
    own = rows.where(school_code=code)
    return area.figures.count(own) if own else ru.DASH


def independent_section(area: Area, in_question: Sequence[str]) -> Spec | None:
    """Return what independent works showed in the schools that need a closer look."""
    found = area.rows("diagnostics_summary", procedure=_INDEPENDENT)
    rows = [one for one in found if one["school_code"] in set(in_question)]
    columns = [
        ("Код", 20, "text"),
        ("Процедура", 34, "text"),
        ("Предмет, класс", 42, "text"),
        ("Участников", 21, "number"),
        ("Ниже базового", 20, "number"),
        ("Базовый", 16, "number"),
        ("Повышенный и высокий", 24, "number"),
    ]
    made = [
        _independent_row(area, one) for one in sorted(rows, key=lambda one: (one["school_code"], str(one["procedure"])))
    ]
    text = [
        (
            "Работы, которые проводила не сама ОО. Совпадение с ВПР говорит в пользу результатов ОО, расхождение — "
            "ещё один повод для разговора, если работу писали те же классы."
        )
    ]
    return (
        section(text=text, tables=[under_schools(area, table("Независимые диагностики в этих ОО", columns, made))])
        if made
        else None
    )


def _independent_row(area: Area, one: Row) -> Spec:
    figures = area.figures
    known = one["raised_count"] is not None or one["high_count"] is not None
    upper = (one["raised_count"] or 0) + (one["high_count"] or 0)
    return row(
        str(one["school_code"]),
        answer_ru(one, "procedure"),
        f"{_lower(answer_ru(one, 'work_subject'))}, {one['grade']}{ru.NBSP}класс",
        figures.whole(one, "participants_count"),
        figures.whole(one, "below_base_count"),
        figures.whole(one, "base_count"),
        figures.computed(upper, "сумма повышенного и высокого уровней", [one], form="whole") if known else ru.DASH,
    )


def measures_section(area: Area) -> Spec | None:
    """Return the measures of the direction, those of the municipality first, and what is known of their effect."""
    own = area.data.rows("measures", municipality_code=area.code, school_code=None, direction="objectivity")
    measures = [*own, *area.rows("measures", direction="objectivity")]
    measures.sort(key=lambda one: (str(one["school_code"] or ""), str(one["measure_number"])))
    columns = [
        ("Код", 20, "text"),
        ("№", 12, "text"),
        ("Мера", 54, "text"),
        ("Состояние", 28, "text"),
        ("Срок", 22, "text"),
        ("Вывод о действенности", 34, "text"),
    ]
    rows = [
        row(
            str(one["school_code"] or ru.DASH),
            str(one["measure_number"]),
            area.figures.text(one, "title"),
            answer_ru(one, "status"),
            day_ru(one["ends_on"]),
            answer_ru(one, "conclusion"),
        )
        for one in measures
    ]
    return section(tables=[under_schools(area, table("Меры по объективности", columns, rows))])


def recommendations_section(area: Area) -> Spec | None:
    """Return what to do: the addressed recommendations of the direction to the municipality."""
    found = area.data.rows("recommendations", unit_level="municipality", unit_code=area.code, direction="objectivity")
    return section(points=recommendation_points(area.figures, found))


def recommendation_points(figures: Figures, found: Sequence[Row]) -> list[str]:
    """Return recommendations in words, the urgent first; those held back or refused are left out."""
    roles, audiences = choice_lists()["roles"], choice_lists()["audiences"]
    points: list[str] = []
    for one in sorted(
        found,
        key=lambda one: (
            -(one["urgency"] or 0),
            one["due_on"] is None,
            str(one["due_on"] or ""),
            one["recommendation_id"],
        ),
    ):
        if one["is_held_back"] or one["state"] == "rejected":
            continue
        role = one["responsible_role"]
        who = roles.get(role, audiences.get(role, "")) if role else ""
        tail = [f"ответственный — {who}" if who else "", f"срок — {day_ru(one['due_on'])}" if one["due_on"] else ""]
        told = "; ".join(part for part in tail if part)
        expected = f" Ожидается: {_lower(figures.text(one, 'expected_ru').rstrip('.'))}." if one["expected_ru"] else ""
        points.append(f"{figures.text(one, 'text_ru')}{f' ({ru.sentence_start(told)}.)' if told else ''}{expected}")
    return points
