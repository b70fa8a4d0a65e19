"""Scales of a year's exams: the catalogue's beside those of files, contested values marked, results checked."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from oko_pipeline.catalogue.exams import ExamKey, all_hundred_scales, all_mark_scales
from oko_pipeline.catalogue.tables_exams import EXAM_SCALES
from oko_pipeline.collection.record_assembly import RecordFragment
from oko_pipeline.quality import QualityFinding

_LIMIT = 300


def build_scales(fragments: Sequence[RecordFragment], school_year: str) -> pd.DataFrame:
    """Return `exam_scales` of a school year: every source that is known, none resolved in favour of another.

    Args:
        fragments: records `exam_scales` of the year's files; the file's path is the source.
        school_year: the year.
    """
    year = int(school_year[5:])
    rows = [*_catalogue_rows(year)]
    for one in fragments:
        own = one.rows[one.rows["exam_year"] == year]
        rows += [row | {"source": f"файл «{one.path}»", "evidence": "S"} for row in own.to_dict("records")]
    if not rows:
        return EXAM_SCALES.empty()
    frame = pd.DataFrame(rows)
    frame["series"] = frame["series"].fillna("").astype("str")
    for name in ("test_score", "mark", "primary_score"):
        frame[name] = (
            frame[name].astype("Int64") if name in frame.columns else pd.array([None] * len(frame), dtype="Int64")
        )
    frame = frame.drop_duplicates(["exam_code", "series", "source", "primary_score"], keep="last")
    value = frame["test_score"].fillna(frame["mark"])
    counts = value.groupby([frame["exam_code"], frame["series"], frame["primary_score"]]).transform("nunique")
    frame = frame.assign(school_year=school_year, is_contested=(counts > 1).to_numpy())
    order = ["exam_code", "series", "source", "primary_score"]
    return EXAM_SCALES.conform(frame.sort_values(order).reset_index(drop=True)[list(EXAM_SCALES.column_names)])


def _catalogue_rows(year: int) -> Iterator[dict[str, Any]]:
    for key, tables in all_hundred_scales().items():
        for table in tables if key.year == year else ():
            for primary, score in enumerate(table.scores):
                if score is not None:
                    yield _row(key, "", primary, table.source, table.evidence) | {"test_score": score}
    for key, scales in all_mark_scales().items():
        for scale in scales if key.year == year else ():
            for primary in range(scale.maximum_score + 1):
                mark = scale.mark(primary)
                yield _row(key, scale.series, primary, scale.source, scale.evidence) | {"mark": mark}


def _row(key: ExamKey, series: str, primary: int, source: str, evidence: str) -> dict[str, Any]:
    return {
        "exam_code": str(key),
        "series": series,
        "primary_score": primary,
        "source": source,
        "evidence": evidence,
    }


def check_own_scales(results: pd.DataFrame, scales: pd.DataFrame, paths: dict[str, str]) -> list[QualityFinding]:
    """Compare valid results with the scales that came as files; the readers compared them with the catalogue.

    Args:
        results: `exam_results` of the year.
        scales: `exam_scales` of the year.
        paths: path of a file by its SHA-256.
    """
    own = scales[scales["source"].str.startswith("файл")]
    if own.empty or results.empty:
        return []
    value = own["test_score"].fillna(own["mark"])
    allowed = value.groupby([own["exam_code"], own["primary_score"]]).agg(lambda group: set(group.dropna()))
    rows = results[(results["status"] == "valid") & results["primary_score"].notna()]
    findings: list[QualityFinding] = []
    columns = ("exam_code", "primary_score", "test_score", "mark", "file_sha256", "source_sheet", "source_row")
    for code, primary, test, mark, sha, sheet, row in zip(*(rows[name] for name in columns), strict=True):
        known = allowed.get((code, primary))
        given = test if not pd.isna(test) else mark
        if not known or pd.isna(given) or given in known or len(findings) >= _LIMIT:
            continue
        listed = " или ".join(str(one) for one in sorted(known))
        is_test = not pd.isna(test)
        findings.append(
            QualityFinding(
                "exam.test_score_mismatch" if is_test else "exam.mark_mismatch",
                f"Первичный балл {primary} по шкале из входящей папки — {listed}, а в протоколе {given}.",
                paths.get(sha),
                sha,
                sheet,
                int(row),
                value=str(given),
                expected=listed,
            )
        )
    return findings
