"""«Форма сбора результатов»: the protocol one school fills, sheets «Протокол», «Служебный», «Порядковый номер класса».

Row 1 is the header; the rows below are prefilled with a total of 0. Behind the last header the sheet hides drop-down
lists: they are no pupils. The form names neither school nor work: the school's login stands in the file's path.
"""

from typing import Final

from oko_pipeline.collection.headers import HeaderRow, cell_text, find_sheet_header
from oko_pipeline.collection.identity import assessment_key, campaign_of, path_hints, school_code_in
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook
from oko_pipeline.collection.protocol import PupilColumns, PupilTable, read_pupils
from oko_pipeline.collection.titles import parse_title
from oko_pipeline.errors import UnreadableFileError

CODE: Final = "blank_form"
_REQUIRED: Final = (r"код\s+участника", "вариант", r"порядковый\s+номер\s+класса", r"итого\s+баллов")


class BlankForm:
    """Reader of the form that a school fills."""

    code = CODE
    version = "1"
    title_ru = "Форма сбора результатов"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell by the header «Код участника | Вариант | … | Порядковый номер класса | … | Итого баллов»."""
        return find_sheet_header(workbook, _REQUIRED) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read works of one school; an unfilled form is a reading of no rows."""
        header = find_sheet_header(workbook, _REQUIRED)
        if header is None:
            raise UnreadableFileError("file.unknown", "В файле нет заголовка формы сбора результатов.")
        columns = self._columns(header)
        indices, rows = _pupil_rows(header, columns)
        title = parse_title(header.sheet, header.row_index)
        own_campaign = campaign_of(context.path, title)
        if not rows:
            return Reading(school_year=own_campaign.school_year)
        key = assessment_key(context.path, own_campaign, title)
        login = path_hints(context.path).login
        school_code = school_code_in(login) if login else None
        if school_code is None:
            raise UnreadableFileError(
                "file.school_unknown",
                "Форма заполнена, но ни файл, ни его папки не названы логином школы: чьи это работы, неизвестно.",
            )
        table = PupilTable(header, columns, indices, rows, key, own_campaign, self.code, school_code=school_code)
        return read_pupils(table, context)

    @staticmethod
    def _columns(header: HeaderRow) -> PupilColumns:
        return PupilColumns(
            code=header.column(r"код\s+участника") or 0,
            variants=tuple(header.columns("вариант")),
            class_label=header.column(r"порядковый\s+номер\s+класса"),
            sex=header.column("пол"),
            journal_mark=header.column(r"отметка\s+за\s+предыдущ.*"),
            total=header.column(r"итого\s+баллов") or 0,
            tasks=tuple(header.task_columns()),
        )


def _pupil_rows(header: HeaderRow, columns: PupilColumns) -> tuple[list[int], list[list[Cell]]]:
    """Return rows that someone filled in: with a code, a variant, a total, or all tasks.

    The hidden lists may run into the columns of tasks; they never name a participant and have no total.
    """
    named = [columns.code, *columns.variants]
    tasks = [column for column, _ in columns.tasks]
    rows = header.sheet.rows
    indices = [
        index
        for index in range(header.row_index + 1, len(rows))
        if any(cell_text(rows[index][column]) for column in named)
        or cell_text(rows[index][columns.total]) not in {"", "0"}
        or (tasks and all(cell_text(rows[index][column]) for column in tasks))
    ]
    return indices, [rows[index] for index in indices]
