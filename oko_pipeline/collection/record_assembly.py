"""Rows of a register over a year's files → one frame: schools linked, newer rows over older, nothing counted twice.

A filled form comes again as a whole: the newest form of a school replaces its earlier ones. In exports the newest row
replaces an older one with the same key.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.quality import QualityFinding

FORM_LAYOUT: Final = "record_form"
_SEPARATOR: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class RecordFragment:
    """Rows of one table of one file; `rows` as a reader gives them (see `Reading.records`)."""

    file_sha256: str
    path: str
    layout_code: str
    submitted_at: str
    rows: pd.DataFrame


@dataclass(frozen=True, slots=True)
class AssembledRecords:
    """A year's rows in the form of the table's contract, and findings about rows that did not fit together."""

    rows: pd.DataFrame
    findings: list[QualityFinding] = field(default_factory=list)


def assemble_records(
    contract: Table,
    key: Sequence[str],
    fragments: Sequence[RecordFragment],
    school_year: str,
    school_codes: dict[str, str],
) -> AssembledRecords:
    """Assemble a register of a school year.

    Args:
        contract: the table; its key is `school_year`, `record_id`.
        key: columns that tell one row from another within a school.
        fragments: rows of the year's files.
        school_year: the year.
        school_codes: code of a school by its key as the files have it; a key that is missing stays unlinked.

    Returns:
        Rows in key order. `record_id` is a fingerprint of table, school, person and key columns: the same row of the
        next file has the same one.
    """
    parts = [
        fragment.rows.assign(
            file_sha256=fragment.file_sha256,
            submitted_at=fragment.submitted_at,
            is_form=fragment.layout_code == FORM_LAYOUT,
        )
        for fragment in fragments
        if len(fragment.rows)
    ]
    if not parts:
        return AssembledRecords(contract.empty())
    rows = pd.concat(parts, ignore_index=True)
    paths = {fragment.file_sha256: fragment.path for fragment in fragments}
    if "municipality_code" not in rows.columns:
        rows["municipality_code"] = pd.Series(pd.NA, index=rows.index, dtype="str")
    rows["school_code"] = rows["school_key"].map(school_codes).astype("str")
    findings = _unlinked(contract, rows, paths)
    rows = _newest_forms(rows)
    rows["record_id"] = _record_ids(contract.name, rows, key)
    order = rows.sort_values(["submitted_at", "file_sha256", "source_row"], kind="stable")
    repeated = order.duplicated("record_id", keep="last")
    findings += _repeated(contract, order, paths)
    rows = order[~repeated].sort_values("record_id").assign(school_year=school_year)
    missing = [name for name in contract.column_names if name not in rows.columns]
    rows[missing] = None
    return AssembledRecords(contract.conform(rows[list(contract.column_names)].reset_index(drop=True)), findings)


def _newest_forms(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop rows of forms that the same school (or the municipality) sent anew."""
    forms = rows[rows["is_form"]]
    if forms.empty:
        return rows
    # A municipality's form tells of schools too: it is still the municipality that sends it anew, not the school.
    owner = forms["municipality_code"].fillna(forms["school_key"]).fillna("")
    files = forms.assign(owner=owner).groupby(["owner", "file_sha256"])["submitted_at"].max().reset_index()
    newest = files.sort_values(["submitted_at", "file_sha256"]).groupby("owner")["file_sha256"].last()
    outdated = forms["file_sha256"].to_numpy() != owner.map(newest).to_numpy()
    return rows.drop(index=forms.index[outdated])


def _record_ids(table_name: str, rows: pd.DataFrame, key: Sequence[str]) -> list[str]:
    owner = rows["school_code"].fillna(rows["school_key"]).fillna("")
    # Measure 1 of a school and measure 1 of its municipality about that school are two.
    owner = rows["municipality_code"].fillna("") + owner
    columns = [owner, *(rows[name] for name in ("person_id", *key) if name in rows.columns)]
    texts = [column.astype("str").fillna("").str.strip().str.casefold().to_numpy(dtype=object) for column in columns]
    return [
        hashlib.sha256(_SEPARATOR.join((table_name, *parts)).encode()).hexdigest()[:20]
        for parts in zip(*texts, strict=True)
    ]


def _unlinked(contract: Table, rows: pd.DataFrame, paths: dict[str, str]) -> list[QualityFinding]:
    lost = rows[rows["school_code"].isna() & rows["school_key"].notna()]
    first = lost.drop_duplicates(["file_sha256", "school_key"])
    counts = lost.groupby(["file_sha256", "school_key"]).size()
    return [
        QualityFinding(
            "records.school_unlinked",
            f"ОО «{key}» не сопоставлена ни с одной школой года: строк — {counts[sha, key]}, "
            f"реестр «{contract.title_ru}».",
            paths[sha],
            sha,
            sheet=sheet,
            row=int(row),
            became="строки хранятся без кода ОО и не входят в показатели школ",
        )
        for sha, key, sheet, row in zip(
            first["file_sha256"], first["school_key"], first["source_sheet"], first["source_row"], strict=True
        )
    ]


def _repeated(contract: Table, order: pd.DataFrame, paths: dict[str, str]) -> list[QualityFinding]:
    """Report rows that stand in two files: once for each file, with the number of rows and whether they differ."""
    twice = order[order.duplicated("record_id", keep=False)]
    if twice.empty:
        return []
    is_last = ~twice.duplicated("record_id", keep="last")
    older = twice[~is_last]
    newer = twice[is_last].set_index("record_id").loc[older["record_id"]]
    same = np.ones(len(older), dtype=bool)
    told_apart = ["file_sha256", "submitted_at", "school_key", "source_sheet", "source_row", "is_form"]
    for name in newer.columns.difference(told_apart):
        left, right = older[name].to_numpy(dtype=object), newer[name].to_numpy(dtype=object)
        same &= (left == right) | (pd.isna(left) & pd.isna(right))
    found: list[QualityFinding] = []
    for (sha, is_same), group in older.assign(is_same=same).groupby(["file_sha256", "is_same"]):
        rule, text = (
            ("records.repeated", "повторяют такие же строки другого файла: учтены один раз")
            if is_same
            else ("records.replaced", "заменены более новыми из другого файла")
        )
        found.append(
            QualityFinding(
                rule,
                f"Реестр «{contract.title_ru}»: строк — {len(group)}, {text}.",
                paths[str(sha)],
                str(sha),
                sheet=str(group["source_sheet"].iloc[0]),
                row=int(group["source_row"].iloc[0]),
            )
        )
    return found
