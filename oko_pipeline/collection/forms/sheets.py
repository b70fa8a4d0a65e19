"""One sheet of a form: headings, lists, limits, formats, protection, last year's rows. No files here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from oko_pipeline.catalogue.records import Level, RecordColumn, RecordTable
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.collection.forms.headings import column_title
from oko_pipeline.collection.forms.rows import tolerance
from oko_pipeline.collection.forms.service_sheet import CONFIRMED, OFFERED, OFFERED_HEADING, SERVICE_SHEET
from oko_pipeline.collection.forms.values import (
    NO_RU,
    TEXT_LIMIT,
    YES_RU,
    date_window,
    expected_ru,
    grade_limits,
    is_address,
    limits,
)
from oko_pipeline.quality import column_letter

HEADER_ROW: Final = 3
"""Index (from 0) of the row of headings; data begin in the next one."""
LAST_ROW: Final = 2000
"""Lists and limits reach down to this row; a school's longest register (staff) has some two hundred."""

SERVICE_REFERENCE: Final = f"='{SERVICE_SHEET}'!"
UPRIGHT_FROM: Final = 7
"""A register of one record a school with at least so many columns stands upright: an answer a line."""

UPRIGHT_TITLES: Final = ("Показатель", "Значение", "Что писать")
_UPRIGHT_WIDTHS: Final = (54.0, 22.0, 56.0)
_ALLOWED_ACTIONS: Final = {
    "format_columns": True,
    "format_rows": True,
    "sort": True,
    "autofilter": True,
    "insert_rows": True,
    "delete_rows": True,
}
_LONGEST_MESSAGE: Final = 250
_LONGEST_TITLE: Final = 32
_LONGEST_LIST: Final = 255
BOLD_LETTER: Final = 1.15
PLAIN_LETTER: Final = 1.0
"""Width of a letter in the units of a column's width."""
_WIDTHS: Final[Mapping[str, float]] = {
    "integer": 12,
    "number": 12,
    "percent": 12,
    "boolean": 11,
    "date": 13,
    "grade": 9,
    "subject": 24,
    "link": 34,
    "text": 30,
}


@dataclass(frozen=True, slots=True)
class ListRange:
    """A list of the service sheet: its values and the reference to them."""

    values: tuple[str | int, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class FormCell:
    """Where the answers of a column stand: the first cell, and the whole area down to the last row."""

    column: RecordColumn
    row: int
    place: int
    area: tuple[int, int, int, int]
    reference: str


@dataclass(frozen=True, slots=True)
class FormSheet:
    """What a sheet is written from.

    `rows` are last year's stored values by column, `preset` the rows that a blank form begins with, `lists` the
    drop-down lists by column.
    """

    table: RecordTable
    columns: tuple[RecordColumn, ...]
    school_year: str
    owner_ru: str
    lists: Mapping[str, ListRange]
    rows: Sequence[Mapping[str, object]] = ()
    preset: Sequence[Mapping[str, object]] = ()

    @property
    def is_upright(self) -> bool:
        """Tell whether the only record stands in a column of the sheet, an answer a line."""
        has_schools = any(column.school for column in self.columns)
        return (
            not self.table.key and not self.table.carry_over and not has_schools and len(self.columns) >= UPRIGHT_FROM
        )

    def cells(self) -> list[FormCell]:
        """Return the cells of the columns, in their order."""
        first = HEADER_ROW + 1
        if self.is_upright:
            return [
                FormCell(column, row, 1, (row, 1, row, 1), f"$B${row + 1}")
                for row, column in enumerate(self.columns, first)
            ]
        return [
            FormCell(column, first, place, (first, place, LAST_ROW, place), f"${column_letter(place)}{first + 1}")
            for place, column in enumerate(self.columns, 1 if self.rows else 0)
        ]


def form_columns(table: RecordTable, level: Level) -> tuple[RecordColumn, ...]:
    """Return the columns of a register that a form asks for.

    A form about one school does not ask which school. Of identifying columns a code alone is asked for when the
    register has one; nothing that is dropped anyway is asked for at all.
    """
    has_code = any(column.personal == "code" for column in table.columns)
    wanted = {None, "code"} if has_code else {None, "surname", "name", "patronymic", "full_name", "document"}
    if not has_code:
        wanted.add("birth_date")
    return tuple(
        column for column in table.columns if column.personal in wanted and not (column.school and level == "school")
    )


def list_values(column: RecordColumn) -> tuple[str | int, ...]:
    """Return what the drop-down list of a column offers; nothing for a column without a list."""
    if column.choices:
        return tuple(column.choices.values())
    if column.type == "boolean":
        return (YES_RU, NO_RU)
    if column.type == "subject":
        return tuple(subject.name_ru for subject in subjects().values())
    if column.type == "grade":
        low, high = grade_limits(column)
        return tuple(range(low, high + 1))
    return ()


def inline_list(values: Sequence[str | int]) -> bool:
    """Tell whether a list fits into the rule of a cell itself: short, and without commas, which part its items."""
    texts = [str(value) for value in values]
    return len(",".join(texts)) <= _LONGEST_LIST and not any("," in text or '"' in text for text in texts)


def write_sheet(sheet: Any, form: FormSheet, formats: Mapping[str, Any]) -> None:
    """Fill a worksheet of xlsxwriter with headings, rules of cells and the rows it begins with."""
    sheet.write_string(0, 0, form.table.title_ru, formats["title"])
    sheet.write_string(1, 0, f"{form.owner_ru} · {form.school_year} учебный год", formats["owner"])
    sheet.write_string(2, 0, _hint(form), formats["hint"])
    if form.is_upright:
        _write_upright(sheet, form, formats)
    else:
        _write_lying(sheet, form, formats)
    for cell in form.cells():
        _restrict(sheet, cell, form)
    _highlight(sheet, form, formats)
    _write_rows(sheet, form, formats)
    _set_up(sheet, form)


def _hint(form: FormSheet) -> str:
    if form.is_upright:
        return "Впишите ответы в столбец «Значение». Показатели со звёздочкой (*) обязательны."
    text = f"Одна строка — {form.table.grain_ru}. Столбцы со звёздочкой (*) обязательны."
    return f"{text} Голубые строки — прошлогодние: проверьте и отметьте «{CONFIRMED}»." if form.rows else text


def _write_lying(sheet: Any, form: FormSheet, formats: Mapping[str, Any]) -> None:
    titles = [column_title(column) for column in form.columns]
    widths = [_width(column, form.lists.get(column.name)) for column in form.columns]
    looks = ["required" if column.required else "header" for column in form.columns]
    if form.rows:
        _offered_column(sheet, formats)
        titles, widths, looks = [OFFERED_HEADING, *titles], [14.0, *widths], ["header", *looks]
    lines = max((wrapped_lines(title, width) for title, width in zip(titles, widths, strict=True)), default=1)
    sheet.set_row(HEADER_ROW, 15.5 * lines + 4)
    for place, (title, look) in enumerate(zip(titles, looks, strict=True)):
        sheet.write_string(HEADER_ROW, place, title, formats[look])
    for cell in form.cells():
        sheet.set_column(cell.place, cell.place, widths[cell.place], formats[_cell_format(cell.column)])


def _write_upright(sheet: Any, form: FormSheet, formats: Mapping[str, Any]) -> None:
    for place, (title, width) in enumerate(zip(UPRIGHT_TITLES, _UPRIGHT_WIDTHS, strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(HEADER_ROW, place, title, formats["header"])
    for cell in form.cells():
        column = cell.column
        title, about = column_title(column), _about(column, form)
        sheet.write_string(cell.row, 0, title, formats["label_required" if column.required else "label"])
        sheet.write_blank(cell.row, 1, None, formats[f"lined_{_cell_format(column)}"])
        sheet.write_string(cell.row, 2, about, formats["about"])
        lines = max(
            wrapped_lines(title, _UPRIGHT_WIDTHS[0], PLAIN_LETTER),
            wrapped_lines(about, _UPRIGHT_WIDTHS[2], PLAIN_LETTER),
        )
        sheet.set_row(cell.row, 15.5 * lines + 2)


def _about(column: RecordColumn, form: FormSheet) -> str:
    expected = expected_in(column, form.school_year)
    told = "; ".join([expected, *relations_ru(form.table, column)])
    return f"{column.description_ru.rstrip('.')}. Допустимо: {told}" if column.description_ru else told


def relations_ru(table: RecordTable, column: RecordColumn) -> list[str]:
    """Return in Russian what a column's values must agree with: their parts, their whole."""
    told: list[str] = []
    if column.total_of:
        told.append("равно сумме " + ", ".join(f"«{table.column(name).title_ru}»" for name in column.total_of))
    if column.at_most:
        told.append(
            f"не {'позже' if column.type == 'date' else 'больше'}, чем «{table.column(column.at_most).title_ru}»"
        )
    return told


def _offered_column(sheet: Any, formats: Mapping[str, Any]) -> None:
    sheet.set_column(0, 0, 14, formats["text"])
    sheet.data_validation(
        HEADER_ROW + 1,
        0,
        LAST_ROW,
        0,
        {
            "validate": "list",
            "source": [OFFERED, CONFIRMED],
            "input_title": OFFERED_HEADING,
            "input_message": f"Строка действует и в этом году — выберите «{CONFIRMED}»; нет — очистите её.",
            "error_title": "Выберите из списка",
            "error_message": f"Допустимо «{OFFERED}» или «{CONFIRMED}».",
        },
    )


def _width(column: RecordColumn, found: ListRange | None) -> float:
    """Return a width that fits the column's values and the longest word of its heading."""
    width = _WIDTHS[column.type]
    if found is not None:
        width = max(width if column.type == "subject" else 12.0, min(36.0, max(len(str(v)) for v in found.values) + 4))
    elif column.type == "link" and not is_address(column):
        width = 16
    title = column_title(column)
    longest_word = max(map(len, title.replace("/", "/ ").replace("-", "- ").split()), default=0)
    return float(max(width, min(34.0, longest_word * BOLD_LETTER + 3), min(30.0, len(title) / 3)))


def wrapped_lines(text: str, width: float, letter: float = BOLD_LETTER) -> int:
    """Return how many lines a text takes in a column, wrapped between words as Excel does."""
    room = max(width / letter - 1, 4)
    lines, used = 1, 0.0
    for word in text.split():
        if used and used + 1 + len(word) > room:
            lines, used = lines + 1, float(len(word))
        else:
            used += len(word) + (1 if used else 0)
    return lines


def _cell_format(column: RecordColumn) -> str:
    if column.choices or column.personal is not None:
        return "text"
    kinds = {"integer": "integer", "number": "number", "percent": "percent", "date": "date", "grade": "grade"}
    return kinds.get(column.type, "text")


def _restrict(sheet: Any, cell: FormCell, form: FormSheet) -> None:
    column = cell.column
    rule = _list_rule(form.lists.get(column.name)) or _limit_rule(column, form.school_year)
    expected = expected_in(column, form.school_year)
    needed = "Обязательно. " if column.required else ""
    about = f"{column.description_ru.rstrip('.')}. " if column.description_ru else ""
    sheet.data_validation(
        *cell.area,
        {
            **rule,
            "ignore_blank": True,
            "input_title": _cut(column.title_ru, _LONGEST_TITLE),
            "input_message": _cut(f"{needed}{about}Допустимо: {expected}.", _LONGEST_MESSAGE),
            "error_title": "Значение не подходит",
            "error_message": _cut(f"«{column.title_ru}»: нужно {_accusative(expected)}.", _LONGEST_MESSAGE),
        },
    )


def expected_in(column: RecordColumn, school_year: str) -> str:
    """Return in Russian what a column of a form takes, columns that are not stored among them."""
    if column.school:
        return "ОО из списка"
    if column.personal is not None:
        return "код, под которым человек известен школе" if column.personal == "code" else "текст"
    return expected_ru(column, school_year)


def _accusative(expected: str) -> str:
    """Return what is expected as an object: «дату от …»; the other kinds have the same form in both cases."""
    return f"дату{expected[4:]}" if expected.startswith("дата") else expected.replace("ссылка", "ссылку", 1)


def _list_rule(found: ListRange | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"validate": "list", "source": found.reference or list(found.values)}


def _limit_rule(column: RecordColumn, school_year: str) -> dict[str, Any]:
    if column.personal is not None or column.school or column.type in {"text", "link"}:
        longest = 2000 if is_address(column) else int(column.maximum or TEXT_LIMIT)
        return {"validate": "length", "criteria": "<=", "value": longest}
    if column.type == "date":
        first, last = date_window(column, school_year)
        return {"validate": "date", "criteria": "between", "minimum": first, "maximum": last}
    low, high = (int(one) if one is not None and float(one).is_integer() else one for one in limits(column))
    kind = {"validate": "integer" if column.type == "integer" else "decimal"}
    if low is not None and high is not None:
        return kind | {"criteria": "between", "minimum": low, "maximum": high}
    if low is not None or high is not None:
        return kind | {"criteria": ">=" if high is None else "<=", "value": low if high is None else high}
    return kind | {"criteria": "between", "minimum": -1_000_000_000, "maximum": 1_000_000_000}


def _highlight(sheet: Any, form: FormSheet, formats: Mapping[str, Any]) -> None:
    """Colour what does not hold: totals, parts over their whole, required cells left empty in a begun row."""
    cells = {cell.column.name: cell for cell in form.cells()}
    references = {name: cell.reference for name, cell in cells.items()}
    ordered = list(references.values())
    for name, cell in cells.items():
        column, own = cell.column, references[name]
        formulas: list[tuple[str, str]] = []
        if column.total_of and all(part in references for part in column.total_of):
            formulas.append((_total_formula(column, own, [references[part] for part in column.total_of]), "bad"))
        if column.at_most in references:
            whole = references[column.at_most]
            formulas.append((f"=AND(ISNUMBER({own}),ISNUMBER({whole}),{own}>{whole})", "bad"))
        if column.required:
            formulas.append((f'=AND(COUNTA({ordered[0]}:{ordered[-1]})>0,{own}="")', "missing"))
        for formula, look in formulas:
            sheet.conditional_format(*cell.area, {"type": "formula", "criteria": formula, "format": formats[look]})


def _total_formula(column: RecordColumn, own: str, parts: Sequence[str]) -> str:
    listed = ",".join(parts)
    slack = f"{tolerance(column):.10f}".rstrip("0")
    differs = f"IF(COUNT({listed})={len(parts)},ABS({own}-SUM({listed}))>{slack},SUM({listed})-{own}>{slack})"
    return f"=AND(ISNUMBER({own}),COUNT({listed})>0,{differs})"


def answer_cells(form: FormSheet) -> dict[tuple[str, int, int], object]:
    """Return the cells for answers that a form is handed out with, by sheet, row and column."""
    found: dict[tuple[str, int, int], object] = {}
    name, first = form.table.sheet_ru, HEADER_ROW + 1
    for row, values in enumerate(form.rows or form.preset, first):
        if form.rows:
            found[name, row, 0] = OFFERED
        for cell in form.cells():
            value = shown_value(cell.column, values.get(cell.column.name))
            if value is not None:
                found[name, row, cell.place] = value
    return found


def _write_rows(sheet: Any, form: FormSheet, formats: Mapping[str, Any]) -> None:
    looks = {cell.place: _cell_format(cell.column) for cell in form.cells()}
    kind = "offered" if form.rows else "preset"
    for (_, row, place), value in answer_cells(form).items():
        look = formats[f"{kind}_{looks.get(place, 'text')}"]
        if isinstance(value, date):
            sheet.write_datetime(row, place, value, look)
        elif isinstance(value, int | float):
            sheet.write_number(row, place, value, look)
        else:
            # A text is always written as a text: one that begins with = + - @ would be run as a formula.
            sheet.write_string(row, place, str(value), look)


def shown_value(column: RecordColumn, value: object) -> object:
    """Return a stored value as a form shows it: labels for codes, «да» and «нет», dates as dates; None for nothing."""
    if value is None:
        return None
    if column.choices:
        return column.choices.get(str(value), str(value))
    if column.type == "boolean":
        return YES_RU if value else NO_RU
    if column.type == "date":
        return date.fromisoformat(str(value)[:10])
    if column.type == "subject" and str(value) in subjects():
        return subjects()[str(value)].name_ru
    return value


def _set_up(sheet: Any, form: FormSheet) -> None:
    names = [column.name for column in form.columns]
    holds_key = not form.is_upright and len(names) > 6 and bool(form.table.key) and names[0] in form.table.key
    sheet.freeze_panes(HEADER_ROW + 1, len(names[:1]) * holds_key + bool(form.rows))
    sheet.protect("", _ALLOWED_ACTIONS)
    if form.is_upright:
        sheet.set_portrait()
    else:
        sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW)
    sheet.set_footer("&L&A&Rстр. &P из &N")
    start = (HEADER_ROW + 1, 1 if form.is_upright else 0)
    sheet.set_selection(*start, *start)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
