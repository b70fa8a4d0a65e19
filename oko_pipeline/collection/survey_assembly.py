"""Answers over a year's files → one frame: schools linked, a response that stands in two exports counted once."""

from collections.abc import Sequence

import pandas as pd

from oko_pipeline.catalogue.tables_surveys import SURVEY_ANSWERS
from oko_pipeline.collection.record_assembly import AssembledRecords, RecordFragment
from oko_pipeline.quality import QualityFinding


def assemble_answers(
    fragments: Sequence[RecordFragment], school_year: str, school_codes: dict[str, str]
) -> AssembledRecords:
    """Assemble the answers of a school year in the form of `survey_answers`.

    Args:
        fragments: rows of the year's files, as the reader gives them.
        school_year: the year.
        school_codes: code of a school by its key as the files have it; answers of an unlinked school stay without one.

    Returns:
        Rows in key order, and findings about responses that another file repeats and schools that were not linked.
    """
    parts = [
        one.rows.assign(file_sha256=one.file_sha256, order=order)
        for order, one in enumerate(fragments)
        if len(one.rows)
    ]
    if not parts:
        return AssembledRecords(SURVEY_ANSWERS.empty())
    rows = pd.concat(parts, ignore_index=True)
    paths = {one.file_sha256: one.path for one in fragments}
    # A later export of the same form holds all earlier responses again: the first file that has one keeps it.
    first = rows.groupby("response_id")["order"].transform("min")
    again = rows[rows["order"] != first]
    findings = _repeated(again, paths)
    kept = rows[rows["order"] == first]
    kept = kept.assign(school_year=school_year, school_code=kept["school_key"].map(school_codes).astype("str"))
    findings += _unlinked(kept, paths)
    frame = kept[list(SURVEY_ANSWERS.column_names)].sort_values(list(SURVEY_ANSWERS.key), kind="stable")
    return AssembledRecords(SURVEY_ANSWERS.conform(frame.reset_index(drop=True)), findings)


def _repeated(again: pd.DataFrame, paths: dict[str, str]) -> list[QualityFinding]:
    counts = again.groupby("file_sha256")["response_id"].nunique()
    return [
        QualityFinding(
            "survey.repeated_answer",
            f"Анкет, которые уже есть в другом файле: {count}. Они учтены один раз.",
            paths[str(sha)],
            str(sha),
            value=str(count),
        )
        for sha, count in counts.items()
    ]


def _unlinked(kept: pd.DataFrame, paths: dict[str, str]) -> list[QualityFinding]:
    lost = kept[kept["school_key"].notna() & kept["school_code"].isna()]
    counts = lost.groupby(["file_sha256", "school_key"])["response_id"].nunique()
    return [
        QualityFinding(
            "survey.school_unclear",
            f"ОО «{key}» не сопоставлена: её анкеты ({count}) учтены только по муниципалитету и в целом.",
            paths[str(sha)],
            str(sha),
            value=str(key),
            expected="логин или название ОО из реестра",
        )
        for (sha, key), count in counts.items()  # pyright: ignore[reportGeneralTypeIssues]
    ]
