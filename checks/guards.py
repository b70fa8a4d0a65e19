"""Checks of what must never happen: personal data in a store, a ranking in a table, a document that is gone."""

from collections.abc import Callable, Sequence
from functools import partial

import dagster as dg
import pandas as pd

from assets.inputs import EVERY_YEAR, YearSlices, frame_fingerprint, record_slices, slice_fingerprint
from assets.validation import SLICES_OF, after_former, newest_results, remembered_results
from checks.factory import results_check
from checks.slice_guards import SliceGuard, Verdict, judge_slices
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.no_ranking import ORDER_RULES, OrderRule, ranked_groups, ranking_columns
from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.contracts import ColumnType, Table
from oko_pipeline.catalogue.documents import document_assets
from oko_pipeline.catalogue.tables import DOCUMENTS, QUALITY_RESULTS
from oko_pipeline.validation.personal_data import PLAIN_COLUMNS, scan_frame
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace

_OWN_TEXT = {"slices", "score_distribution", "task_results", "skill_results", "result_summary", "quality_results"}
"""Tables with no text that came from people: they hold numbers, codes and texts made from these tables alone."""
_SLICES_OF = SLICES_OF | {"pupils_support": "support_counts"}


def guard_row(
    workplace: Workplace, school_year: str, name: str, title: str, counts: tuple[int, int], note: str
) -> dict[str, object]:
    """Return a row of `quality_results` of a guard: `counts` are what was checked and what is wrong."""
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


def warned(row: dict[str, object]) -> dict[str, object]:
    """Return a row of a guard that warns and stops nothing."""
    return row | {"is_blocking": False, "severity": "warning"}


def no_personal_data(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Scan the year's tables of both stores for names, contacts and documents of people; one result a table.

    A table whose slices are those of the last scan is not read; of the others only texts are. A table that never had a
    row has no result.
    """
    rules = code_fingerprint("oko_pipeline.validation", "oko_pipeline.catalogue")
    slices = YearSlices.read(workplace, school_year)
    known = slices.inputs.get(QUALITY_RESULTS.name, {})
    results: list[dict[str, object]] = []
    names: list[str] = []
    made: dict[str, tuple[str, int]] = {}
    for name, table in (all_tables() | restricted_tables()).items():
        if name in _OWN_TEXT:
            continue
        key = f"personal_data_{name}"
        source = _SLICES_OF.get(name, name)
        frame = None if source in slices.inputs else _texts(workplace, school_year, table)
        if key not in known and not (slices.rows.get(source) if frame is None else len(frame)):
            continue
        names.append(key)
        inputs = combine(rules, slices.fingerprint(source) if frame is None else frame_fingerprint(frame))
        if known.get(key) == inputs:
            continue
        frame = _texts(workplace, school_year, table) if frame is None else frame
        results.append(_scan(workplace, school_year, name, frame))
        made[key] = (inputs, 1)
    database = workplace.database
    if results:
        rows = after_former(workplace, school_year, QUALITY_RESULTS.conform(pd.DataFrame(results)))
        with database.transaction():
            where = {"school_year": school_year, "table_name": list(made), "run_id": rows["run_id"].tolist()}
            database.delete(QUALITY_RESULTS, where)
            database.append(QUALITY_RESULTS, rows)
            record_slices(workplace, school_year, QUALITY_RESULTS.name, made)
    return newest_results(workplace, school_year, names)


def _texts(workplace: Workplace, school_year: str, table: Table) -> pd.DataFrame:
    """Return the columns of a year of a table that may hold texts of people."""
    names = [
        column.name
        for column in table.columns
        if column.type in (ColumnType.TEXT, ColumnType.JSON) and not column.allowed and column.name not in PLAIN_COLUMNS
    ]
    if not table.is_restricted:
        return workplace.database.read(table, {"school_year": [school_year, EVERY_YEAR]}, names)
    if not workplace.records.has(school_year, table.name):
        return table.empty()[names]
    return workplace.records.read(school_year, table.name, names)


def _scan(workplace: Workplace, school_year: str, name: str, frame: pd.DataFrame) -> dict[str, object]:
    found = scan_frame(frame, name)
    note = "; ".join(sorted({finding.message for finding in found})[:3])
    title = f"В таблице {name} нет персональных данных"
    return guard_row(workplace, school_year, f"personal_data_{name}", title, (len(frame), len(found)), note)


def remembered_guard(
    workplace: Workplace,
    school_year: str,
    name: str,
    sources: Sequence[str],
    judge: Callable[[], list[dict[str, object]]],
) -> pd.DataFrame:
    """Return the rows of a guard: judged when the slices of its tables, the rules or parameters changed."""
    inputs = combine(guard_version(workplace), slice_fingerprint(workplace, school_year, *sources))

    def rows() -> pd.DataFrame:
        return QUALITY_RESULTS.conform(pd.DataFrame(judge()))

    return remembered_results(workplace, school_year, (name,), inputs, rows)


def guard_version(workplace: Workplace) -> str:
    """Return the fingerprint of all that guards depend on beside the tables: code, catalogue, own parameters."""
    return combine(
        code_fingerprint(
            "oko_pipeline.validation",
            "oko_pipeline.catalogue",
            "oko_pipeline.analysis.no_ranking",
            "checks.slice_guards",
        ),
        repr(sorted(workplace.settings.method_overrides.items())),
    )


def no_ranking(rules: Sequence[OrderRule], workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Prove that rows of schools and classes are in the order of codes, not of results, and hold no place in a list."""
    name = f"no_ranking_{rules[0].table}"
    sources = [rule.table for rule in rules]
    judge = partial(_find_rankings, workplace, school_year, name, rules)
    return remembered_guard(workplace, school_year, name, sources, judge)


def _find_rankings(
    workplace: Workplace, school_year: str, name: str, rules: Sequence[OrderRule]
) -> list[dict[str, object]]:
    total = Verdict()
    for rule in rules:
        table = all_tables()[rule.table]
        columns = tuple(dict.fromkeys((*table.key, rule.code, *rule.results)))
        guard = SliceGuard(
            name, table, guard_version(workplace), ("order",), partial(_order_of_rows, rule, table), columns
        )
        total += judge_slices(workplace, school_year, guard)["order"]
    counts = (total.checked_count, total.faults_count)
    title = "Строки ОО и классов стоят по кодам, а не по результатам"
    return [guard_row(workplace, school_year, name, title, counts, "; ".join(total.notes))]


def _order_of_rows(rule: OrderRule, table: Table, frame: pd.DataFrame) -> dict[str, Verdict]:
    ranked = ranked_groups(frame, rule)
    ranked += [f"{rule.table}.{column}: место в ряду" for column in ranking_columns(table.empty())]
    return {"order": Verdict(len(frame), len(ranked), tuple(ranked[:3]))}


def restricted_apart(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Prove that rows about single people stand in the restricted store only, and that nobody else may open it."""
    stored = workplace.database.columns()
    people = {
        column.name for table in restricted_tables().values() for column in table.columns if column.name in _PEOPLE
    }
    lost = sorted(set(stored) & {*restricted_tables(), "works"})
    lost += sorted(f"{table}.{column}" for table, columns in stored.items() for column in columns if column in people)
    lost += sorted(path.name for path in workplace.settings.reports_folder.rglob("*.parquet"))
    folder = workplace.settings.restricted_folder
    if folder.is_dir() and folder.stat().st_mode & _FOR_OTHERS:
        lost.append(f"{folder.name}: открыта другим пользователям")
    title = "Строки об отдельных людях есть только в закрытом хранилище"
    row = guard_row(workplace, school_year, "restricted_apart", title, (len(stored), len(lost)), "; ".join(lost[:3]))
    return QUALITY_RESULTS.conform(pd.DataFrame([row]))


def _last_tables() -> list[str]:
    """Return the assets that write the last tables and all documents of a year."""
    return sorted({"roadmap_reminders", "procedure_load", *document_assets().values()})


_PEOPLE = frozenset({"pupil_id", "person_id", "response_id"})
_FOR_OTHERS = 0o077


def documents_stand(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Check that every document of the register stands in the report store with the content it was written with."""
    documents = workplace.database.read(DOCUMENTS, {"school_year": school_year})
    gone = [
        path
        for path, sha, apart in zip(
            documents["path"], documents["file_sha256"], documents["is_restricted"].astype(bool), strict=True
        )
        if not workplace.reports_of(is_restricted=apart).has(path, sha)
    ]
    title = "Все документы на месте и не изменены после выпуска"
    row = guard_row(workplace, school_year, "documents_stand", title, (len(documents), len(gone)), "; ".join(gone[:3]))
    return QUALITY_RESULTS.conform(pd.DataFrame([warned(row)]))


def guard_checks() -> list[dg.AssetChecksDefinition]:
    """Return the guards as asset checks."""
    return [
        results_check(
            "quality_findings", "no_personal_data", "Ни в одной таблице нет имён, контактов и документов людей.",
            no_personal_data, blocking=True,
        ),
        results_check(
            "cycle_links", "no_personal_data_in_what_follows",
            "Нет их и в таблицах, которые посчитаны позже: анализ, выводы, рекомендации, выпуски документов.",
            no_personal_data, blocking=False, after=_last_tables(),
        ),
        results_check(
            "pupils_support", "restricted_apart", "Строки об отдельных людях есть только в закрытом хранилище.",
            restricted_apart, blocking=True,
        ),
        results_check(
            "result_summary", "no_ranking", "Таблицы результатов не ранжируют ОО и классы.",
            partial(no_ranking, ORDER_RULES[:1]), blocking=True,
        ),
        results_check(
            "school_notes", "documents_stand", "Документы на месте и не изменены после выпуска.",
            documents_stand, blocking=False, after=_last_tables(),
        ),
    ]  # fmt: skip
