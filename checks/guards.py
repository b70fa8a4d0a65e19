"""Checks of what must never happen: personal data in a store, a ranking in a table, a document that is gone."""

from functools import partial

import dagster as dg
import pandas as pd

from assets.inputs import EVERY_YEAR, frame_fingerprint, slice_fingerprint
from assets.validation import remembered_results, suite_table
from checks.factory import results_check
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.no_ranking import ordered_by_result
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import DOCUMENTS, QUALITY_RESULTS
from oko_pipeline.validation.personal_data import scan_frame
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace

_OWN_TEXT = {"slices", "score_distribution", "task_results", "skill_results", "result_summary", "quality_results"}
"""Tables with text that came from people; the others hold numbers, codes and texts made from these tables alone."""

_WATCHED = ("mean_score", "mean_percent", "mark_2_share", "base_level_share", "good_level_share", "mark_5_share")


def _result(
    workplace: Workplace, school_year: str, name: str, title: str, counts: tuple[int, int], note: str
) -> dict[str, object]:
    checked, unexpected = counts
    return {
        "school_year": school_year,
        "run_id": f"{name}@{workplace.clock.timestamp()}",
        "checked_at": workplace.clock.timestamp(),
        "suite": "guards",
        "table_name": name,
        "expectation": name,
        "title_ru": title,
        "is_passed": unexpected == 0,
        "is_blocking": True,
        "severity": "error",
        "checked_count": checked,
        "unexpected_count": unexpected,
        "observed": note or None,
    }


def no_personal_data(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Scan the year's tables for names, contacts and documents of people; one result a table that changed or not."""
    rules = code_fingerprint("oko_pipeline.validation", "oko_pipeline.catalogue")
    results = []
    for name, table in all_tables().items():
        if name in _OWN_TEXT:
            continue
        frame = workplace.database.read(table, {"school_year": [school_year, EVERY_YEAR]})
        inputs = combine(rules, frame_fingerprint(frame))
        judge = partial(_scan, workplace, school_year, name, frame)
        results.append(remembered_results(workplace, school_year, (f"personal_data_{name}",), inputs, judge))
    return pd.concat(results, ignore_index=True)


def _scan(workplace: Workplace, school_year: str, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    found = scan_frame(frame, name)
    note = "; ".join(sorted({finding.message for finding in found})[:3])
    title = f"В таблице {name} нет персональных данных"
    row = _result(workplace, school_year, f"personal_data_{name}", title, (len(frame), len(found)), note)
    return QUALITY_RESULTS.conform(pd.DataFrame([row]))


def no_ranking(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Prove that rows of schools and classes are in the order of codes, not of results."""
    inputs = combine(
        code_fingerprint("oko_pipeline.analysis"), slice_fingerprint(workplace, school_year, "result_summary")
    )
    return remembered_results(
        workplace, school_year, ("no_ranking",), inputs, partial(_find_rankings, workplace, school_year)
    )


def _find_rankings(workplace: Workplace, school_year: str) -> pd.DataFrame:
    summary = suite_table(workplace, school_year, "result_summary")
    rows = summary[summary["unit_level"].isin(["school", "class"]) & (summary["subgroup"] == "all")]
    ranked = [
        str(assessment_id)
        for assessment_id, group in rows.groupby("assessment_id")
        if ordered_by_result(group, ["unit_code"], _WATCHED)
    ]
    note = ", ".join(ranked[:3])
    title = "Строки ОО и классов не упорядочены по результатам"
    row = _result(workplace, school_year, "no_ranking", title, (rows["assessment_id"].nunique(), len(ranked)), note)
    return QUALITY_RESULTS.conform(pd.DataFrame([row]))


def documents_stand(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Check that every document of the register stands in the report store with the content it was written with."""
    documents = workplace.database.read(DOCUMENTS, {"school_year": school_year})
    gone = [
        path
        for path, sha in zip(documents["path"], documents["file_sha256"], strict=True)
        if not workplace.reports.has(path, sha)
    ]
    title = "Все документы на месте и не изменены после выпуска"
    row = _result(workplace, school_year, "documents_stand", title, (len(documents), len(gone)), "; ".join(gone[:3]))
    return QUALITY_RESULTS.conform(pd.DataFrame([row | {"is_blocking": False, "severity": "warning"}]))


def guard_checks() -> list[dg.AssetChecksDefinition]:
    """Return the guards as asset checks."""
    return [
        results_check(
            "quality_findings", "no_personal_data", "Ни в одной таблице нет имён, контактов и документов людей.",
            no_personal_data, blocking=True,
        ),
        results_check(
            "result_summary", "no_ranking", "Таблицы результатов не ранжируют ОО и классы.", no_ranking, blocking=True
        ),
        results_check(
            "school_notes", "documents_stand", "Документы на месте и не изменены после выпуска.",
            documents_stand, blocking=False,
        ),
    ]  # fmt: skip
