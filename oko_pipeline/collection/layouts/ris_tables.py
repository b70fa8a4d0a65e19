"""Dumps of РИС: `res_HumanTests`, `res_Marks`, `rbd_Participants`, `rbd_Schools`, `dats_Borders`, and flat ones."""

from collections import defaultdict
from typing import Final

from oko_pipeline.catalogue.exams import GVE_CODES_FROM, ExamKey, exam_level, subject_by_code
from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.headers import cell_text, whole_number
from oko_pipeline.collection.identity import path_hints
from oko_pipeline.collection.layout import Reading, Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.exam_mentions import code_mentions
from oko_pipeline.collection.layouts.gia_protocol import exam_records
from oko_pipeline.collection.layouts.gia_protocol_checks import check_exam
from oko_pipeline.collection.layouts.gia_scale_records import scale_records
from oko_pipeline.collection.person_keys import document_text, full_name, name_identity, person_identity
from oko_pipeline.collection.ris_join import RisJoin, RisParts, join_ris, joined_records, parts_frame
from oko_pipeline.errors import UnreadableFileError

_PARTS: Final = {
    "flat": frozenset({"surname", "subjectcode", "examdate", "primarymark"}),
    "tests": frozenset({"humantestid", "participantfk", "subjectcode"}),
    "marks": frozenset({"humantestid", "primarymark"}),
    "participants": frozenset({"surname", "name"}),
    "schools": frozenset({"schoolid", "schoolcode"}),
    "borders": frozenset({"primarymark", "scalemark"}),
}
"""Columns by which a table is known; the first that fits wins."""
_NEEDED: Final = {
    "tests": frozenset({"examdate", "processcondition"}),
    "participants": frozenset({"documentseries", "documentnumber"}),
}
"""Columns without which a table can be joined only in part."""
_KEPT: Final = frozenset(
    {"humantestid", "participantfk", "participantid", "subjectcode", "examdate", "stationcode", "auditoriumcode"}
    | {"variantcode", "processcondition", "primarymark", "primarymarkd", "mark100", "mark5", "scalemark"}
    | {"testresulta", "testresultb", "testresultc", "testresultd", "schoolfk", "schoolid", "schoolcode", "pclass"}
    | {"category", "examyear", "year"}
)
"""Columns that pass the reader; all others end here, names and documents after they have made the pseudonym."""
_FIELDS: Final = {
    "primarymark": "primary",
    "mark100": "test",
    "mark5": "mark",
    "testresultb": "short",
    "testresultc": "extended",
    "testresultd": "oral",
    "primarymarkd": "oral_score",
    "humantestid": "surname",
}


def _head(sheet: Sheet) -> tuple[str, dict[str, int]] | None:
    """Return the table that a sheet's first filled row names, and its columns; None when it is none of РИС."""
    for row in sheet.rows[:3]:
        columns = {cell_text(value).lower(): c for c, value in enumerate(row) if isinstance(value, str) and value}
        part = next((name for name, wanted in _PARTS.items() if wanted <= columns.keys()), None)
        if part is not None:
            is_own = part != "participants" or {"participantid", "participantfk"} & columns.keys()
            return (part, columns) if is_own else None
    return None


class RisTables:
    """Reads РИС tables: results when they stand together, parts for the assembly when they come one by one."""

    code: str = "ris_tables"
    version: str = "1"
    title_ru: str = "Таблицы РИС"

    def recognise(self, workbook: Workbook) -> bool:
        """Tell whether a sheet has the English heads of a РИС table."""
        return any(_head(sheet) is not None for sheet in workbook.sheets)

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the tables.

        Raises:
            UnreadableFileError: (exam.several_years) for exams of several years in one file.
        """
        reading = Reading()
        parts = RisParts()
        marks_sheet: tuple[str, dict[str, tuple[int, int]]] = ("csv", {})
        borders: list[dict[str, object]] = []
        for sheet in workbook.sheets:
            found = _head(sheet)
            if found is None:
                continue
            part, columns = found
            findings = CellFindings(context, sheet.name)
            rows = _rows(sheet, columns, part, context, reading)
            if part in {"marks", "flat"}:
                marks_sheet = sheet.name, {_FIELDS[n]: (c, c + 1) for n, c in columns.items() if n in _FIELDS}
            if part == "borders":
                borders += _borders(rows, context, findings)
            else:
                _check_columns(part, columns, findings)
                _take(part, rows, parts)
            reading.findings += findings.all()
        _finish(reading, parts, marks_sheet, context)
        if borders:
            reading.records["exam_scales"] = scale_records(borders)
        reading.accepted_rows_count = reading.read_rows_count - reading.quarantined_rows_count
        return reading


def _rows(
    sheet: Sheet, columns: dict[str, int], part: str, context: SourceContext, reading: Reading
) -> list[dict[str, str]]:
    """Return the rows of a table as texts by column; people become pseudonyms here."""
    start = next(i for i, row in enumerate(sheet.rows) if any(cell_text(v).lower() in columns for v in row)) + 1
    rows: list[dict[str, str]] = []
    identities: list[tuple[str, ...] | None] = []
    names: list[tuple[str, ...] | None] = []
    documented: list[str] = []
    for index, cells in enumerate(sheet.rows[start:], start):
        texts = {name: cell_text(cells[column]) for name, column in columns.items()}
        if not any(texts.values()):
            continue
        reading.read_rows_count += 1
        if part in {"participants", "flat"}:
            name = full_name(texts.get("surname"), texts.get("name"), texts.get("secondname"))
            document = document_text(
                texts.get("documentseries") or texts.get("documentseriescode"),
                texts.get("documentnumber") or texts.get("documentnumbercode"),
            )
            school = texts.get("schoolcode", "")
            own = texts.get("participantid") or texts.get("participantfk", "")
            identities.append(person_identity(name, document, own, school))
            names.append(name_identity(name, school))
            documented.append("1" if name and document else "")
        kept = {name: text for name, text in texts.items() if name in _KEPT}
        rows.append(kept | {"row": str(index + 1), "sheet": sheet.name})
    if identities:
        keyed = zip(
            context.pseudonymiser.person_ids("pupil", identities),
            context.pseudonymiser.person_ids("pupil", names),
            strict=True,
        )
        rows = [
            row | {"pupil_id": str(i), "name_id": str(n), "has_document": known}
            for row, (i, n), known in zip(rows, keyed, documented, strict=True)
        ]
    return rows


def _check_columns(part: str, columns: dict[str, int], findings: CellFindings) -> None:
    missing = sorted(_NEEDED.get(part, frozenset()) - columns.keys())
    if missing:
        findings.add(
            "ris.column_missing",
            f"В таблице РИС нет столбцов {', '.join(missing)}: строки читаются без них.",
            1,
            0,
            expected=", ".join(missing),
        )


def _take(part: str, rows: list[dict[str, str]], parts: RisParts) -> None:
    """Add rows to their part; a flat dump is test, mark and participant in one row."""
    if part != "flat":
        parts.rows[part] += rows
        return
    for row in rows:
        key = f"{row['sheet']}:{row['row']}"
        whole = row | {"humantestid": key, "participantfk": key, "participantid": key}
        for name in ("tests", "marks", "participants"):
            parts.rows[name].append(whole)


def _finish(
    reading: Reading, parts: RisParts, marks: tuple[str, dict[str, tuple[int, int]]], context: SourceContext
) -> None:
    """Join complete tables into results; keep incomplete ones as parts."""
    if not any(parts.rows.values()):
        return
    if not parts.is_complete:
        findings = CellFindings(context, marks[0])
        have = ", ".join(sorted(name for name, rows in parts.rows.items() if rows))
        findings.add(
            "ris.exam_table_missing",
            f"В файле только часть таблиц РИС ({have}): они соединятся с остальными при сборке года.",
            became="строки ждут остальных таблиц",
        )
        reading.findings += findings.all()
        reading.records["ris_parts"] = parts_frame(parts)
        year = path_hints(context.path).year
        years = {row.get("examdate", "")[:4] for row in parts.rows.get("tests", [])} - {""}
        year = int(years.pop()) if len(years) == 1 and next(iter(years)).isdigit() else year
        reading.school_year = f"{year - 1}-{year}" if year else None
        return
    join = join_ris(parts, marks[1])
    _report(reading, join, marks[0], context)
    years = {key.year for key in join.exams}
    if len(years) > 1:
        raise UnreadableFileError("exam.several_years", f"В файле экзамены нескольких лет ({sorted(years)}).")
    if years:
        reading.school_year = f"{min(years) - 1}-{min(years)}"
    results = exam_records(list(joined_records(join)))
    reading.records["exam_results"] = results
    codes = zip(results["school_key"], results["exam_kind"], strict=True)
    reading.tables = {SCHOOL_MENTIONS.name: code_mentions(codes)}


def _report(reading: Reading, join: RisJoin, sheet: str, context: SourceContext) -> None:
    findings = CellFindings(context, sheet)
    for rule_id, row, text in join.lost:
        reading.quarantined_rows_count += 1
        findings.add(rule_id, f"Строка РИС: {text}.", row, 0, became="строка в карантине")
    for exam in join.exams.values():
        check_exam(exam, findings)
    reading.findings += findings.all()


def _borders(rows: list[dict[str, str]], context: SourceContext, findings: CellFindings) -> list[dict[str, object]]:
    """Return a scale of `dats_Borders` as records; its year stands in the table or in the path."""
    made: list[dict[str, object]] = []
    hint = path_hints(context.path).year
    lost: dict[str, int] = defaultdict(int)
    for row in rows:
        number = whole_number(row.get("subjectcode"))
        subject = None if number is None else subject_by_code(number % GVE_CODES_FROM)
        year = whole_number(row.get("examyear") or row.get("year")) or hint
        primary, scaled = whole_number(row.get("primarymark")), whole_number(row.get("scalemark"))
        if subject is None or year is None or primary is None or scaled is None:
            lost["examscale.year_unknown" if year is None else "examscale.subject_unknown"] = int(row["row"])
            continue
        key = ExamKey("ege", year, subject.subject_code, exam_level("ege", subject))
        name = "mark" if key.is_marked else "test_score"
        made.append(
            {"source_sheet": row["sheet"], "source_row": int(row["row"]), "exam_code": str(key), "exam_year": year}
            | {"series": "", "primary_score": primary, name: scaled}
        )
    for rule_id, row_number in lost.items():
        findings.add(rule_id, "Строки границ без предмета, года или баллов отложены.", row_number, 0)
    return made
