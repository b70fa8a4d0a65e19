"""Contexts of notes: all that a document says, as plain JSON-able values with finished Russian texts.

A context knows neither the time of rendering nor the version of the program: unchanged context, unchanged document.
"""

from typing import Any, Final

from oko_pipeline.catalogue.campaigns import Campaign
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.vpr import note_charts, note_tables
from oko_pipeline.reporting.vpr.levels import Share
from oko_pipeline.reporting.vpr.note_data import NoteData, Record
from oko_pipeline.reporting.vpr.note_works import UnitView, WorkView, municipality_view, school_view
from oko_pipeline.reporting.vpr.statements import statements

Context = dict[str, Any]
SCHOOL_NOTE: Final = "school_note"
MUNICIPALITY_NOTE: Final = "municipality_note"
CONTEXT_VERSION: Final = 1
"""Raised when the same frames would give another document, so that documents are written anew."""
_SKILL_KINDS: Final = ("skill", "content", "requirement")
_MOST_DEFICITS: Final = 6
MOST_DETAILED: Final = 8
"""Sections of single works in a note: with the summary tables they make about 25 pages."""
_LEVEL_ORDER: Final = ("Б", "П", "В")
_LEVEL_NAMES: Final = {"Б": "базового", "П": "повышенного", "В": "высокого"}


def school_note(data: NoteData, school_code: str) -> Context:
    """Return the context of a school's «Справка по результатам ВПР» in one campaign.

    Raises:
        ContractError: for a school that the year's register does not have, or a work without its assessment.
    """
    view = school_view(data, school_code)
    context = _common(view, data)
    return context | {
        "kind": SCHOOL_NOTE,
        "title": "Справка по результатам ВПР",
        "approval_position": "Директор",
        "participation": {
            "text": _participation_text(view),
            "table": note_tables.school_participation(view, data),
            "schools_table": None,
        },
    }


def municipality_note(data: NoteData, municipality_code: str) -> Context:
    """Return the context of a municipality's «Аналитическая справка по результатам ВПР» in one campaign.

    Schools stand in the order of their codes in every table.

    Raises:
        ContractError: for a municipality without schools in the year's register, or a work without its assessment.
    """
    view = municipality_view(data, municipality_code)
    context = _common(view, data)
    return context | {
        "kind": MUNICIPALITY_NOTE,
        "title": "Аналитическая справка по результатам ВПР",
        "approval_position": "Руководитель",
        "participation": {
            "text": _participation_text(view),
            "table": note_tables.municipality_participation(view, data),
            "schools_table": note_tables.schools_participation(view, data),
        },
    }


def _common(view: UnitView, data: NoteData) -> Context:
    settings = data.settings
    detailed = _detailed(view, settings)
    assessment_ids = {work.assessment_id for work in view.works}
    return {
        "context_version": CONTEXT_VERSION,
        "authority": settings.authority_ru,
        "territory": settings.territory_ru,
        "unit_name": view.name,
        "unit_code": view.code,
        "municipality_name": view.municipality_name,
        "campaign_code": view.campaign.campaign_code,
        "campaign_title": view.campaign.title_ru,
        "campaign_dates": _campaign_dates(view.campaign),
        "campaign_note": _campaign_note(view.campaign),
        "school_year": ru.school_year_words(data.school_year),
        "statements": statements(view, settings),
        "marks": {
            "text": _marks_text(view, settings),
            "table": note_tables.marks(view, settings),
            "charts": note_charts.marks_charts(view.works, settings),
        },
        "journal": {
            "text": _journal_text(view, settings),
            "table": note_tables.journal(view, settings),
            "charts": note_charts.journal_charts(view.works, settings),
        },
        "tasks": {"table": note_tables.tasks(view, settings)},
        "works": [_work(work, settings) for work in detailed],
        "works_text": _works_text(view, len(detailed), settings),
        "quality": _quality(view, data, assessment_ids),
        "sources": note_tables.sources(_sources(data, assessment_ids), view.code if view.kind == "school" else None),
        "settings": _settings_texts(settings),
    }


def _campaign_dates(campaign: Campaign) -> str:
    return f"с {ru.long_date(campaign.starts_on)} по {ru.long_date(campaign.ends_on)}"


def _campaign_note(campaign: Campaign) -> str:
    if campaign.grade_shift == 0:
        return ""
    return (
        "Работы этой кампании составлены за предыдущий класс: обучающиеся писали их в начале учебного года, "
        "когда уже учились классом старше. Слова «за 4 класс» называют класс работы, а не класс участников. "
        "С другой кампанией того же учебного года эти результаты не объединяются."
    )


def _is_small(view: UnitView, settings: DocumentSettings) -> bool:
    return all(work.own.participants < settings.claim_from for work in view.works)


def _too_small(settings: DocumentSettings, what: str) -> str:
    return f"В каждой работе меньше {ru.counted(settings.claim_from, ru.PARTICIPANTS_GENITIVE)}: {what}."


def _marks_text(view: UnitView, settings: DocumentSettings) -> str:
    if _is_small(view, settings):
        return _too_small(settings, "доли отметок, сравнение с журналом и выполнение заданий не приводятся")
    if all(work.own.marks is None for work in view.works):
        return "Отметок за работы этой кампании нет: шкала перевода баллов отсутствует или отвергнута."
    return (
        "На рисунках — доли отметок за каждую работу рядом с ориентирами; числа с интервалами — в таблице, которая "
        "следует за рисунками. Работы, по которым данных недостаточно, на рисунках не показаны."
    )


def _journal_text(view: UnitView, settings: DocumentSettings) -> str:
    if _is_small(view, settings):
        return ""
    if all(work.own.pairs == 0 for work in view.works):
        return "Сравнить отметки нельзя: нет отметок за работы или отметок по журналу."
    return (
        "Отметка за работу сравнивается с отметкой по журналу за предыдущий период у каждого участника, у которого "
        "есть обе. Расхождение само по себе не доказывает необъективность ни журнала, ни проверки работы: это повод "
        "для разбора."
    )


def _participation_text(view: UnitView) -> str:
    has_enrolment = any(row["enrolled_count"] is not None for row in view.coverage)
    text = "Доля участников — отношение числа участников к числу строк протокола (участники и отсутствовавшие)."
    if not has_enrolment:
        text += " Контингент параллелей в данных не указан, поэтому охват от него не считался."
    return text


def _detailed(view: UnitView, settings: DocumentSettings) -> list[WorkView]:
    """Return the works with a section of their own, in their usual order.

    All of `detail_from` participants while they are few; otherwise those where most tasks are surely red, so that a
    note stays readable.
    """
    large = [work for work in view.works if work.own.participants >= settings.detail_from]
    if len(large) <= MOST_DETAILED:
        return large
    by_need = sorted(large, key=lambda work: -_surely_red_count(work, settings))
    chosen = {work.assessment_id for work in by_need[:MOST_DETAILED]}
    return [work for work in large if work.assessment_id in chosen]


def _surely_red_count(work: WorkView, settings: DocumentSettings) -> int:
    return sum(task["colour"] == "red" and note_tables.is_surely_red(task, settings) for task in work.tasks)


def _works_text(view: UnitView, detailed_count: int, settings: DocumentSettings) -> str:
    if _is_small(view, settings):
        return ""
    large = sum(work.own.participants >= settings.detail_from for work in view.works)
    text = (
        "Звёздочкой отмечены задания, где порог зоны лежит внутри интервала: зона определена неуверенно. "
        "Б, П, В — выполнение заданий базового, повышенного и высокого уровня."
    )
    if detailed_count < large:
        text += (
            f" Подробно показаны {ru.counted(detailed_count, ru.WORKS)} из {large}: те, где больше всего заданий "
            "уверенно в красной зоне."
        )
    small = sum(0 < work.own.participants < settings.detail_from for work in view.works)
    if small:
        text += (
            f" Для {ru.counted(small, ru.WORKS_GENITIVE)}, где участников меньше {settings.detail_from}, отдельных "
            "разделов нет: распределение баллов было бы ненадёжно."
        )
    return text


def _work(work: WorkView, settings: DocumentSettings) -> Context:
    parts = note_tables.parts(work, settings)
    return {
        "assessment_id": work.assessment_id,
        "title": work.title,
        "facts": _facts(work, settings),
        "histogram": note_charts.histogram(work, settings),
        "task_profile": note_charts.task_profile(work, settings),
        "red_tasks": note_tables.red_tasks(work, settings),
        "red_text": _red_text(work, settings),
        "deficits": _deficits(work),
        "parts": parts,
        "parts_title": "" if parts is None else parts["title"],
    }


def _facts(work: WorkView, settings: DocumentSettings) -> str:
    """Return the work's passport in a few sentences: size, mean, levels of difficulty, doubts."""
    own = work.own
    maximum = work.assessment["maximum_score"]
    sentences = [f"{ru.sentence_start(ru.counted(own.participants, ru.PARTICIPANTS))}"]
    if work.absent:
        sentences[0] += f", отсутствовали {ru.whole(work.absent)}"
    if maximum is not None and own.mean_percent is not None:
        sentences.append(
            f"Средний балл — {ru.decimal(own.mean_percent * maximum / 100)} из {maximum} "
            f"({ru.decimal(own.mean_percent)}{ru.NBSP}% от максимума)"
        )
    if own.base is not None and own.high is not None:
        sentences.append(f"Базовый уровень — {_share(own.base)}, отметка «5» — {_share(own.high)}")
    else:
        sentences.append("Отметок нет: шкала перевода баллов не подтверждена")
    levels = _level_sentence(work)
    if levels:
        sentences.append(levels)
    if own.participants < settings.size_bounds[3]:
        sentences.append(
            f"Участников меньше {settings.size_bounds[3]}: вид распределения баллов показателен лишь приблизительно"
        )
    return ". ".join(sentences) + "."


def _share(share: Share) -> str:
    return f"{ru.percent(share.value)} ({ru.interval(share.low, share.high)}{ru.NBSP}%)"


def _level_sentence(work: WorkView) -> str:
    levels = note_tables.level_shares(work)
    told = [
        f"{_LEVEL_NAMES[level]} уровня — на {ru.percent(levels[level])}" for level in _LEVEL_ORDER if level in levels
    ]
    return f"Задания {ru.listed(told)}" if told else ""


def _red_text(work: WorkView, settings: DocumentSettings) -> str:
    known = [task for task in work.tasks if task["colour"] is not None]
    red = [task for task in known if task["colour"] == "red"]
    if not known:
        return "Уровни сложности заданий не известны, поэтому зоны выполнения не определялись."
    if not red:
        return "Заданий в красной зоне нет."
    unsure = [task["task_code"] for task in red if not note_tables.is_surely_red(task, settings)]
    text = f"В красной зоне {ru.counted(len(red), ru.TASKS)} из {len(known)}."
    if unsure:
        text += " Звёздочкой отмечены задания, где порог лежит внутри интервала: зона определена неуверенно."
    return text


def _deficits(work: WorkView) -> list[str]:
    """Return the systemic deficits: skills, contents or requirements of two tasks or more, most of them red."""
    systemic = [
        row
        for row in work.skills
        if row["kind"] in _SKILL_KINDS
        and row["is_systemic"]
        and row["tasks_count"] > 1
        and (row["red_tasks_count"] or 0) > 1
    ]
    told: list[str] = []
    seen: set[str] = set()
    for row in sorted(systemic, key=lambda row: (_SKILL_KINDS.index(row["kind"]), row["skill_code"])):
        if row["task_codes"] in seen:
            continue
        seen.add(row["task_codes"])
        title = ru.shortened(str(row["skill_title"]), 160)
        told.append(
            f"{title}: в красной зоне {row['red_tasks_count']} из {row['tasks_count']} заданий "
            f"({row['task_codes'].replace(';', ', ')}), выполнение {ru.percent(row['solved_share'])}"
        )
    more = len(told) - _MOST_DEFICITS
    return told if more <= 0 else [*told[:_MOST_DEFICITS], f"ещё {more} — в таблице базы skill_results"]


def _quality(view: UnitView, data: NoteData, assessment_ids: set[str]) -> Context:
    codes = {school["school_code"] for school in view.schools}
    counts = [
        row
        for code in sorted(codes)
        for row in data.rows("quality_counts", ("school_code",), (code,))
        if not row["assessment_id"] or row["assessment_id"] in assessment_ids
    ]
    common = [
        row for row in data.rows("quality_counts", ("school_code",), ("",)) if row["assessment_id"] in assessment_ids
    ]
    total = sum(int(row["findings_count"]) for row in counts)
    common_total = sum(int(row["findings_count"]) for row in common)
    text = _quality_text(view, total, common_total)
    over = sum(_summary_count(data, view, "over_maximum_count"))
    mismatch = sum(_summary_count(data, view, "sum_mismatch_count"))
    left_out: list[str] = []
    if over:
        left_out.append(
            f"Без отметки оставлено работ с баллом выше максимума: {ru.whole(over)}; в долях отметок их нет."
        )
    if mismatch:
        left_out.append(
            f"Работ, где сумма баллов за задания не равна итогу: {ru.whole(mismatch)}; отметка дана по итогу из файла, "
            "баллы за задания оставлены как есть."
        )
    return {"text": text, "left_out": left_out, "table": note_tables.quality([*counts, *common])}


def _quality_text(view: UnitView, total: int, common_total: int) -> str:
    of_whom = "этой школы" if view.kind == "school" else "школ муниципалитета"
    if total:
        text = (
            f"К результатам {of_whom} есть {ru.counted(total, ru.REMARKS)}; ячейки названы в таблице quality_findings "
            "базы и в размеченных копиях файлов."
        )
    else:
        text = f"К результатам {of_whom} замечаний нет."
    if common_total:
        text += f" К файлам работ в целом — {ru.counted(common_total, ru.REMARKS)}."
    return text


def _summary_count(data: NoteData, view: UnitView, column: str) -> list[int]:
    return [int(row[column] or 0) for row in data.unit_rows("result_summary", view.kind, view.code)]


def _sources(data: NoteData, assessment_ids: set[str]) -> list[Record]:
    return [
        row
        for assessment_id in sorted(assessment_ids)
        for row in data.rows("files", ("assessment_id",), (assessment_id,))
        if row["status"] == "accepted"
    ]


def _settings_texts(settings: DocumentSettings) -> dict[str, str]:
    def number(value: float) -> str:
        return ru.decimal(value, 0 if float(value).is_integer() else 1)

    return {
        "hide_below": ru.whole(settings.hide_below),
        "claim_from": ru.whole(settings.claim_from),
        "detail_from": ru.whole(settings.detail_from),
        "informative_from": ru.whole(settings.size_bounds[3]),
        "base_green": number(settings.base_green_percent),
        "base_red": number(settings.base_red_percent),
        "high_green": number(settings.high_green_percent),
        "high_red": number(settings.high_red_percent),
    }
