"""What stands around results: forms, admission, pupils with ОВЗ, medals, retained pupils, appeals, choice, advice."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from oko_pipeline.catalogue.recommendation_rules import ADDRESSEES_DATIVE
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting import sections
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.exams import words
from oko_pipeline.reporting.exams.results import ExamResult, own_rows, total, total_text, unit_schools
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.sections import Spec

Unit = tuple[str, str]
PROCEDURES_RU: Final = {
    "essay": "Итоговое сочинение",
    "statement": "Итоговое изложение",
    "interview": "Итоговое собеседование",
}
_PROCEDURES_GENITIVE: Final = {
    "essay": "итогового сочинения",
    "statement": "итогового изложения",
    "interview": "итогового собеседования",
}
_REPORTED: Final = {"interview": "interview9", "essay": "essay11"}
_EXAM_TABLES: Final = (
    "exam_summary",
    "exam_task_results",
    "exam_form_shares",
    "admission_results",
    "medallist_results",
)
_TOPICS: Final[Mapping[str, tuple[str, ...]]] = {
    "9": ("oge", "gve9", "interview"),
    "11": ("ege", "gve11", "essay", "statement"),
}
_MAIN_FORM_RU: Final = {"9": "ОГЭ", "11": "ЕГЭ"}


def forms_text(data: CycleData, unit: Unit, level: str, figures: Figures) -> str:
    """Return how many took ГИА and in which form; "" without protocols.

    Args:
        data: table `exam_form_shares`.
        unit: level and code.
        level: 9 or 11.
        figures: of the document.
    """
    row = data.row("exam_form_shares", education_level=level, unit_level=unit[0], unit_code=unit[1])
    if row is None or row["participants_count"] < data.settings.hide_below:
        return ""
    text = (
        f"По протоколам в ГИА-{level} участвовали {figures.counted(row, 'participants_count', words.PEOPLE)}: хотя бы "
        f"один экзамен в форме {_MAIN_FORM_RU[level]} сдавали {figures.whole(row, 'main_form_count')}, в форме "
        f"ГВЭ — {figures.whole(row, 'gve_count')}"
    )
    if row["participants_count"] >= data.settings.claim_from and row["gve_count"]:
        bounds = figures.interval(row, "gve_low", "gve_high")
        return f"{text} ({figures.percent(row, 'gve_share')}, 95-процентный интервал {bounds}{ru.NBSP}%)."
    return f"{text}."


def forms_table(data: CycleData, municipality_code: str, level: str, figures: Figures) -> Spec | None:
    """Return schools where somebody took ГВЭ, in the order of codes; small groups are left out."""
    least = data.settings.claim_from
    rows: list[Spec] = []
    for code in unit_schools(data, ("municipality", municipality_code)):
        row = data.row("exam_form_shares", education_level=level, unit_level="school", unit_code=code)
        if row is None or not row["gve_count"] or row["participants_count"] < least:
            continue
        share = figures.share_with_interval(row, "gve_share", "gve_low", "gve_high")
        cells = (figures.whole(row, "participants_count"), figures.whole(row, "gve_count"), share)
        rows.append(sections.row(data.unit_name("school", code), *cells))
    columns = [
        ("ОО", 5.0, "text"),
        ("Участников", 1.6, "number"),
        ("ГВЭ, чел.", 1.4, "number"),
        ("ГВЭ, %", 2.2, "number"),
    ]
    return sections.table(f"ОО, где сдавали ГВЭ-{level}", columns, rows)


def both_forms_table(results: Sequence[ExamResult], figures: Figures, claim_from: int) -> Spec | None:
    """Return subjects taken in both forms, side by side: those below the minimum in the main form and in ГВЭ."""
    by_subject: dict[str, list[ExamResult]] = {}
    for one in results:
        if one.participants >= claim_from and not one.is_doubtful:
            by_subject.setdefault(one.key.subject_code, []).append(one)
    rows = []
    for found in by_subject.values():
        main = [one for one in found if not one.key.kind.startswith("gve")]
        special = [one for one in found if one.key.kind.startswith("gve")]
        rows += [
            sections.row(words.subject_name(one.key), *_form_cells(one, figures), *_form_cells(special[0], figures))
            for one in main
            if special
        ]
    columns = [
        ("Предмет", 3.2, "text"),
        ("Основная форма: n", 1.6, "number"),
        ("ниже минимума, %", 2.3, "number"),
        ("ГВЭ: n", 1.2, "number"),
        ("ниже минимума, %", 2.3, "number"),
    ]
    return sections.table("Предметы, которые сдавали в обеих формах", columns, rows)


def _form_cells(result: ExamResult, figures: Figures) -> tuple[str, str]:
    measure = "failed" if result.is_marked else "below"
    return result.count_text(figures, "participants"), result.share_text(figures, measure)


def admission_section(data: CycleData, unit: Unit, procedures: Sequence[str], figures: Figures) -> Spec | None:
    """Return the section about what admits to ГИА: interview for grade 9, essay for grade 11."""
    text = [_admission_text(data, unit, one, figures) for one in procedures]
    tables: list[Spec | None] = [_reported_admission(data, unit, one, figures) for one in procedures]
    if unit[0] == "municipality":
        tables = [*(_admission_schools(data, unit[1], one, figures) for one in procedures), *tables]
    return sections.section(text=text, tables=tables)


def admission_texts(data: CycleData, unit: Unit, procedures: Sequence[str], figures: Figures) -> Spec | None:
    """Return the section about admission to exams without tables."""
    return sections.section(text=[_admission_text(data, unit, one, figures) for one in procedures])


def _admission_text(data: CycleData, unit: Unit, procedure: str, figures: Figures) -> str:
    row = data.row("admission_results", procedure=procedure, unit_level=unit[0], unit_code=unit[1])
    if row is None or row["participants_count"] < data.settings.hide_below:
        return ""
    participants = figures.counted(row, "participants_count", ru.PARTICIPANTS)
    passed = figures.whole(row, "passed_count")
    text = f"{PROCEDURES_RU[procedure]}: результат есть у {_genitive(participants, row)}, зачёт — у {passed}"
    if row["participants_count"] >= data.settings.claim_from:
        bounds = figures.interval(row, "passed_low", "passed_high")
        text += f" ({figures.percent(row, 'passed_share')}, 95-процентный интервал {bounds}{ru.NBSP}%)"
    if row["failed_count"]:
        text += f", незачёт — у {figures.whole(row, 'failed_count')}"
    if row["repeated_count"]:
        text += f"; повторно участвовали {figures.whole(row, 'repeated_count')}"
    if row["not_valid_count"]:
        text += f"; без действительного результата — {figures.whole(row, 'not_valid_count')}"
    if row["mean_score"] is not None and row["participants_count"] >= data.settings.claim_from:
        text += f"; средний балл — {figures.decimal(row, 'mean_score')}"
    return f"{text}."


def _genitive(counted: str, row: Row) -> str:
    number = counted.rpartition(ru.NBSP)[0]
    return f"{number}{ru.NBSP}{ru.plural(row['participants_count'], ru.PARTICIPANTS_GENITIVE)}"


def _admission_schools(data: CycleData, municipality_code: str, procedure: str, figures: Figures) -> Spec | None:
    settings = data.settings
    rows: list[Spec] = []
    for code in unit_schools(data, ("municipality", municipality_code)):
        row = data.row("admission_results", procedure=procedure, unit_level="school", unit_code=code)
        if row is None:
            continue
        name = data.unit_name("school", code)
        if row["participants_count"] < settings.hide_below:
            rows.append(sections.row(name, f"Участников меньше {settings.hide_below}, числа скрыты"))
            continue
        share = UNKNOWN
        if row["participants_count"] >= settings.claim_from:
            share = figures.share_with_interval(row, "passed_share", "passed_low", "passed_high")
        counts = [figures.whole(row, name) for name in ("participants_count", "passed_count", "failed_count")]
        rows.append(sections.row(name, *counts, share))
    columns = [
        ("ОО", 5.0, "text"),
        ("Участников", 1.5, "number"),
        ("Зачёт", 1.2, "number"),
        ("Незачёт", 1.2, "number"),
        ("Зачёт, %", 2.2, "number"),
    ]
    return sections.table(f"Результаты {_PROCEDURES_GENITIVE[procedure]} по ОО", columns, rows)


def _reported_admission(data: CycleData, unit: Unit, procedure: str, figures: Figures) -> Spec | None:
    """Return the totals of forms by attempt where there are no protocols of the procedure."""
    if data.row("admission_results", procedure=procedure, unit_level=unit[0], unit_code=unit[1]) is not None:
        return None
    own = own_rows(data, "exam_admission", unit).where(procedure=_REPORTED.get(procedure, procedure))
    rows: list[Spec] = []
    for attempt in ("main", "second", "third"):
        found = [row for row in own if row["attempt"] == attempt]
        if found:
            counts = [total_text(figures, found, name) for name in _ADMISSION_COUNTS]
            rows.append(sections.row(answer_ru(found[0], "attempt"), *counts))
    columns = [
        ("Срок", 3.0, "text"),
        ("Должны были", 1.5, "number"),
        ("Участвовали", 1.6, "number"),
        ("из них с ОВЗ", 1.4, "number"),
        ("Зачёт", 1.2, "number"),
        ("Незачёт", 1.3, "number"),
        ("Не явились без причины", 1.7, "number"),
    ]
    title = f"Итоги {_PROCEDURES_GENITIVE[procedure]} по формам ОО"
    return sections.table(title, columns, rows)


_ADMISSION_COUNTS: Final = (
    "graduates_count", "participants_count", "ovz_count", "passed_count", "failed_count", "absent_no_reason_count",
)  # fmt: skip


def special_section(data: CycleData, unit: Unit, kinds: Sequence[str], figures: Figures) -> Spec | None:
    """Return the section about pupils with ОВЗ: their results beside those of all, from protocols and from forms."""
    rows: list[Spec] = []
    settings = data.settings
    found = data.rows("exam_summary", unit_level=unit[0], unit_code=unit[1], category="special")
    for row in found:
        key = words.exam_key(str(row["exam_code"]))
        if key.kind not in kinds:
            continue
        if row["participants_count"] < settings.hide_below:
            rows.append(sections.row(words.exam_title(key), f"Участников меньше {settings.hide_below}, числа скрыты"))
            continue
        stem = "success" if key.is_marked else "below_minimum"
        share = UNKNOWN
        if row["participants_count"] >= settings.claim_from:
            share = figures.share_with_interval(row, f"{stem}_share", f"{stem}_low", f"{stem}_high")
        below = figures.whole(row, "mark_2_count" if key.is_marked else "below_minimum_count")
        what = "сдали" if key.is_marked else "ниже минимума"
        rows.append(
            sections.row(words.exam_title(key), figures.whole(row, "participants_count"), below, f"{share} ({what})")
        )
    columns = [
        ("Экзамен", 4.0, "text"),
        ("С ОВЗ", 1.2, "number"),
        ("Ниже минимума", 1.6, "number"),
        ("Доля, %", 3.0, "number"),
    ]
    table = sections.table("Участники с ОВЗ", columns, rows)
    return sections.section(text=[_special_forms(data, unit, kinds, figures)], tables=[table])


def _special_forms(data: CycleData, unit: Unit, kinds: Sequence[str], figures: Figures) -> str:
    exams = {kind.rstrip("0123456789") for kind in kinds}
    own = [
        row
        for row in own_rows(data, "exam_results_reported", unit)
        if row["exam"] in exams and row["ovz_count"] and row["stage"] == "main" and _is_of_level(row, kinds)
    ]
    if total(own, "ovz_count") < data.settings.hide_below:
        return ""
    special = total_text(figures, own, "ovz_count", words.RESULTS)
    whole = total_text(figures, own, "participants_count")
    return (
        f"По формам ОО на участников с ОВЗ в основной период приходится {special} из {whole} по тем же экзаменам и ОО "
        "(участник, сдавший два экзамена, посчитан дважды)."
    )


def _is_of_level(row: Row, kinds: Sequence[str]) -> bool:
    if row["exam"] != "gve":
        return True
    return ("gve11" if int(row["grade"]) >= 11 else "gve9") in kinds


def retained_section(data: CycleData, unit: Unit, grades: Sequence[int], figures: Figures) -> Spec | None:
    """Return the section about pupils of final grades who stay for another year, by reason."""
    own = [row for row in own_rows(data, "retained_pupils_summary", unit) if row["grade"] in grades]
    hide_below = data.settings.hide_below
    if not own:
        return None
    retained = total(own, "retained_count")
    if not retained:
        return None
    if retained < hide_below:
        return sections.section(text=[f"Оставленных на повторное обучение меньше {hide_below}, числа скрыты."])
    text = f"На повторное обучение оставлены {total_text(figures, own, 'retained_count', words.PEOPLE)}"
    failed = [
        f"{title} — {total_text(figures, own, column)}"
        for column, title in (
            ("russian_failed_count", "по русскому языку"),
            ("mathematics_failed_count", "по математике"),
        )
        if total(own, column)
    ]
    if failed:
        text += f"; неудовлетворительный результат {ru.listed(failed)}"
    by_reason: dict[str, list[Row]] = {}
    for row in own:
        by_reason.setdefault(answer_ru(row, "reason"), []).append(row)
    rows = [
        sections.row(ru.sentence_start(reason), *(_hidden_total(figures, rows, name, hide_below) for name in _RETAINED))
        for reason, rows in sorted(by_reason.items())
    ]
    columns = [
        ("Причина", 3.2, "text"),
        ("Оставлены", 1.5, "number"),
        ("Адаптированная программа", 2.0, "number"),
        ("Индивидуальный план", 2.0, "number"),
        ("Выбыли", 1.3, "number"),
    ]
    table = sections.table("Оставленные на повторное обучение по причинам", columns, rows)
    return sections.section(text=[f"{text}."], tables=[table])


_RETAINED: Final = ("retained_count", "transferred_adapted_count", "individual_plan_count", "left_school_count")


def _hidden_total(figures: Figures, rows: Sequence[Row], column: str, hide_below: int) -> str:
    value = total(rows, column)
    return f"меньше {hide_below}" if 0 < value < hide_below else total_text(figures, rows, column)


def appeals_section(data: CycleData, unit: Unit, procedures: Sequence[str], figures: Figures) -> Spec | None:
    """Return the section about appeals of exams, by subject; from the register of appeals."""
    own = [row for row in own_rows(data, "appeals", unit) if row["procedure"] in procedures]
    if not total(own, "points_appeals_count") and not total(own, "order_appeals_count"):
        return None
    points, granted, order = (
        total_text(figures, own, "points_appeals_count", words.APPEALS),
        total_text(figures, own, "granted_count"),
        total_text(figures, own, "order_appeals_count"),
    )
    text = f"О несогласии с баллами — {points}, удовлетворено {granted}; о нарушении порядка — {order}."
    by_subject: dict[tuple[str, str], list[Row]] = {}
    for row in own:
        name = f"{answer_ru(row, 'procedure')}, {words.lower_first(answer_ru(row, 'appeal_subject'))}"
        by_subject.setdefault((name, ""), []).append(row)
    rows = [
        sections.row(name, *(total_text(figures, found, column) for column in _APPEALS))
        for (name, _), found in sorted(by_subject.items())
    ]
    columns = [
        ("Экзамен", 3.6, "text"),
        ("О баллах", 1.3, "number"),
        ("Удовлетворено", 2.0, "number"),
        ("Баллы выше", 1.1, "number"),
        ("Баллы ниже", 1.1, "number"),
        ("Техническая ошибка", 1.8, "number"),
        ("О порядке", 1.4, "number"),
    ]
    return sections.section(text=[text], tables=[sections.table("Апелляции", columns, rows)])


_APPEALS: Final = (
    "points_appeals_count", "granted_count", "raised_count", "lowered_count", "technical_count", "order_appeals_count",
)  # fmt: skip


def medals_section(data: CycleData, unit: Unit, figures: Figures) -> Spec | None:
    """Return the section about medallists: whether their ЕГЭ confirms the medal."""
    settings = data.settings
    rows: list[Spec] = []
    points: list[str] = []
    for row in data.rows("medallist_results", unit_level=unit[0], unit_code=unit[1]):
        key = words.exam_key(str(row["exam_code"]))
        name = words.subject_name(key)
        if row["medallists_count"] < settings.hide_below:
            rows.append(sections.row(name, f"Медалистов меньше {settings.hide_below}, числа скрыты"))
            continue
        counts = [
            figures.whole(row, column) for column in ("medallists_count", "threshold_score", "below_threshold_count")
        ]
        share = UNKNOWN
        if row["medallists_count"] >= settings.claim_from:
            share = figures.share_with_interval(
                row, "below_threshold_share", "below_threshold_low", "below_threshold_high"
            )
        rows.append(sections.row(name, *counts, share, figures.decimal(row, "mean_test")))
        if row["below_threshold_count"]:
            threshold, below = figures.whole(row, "threshold_score"), figures.whole(row, "below_threshold_count")
            medallists = figures.counted(row, "medallists_count", _MEDALLISTS)
            points.append(f"{words.exam_dative(key)}: ниже {threshold} баллов — {below} из {medallists}.")
    columns = [
        ("Экзамен", 3.4, "text"),
        ("Медалистов", 1.5, "number"),
        ("Порог", 1.0, "number"),
        ("Ниже порога", 1.4, "number"),
        ("Ниже порога, %", 2.0, "number"),
        ("Средний балл", 1.5, "number"),
    ]
    table = sections.table("ЕГЭ медалистов", columns, rows)
    return sections.section(points=points, tables=[table, _reported_medals(data, unit, figures)])


_MEDALLISTS: Final = ("медалиста", "медалистов", "медалистов")


def _reported_medals(data: CycleData, unit: Unit, figures: Figures) -> Spec | None:
    own = own_rows(data, "medals", unit)
    hide_below = data.settings.hide_below
    rows: list[Spec] = []
    for award in ("medal_first", "medal_second"):
        found = [row for row in own if row["award"] == award]
        if found and total(found, "candidates_count"):
            counts = [_hidden_total(figures, found, column, hide_below) for column in _MEDALS]
            rows.append(sections.row(ru.sentence_start(answer_ru(found[0], "award")), *counts))
    columns = [
        ("Награда", 2.6, "text"),
        ("Выпускников", 1.6, "number"),
        ("Претендентов", 1.7, "number"),
        ("Награждены", 1.5, "number"),
        ("Не подтвердили на ГИА", 1.8, "number"),
        ("ЕГЭ ниже порога", 1.6, "number"),
    ]
    return sections.table("Медали по формам ОО", columns, rows)


_MEDALS: Final = (
    "graduates_count",
    "candidates_count",
    "awarded_count",
    "not_confirmed_count",
    "below_threshold_count",
)


def choice_section(data: CycleData, unit: Unit, grades: Sequence[int], figures: Figures) -> Spec | None:
    """Return the section about the choice of subjects: chosen, of the profile, changed, taken."""
    own = [row for row in own_rows(data, "exam_choice", unit) if row["grade"] in grades]
    by_subject: dict[str, list[Row]] = {}
    for row in own:
        by_subject.setdefault(answer_ru(row, "exam_subject"), []).append(row)
    hide_below = data.settings.hide_below
    rows: list[Spec] = []
    changed: list[str] = []
    for name, found in sorted(by_subject.items()):
        if total(found, "chosen_count") < hide_below:
            rows.append(sections.row(name, f"Выбрали меньше {hide_below}, числа скрыты"))
            continue
        rows.append(sections.row(name, *(_hidden_total(figures, found, column, hide_below) for column in _CHOICE)))
        if total(found, "changed_choice_count") >= hide_below:
            changed.append(f"{words.lower_first(name)} — {total_text(figures, found, 'changed_choice_count')}")
    columns = [
        ("Предмет", 3.2, "text"),
        ("Выпускников", 1.6, "number"),
        ("Выбрали", 1.3, "number"),
        ("из них по профилю", 1.5, "number"),
        ("Изменили выбор", 1.5, "number"),
        ("Сдавали", 1.3, "number"),
    ]
    text = f"Выбор меняли после установленного срока: {ru.listed(changed, 6)}." if changed else ""
    table = sections.table("Выбор предметов и профиль обучения", columns, rows)
    return sections.section(text=[text], tables=[table])


_CHOICE: Final = ("graduates_count", "chosen_count", "profile_count", "changed_choice_count", "taken_count")


def year_marks_section(results: Sequence[ExamResult], figures: Figures, claim_from: int) -> Spec | None:
    """Return the section about exam marks beside year marks; only protocols with year marks tell it."""
    rows: list[Spec] = []
    charted: list[Row] = []
    names: list[str] = []
    for result in results:
        row = result.rows[0]
        if (
            row.table != "exam_summary"
            or row["year_mark_pairs_count"] < claim_from
            or row["year_mark_same_count"] is None
        ):
            continue
        name = words.exam_title(result.key)
        counts = [figures.whole(row, f"year_mark_{side}_count") for side in ("lower", "same", "higher")]
        rows.append(sections.row(name, figures.whole(row, "year_mark_pairs_count"), *counts))
        charted.append(row)
        names.append(name)
    if not rows:
        return None
    columns = [
        ("Экзамен", 4.0, "text"),
        ("Пар отметок", 1.5, "number"),
        ("Экзамен ниже", 1.5, "number"),
        ("Совпали", 1.3, "number"),
        ("Экзамен выше", 1.5, "number"),
    ]
    series = [
        sections.series(title, role, figures.values(charted, f"year_mark_{role}_count", digits=0))
        for role, title in (("lower", "экзамен ниже годовой"), ("same", "совпали"), ("higher", "экзамен выше годовой"))
    ]
    chart = sections.chart(
        "stacked",
        "Отметка экзамена и годовая отметка, % пар",
        f"Отметка экзамена ниже годовой: {names[0]} — {rows[0]['cells'][2]} из {rows[0]['cells'][1]} пар.",
        names,
        series,
        height_mm=max(42, 24 + 11 * len(names)),
    )
    table = sections.table("Отметка экзамена и годовая отметка", columns, rows)
    return sections.section(tables=[table], charts=[chart])


def advice_section(data: CycleData, unit: Unit, level: str, figures: Figures, topic: str = "") -> Spec | None:
    """Return the recommendations of the year that stand on findings about exams of a level (9 or 11).

    Args:
        data: tables `findings` and `recommendations`.
        unit: level and code.
        level: 9 or 11.
        figures: of the document.
        topic: one exam only (`exam_code`).
    """
    own = _advice(data, unit, level, topic)
    rows = [_advice_row(row, figures) for row in own]
    columns = [("Кому", 2.3, "text"), ("Рекомендация", 5.2, "text"), ("Основание", 4.2, "text"), ("Срок", 1.5, "text")]
    table = sections.table("Рекомендации по итогам экзаменов", columns, rows)
    text = []
    if unit[0] == "municipality":
        text = [_schools_advice(data, unit, (level, topic), figures)]
    return sections.section(text=text, tables=[table])


def _advice(data: CycleData, unit: Unit, level: str, topic: str) -> list[Row]:
    topics = {
        row["finding_id"]
        for row in data.rows("findings", unit_level=unit[0], unit_code=unit[1])
        if row["evidence_table"] in _EXAM_TABLES and _is_topic(row, level) and topic in str(row["topic"])
    }
    own = data.rows("recommendations", unit_level=unit[0], unit_code=unit[1])
    kept = [
        row
        for row in own
        if row["state"] != "rejected" and not row["is_held_back"] and topics & set(_listed_ids(row["finding_ids"]))
    ]
    return sorted(kept, key=lambda row: (-(row["urgency"] or 0), str(row["recommendation_id"])))


def _is_topic(row: Row, level: str) -> bool:
    if row["evidence_table"] == "medallist_results":
        return level == "11"
    return str(row["topic"]).partition(":")[0] in _TOPICS[level]


def _listed_ids(value: Any) -> list[str]:
    found: list[str] = json.loads(value) if isinstance(value, str) else list(value or ())
    return found


def _advice_row(row: Row, figures: Figures) -> Spec:
    addressee = ADDRESSEES_DATIVE.get(str(row["addressee"]), str(row["addressee"]))
    text, basis = (figures.text(row, name) for name in ("text_ru", "basis_ru"))
    return sections.row(ru.sentence_start(addressee), text, basis or UNKNOWN, day_ru(row["due_on"]))


def _schools_advice(data: CycleData, unit: Unit, about: tuple[str, str], figures: Figures) -> str:
    by_title: dict[str, list[Row]] = {}
    for code in unit_schools(data, unit):
        for row in _advice(data, ("school", code), *about):
            by_title.setdefault(str(row["title_ru"]), []).append(row)
    if not by_title:
        return ""
    told = []
    for title, rows in sorted(by_title.items()):
        schools = len({row["unit_code"] for row in rows})
        number = figures.computed(schools, "число ОО с такой рекомендацией", rows, form="whole", digits=0)
        told.append(f"{ru.quoted(title)} — {number}{ru.NBSP}{ru.plural(schools, words.SCHOOLS)}")
    return f"Рекомендации ОО стоят в их справках: {'; '.join(told)}."
