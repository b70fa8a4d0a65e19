"""The first sheet of a form: who fills it in, until when, what each column means, how to send it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from oko_pipeline.catalogue.records import RecordForm
from oko_pipeline.collection.forms.service_sheet import CONFIRMED
from oko_pipeline.collection.forms.sheets import (
    BOLD_LETTER,
    PLAIN_LETTER,
    FormSheet,
    expected_in,
    relations_ru,
    wrapped_lines,
)

_MONTHS: Final = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip
_HEADINGS: Final = ("Лист", "Столбец", "Что писать", "Обязателен", "Допустимые значения", "Единица")
_WIDTHS: Final = (20, 34, 46, 12, 44, 12)
_HOW_TO_FILL: Final = (
    "Где есть список, выбирайте из него. Число пишите без единиц измерения, дату — в виде 15.01.2026. Столбцы "
    "не переименовывайте, не переставляйте и не удаляйте: заголовки защищены. Лишние строки оставьте пустыми."
)
_LAST_YEAR: Final = (
    f"Голубые строки перенесены с прошлого года. Если строка действует, выберите «{CONFIRMED}» в первом столбце или "
    "исправьте её; если нет — очистите. Неподтверждённые строки не учитываются."
)
_COLOURS: Final = (
    "Красным выделено, где итог не равен сумме частей или часть больше целого; жёлтым — незаполненная обязательная "
    "ячейка. Исправьте их до отправки."
)
_HOW_TO_SEND: Final = (
    "Как отправить. Сохраните книгу в формате .xlsx и пришлите её тем же путём, каким получили, или положите во "
    "входящую папку. Имя файла значения не имеет: чья это форма, записано внутри неё."
)


def due_date(due: str | None, school_year: str) -> date | None:
    """Return the day by which a form is due: month and day from September on belong to the year's first half."""
    if due is None:
        return None
    month, day = (int(part) for part in due.split("-"))
    year = int(school_year[:4]) + (0 if month >= 9 else 1)
    return date(year, month, min(day, 28) if month == 2 else day)


def date_ru(day: date) -> str:
    """Return «15 июня 2026 г.»."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year} г."


def write_instruction(sheet: Any, form: RecordForm, sheets: Sequence[FormSheet], formats: Mapping[str, Any]) -> None:
    """Fill the instruction sheet."""
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    row = 0
    for text, look in _lines(form, sheets):
        sheet.merge_range(row, 0, row, len(_WIDTHS) - 1, text, formats[look])
        height = 20 if look == "title" else 15.5
        sheet.set_row(row, height * wrapped_lines(text, sum(_WIDTHS), BOLD_LETTER if "bold" in look else PLAIN_LETTER))
        row += 1
    row += 1
    for place, heading in enumerate(_HEADINGS):
        sheet.write_string(row, place, heading, formats["header"])
    sheet.repeat_rows(row)
    for one in sheets:
        for column in one.columns:
            row += 1
            texts = (
                one.table.sheet_ru,
                column.title_ru,
                column.description_ru or "—",
                "да" if column.required else "нет",
                _allowed(one, column.name),
                column.unit_ru or ("%" if column.type == "percent" else "—"),
            )
            for place, text in enumerate(texts):
                sheet.write_string(row, place, text, formats["about"])
            lines = max(wrapped_lines(text, width, PLAIN_LETTER) for text, width in zip(texts, _WIDTHS, strict=True))
            sheet.set_row(row, 15.5 * lines + 2)
    sheet.protect("", {"format_columns": True, "format_rows": True})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&A&Rстр. &P из &N")
    sheet.hide_gridlines(2)


def _allowed(sheet: FormSheet, name: str) -> str:
    column = sheet.table.column(name)
    if column.personal is not None and column.personal != "code":
        return "как в документе"
    told = "; ".join(column.choices.values()) if column.choices else expected_in(column, sheet.school_year)
    return "; ".join([told, *relations_ru(sheet.table, column)])


def _lines(form: RecordForm, sheets: Sequence[FormSheet]) -> Iterator[tuple[str, str]]:
    first = sheets[0]
    yield form.title_ru, "title"
    yield f"{first.owner_ru} · {first.school_year} учебный год", "owner"
    yield f"{form.origin_ru.rstrip('.')}.", "about_bold"
    due = due_date(form.due, first.school_year)
    if due is not None:
        yield f"Срок. До {date_ru(due)}", "about_bold"
    for text in form.instruction_ru:
        yield text, "plain"
    names = ", ".join(f"«{one.table.sheet_ru}»" for one in sheets)
    yield (f"Заполните лист {names}." if len(sheets) == 1 else f"Заполните листы: {names}."), "plain"
    yield _HOW_TO_FILL, "plain"
    if any(one.rows for one in sheets):
        yield _LAST_YEAR, "plain"
    yield _privacy(sheets), "about_bold"
    yield _COLOURS, "plain"
    yield _HOW_TO_SEND, "plain"
    yield f"Форма {form.form_code}, версия {form.version}.", "hint"


def _privacy(sheets: Sequence[FormSheet]) -> str:
    asks = any(column.personal is not None for one in sheets for column in one.columns)
    general = "Не пишите в тексты фамилий, телефонов, адресов почты, номеров документов: такие данные удаляются."
    if not asks:
        return f"Персональные данные. Форма их не собирает. {general}"
    return (
        "Персональные данные. Столбцы, по которым узнают человека, нужны, чтобы не спутать строки: при чтении они "
        f"заменяются необратимым кодом и не хранятся. {general}"
    )
