"""Raw dump of autumn 2020: `groups | user | id | code | otc | gender | klass | var-1 | var-2 | sum | a-1-grade …`.

The paper of grade N is written by pupils of grade N + 1. The column after the last task is called `Учебник`; the
`a-k-grade` columns behind it are empty. The municipality is one of a hundred tags in `groups`. A work of two days has
a variant a day.
"""

import re
from typing import Final

from oko_pipeline.catalogue.campaigns import campaign
from oko_pipeline.collection.headers import HeaderRow, find_sheet_header
from oko_pipeline.collection.identity import assessment_key
from oko_pipeline.collection.layout import Reading, SourceContext, Workbook
from oko_pipeline.collection.protocol import PupilColumns, PupilTable, filled_rows, read_pupils
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.works import TaskHeader

CODE: Final = "raw_2020"
_CAMPAIGN: Final = "vpr-2020-autumn"
_REQUIRED: Final = ("user", "code", "sum", "var-1", r"a-1-grade")
_TASK: Final = re.compile(r"a-(\d+)-grade", re.IGNORECASE)


class Raw2020:
    """Reader of the raw dump of autumn 2020."""

    code = CODE
    version = "1"
    title_ru = "Выгрузка результатов ВПР, осень 2020"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell by the header `user … code … sum … a-1-grade`."""
        return find_sheet_header(workbook, _REQUIRED) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read works of one paper; the campaign is always autumn 2020."""
        header = find_sheet_header(workbook, _REQUIRED)
        if header is None:
            raise UnreadableFileError("file.unknown", "В файле нет заголовка выгрузки 2020 года.")
        own_campaign = campaign(_CAMPAIGN)
        key = assessment_key(context.path, own_campaign)
        indices, rows = filled_rows(header)
        table = PupilTable(header, self._columns(header), indices, rows, key, own_campaign, self.code)
        return read_pupils(table, context)

    @staticmethod
    def _columns(header: HeaderRow) -> PupilColumns:
        textbook = header.column("учебник")
        last = len(header.texts) if textbook is None else textbook
        tasks = [column for column in range(last) if _TASK.fullmatch(header.texts[column])]
        return PupilColumns(
            school=header.column("user"),
            municipality=header.column("groups"),
            code=header.column("code") or 0,
            journal_mark=header.column("otc"),
            sex=header.column("gender"),
            class_label=header.column("klass"),
            variants=tuple(header.columns(r"var-\d")),
            total=header.column("sum") or 0,
            tasks=tuple((column, TaskHeader(position)) for position, column in enumerate(tasks, 1)),
        )
