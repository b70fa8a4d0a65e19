"""What a layout reader is, what it gets and what it gives. One layout, one module, one reader.

A layout is recognised by the content of the workbook, never by the file's name. Names of people, documents and contacts
never leave the reader. A fault in a cell is a finding; the rest of the file goes on.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

import pandas as pd

from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.quality import QualityFinding
from oko_pipeline.works import Works

Cell = str | float | int | bool | datetime | date | time | timedelta | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet from A1 on: `rows[r][c]` is the cell in row r+1 and 0-based column c, so addresses need no offset.

    `merged` are merged ranges (first row, first column, last row, last column; all 0-based): only their first cell has
    the value. `shared` keeps what the layouts that look at the first rows have in common, worked out once; rows never
    change.
    """

    name: str
    rows: list[list[Cell]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    is_hidden: bool = False
    shared: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Workbook:
    """All sheets of a workbook; a CSV file is a workbook of one sheet named «csv»."""

    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a reader knows of a file beside its cells: `path` from the inbox, `modified_at` as ISO 8601 in UTC."""

    path: str
    file_sha256: str
    modified_at: str
    pseudonymiser: Pseudonymiser


@dataclass(slots=True)
class Reading:
    """What a reader makes of one file.

    `school_year` is None for reference files that serve every year (task descriptions). `tables` hold rows of database
    tables by table name *without* the columns `school_year` and `file_sha256`, which the pipeline adds.

    `records` hold rows that are assembled over the files of a year before they are stored (people's registers, exam
    protocols, answers): by name of the table, with `source_sheet`, `source_row`, `school_key` (login, code of ОГЭ, ЕГЭ
    or name, as the file has it; None for rows of the municipality, which may have `municipality_code`) and the table's
    own columns. Schools are linked and repeated rows resolved at assembly, so `school_year`, `file_sha256` and
    `school_code` are not in them.

    `document_key` names a document of which a newer version replaces an older one as a whole, whatever their paths (a
    filled form: «form_code:owner»); None for files that stand side by side.
    """

    school_year: str | None = None
    works: Works | None = None
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    records: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: list[QualityFinding] = field(default_factory=list)
    submitted_at: str | None = None
    document_key: str | None = None
    read_rows_count: int = 0
    accepted_rows_count: int = 0
    quarantined_rows_count: int = 0


class Layout(Protocol):
    """A reader of one layout. `version` changes whenever the reader would read an unchanged file differently."""

    code: str
    version: str
    title_ru: str

    def recognise(self, workbook: Workbook) -> bool:
        """Tell from sheets and headers within the first 30 rows whether the workbook has this layout."""
        ...

    def read(self, workbook: Workbook, context: SourceContext) -> Reading:
        """Read the workbook; faults of cells become findings, one of the whole file raises `UnreadableFileError`."""
        ...
