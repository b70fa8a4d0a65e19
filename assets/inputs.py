"""What a result depends on: fingerprints of files, frames and slices, so that only what changed is computed again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.tables import ASSESSMENTS, SLICES, TASKS
from resources.workplace import Workplace

EVERY_YEAR = "*"
"""School year of rows that serve every year: task descriptions, files whose year is not known."""


def active_files(files: pd.DataFrame) -> pd.DataFrame:
    """Return the file versions that count: accepted, present, and first of equal ones."""
    return files[files["status"] == "accepted"]


def file_inputs(files: pd.DataFrame) -> str:
    """Return a fingerprint of the contents of all active files."""
    active = active_files(files)
    return combine(*sorted(active["file_sha256"] + active["reader_version"]))


def reference_inputs(files: pd.DataFrame) -> str:
    """Return a fingerprint of the active files that describe works: descriptions, scales, questionnaires, exports."""
    active = active_files(files)
    describes = active["assessment_id"].isna() & active["record_tables"].isna()
    return combine(*sorted(active.loc[describes, "file_sha256"]))


def frame_fingerprint(frame: pd.DataFrame) -> str:
    """Return a SHA-256 of a frame's columns and values; the same for equal frames in every run."""
    digest = hashlib.sha256("\x1f".join(frame.columns).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def record_slices(
    workplace: Workplace,
    school_year: str,
    table_name: str,
    made: Mapping[str, tuple[str, int]],
    removed: Sequence[str] = (),
) -> None:
    """Remember the inputs of a table's slices (`made`: slice → fingerprint, rows) and forget `removed` ones."""
    keys = sorted({*made, *removed})
    if not keys:
        return
    database = workplace.database
    frame = pd.DataFrame(
        {
            "school_year": school_year,
            "table_name": table_name,
            "slice_key": list(made),
            "input_sha256": [inputs for inputs, _ in made.values()],
            "rows_count": [rows for _, rows in made.values()],
            "written_at": workplace.clock.timestamp(),
        }
    )
    with database.transaction():
        database.delete(SLICES, {"school_year": school_year, "table_name": table_name, "slice_key": keys})
        if made:
            database.append(SLICES, frame)


@dataclass(frozen=True, slots=True)
class YearSlices:
    """What a year's slices were made from and how many rows they have, by table and slice; one read of the store."""

    inputs: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, int]

    @classmethod
    def read(cls, workplace: Workplace, school_year: str) -> "YearSlices":
        """Read the slices of all tables of a year."""
        frame = workplace.database.read(SLICES, {"school_year": school_year})
        inputs: dict[str, dict[str, str]] = {}
        rows: dict[str, int] = {}
        columns = ("table_name", "slice_key", "input_sha256", "rows_count")
        for table, key, made_from, count in zip(*(frame[name] for name in columns), strict=True):
            inputs.setdefault(table, {})[key] = made_from
            rows[table] = rows.get(table, 0) + int(count)
        return cls(inputs, rows)

    def fingerprint(self, *table_names: str) -> str:
        """Return a fingerprint of the inputs of all slices of some tables."""
        parts = [
            part
            for table in table_names
            for key, inputs in sorted(self.inputs.get(table, {}).items())
            for part in (table, key, inputs)
        ]
        return combine(*parts)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as dictionaries by column name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def slice_fingerprint(workplace: Workplace, school_year: str, *table_names: str) -> str:
    """Return a fingerprint of the inputs of all slices of some tables."""
    parts: list[str] = []
    for table_name in table_names:
        for key, inputs in sorted(workplace.database.slice_inputs(school_year, table_name).items()):
            parts += [table_name, key, inputs]
    return combine(*parts)


def assessment_inputs(workplace: Workplace, school_year: str) -> dict[str, str]:
    """Return, for each assessment of the year, a fingerprint of its works, scale and tasks."""
    database = workplace.database
    where = {"school_year": school_year}
    assessments = database.read(ASSESSMENTS, where)
    tasks = database.read(TASKS, where)
    task_hashes = pd.util.hash_pandas_object(tasks, index=False).groupby(tasks["assessment_id"].to_numpy()).agg(list)
    row_hashes = pd.util.hash_pandas_object(assessments, index=False)
    return {
        assessment_id: combine(str(row_hash), *map(str, task_hashes.get(assessment_id, [])))
        for assessment_id, row_hash in zip(assessments["assessment_id"], row_hashes, strict=True)
    }
