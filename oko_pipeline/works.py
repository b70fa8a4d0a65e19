"""Works of pupils as frames: one file's part, or all works of an assessment. Stages share these values.

A frame of works has the columns of `WORK_COLUMNS` and one int8 column a task, `task_01` … `task_NN`, holding a score
(>= 0) or a `TaskCode`. Grain: one pupil's work (or absence). Never leaves the restricted store.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import WORK_COLUMNS
from oko_pipeline.errors import ContractError
from oko_pipeline.quality import CellMap

_METADATA_KEY: Final = b"oko_pipeline.works"
WORK_TYPES: Final[dict[str, str]] = {
    column.name: {ColumnType.TEXT: "str", ColumnType.INTEGER: "Int16"}[column.type] for column in WORK_COLUMNS
} | {"source_row": "int32"}


def task_column(position: int) -> str:
    """Return the name of the column of the task at `position` (from 1): 1 → task_01."""
    return f"task_{position:02d}"


@dataclass(frozen=True, slots=True)
class TaskHeader:
    """A task as the file names it. `task_code` and `maximum_score` are None where the layout is positional."""

    position: int
    task_code: str | None = None
    maximum_score: int | None = None


@dataclass(frozen=True, slots=True)
class Works:
    """Works of one assessment: a file's part (a fragment) or the whole of it after assembly.

    `cells` tells for every source file (by SHA-256) where its columns stand, so that rules can name cells: frame column
    (`primary_score`, `task_03`, …) → 0-based worksheet column. `submitted_at` is the upload time by the file itself or,
    failing that, the file's modification time (ISO 8601, UTC): newer supersedes older.
    """

    key: AssessmentKey
    rows: pd.DataFrame
    tasks: tuple[TaskHeader, ...]
    cells: dict[str, CellMap] = field(default_factory=dict)
    submitted_at: str = ""
    layout_code: str = ""

    @property
    def task_columns(self) -> list[str]:
        """Names of the task columns in the order of positions."""
        return [task_column(task.position) for task in self.tasks]

    def task_scores(self) -> np.ndarray:
        """Return scores and codes of tasks: int8 array of shape (works, tasks)."""
        return self.rows[self.task_columns].to_numpy(dtype=np.int8)

    def checked(self) -> "Works":
        """Return the same works with typed columns; raises `ContractError` for missing, extra or mistyped ones."""
        want = [column.name for column in WORK_COLUMNS] + self.task_columns
        if set(self.rows.columns) != set(want):
            raise ContractError(
                f"Работы {self.key}: столбцы {sorted(set(self.rows.columns) ^ set(want))} лишние или не хватает."
            )
        typed = self.rows[want].astype(WORK_TYPES | dict.fromkeys(self.task_columns, "int8"))
        return Works(self.key, typed, self.tasks, self.cells, self.submitted_at, self.layout_code)

    def to_arrow(self) -> pa.Table:
        """Return the works as an Arrow table whose schema metadata carry everything but the rows."""
        header: dict[str, Any] = {
            "assessment_id": str(self.key),
            "tasks": [asdict(task) for task in self.tasks],
            "cells": {sha: asdict(cells) for sha, cells in self.cells.items()},
            "submitted_at": self.submitted_at,
            "layout_code": self.layout_code,
        }
        table = pa.Table.from_pandas(self.rows, preserve_index=False)
        return table.replace_schema_metadata({_METADATA_KEY: json.dumps(header, ensure_ascii=False).encode()})

    @classmethod
    def from_arrow(cls, table: pa.Table) -> "Works":
        """Rebuild works from `to_arrow`'s table (all columns, or a subset for reading only what is needed)."""
        header = json.loads((table.schema.metadata or {})[_METADATA_KEY])
        rows = table.replace_schema_metadata(None).to_pandas()
        types = WORK_TYPES | {name: "int8" for name in rows.columns if name.startswith("task_")}
        return cls(
            AssessmentKey.parse(header["assessment_id"]),
            rows.astype({name: types[name] for name in rows.columns}),
            tuple(TaskHeader(**task) for task in header["tasks"]),
            {sha: CellMap(**cells) for sha, cells in header["cells"].items()},
            header["submitted_at"],
            header["layout_code"],
        )
