"""The crosswalk file that an analyst fills: which school a key means, since when, by which act, confirmed by whom.

A confirmation is used only with a role and a date; names of people do not pass.
"""

import re
from datetime import date
from typing import Final

from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINKS
from oko_pipeline.collection.aggregates import cell_at, typed_rows
from oko_pipeline.collection.cell_findings import CellFindings, shown
from oko_pipeline.collection.headers import HeaderRow, cell_text, find_header, folded_text
from oko_pipeline.collection.layout import Cell, Reading, SourceContext, Workbook
from oko_pipeline.collection.people import named_person, without_people
from oko_pipeline.collection.school_links import CHANGE_KINDS_RU
from oko_pipeline.collection.titles import parse_date

_COLUMNS: Final = {
    "key": r"ключ(\s+в\s+файле)?|логин, код или название.*|название в файле",
    "place": r"муниципалитет.*",
    "code": r"(новый\s+)?код\s+оо|логин\s+оо",
    "kind": r"вид\s+изменения",
    "from": r"действует\s+с|дата\s+начала",
    "to": r"действует\s+по|дата\s+окончания",
    "basis": r"основание.*|акт.*",
    "role": r"подтвердил.*|кем\s+подтверждено.*",
    "on": r"дата\s+подтверждения|подтверждено\s+\(?дата\)?",
}
_REQUIRED: Final = ("key", "code", "kind", "role", "on")
_KINDS: Final = {
    "rename": r"переименован\w*",
    "merger": r"слияни\w*|реорганизаци\w+ в форме слияни\w*",
    "accession": r"присоединени\w*|реорганизаци\w+ в форме присоединени\w*",
    "same": r"то же.*|иное написание|соответствие|та же( оо| школа)?",
}
_EMPTY: Final = {"", "-", "–", "—", "нет"}


class SchoolLinks:
    """Reads confirmations into `school_links`; the file serves every school year."""

    code: str = "school_links"
    version: str = "1"
    title_ru: str = "Файл соответствий ОО"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet has the columns key, code, kind of change, role and date of confirmation."""
        return any(_header(workbook))

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the confirmations; a faulty row is left out with a finding that names its cell."""
        reading = Reading()
        rows: list[dict[str, object]] = []
        for header in _header(workbook):
            columns = {
                name: column for name, pattern in _COLUMNS.items() if (column := header.column(pattern)) is not None
            }
            findings = CellFindings(context, header.sheet.name)
            seen: set[tuple[object, ...]] = set()
            for row, cells in enumerate(header.sheet.rows):
                filled = [name for name, column in columns.items() if cell_text(cell_at(cells, column)) not in _EMPTY]
                # A row of the form with nothing but the key handed out is not answered yet.
                if row <= header.row_index or not set(filled) - {"key", "place"}:
                    continue
                reading.read_rows_count += 1
                made = _Row(row + 1, cells, columns, findings).read()
                if made is None:
                    reading.quarantined_rows_count += 1
                    continue
                identity = tuple(value for name, value in made.items() if name != "source_row")
                if identity in seen:
                    findings.add("link.repeated", "Строка соответствия повторена.", row + 1, columns["key"])
                else:
                    rows.append(made)
                seen.add(identity)
            reading.findings += findings.all()
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        reading.tables = {SCHOOL_LINKS.name: typed_rows(SCHOOL_LINKS, rows)}
        return reading


def _header(workbook: Workbook) -> list[HeaderRow]:
    patterns = [_COLUMNS[name] for name in _REQUIRED]
    found = (find_header(sheet, patterns) for sheet in workbook.sheets)
    return [header for header in found if header is not None][:1]


class _Row:
    """One row of the crosswalk file."""

    def __init__(self, row: int, cells: list[Cell], columns: dict[str, int], findings: CellFindings) -> None:
        self._row, self._cells, self._columns, self._findings = row, cells, columns, findings
        self._is_faulty = False

    def read(self) -> dict[str, object] | None:
        """Return the row of `school_links`; None when it cannot be used, with findings for every reason."""
        key = self._text("key")
        if key in _EMPTY:
            self._fault("link.key_missing", "В строке соответствия не назван ключ.", "key", "логин, код или название")
        code = school_code_from_login(self._text("code"))
        if code is None:
            message = f"«{shown(self._text('code'))}» — не код ОО."
            self._fault("link.school_code_invalid", message, "code", "логин вида edu990404")
        kind = self._kind()
        valid_from, valid_to = self._date("from"), self._date("to")
        if valid_from is not None and valid_to is not None and valid_from > valid_to:
            message = f"Срок кончается ({valid_to}) раньше, чем начинается ({valid_from})."
            self._fault("link.date_invalid", message, "to", "дата не раньше начала")
        if kind in {"merger", "accession", "rename"} and valid_from is None and not self._text("from"):
            self._fault("link.date_invalid", "Не названа дата, с которой действует изменение.", "from", "дата")
        basis = self._impersonal("basis")
        if kind not in {None, "same"} and basis is None:
            self._fault(
                "link.basis_missing", "Для этого вида изменения нужен акт-основание.", "basis", "реквизиты акта"
            )
        role, confirmed_on = self._confirmation()
        if self._is_faulty:
            return None
        place = self._text("place")
        return {
            "source_row": self._row,
            "source_key": key,
            "municipality_name": place if place not in _EMPTY else None,
            "school_code": code,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "change_kind": kind,
            "basis": basis,
            "confirmed_by_role": role,
            "confirmed_on": confirmed_on,
        }

    def _text(self, name: str) -> str:
        return cell_text(cell_at(self._cells, self._columns.get(name)))

    def _fault(self, rule_id: str, message: str, name: str, expected: str) -> None:
        self._is_faulty = True
        column = self._columns.get(name)
        self._findings.add(rule_id, message, self._row, column, expected=expected, became="строка не применена")

    def _kind(self) -> str | None:
        text = folded_text(self._text("kind"))
        for kind, pattern in _KINDS.items():
            if text == CHANGE_KINDS_RU[kind] or re.fullmatch(pattern, text):
                return kind
        kinds = ", ".join(CHANGE_KINDS_RU.values())
        self._fault("link.kind_unknown", f"Вид изменения «{shown(text)}» не известен.", "kind", kinds)
        return None

    def _date(self, name: str) -> str | None:
        text = self._text(name)
        if text in _EMPTY:
            return None
        found = parse_date(cell_at(self._cells, self._columns.get(name)))
        if found is None or not date(1990, 1, 1) <= found <= date(2100, 1, 1):
            self._fault("link.date_invalid", f"«{shown(text)}» — не дата.", name, "дата вида 01.09.2023")
            return None
        return found.isoformat()

    def _impersonal(self, name: str) -> str | None:
        text = self._text(name)
        if text in _EMPTY:
            return None
        if named_person(text):
            message = "В ячейке названо лицо: его имя не сохранено."
            self._findings.add("link.personal_data", message, self._row, self._columns.get(name))
            text = without_people(text)
        return text or None

    def _confirmation(self) -> tuple[str | None, str | None]:
        role = self._impersonal("role")
        # A date is looked at even without a role: all faults of a row are told at once.
        confirmed_on = self._date("on")
        if role is None:
            self._fault("link.not_confirmed", "Не названа должность подтвердившего.", "role", "должность без фамилии")
        if self._text("on") in _EMPTY:
            self._fault("link.not_confirmed", "Нет даты подтверждения.", "on", "дата вида 01.09.2023")
        return role, confirmed_on
