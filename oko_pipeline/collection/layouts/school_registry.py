"""A simple list of schools: login, name, municipality, kind, place. Its years come from the path."""

from typing import Final

from oko_pipeline.catalogue.campaigns import find_campaign
from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.catalogue.tables import SCHOOL_CONTEXT, SCHOOL_MENTIONS
from oko_pipeline.collection.aggregates import cell_at, typed_rows
from oko_pipeline.collection.cell_findings import shown
from oko_pipeline.collection.headers import HeaderRow, cell_text, header_rows
from oko_pipeline.collection.identity import path_hints
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook
from oko_pipeline.collection.layouts.context_questionnaire import mention_of
from oko_pipeline.errors import UnreadableFileError
from oko_pipeline.quality import QualityFinding

_COLUMNS: Final = {
    "login": r"логин(\s+.*)?|пользователь|login|код\s+(оо|школы)(\s+в\s+фис\s+око)?",
    "full_name": r"(полное\s+|краткое\s+|сокращ[её]нное\s+)?(название|наименование)(\s+.*)?|школа|оо|name",
    "municipality": r"муниципалитет|муниципальн\S+\s.*|мсу|район|municipality",
    "oge_code": r"код\s+огэ",
    "ege_code": r"код\s+егэ",
    "kind": r"(тип|вид|статус)(\s+(оо|школы|организации))?|kind|type",
    "place": r"(тип|вид)\s+(насел[её]нного\s+пункта|местности)|местность|расположение|город/село|place",
}
_OTHER: Final = (
    r"№.*|код\s+региона|регион|субъект.*|год|учебный год|инн|адрес.*|телефон.*|e-?mail|.*почта.*|директор.*|фио.*"
)
"""Columns a list may have beside: they are not read, personal ones above all."""
_REQUIRED: Final = ("login", "full_name", "municipality")


def _registry(header: HeaderRow) -> dict[str, int] | None:
    columns = {name: column for name, pattern in _COLUMNS.items() if (column := header.column(pattern)) is not None}
    if any(name not in columns for name in _REQUIRED):
        return None
    others = header.columns(_OTHER)
    strange = [i for i, text in enumerate(header.texts) if text and i not in columns.values() and i not in others]
    # A list of schools has nothing but schools in it: results and questionnaires have columns of their own.
    return None if len(strange) > 1 else columns


def _find(workbook: Workbook) -> tuple[HeaderRow, dict[str, int]] | None:
    for sheet in workbook.sheets:
        for header in header_rows(sheet):
            columns = _registry(header)
            if columns is not None:
                return header, columns
    return None


class SchoolRegistry:
    """Reads a list of schools into `school_mentions` and the kind of school into `school_context`."""

    code: str = "school_registry"
    version: str = "1"
    title_ru: str = "Список ОО"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet is a list with logins, names and municipalities and nothing else but such columns."""
        return _find(workbook) is not None

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the list.

        Raises:
            UnreadableFileError: (file.year_unknown) when the path names no year.
        """
        found = _find(workbook)
        year = path_hints(context.path).year
        if year is None:
            raise UnreadableFileError(
                "file.year_unknown", "Список ОО не называет год: положите его в папку с годом, например 2021."
            )
        campaign = find_campaign(year)
        reading = Reading(school_year=campaign.school_year if campaign else f"{year - 1}-{year}")
        mentions: dict[str, dict[str, object]] = {}
        kinds: dict[str, dict[str, object]] = {}
        if found is not None:
            header, columns = found
            for row, cells in enumerate(header.sheet.rows):
                if row > header.row_index and any(cell_text(value) for value in cells):
                    _read_row((row, cells), (header, columns), context, (reading, mentions, kinds))
        reading.tables = {SCHOOL_MENTIONS.name: typed_rows(SCHOOL_MENTIONS, list(mentions.values()))}
        if kinds:
            reading.tables[SCHOOL_CONTEXT.name] = typed_rows(SCHOOL_CONTEXT, list(kinds.values()))
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


def _read_row(
    line: tuple[int, list[Cell]],
    found: tuple[HeaderRow, dict[str, int]],
    context: SourceContext,
    into: tuple[Reading, dict[str, dict[str, object]], dict[str, dict[str, object]]],
) -> None:
    (row, cells), (header, columns), (reading, mentions, kinds) = line, found, into
    reading.read_rows_count += 1
    login = cell_text(cell_at(cells, columns["login"])).lower()
    school_code = school_code_from_login(login)
    mention = mention_of(cells, columns)
    if mention is None or school_code is None or login in mentions:
        reading.quarantined_rows_count += 1
        is_repeated = login in mentions
        reading.findings.append(
            QualityFinding(
                "registry.repeated_school" if is_repeated else "registry.login_unknown",
                f"ОО {login} в списке повторена: принята первая строка."
                if is_repeated
                else f"«{shown(login)}» — не логин ОО: строка списка отложена.",
                context.path,
                context.file_sha256,
                header.sheet.name,
                row + 1,
                columns["login"],
                value=shown(login),
                expected="логин вида edu990404, один раз",
            )
        )
        return
    place, kind = (cell_text(cell_at(cells, columns.get(name))) for name in ("place", "kind"))
    mention["settlement_type"] = place or None
    mentions[login] = mention
    if kind:
        kinds[school_code] = {
            "source_row": row + 1,
            "school_code": school_code,
            "variable": "school_kind",
            "value_text": kind,
            "value_number": None,
        }
