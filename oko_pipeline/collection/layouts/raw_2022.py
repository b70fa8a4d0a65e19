"""Raw dump since 2022: sheets «Классы» and «Протокол», tasks with their maxima, the time of upload of every school.

Spring and autumn of 2022 are two campaigns (autumn papers are those of the previous grade): the upload time tells them
apart. Rows of another campaign than most rows of the file are quarantined, never mixed in.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from oko_pipeline.catalogue.campaigns import Campaign, find_campaign
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.headers import HeaderRow, cell_text, find_sheet_header
from oko_pipeline.collection.identity import assessment_key, campaign_of
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook
from oko_pipeline.collection.protocol import PupilColumns, PupilTable, filled_rows, read_pupils
from oko_pipeline.errors import UnreadableFileError

CODE: Final = "raw_2022"
_REQUIRED: Final = ("пользователь", "код", r"дата\s+загрузки", r"итого\s+баллов", r"\d.*\(\s*\d+\s*б[а-я.]*\s*\)")


class Raw2022:
    """Reader of the raw dump since 2022."""

    code = CODE
    version = "1"
    title_ru = "Выгрузка результатов ВПР с 2022 года"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell by the header «Пользователь … Дата загрузки … Код … 1 (1б) … Итого баллов»."""
        return find_sheet_header(workbook, _REQUIRED) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read works of one paper; the campaign comes from the upload times, else from the path."""
        header = find_sheet_header(workbook, _REQUIRED)
        if header is None:
            raise UnreadableFileError("file.unknown", "В файле нет заголовка выгрузки 2022 года.")
        columns = self._columns(header)
        indices, rows = filled_rows(header)
        upload_column = header.column(r"дата\s+загрузки") or 0
        uploads = _upload_times([row[upload_column] for row in rows])
        campaigns = [_campaign_of_upload(upload) for upload in uploads]
        counts = Counter(found.campaign_code for found in campaigns if found is not None)
        own_campaign = _commonest(campaigns, counts) or campaign_of(context.path, default="2022-spring")
        key = assessment_key(context.path, own_campaign)
        foreign = [line for line, found in enumerate(campaigns) if found is not None and found != own_campaign]
        own = [line for line in range(len(rows)) if line not in set(foreign)]
        table = PupilTable(
            header,
            columns,
            [indices[line] for line in own],
            [rows[line] for line in own],
            key,
            own_campaign,
            self.code,
            submitted_at=max((upload for line in own if (upload := uploads[line]) is not None), default=None),
        )
        reading = read_pupils(table, context)
        findings = CellFindings(context, header.sheet.name, str(key))
        for line in foreign:
            findings.add(
                "row.other_campaign",
                f"Работа загружена «{cell_text(rows[line][upload_column])}», а файл относится к другой кампании: "
                f"{own_campaign.title_ru}.",
                indices[line] + 1,
                upload_column,
                value=cell_text(rows[line][upload_column])[:10],
                expected=own_campaign.title_ru,
                became="строка в карантине",
            )
        reading.findings += findings.all()
        reading.read_rows_count += len(foreign)
        reading.quarantined_rows_count += len(foreign)
        return reading

    @staticmethod
    def _columns(header: HeaderRow) -> PupilColumns:
        return PupilColumns(
            school=header.column("пользователь"),
            school_name=header.column("школа"),
            municipality=header.column("муниципалитет"),
            code=header.column("код") or 0,
            journal_mark=header.column(r"отметка\s+за\s+предыдущ.*"),
            sex=header.column("пол"),
            class_label=header.column(r"наименование\s+класса"),
            variants=tuple(header.columns("вариант")),
            total=header.column(r"итого\s+баллов") or 0,
            tasks=tuple(header.task_columns()),
        )


def _upload_times(values: Sequence[Cell]) -> list[str | None]:
    """Return upload times as ISO 8601, UTC by convention: the files give no zone and times are only compared."""
    known = {value: _upload_time(value) for value in set(values)}
    return [known[value] for value in values]


def _upload_time(value: Cell) -> str | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    text = cell_text(value)
    for pattern in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            return datetime.strptime(text, pattern).strftime("%Y-%m-%dT%H:%M:%S+00:00")  # noqa: DTZ007 - see above
        except ValueError:
            continue
    return None


def _campaign_of_upload(upload: str | None) -> Campaign | None:
    if upload is None:
        return None
    year, month = int(upload[:4]), int(upload[5:7])
    return find_campaign(year, "autumn" if month >= 8 else "spring")


def _commonest(campaigns: Sequence[Campaign | None], counts: Counter[str]) -> Campaign | None:
    if not counts:
        return None
    code = counts.most_common(1)[0][0]
    return next(found for found in campaigns if found is not None and found.campaign_code == code)
