"""Table specifications of a note (see `word_tables`): Russian texts in cells, sizes hidden where groups are small."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from oko_pipeline.catalogue.keys import AssessmentKey, school_code_from_login
from oko_pipeline.catalogue.rules import rules
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.vpr.levels import Level, Share
from oko_pipeline.reporting.vpr.note_data import NoteData, Record
from oko_pipeline.reporting.vpr.note_works import Part, UnitView, WorkView, school_label, work_title

Table = dict[str, Any]
TOO_FEW: Final = "недостаточно данных"
COVERED: Final = "скрыто: иначе по итогу раскрылась бы малая группа"
NO_MARKS: Final = "отметок нет: шкала не подтверждена"
ZERO_WIDTH_SPACE: Final = "\u200b"
_NO_VALUE: Final = ru.DASH
_LOGIN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{3}\d{6}(?!\d)")
_SEVERITIES: Final = {"error": "ошибка", "warning": "предупреждение", "note": "к сведению"}


def table(title: str, columns: Sequence[tuple[str, float, str]], rows: Sequence[Record]) -> Table | None:
    """Return a table specification, None when there are no rows.

    Args:
        title: what the table holds, for those who hear the document read aloud.
        columns: title, relative width and kind (text or number) of each column.
        rows: rows as `word_tables` describes them.
    """
    if not rows:
        return None
    return {
        "block": "table",
        "title": title,
        "columns": [{"title": text, "weight": weight, "kind": kind} for text, weight, kind in columns],
        "rows": list(rows),
    }


def row(*cells: str, kind: str = "plain") -> Record:
    """Return a row; fewer cells than columns stretch the last one."""
    return {"cells": list(cells), "kind": kind}


def size_text(n: int, settings: DocumentSettings) -> str:
    """Return a group's size; a size below the limit of disclosure is hidden: «менее 5»."""
    return f"менее{ru.NBSP}{settings.hide_below}" if 0 < n < settings.hide_below else ru.whole(n)


def share_text(share: Share | None) -> str:
    """Return a share with its interval, a dash where it is unknown."""
    return _NO_VALUE if share is None else ru.share_with_interval(share.value, share.low, share.high)


def _is_claimable(n: int, settings: DocumentSettings) -> bool:
    return n >= settings.claim_from


def school_participation(view: UnitView, data: NoteData) -> Table | None:
    """Return the participation of a school: a row a work, missing works included."""
    order = _coverage_order(view)
    has_enrolment = any(record["enrolled_count"] is not None for record in order)
    columns: list[tuple[str, float, str]] = [("Работа", 6.0, "text")]
    if has_enrolment:
        columns.append(("Обучается", 2.2, "number"))
    columns += [
        ("Участвовали", 2.6, "number"),
        ("Отсутствовали", 2.9, "number"),
        ("Доля участников, %", 2.6, "number"),
        ("Классов", 1.8, "number"),
    ]
    rows: list[Record] = []
    for record in order:
        title = work_title(_key(record), data.campaign_code)
        if record["state"] == "missing" and not record["is_expected"]:
            continue
        if record["state"] != "written":
            rows.append(row(title, _state_text(record)))
            continue
        enrolled = [_count_or_dash(record["enrolled_count"])] if has_enrolment else []
        rows.append(
            row(
                title,
                *enrolled,
                size_text(record["participants_count"], data.settings),
                ru.whole(record["absent_count"]),
                _ratio(record["participants_count"], record["absent_count"], data.settings),
                ru.whole(record["classes_count"]),
            )
        )
    return table("Участие в работах", columns, rows)


def municipality_participation(view: UnitView, data: NoteData) -> Table | None:
    """Return the participation of a municipality: a row a work."""
    columns = [
        ("Работа", 5.6, "text"),
        ("ОО", 1.6, "number"),
        ("Участвовали", 2.6, "number"),
        ("Отсутствовали", 2.9, "number"),
        ("Доля участников, %", 2.6, "number"),
        ("ОО без результатов", 2.5, "number"),
    ]
    rows: list[Record] = []
    for assessment_id, records in _grouped(_coverage_order(view), "assessment_id").items():
        written = [record for record in records if record["state"] == "written"]
        participants = sum(record["participants_count"] for record in written)
        absent = sum(record["absent_count"] for record in records)
        missing = sum(bool(record["is_expected"]) and record["state"] == "missing" for record in records)
        title = work_title(_key({"assessment_id": assessment_id}), data.campaign_code)
        rows.append(
            row(
                title,
                ru.whole(len(written)),
                size_text(participants, data.settings),
                ru.whole(absent),
                _ratio(participants, absent, data.settings),
                ru.whole(missing),
            )
        )
    return table("Участие в работах", columns, rows)


def schools_participation(view: UnitView, data: NoteData) -> Table | None:
    """Return the participation by school in the order of codes: a row a school."""
    columns = [
        ("Образовательная организация", 6.2, "text"),
        ("Работ выполнено", 2.3, "number"),
        ("Участий", 2.2, "number"),
        ("Отсутствий", 2.6, "number"),
        ("Доля участий, %", 2.2, "number"),
        ("Нет результатов, работ", 2.5, "number"),
    ]
    by_school = _grouped(view.coverage, "school_code")
    rows: list[Record] = []
    for school in view.schools:
        records = by_school.get(school["school_code"], [])
        written = [record for record in records if record["state"] == "written"]
        participants = sum(record["participants_count"] for record in written)
        absent = sum(record["absent_count"] for record in records)
        missing = sum(bool(record["is_expected"]) and record["state"] == "missing" for record in records)
        rows.append(
            row(
                school_label(school),
                ru.whole(len(written)),
                size_text(participants, data.settings),
                ru.whole(absent),
                _ratio(participants, absent, data.settings),
                ru.whole(missing),
            )
        )
    return table("Участие по образовательным организациям", columns, rows)


def marks(view: UnitView, settings: DocumentSettings) -> Table | None:
    """Return the marks of the unit beside its benchmarks: a group of rows a work."""
    columns = [
        ("Работа", 5.4, "text"),
        ("n", 1.9, "number"),
        ("«2», %", 2.7, "number"),
        ("«3», %", 2.7, "number"),
        ("«4», %", 2.7, "number"),
        ("«5», %", 2.7, "number"),
        ("Базовый уровень, %", 2.9, "number"),
        ("«4» и «5», %", 2.7, "number"),
    ]
    rows: list[Record] = []
    for work in view.works:
        if work.own.marks is None and work.own.participants >= settings.claim_from:
            continue
        rows.append(_marks_row(work.title, work.own, settings, kind="own"))
        if _is_claimable(work.own.participants, settings):
            rows += [_marks_row(level.name, level, settings) for level in work.comparators if level.marks is not None]
    if all(len(record["cells"]) < len(columns) for record in rows):
        return None
    return table("Отметки по работам рядом с ориентирами", columns, rows)


def _marks_row(label: str, level: Level, settings: DocumentSettings, kind: str = "plain") -> Record:
    size = size_text(level.participants, settings)
    if not _is_claimable(level.participants, settings):
        return row(label, size, TOO_FEW, kind=kind)
    if level.marks is None:
        return row(label, size, NO_MARKS, kind=kind)
    shares = [share_text(share) for share in (*level.marks, level.base, level.good)]
    return row(label, ru.whole(level.marked), *shares, kind=kind)


def journal(view: UnitView, settings: DocumentSettings) -> Table | None:
    """Return the agreement with the journal: a row a work, the benchmarks' share «lower» beside it."""
    shown = [work for work in view.works if work.own.pairs]
    names = list(dict.fromkeys(c.short_name for work in shown for c in work.comparators if c.journal is not None))
    columns = [
        ("Работа", 3.7, "text"),
        ("Пар", 1.2, "number"),
        ("Ниже журнала, %", 2.5, "number"),
        ("Совпали, %", 2.5, "number"),
        ("Выше журнала, %", 2.5, "number"),
        ("Разница 2 и\u00a0более", 1.7, "number"),
        *((f"Ниже: {_hyphenated(name)}, %", 1.6, "number") for name in names),
    ]
    rows = [_journal_row(work, names, settings) for work in shown]
    if all(len(record["cells"]) < len(columns) for record in rows):
        return None
    return table("Соответствие отметок журналу", columns, rows)


def _journal_row(work: WorkView, names: Sequence[str], settings: DocumentSettings) -> Record:
    own = work.own
    size = size_text(own.pairs, settings)
    if own.journal is None or not _is_claimable(own.pairs, settings):
        return row(work.title, size, TOO_FEW)
    around = {c.short_name: c.journal[0] for c in work.comparators if c.journal is not None}
    beside = [ru.percent_number(around[name].value) if name in around else _NO_VALUE for name in names]
    gaps = _NO_VALUE if own.gaps is None else ru.whole(own.gaps)
    return row(work.title, size, *(share_text(share) for share in own.journal), gaps, *beside)


def _hyphenated(name: str) -> str:
    """Return a long header word with a soft hyphen, so that a narrow column breaks it where Russian does."""
    return name.replace("муниципалитет", "муници\u00adпалитет")


def tasks(view: UnitView, settings: DocumentSettings) -> Table | None:
    """Return how the tasks went, a row a work: by levels of difficulty, and which tasks are red."""
    columns = [
        ("Работа", 4.6, "text"),
        ("n", 1.65, "number"),
        ("Средний балл, % от мак\u00adсимума", 2.0, "number"),
        ("Б, %", 1.3, "number"),
        ("П, %", 1.3, "number"),
        ("В, %", 1.3, "number"),
        ("Задания красной зоны", 4.85, "text"),
    ]
    rows: list[Record] = []
    for work in view.works:
        size = size_text(work.own.participants, settings)
        if not _is_claimable(work.own.participants, settings):
            rows.append(row(work.title, size, TOO_FEW))
            continue
        mean = work.own.mean_percent
        solved = level_shares(work)
        levels = [ru.percent_number(solved[level]) if level in solved else _NO_VALUE for level in ("Б", "П", "В")]
        rows.append(
            row(work.title, size, _NO_VALUE if mean is None else ru.decimal(mean), *levels, _red_codes(work, settings))
        )
    if all(len(record["cells"]) < len(columns) for record in rows):
        return None
    return table("Выполнение заданий по работам", columns, rows)


def level_shares(work: WorkView) -> dict[str, float]:
    """Return the solvability of a work's tasks by level of difficulty."""
    return {
        skill["skill_code"]: skill["solved_share"]
        for skill in work.skills
        if skill["kind"] == "level" and skill["solved_share"] is not None
    }


def _red_codes(work: WorkView, settings: DocumentSettings) -> str:
    if all(task["colour"] is None for task in work.tasks):
        return "уровни не известны"
    red = [f"{t['task_code']}{'' if is_surely_red(t, settings) else '*'}" for t in work.tasks if t["colour"] == "red"]
    return ", ".join(red) or "нет"


def red_tasks(work: WorkView, settings: DocumentSettings) -> Table | None:
    """Return the tasks of the red zone in the order of the paper, with how sure the zone is."""
    around = "муниципалитет" if work.own.name == "школа" else "регион"
    columns = [
        ("Задание", 1.8, "text"),
        ("Уровень", 1.7, "text"),
        ("Проверяемое умение", 6.4, "text"),
        ("Выполнение, %", 2.6, "number"),
        (ru.sentence_start(_hyphenated(f"{around}, %")), 2.5, "number"),
        ("Не при\u00adступали, %", 2.2, "number"),
    ]
    rows: list[Record] = []
    for task in work.tasks:
        if task["colour"] != "red" or task["solved_share"] is None:
            continue
        solved = Share(task["solved_share"], task["solved_low"], task["solved_high"])
        beside = work.comparator_tasks.get(int(task["position"]))
        rows.append(
            row(
                f"{task['task_code']}{'' if is_surely_red(task, settings) else '*'}",
                str(task["difficulty_level"] or _NO_VALUE),
                ru.shortened(str(task["skill"] or "описания нет"), 130),
                share_text(solved),
                _NO_VALUE if beside is None else ru.percent_number(beside),
                _NO_VALUE if task["not_attempted_share"] is None else ru.percent_number(task["not_attempted_share"]),
            )
        )
    return table(f"Задания красной зоны: {work.title}", columns, rows)


def is_surely_red(task: Record, settings: DocumentSettings) -> bool:
    """Return whether the whole interval of a task's solvability lies below the red threshold of its level."""
    return task["solved_high"] is not None and task["solved_high"] * 100 < red_threshold(task, settings)


def red_threshold(task: Record, settings: DocumentSettings) -> float:
    """Return the percentage below which a task of this level is red; a task of unknown level counts as basic."""
    return settings.high_red_percent if task["difficulty_level"] in ("П", "В") else settings.base_red_percent


def parts(work: WorkView, settings: DocumentSettings) -> Table | None:
    """Return the classes of a school (or schools of a municipality) side by side, in order of names or codes."""
    is_school = work.own.name == "школа"
    if is_school and len(work.parts) < 2:
        return None
    columns = [
        ("Класс" if is_school else "Образовательная организация", 2.6 if is_school else 6.0, "text"),
        ("n", 1.9, "number"),
        ("Базовый уровень, %", 2.8, "number"),
        ("«4» и «5», %", 2.7, "number"),
        ("Ниже журнала, %", 2.7, "number"),
        ("Выше журнала, %", 2.7, "number"),
    ]
    pupil_grade = work.assessment["pupil_grade"]
    rows: list[Record] = []
    covered = _covered(work.parts, settings)
    for part in work.parts:
        label = class_label(pupil_grade, part.label) if is_school else part.label
        if part.label == covered:
            rows.append(row(label, size_text(part.level.participants, settings), COVERED))
        else:
            rows.append(_part_row(label, part.level, settings))
    if all(len(record["cells"]) < len(columns) for record in rows):
        return None
    return table(f"{'Классы' if is_school else 'Образовательные организации'}: {work.title}", columns, rows)


def _covered(work_parts: Sequence[Part], settings: DocumentSettings) -> str | None:
    """Return the label of the part to be hidden too where subtraction would tell the only hidden one."""
    shown = [part for part in work_parts if _is_claimable(part.level.participants, settings)]
    if len(work_parts) - len(shown) != 1 or not shown:
        return None
    return min(shown, key=lambda part: (part.level.participants, part.label)).label


def class_label(pupil_grade: int, letter: str) -> str:
    """Return a class's name: «5 А»; a class without a letter is «5, без литеры»."""
    if letter.strip().lower() in ("", "нет", "-", ru.DASH):
        return f"{pupil_grade}, без литеры"
    return f"{pupil_grade}{ru.NBSP}{letter.upper()}"


def _part_row(label: str, level: Level, settings: DocumentSettings) -> Record:
    size = size_text(level.participants, settings)
    if not _is_claimable(level.participants, settings):
        return row(label, size, TOO_FEW)
    if level.base is None or level.good is None:
        return row(label, size, NO_MARKS)
    is_paired = level.journal is not None and _is_claimable(level.pairs, settings)
    agreement = (level.journal[0], level.journal[2]) if level.journal is not None and is_paired else (None, None)
    return row(label, size, share_text(level.base), share_text(level.good), *(share_text(s) for s in agreement))


def quality(counts: Iterable[Record]) -> Table | None:
    """Return the findings about data by rule: how many, how severe, how to mend."""
    columns = [
        ("Что найдено", 6.4, "text"),
        ("Тяжесть", 3.0, "text"),
        ("Замечаний", 2.2, "number"),
        ("Как исправить", 6.4, "text"),
    ]
    totals: dict[tuple[str, str], int] = {}
    for record in counts:
        key = (record["rule_id"], record["severity"])
        totals[key] = totals.get(key, 0) + int(record["findings_count"])
    severity_order = list(_SEVERITIES)
    known = rules()
    rows: list[Record] = []
    for (rule_id, severity), total in sorted(totals.items(), key=lambda item: (severity_order.index(item[0][1]), item)):
        own_rule = known.get(rule_id)
        title, mend = (own_rule.title_ru, own_rule.mend_ru) if own_rule else (rule_id, _NO_VALUE)
        rows.append(row(title, _SEVERITIES[severity], ru.whole(total), mend))
    return table("Замечания к данным по правилам", columns, rows)


def sources(files: Sequence[Record], school_code: str | None = None) -> Table | None:
    """Return the source files with the beginnings of their SHA-256.

    A document for one school (`school_code`) names no other: files in whose path another school stands are one line.
    """
    columns = [("Файл", 9.5, "text"), ("SHA-256 (начало)", 3.9, "text"), ("Строк принято", 2.2, "number")]
    rows = [
        row(
            record["path"].replace("/", f"/{ZERO_WIDTH_SPACE}"),
            record["file_sha256"][:16],
            ru.whole(record["accepted_rows_count"]),
        )
        for record in sorted(files, key=lambda record: (record["path"], record["file_sha256"]))
        if not _names_other(record["path"], school_code)
    ]
    others = [record for record in files if _names_other(record["path"], school_code)]
    if others:
        of_others = f"файлы других ОО для сравнения, всего {len(others)}"
        rows.append(row(of_others, _NO_VALUE, ru.whole(sum(record["accepted_rows_count"] for record in others))))
    return table("Файлы-источники", columns, rows)


def _names_other(path: str, school_code: str | None) -> bool:
    return school_code is not None and any(
        school_code_from_login(login) not in {school_code, None} for login in _LOGIN.findall(path)
    )


def _coverage_order(view: UnitView) -> list[Record]:
    order = list(subjects())
    return sorted(
        view.coverage,
        key=lambda record: (
            _key(record).paper_grade,
            order.index(_key(record).subject_code),
            _key(record).level,
            record["school_code"],
        ),
    )


def _key(record: Record) -> AssessmentKey:
    return AssessmentKey.parse(record["assessment_id"])


def _state_text(record: Record) -> str:
    if record["state"] == "absent_only":
        return f"участников нет, отсутствовали: {ru.whole(record['absent_count'])}"
    return "результатов нет, хотя параллель писала другие работы"


def _ratio(participants: int, absent: int, settings: DocumentSettings) -> str:
    total = participants + absent
    return ru.percent_number(participants / total) if total >= settings.claim_from else _NO_VALUE


def _count_or_dash(value: int | None) -> str:
    return _NO_VALUE if value is None else ru.whole(value)


def _grouped(records: Iterable[Record], name: str) -> dict[str, list[Record]]:
    grouped: dict[str, list[Record]] = {}
    for record in records:
        grouped.setdefault(record[name], []).append(record)
    return grouped
