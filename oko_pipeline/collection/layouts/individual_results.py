"""«Ф1 Индивидуальные результаты»: pupils of one work grouped by school, with the mark of the work.

Title lines say year, subject, grade and maximum; above the tasks stand their levels Б/П/В. A row «<ОО>(edu######) |
Кол-во участников: N» opens each school; it is no pupil, its N is compared with the rows that follow.
"""

import re
from typing import Final

from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.headers import HeaderRow, cell_text, find_sheet_header
from oko_pipeline.collection.identity import assessment_key, campaign_of, school_code_in
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook
from oko_pipeline.collection.protocol import PupilColumns, PupilTable, filled_rows, read_pupils
from oko_pipeline.collection.titles import parse_title
from oko_pipeline.errors import UnreadableFileError

CODE: Final = "individual_results"
_REQUIRED: Final = ("оо", r"код\s+участника", r"первичный\s+балл", "отметка")
_GROUP: Final = re.compile(r"кол-?\s*во\s+участников\s*:?\s*(\d+)", re.IGNORECASE)


class IndividualResults:
    """Reader of the analytic export «Индивидуальные результаты»."""

    code = CODE
    version = "1"
    title_ru = "Ф1 Индивидуальные результаты"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell by the header «ОО | … | Код участника | … | Первичный балл | Отметка»."""
        return find_sheet_header(workbook, _REQUIRED) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read works of one paper with reported marks; year, subject and grade come from the title, else the path."""
        header = find_sheet_header(workbook, _REQUIRED)
        if header is None:
            raise UnreadableFileError("file.unknown", "В файле нет заголовка формы Ф1.")
        title = parse_title(header.sheet, header.row_index)
        own_campaign = campaign_of(context.path, title)
        key = assessment_key(context.path, own_campaign, title)
        columns = self._columns(header)
        findings = CellFindings(context, header.sheet.name, str(key))
        indices, rows = _without_groups(header, columns, findings)
        table = PupilTable(header, columns, indices, rows, key, own_campaign, self.code, school_of=_school_of_cell)
        reading = read_pupils(table, context)
        reading.findings += findings.all()
        return reading

    @staticmethod
    def _columns(header: HeaderRow) -> PupilColumns:
        return PupilColumns(
            school=header.column("оо"),
            school_name=header.column(r"название\s+оо"),
            municipality=header.column("муниципалитет"),
            code=header.column(r"код\s+участника") or 0,
            variants=tuple(header.columns("вариант")),
            class_label=header.column("класс"),
            sex=header.column("пол"),
            total=header.column(r"первичный\s+балл") or 0,
            reported_mark=header.column("отметка"),
            journal_mark=header.column(r"отметка\s+по\s+журналу"),
            tasks=tuple(header.task_columns()),
        )


def _school_of_cell(value: Cell) -> str | None:
    text = cell_text(value)
    return school_code_from_login(text) or school_code_in(text)


def _without_groups(
    header: HeaderRow, columns: PupilColumns, findings: CellFindings
) -> tuple[list[int], list[list[Cell]]]:
    """Return pupils' rows, the school taken from the group row where a row names none; check the groups' sizes.

    A row with neither code nor score is a note below the table, no pupil.
    """
    school = columns.school or 0
    indices: list[int] = []
    rows: list[list[Cell]] = []
    group: Cell = ""
    group_row = stated = counted = 0
    for index, row in zip(*filled_rows(header), strict=True):
        match = next((found for value in row if (found := _GROUP.search(cell_text(value)))), None)
        if match is not None:
            _compare(findings, group, group_row, stated, counted)
            group, group_row, stated, counted = row[school], index + 1, int(match[1]), 0
        elif cell_text(row[columns.code]) or cell_text(row[columns.total]):
            counted += 1
            indices.append(index)
            rows.append(row if cell_text(row[school]) else [*row[:school], group, *row[school + 1 :]])
    _compare(findings, group, group_row, stated, counted)
    return indices, rows


def _compare(findings: CellFindings, group: Cell, row: int, stated: int, counted: int) -> None:
    if row and stated != counted:
        findings.add(
            "file.participants_differ",
            f"В строке школы указано участников: {stated}, а строк участников под ней: {counted}.",
            row,
            value=str(stated),
            expected=str(counted),
            school_code=school_code_in(cell_text(group)),
        )
