"""What the integration tests do to an inbox, and how they see what a run wrote."""

from pathlib import Path

import openpyxl


def snapshot(folder: Path, pattern: str = "*") -> dict[str, tuple[int, int]]:
    """Return size and time of every file below a folder that is no lock or journal."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob(pattern))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def _headers(sheet) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1]}


def spring_dump(inbox: Path, grade: int, subject_dative: str) -> Path:
    """Return the dump of a work of spring 2021."""
    return inbox / "vpr" / "2021" / str(grade) / f"Проведение работы по {subject_dative}, {grade} класс. ВПР 2021.xlsx"


def with_changed_cell(inbox: Path) -> tuple[str, str]:
    """Raise one pupil's first task and total by a point in a spring dump; return its path and the school's code."""
    path = spring_dump(inbox, 7, "физике")
    book = openpyxl.load_workbook(path)
    sheet = book.active
    headers = _headers(sheet)
    total, task, login = headers["всего баллов"], headers["балл за 1"], headers["логин школы"]
    for row in range(2, sheet.max_row + 1):
        if sheet.cell(row, task).value == "0" and str(sheet.cell(row, total).value) in {"4", "5", "6", "7", "8", "9"}:
            sheet.cell(row, task).value = "1"
            sheet.cell(row, total).value = str(int(sheet.cell(row, total).value) + 1)
            book.save(path)
            return path.relative_to(inbox).as_posix(), "edu" + sheet.cell(row, login).value[3:]
    raise LookupError("no work to change")


def spoil_totals(path: Path) -> None:
    """Make every total of a spring dump impossible."""
    book = openpyxl.load_workbook(path)
    sheet = book.active
    total = _headers(sheet)["всего баллов"]
    for row in range(2, sheet.max_row + 1):
        if sheet.cell(row, total).value not in (None, ""):
            sheet.cell(row, total).value = "99"
    book.save(path)
