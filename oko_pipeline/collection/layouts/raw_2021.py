"""Raw dump of spring 2021: Russian headers, every cell a text, tasks by position («балл за 1» … «балл за k»).

The column «регион» holds the name of the municipality.
"""

import re
from typing import Final

from oko_pipeline.collection.headers import HeaderRow, find_sheet_header
from oko_pipeline.collection.identity import assessment_key, campaign_of
from oko_pipeline.collection.layout import Reading, SourceContext, Workbook
from oko_pipeline.collection.protocol import PupilColumns, PupilTable, filled_rows, read_pupils
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.works import TaskHeader

CODE: Final = "raw_2021"
_REQUIRED: Final = (r"логин\s+школы", r"код\s+обучающегося", r"всего\s+баллов", r"балл\s+за\s+1")
_TASK: Final = re.compile(r"балл\s+за\s+(\d+)", re.IGNORECASE)


class Raw2021:
    """Reader of the raw dump of spring 2021."""

    code = CODE
    version = "1"
    title_ru = "Выгрузка результатов ВПР, весна 2021"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell by the header «логин школы … код обучающегося … всего баллов … балл за 1»."""
        return find_sheet_header(workbook, _REQUIRED) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read works of one paper; the year comes from the path and is 2021 without one."""
        header = find_sheet_header(workbook, _REQUIRED)
        if header is None:
            raise UnreadableFileError("file.unknown", "В файле нет заголовка выгрузки 2021 года.")
        own_campaign = campaign_of(context.path, default="2021-spring")
        key = assessment_key(context.path, own_campaign)
        indices, rows = filled_rows(header)
        table = PupilTable(header, self._columns(header), indices, rows, key, own_campaign, self.code)
        return read_pupils(table, context)

    @staticmethod
    def _columns(header: HeaderRow) -> PupilColumns:
        tasks = [column for column, text in enumerate(header.texts) if _TASK.fullmatch(text)]
        return PupilColumns(
            school=header.column(r"логин\s+школы"),
            municipality=header.column(r"(?:регион|муниципалитет)"),
            code=header.column(r"код\s+обучающегося") or 0,
            journal_mark=header.column(r"отметка\s+за\s+предыдущ.*"),
            sex=header.column("пол"),
            class_label=header.column("класс"),
            variants=tuple(header.columns("вариант")),
            total=header.column(r"всего\s+баллов") or 0,
            tasks=tuple((column, TaskHeader(position)) for position, column in enumerate(tasks, 1)),
        )
