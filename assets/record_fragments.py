"""Rows of registers, protocols and surveys by file: which files of a year hold a table, and their rows. No Dagster."""

from collections.abc import Sequence

import pandas as pd

from assets.inputs import EVERY_YEAR, active_files
from assets.pool_tasks import fragment_key
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.tables import FILES, SCHOOL_CROSSWALK
from oko_pipeline.collection.record_assembly import RecordFragment
from resources.workplace import Workplace


def record_files(workplace: Workplace, school_year: str) -> dict[str, list[dict[str, str]]]:
    """Return, for each table that files of the year hold rows of, these files (rows of `files`).

    Files whose year is not known, or that hold several years, are among the files of every year.
    """
    files = active_files(workplace.database.read(FILES, {"school_year": [school_year, EVERY_YEAR]}))
    files = files[files["record_tables"].notna()].sort_values("path")
    found: dict[str, list[dict[str, str]]] = {}
    for row in files.to_dict("records"):
        for table in str(row["record_tables"]).split(";"):
            found.setdefault(table, []).append({str(name): value for name, value in row.items()})
    return found


def files_fingerprint(files: Sequence[dict[str, str]]) -> str:
    """Return a fingerprint of the contents of some files and of the readers that read them."""
    return combine(*(part for row in files for part in (row["file_sha256"], row["path"], row["reader_version"])))


def fragments_of(workplace: Workplace, table: str, files: Sequence[dict[str, str]]) -> list[RecordFragment]:
    """Return the rows of a table from the restricted store, file by file."""
    return [
        RecordFragment(
            row["file_sha256"],
            row["path"],
            row["layout_code"],
            row["modified_at"] if pd.isna(row["submitted_at"]) else row["submitted_at"],
            workplace.records.read_fragment(
                fragment_key(row["file_sha256"], row["path"]), table, row["reader_version"]
            ),
        )
        for row in files
    ]


def school_codes(workplace: Workplace, school_year: str) -> dict[str, str]:
    """Return the code of a school by its key as the year's files have it; keys without a code are left out."""
    crosswalk = workplace.database.read(SCHOOL_CROSSWALK, {"school_year": school_year})
    linked = crosswalk[crosswalk["school_code"].notna()]
    return dict(zip(linked["source_key"], linked["school_code"], strict=True))
