"""What a note is made of: the contract frames of one campaign, with quick access to the rows of a unit.

Reading stores and choosing a campaign's slices is the caller's business; wording is in `contexts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.document_settings import DocumentSettings

Record = dict[str, Any]
QUALITY_COUNT_COLUMNS: Final = ("rule_id", "severity", "school_code", "assessment_id", "findings_count")
_CONTRACT_FRAMES: Final = (
    "schools",
    "municipalities",
    "assessments",
    "tasks",
    "result_summary",
    "score_distribution",
    "task_results",
    "skill_results",
    "published_results",
    "coverage",
    "files",
)


def count_findings(quality_findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings counted by rule, severity, school and work (columns `QUALITY_COUNT_COLUMNS`).

    Args:
        quality_findings: rows of the table `quality_findings`; empty school or work means "of no one in particular".
    """
    keys = list(QUALITY_COUNT_COLUMNS[:-1])
    filled = quality_findings[keys].astype("object").where(quality_findings[keys].notna(), "")
    return filled.groupby(keys, sort=True).size().rename("findings_count").reset_index()


@dataclass(frozen=True, slots=True)
class NoteData:
    """Frames of one campaign, in the contracts of `TABLES` (subsets of their rows), and the settings.

    `quality_counts` comes from `count_findings`. `published_results` may hold several levels; benchmarks are those of
    the levels region and country. Works of another campaign in any frame are a `ContractError`: campaigns never mix.
    """

    school_year: str
    campaign_code: str
    schools: pd.DataFrame
    municipalities: pd.DataFrame
    assessments: pd.DataFrame
    tasks: pd.DataFrame
    result_summary: pd.DataFrame
    score_distribution: pd.DataFrame
    task_results: pd.DataFrame
    skill_results: pd.DataFrame
    published_results: pd.DataFrame
    coverage: pd.DataFrame
    files: pd.DataFrame
    quality_counts: pd.DataFrame
    settings: DocumentSettings = field(default_factory=DocumentSettings)
    _indexes: dict[tuple[str, ...], "_RowIndex"] = field(init=False, default_factory=dict, repr=False, compare=False)
    _shared: dict[tuple[str, ...], list[Record]] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in _CONTRACT_FRAMES:
            frame: pd.DataFrame = getattr(self, name)
            missing = set(TABLES[name].column_names) - set(frame.columns)
            if missing:
                raise ContractError(f"Справка: в таблице {name} не хватает столбцов {sorted(missing)}.")
            if "assessment_id" in frame.columns:
                self._require_one_campaign(name, frame["assessment_id"])
        missing = set(QUALITY_COUNT_COLUMNS) - set(self.quality_counts.columns)
        if missing:
            raise ContractError(f"Справка: в числе замечаний не хватает столбцов {sorted(missing)}.")

    def _require_one_campaign(self, name: str, assessment_ids: pd.Series) -> None:
        foreign = [
            text
            for text in assessment_ids.dropna().unique()
            if AssessmentKey.parse(text).campaign_code != self.campaign_code
        ]
        if foreign:
            raise ContractError(
                f"Справка по кампании {self.campaign_code}: в таблице {name} есть работы другой кампании: "
                f"{foreign[:3]}."
            )

    def rows(self, table: str, columns: Sequence[str], values: Sequence[str]) -> list[Record]:
        """Return the rows of `table` whose `columns` equal `values`, as records in the order of the frame.

        Missing values are None. The first call for a pair of table and columns indexes the whole table, later ones
        cost only their rows: a thousand notes read each frame once.
        """
        index_key = (table, *columns)
        index = self._indexes.get(index_key)
        if index is None:
            frame: pd.DataFrame = getattr(self, table)
            index = self._indexes[index_key] = _RowIndex(frame, [frame[name] for name in columns])
        return index.records(tuple(values))

    def shared_rows(self, table: str, columns: Sequence[str], values: Sequence[str]) -> list[Record]:
        """Return what `rows` returns and keep it: for rows that many notes need (works, descriptions, benchmarks)."""
        key = (table, *columns, *values)
        found = self._shared.get(key)
        if found is None:
            found = self._shared[key] = self.rows(table, columns, values)
        return found

    def unit_rows(self, table: str, unit_level: str, unit_code: str) -> list[Record]:
        """Return the rows of a table of results that describe one unit, all its participants together.

        Rows of municipalities and regions are kept: every school below them asks for them again.
        """
        fetch = self.rows if unit_level == "school" else self.shared_rows
        found = fetch(table, ("unit_level", "unit_code"), (unit_level, unit_code))
        return [record for record in found if record.get("subgroup", "all") == "all"]

    def class_rows(self, school_code: str) -> list[Record]:
        """Return the rows of `result_summary` of a school's classes, all participants of each together."""
        index = self._indexes.get(("classes",))
        if index is None:
            summary = self.result_summary
            classes = summary[summary["unit_level"].eq("class") & summary["subgroup"].eq("all")]
            owners = classes["unit_code"].astype("str").str.split("|").str[0]
            index = self._indexes[("classes",)] = _RowIndex(classes, [owners])
        return index.records((school_code,))


class _RowIndex:
    """Positions of rows by key, over columns held as plain Python values."""

    def __init__(self, frame: pd.DataFrame, keys: Sequence[pd.Series]) -> None:
        self._names = [str(name) for name in frame.columns]
        self._values = [
            frame[name].astype("object").where(frame[name].notna(), None).tolist() for name in frame.columns
        ]
        self._positions: dict[tuple[str, ...], list[int]] = {}
        for position, key in enumerate(zip(*(key.astype("object").to_numpy() for key in keys), strict=True)):
            self._positions.setdefault(key, []).append(position)

    def records(self, key: tuple[str, ...]) -> list[Record]:
        positions = self._positions.get(key, ())
        columns = [[values[position] for position in positions] for values in self._values]
        return [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]
