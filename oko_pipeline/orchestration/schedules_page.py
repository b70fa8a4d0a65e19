"""The table of schedules in `docs/schedules.md`, made of the calendar of the catalogue."""

from typing import Final

from oko_pipeline.catalogue.programmes import STAGES_RU
from oko_pipeline.catalogue.schedules import PARTITIONS_RU, ScheduleRow, schedule_rows

_MONTHS_RU: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip
_IN_MONTHS_RU: Final = (
    "январе", "феврале", "марте", "апреле", "мае", "июне",
    "июле", "августе", "сентябре", "октябре", "ноябре", "декабре",
)  # fmt: skip


def calendar_table() -> str:
    """Return the rows of the calendar as a Markdown table, in the order of the file."""
    lines = ["| Когда | Что | Этап | За какой год | Задание | Для чего |", "| --- | --- | --- | --- | --- | --- |"]
    for row in schedule_rows().values():
        documents = f" Документы: {row.documents_ru}." if row.documents_ru else ""
        cells = (
            f"{when_ru(row)}{_years_ru(row)}",
            f"{row.title_ru} (`{row.code}`)",
            STAGES_RU[row.stage],
            PARTITIONS_RU[row.partition],
            f"`{row.job}`",
            f"{row.purpose_ru}{documents}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def when_ru(row: ScheduleRow) -> str:
    """Return the moment of a row in words: «15 июля, 6:00»."""
    minute, hour, day, month, weekday = row.cron.split()
    at = f"{int(hour)}:{int(minute):02d}"
    if weekday == "1-5":
        return f"по рабочим дням, {at}"
    if weekday == "1":
        months = [_IN_MONTHS_RU[int(one) - 1] for one in month.split("-")]
        return f"по понедельникам в {'–'.join(months)}, {at}"
    if month == "*":
        return f"{int(day)}-го числа, {at}"
    return f"{int(day)} {_MONTHS_RU[int(month) - 1]}, {at}"


def _years_ru(row: ScheduleRow) -> str:
    if row.since and row.until:
        return f" ({row.since} — {row.until})"
    if row.since:
        return f" (с {row.since})"
    return f" (до {row.until})" if row.until else ""
