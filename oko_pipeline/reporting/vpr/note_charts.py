"""Chart specifications of a note (see `word_charts`): series, and an alternative text that tells the finding."""

from collections.abc import Sequence
from typing import Any, Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.vpr.note_data import Record
from oko_pipeline.reporting.vpr.note_works import WorkView

Chart = dict[str, Any]
RED_SIGN: Final = "▼"
_MARK_ROLES: Final = ("mark_2", "mark_3", "mark_4", "mark_5")
_LEVELS: Final = (("Б", "базовый (Б)", "base"), ("П", "повышенный (П)", "raised"), ("В", "высокий (В)", "high"))
_MARKS_PER_CHART: Final = 5
_JOURNAL_PER_CHART: Final = 18
_BAR_MM: Final = 4.6
# LibreOffice lays a chart of a DOCX out on 160 × 90 mm and then stretches it to its place: sizes near this ratio keep
# the letters in shape there; Word draws any size rightly.
_WIDTH_MM: Final = 150
_WIDE_MM: Final = 170
_LOWEST_MM: Final = 72.0


def marks_charts(works: Sequence[WorkView], settings: DocumentSettings) -> list[Chart]:
    """Return charts of marks beside benchmarks: bars of 100 %, a group of bars a work."""
    shown = [work for work in works if work.own.marks is not None and work.own.marked >= settings.claim_from]
    groups = _chunks(shown, _MARKS_PER_CHART)
    return [_marks_chart(group, _part_text(number, len(groups))) for number, group in enumerate(groups, start=1)]


def _part_text(number: int, count: int) -> str:
    return f" (часть {number} из {count})" if count > 1 else ""


def _marks_chart(works: Sequence[WorkView], part: str) -> Chart:
    labels: list[str] = []
    values: list[list[float | None]] = [[], [], [], []]
    told: list[str] = []
    for index, work in enumerate(works):
        if index:
            labels.append(" " * index)
            for column in values:
                column.append(None)
        for level in (work.own, *work.comparators):
            if level.marks is None or level.base is None:
                continue
            prefix = f"{work.title}: " if level is work.own else ""
            labels.append(_unique(f"{prefix}{level.short_name}", labels))
            for column, share in zip(values, level.marks, strict=True):
                column.append(_percent(share.value))
        told.append(f"{work.title} — {_base_levels(work)}")
    return {
        "block": "chart",
        "kind": "stacked",
        "categories": labels,
        "series": [
            {"name": f"«{mark}»", "role": role, "values": column}
            for mark, role, column in zip((2, 3, 4, 5), _MARK_ROLES, values, strict=True)
        ],
        "axis_title": "",
        "value_title": "",
        **_size(18 + _BAR_MM * len(labels)),
        "alt": f"Доли отметок, базовый уровень: {'; '.join(told)}.",
        "caption": f"Доли отметок «2», «3», «4», «5» рядом с ориентирами{part}, % участников",
    }


def journal_charts(works: Sequence[WorkView], settings: DocumentSettings) -> list[Chart]:
    """Return charts of the agreement with the journal: a bar of 100 % a work."""
    shown = [work for work in works if work.own.journal is not None and work.own.pairs >= settings.claim_from]
    groups = _chunks(shown, _JOURNAL_PER_CHART)
    charts: list[Chart] = []
    for number, group in enumerate(groups, start=1):
        shares = [[_percent(work.own.journal[k].value) for work in group if work.own.journal] for k in range(3)]
        told = "; ".join(
            f"{work.title} — ниже {ru.percent(work.own.journal[0].value)}, выше {ru.percent(work.own.journal[2].value)}"
            for work in group
            if work.own.journal
        )
        part = _part_text(number, len(groups))
        charts.append(
            {
                "block": "chart",
                "kind": "stacked",
                "categories": [f"{work.title} (n = {work.own.pairs})" for work in group],
                "series": [
                    {"name": name, "role": role, "values": column}
                    for name, role, column in zip(
                        ("ниже журнала", "совпали", "выше журнала"), ("lower", "same", "higher"), shares, strict=True
                    )
                ],
                "axis_title": "",
                "value_title": "",
                **_size(20 + 5.6 * len(group)),
                "alt": f"Сравнение отметок за работы с журналом: {told}.",
                "caption": f"Отметка за работу в сравнении с отметкой по журналу{part}, % участников",
            }
        )
    return charts


def histogram(work: WorkView, settings: DocumentSettings) -> Chart | None:
    """Return the distribution of primary scores with mark zones; None where too few make it say nothing."""
    if not work.scores or work.own.participants < settings.detail_from:
        return None
    counts = {int(score["score"]): int(score["participants_count"]) for score in work.scores}
    maximum = work.assessment["maximum_score"]
    last = max([*counts, maximum or 0])
    categories = list(range(last + 1))
    zones = _zones(work.assessment, last)
    top = max(counts, key=lambda score: (counts[score], -score))
    below = (
        f" Ниже порога «3» — {ru.counted(sum(n for s, n in counts.items() if s < zones[0][3] + 1), ru.PARTICIPANTS)}."
        if len(zones) == 4
        else ""
    )
    return {
        "block": "chart",
        "kind": "histogram",
        "categories": [str(score) for score in categories],
        "series": [
            {
                "name": name,
                "role": role,
                "values": [counts.get(score, 0) if low <= score <= high else None for score in categories],
            }
            for name, role, low, high in zones
        ],
        "axis_title": "первичный балл",
        "value_title": "участников",
        **_size(_LOWEST_MM),
        "alt": f"Распределение первичных баллов, {ru.counted(work.own.participants, ru.PARTICIPANTS)}: чаще всего "
        f"{ru.counted(top, ru.POINTS)} ({ru.counted(counts[top], ru.PARTICIPANTS)}).{below}",
        "caption": f"Распределение первичных баллов: {work.title} (n = {work.own.participants})",
    }


def _zones(assessment: Record, last: int) -> list[tuple[str, str, int, int]]:
    bounds = [assessment[f"minimum_{mark}"] for mark in (3, 4, 5)]
    if any(bound is None for bound in bounds):
        return [("участников", "plain", 0, last)]
    maximum = assessment["maximum_score"] or last
    edges = [0, *(int(bound) for bound in bounds), int(maximum) + 1]
    zones = [
        (f"«{mark}»: {edges[i]}–{edges[i + 1] - 1}", role, edges[i], edges[i + 1] - 1)
        for i, (mark, role) in enumerate(zip((2, 3, 4, 5), _MARK_ROLES, strict=True))
    ]
    return zones if last <= maximum else [*zones, ("выше максимума", "plain", int(maximum) + 1, last)]


def task_profile(work: WorkView, settings: DocumentSettings) -> Chart | None:
    """Return the solvability of tasks by level, with the surrounding unit's marks; None below the claim size."""
    tasks = [task for task in work.tasks if task["solved_share"] is not None]
    if not tasks or work.own.participants < settings.claim_from:
        return None
    labels = [f"{task['task_code']}{RED_SIGN if task['colour'] == 'red' else ''}" for task in tasks]
    present = [level for level in _LEVELS if any(task["difficulty_level"] == level[0] for task in tasks)]
    series: list[Record] = [
        {
            "name": name,
            "role": role,
            "values": [_percent(task["solved_share"]) if task["difficulty_level"] == level else None for task in tasks],
        }
        for level, name, role in present
    ]
    if any(task["difficulty_level"] is None for task in tasks):
        unknown = [_percent(task["solved_share"]) if task["difficulty_level"] is None else None for task in tasks]
        name = "уровень не указан" if present else "выполнение"
        series.append({"name": name, "role": "plain", "values": unknown})
    around = [work.comparator_tasks.get(int(task["position"])) for task in tasks]
    if any(value is not None for value in around):
        name = "муниципалитет" if work.own.name == "школа" else "регион (загруженные ОО)"
        values = [None if value is None else _percent(value) for value in around]
        series.append({"name": name, "role": "benchmark", "values": values})
    red = [task["task_code"] for task in tasks if task["colour"] == "red"]
    zone = f"в красной зоне {ru.counted(len(red), ru.TASKS)}: {ru.listed(red)}" if red else "заданий в красной зоне нет"
    lowest = min(tasks, key=lambda task: task["solved_share"])
    return {
        "block": "chart",
        "kind": "profile",
        "categories": [_unique(label, labels[:index]) for index, label in enumerate(labels)],
        "series": series,
        "axis_title": f"задание ({RED_SIGN} — красная зона)",
        "value_title": "выполнение, %",
        **_size(_LOWEST_MM + 4),
        "alt": f"Выполнение заданий: {zone}; труднее всего задание {lowest['task_code']} — "
        f"{ru.percent(lowest['solved_share'])}.",
        "caption": f"Выполнение заданий по уровням сложности: {work.title} (n = {work.own.participants})",
    }


def _size(height_mm: float) -> dict[str, float]:
    height = max(_LOWEST_MM, round(height_mm, 1))
    return {"width_mm": _WIDTH_MM if height < 90 else _WIDE_MM, "height_mm": height}


def _percent(share: float) -> float:
    return round(share * 100, 1)


def _base_levels(work: WorkView) -> str:
    return ", ".join(
        f"{level.short_name} {ru.percent(level.base.value)}"
        for level in (work.own, *work.comparators)
        if level.base is not None
    )


def _unique(label: str, before: Sequence[str]) -> str:
    """Pad a repeated label with zero-width spaces: categories with equal names are merged by some programs."""
    while label in before:
        label += "\u200b"
    return label


def _chunks(works: Sequence[WorkView], most: int) -> list[Sequence[WorkView]]:
    """Split evenly into the fewest groups of at most `most`."""
    if not works:
        return []
    groups = -(-len(works) // most)
    size = -(-len(works) // groups)
    return [works[start : start + size] for start in range(0, len(works), size)]
