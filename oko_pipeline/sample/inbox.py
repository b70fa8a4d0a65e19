"""Writes files of the sample deterministically and keeps the truth about them.

Equal content gives equal bytes: workbooks carry a fixed creation date, zip members a fixed time, files a fixed
modification time. What is planted is listed in two CSV files beside the inbox, never in it.
"""

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import xlsxwriter

from oko_pipeline.errors import SettingsError

Cell = str | float | int | None
Rows = Iterable[Sequence[Cell]]

_CREATED: Final = datetime(2021, 1, 1, tzinfo=UTC).replace(tzinfo=None)
TRUTH_FILE: Final = "truth.csv"
TRUTH_FILES_FILE: Final = "truth_files.csv"


@dataclass(frozen=True, slots=True)
class Truth:
    """One planted thing: a school's role, or a dirty cell with what was written and what a clean one would say.

    `rule_id` is the rule that must tell it, where one is expected.
    """

    kind: str
    school_year: str
    campaign_code: str
    assessment_id: str
    school_code: str
    file: str = ""
    sheet: str = ""
    row: int | None = None
    cell: str = ""
    written: str = ""
    clean: str = ""
    detail: str = ""
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class FileTruth:
    """One file of the inbox: its layout and what a reader should make of it.

    `expected` is accepted, reference, empty, duplicate, superseded, unknown or refused; `related_file` names the file a
    duplicate repeats or a newer version supersedes.
    """

    path: str
    layout: str
    expected: str
    school_year: str
    assessment_id: str
    rows_count: int
    sha256: str
    size_bytes: int
    rule_id: str
    related_file: str
    detail: str


@dataclass(frozen=True, slots=True)
class FileNote:
    """What the writer of a file knows of it; the rest of `FileTruth` is measured on the written file."""

    layout: str
    school_year: str = ""
    assessment_id: str = ""
    rows_count: int = 0
    expected: str = "accepted"
    rule_id: str = ""
    related_file: str = ""
    detail: str = ""


@dataclass(slots=True)
class Inbox:
    """The folder being written, with the truths planted so far."""

    root: Path
    truths: list[Truth] = field(default_factory=list)
    files: list[FileTruth] = field(default_factory=list)

    def write_workbook(
        self, path: str, sheets: Sequence[tuple[str, Rows]], modified_at: datetime, note: FileNote
    ) -> None:
        """Write a workbook of plain cells; empty strings and None stay empty cells."""
        self.write_with(path, lambda target: save_workbook(target, sheets), modified_at, note)

    def write_bytes(self, path: str, content: bytes, modified_at: datetime, note: FileNote) -> None:
        """Write a file as it stands."""
        self.write_with(path, lambda target: target.write_bytes(content), modified_at, note)

    def write_with(self, path: str, write: Callable[[Path], object], modified_at: datetime, note: FileNote) -> None:
        """Let `write` make the file at its place, then fix its time and note what it is."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target)
        moment = modified_at.timestamp()
        os.utime(target, (moment, moment))
        content = target.read_bytes()
        self.files.append(
            FileTruth(
                path,
                note.layout,
                note.expected,
                note.school_year,
                note.assessment_id,
                note.rows_count,
                hashlib.sha256(content).hexdigest(),
                len(content),
                note.rule_id,
                note.related_file,
                note.detail,
            )
        )

    def write_truth(self) -> tuple[Path, Path]:
        """Write the two truth files beside the inbox and return their paths."""
        truth_path, files_path = self.root.parent / TRUTH_FILE, self.root.parent / TRUTH_FILES_FILE
        _write_csv(truth_path, [item.name for item in fields(Truth)], (asdict(truth) for truth in self.truths))
        _write_csv(
            files_path,
            [item.name for item in fields(FileTruth)],
            (asdict(file) for file in sorted(self.files, key=lambda file: file.path)),
        )
        return truth_path, files_path


def save_workbook(target: Path, sheets: Sequence[tuple[str, Rows]]) -> None:
    """Save sheets of plain cells as a workbook whose bytes depend on the cells alone."""
    with xlsxwriter.Workbook(str(target), {"in_memory": True}) as workbook:
        workbook.set_properties({"created": _CREATED})
        for name, rows in sheets:
            worksheet = workbook.add_worksheet(name)
            write_string, write_number = worksheet.write_string, worksheet.write_number
            for row_index, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value is None or value == "":
                        continue
                    if isinstance(value, str):
                        write_string(row_index, column, value)
                    else:
                        write_number(row_index, column, value)


def clear_earlier_sample(root: Path) -> None:
    """Remove the files that an earlier sample wrote into this inbox and nobody changed since.

    Raises:
        SettingsError: when the folder holds any other file: a sample never touches files of users.
    """
    listing = root.parent / TRUTH_FILES_FILE
    listed: dict[str, str] = {}
    if listing.is_file():
        with listing.open(encoding="utf-8", newline="") as stream:
            listed = {row["path"]: row["sha256"] for row in csv.DictReader(stream)}
    present = sorted(path for path in root.rglob("*") if path.is_file()) if root.exists() else []
    for path in present:
        relative = path.relative_to(root).as_posix()
        if listed.get(relative) != hashlib.sha256(path.read_bytes()).hexdigest():
            raise SettingsError(
                f"В папке «{root}» лежит файл «{relative}», которого образец не писал. "
                "Назовите для образца пустую папку."
            )
    for path in present:
        path.unlink()


def _write_csv(path: Path, header: list[str], rows: Iterable[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
