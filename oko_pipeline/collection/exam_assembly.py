"""Exams of a year over all its files: later files over earlier ones, appeals over results, second sittings by a rule.

Nothing is lost: what replaced what, which appeals found no result and which results changed without an appeal is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.catalogue.tables_exams import (
    ADMISSION_WORKS,
    EXAM_APPEALS,
    EXAM_CROSS_FOOT,
    EXAM_RESULTS,
    EXAM_SCHOOL_RESULTS,
)
from oko_pipeline.collection.layouts.gia_protocol import exam_records
from oko_pipeline.collection.record_assembly import RecordFragment
from oko_pipeline.collection.ris_join import join_ris, joined_records, parts_of
from oko_pipeline.errors import CatalogueError
from oko_pipeline.quality import QualityFinding

SITTING_RULES: Final = ("last_valid", "best")
_IDENTITY: Final = ["exam_code", "pupil_id", "exam_date"]
_SCORES: Final = ["primary_score", "test_score", "mark"]
_VALUES: Final = ["status", *_SCORES]
_FINDINGS_LIMIT: Final = 300


@dataclass(frozen=True, slots=True)
class ExamAssemblyOptions:
    """Which of several sittings counts: `last_valid` or `best`."""

    second_sitting: str = "last_valid"

    def __post_init__(self) -> None:
        if self.second_sitting not in SITTING_RULES:
            raise CatalogueError(f"exams.assembly.second_sitting: «{self.second_sitting}», можно {SITTING_RULES}.")

    @classmethod
    def of(cls, overrides: Mapping[str, Any] | None = None) -> "ExamAssemblyOptions":
        """Return the catalogue's rule, replaced by a territory's own one."""
        return cls(**parameters("exams.assembly", overrides))


@dataclass(frozen=True, slots=True)
class ExamFragments:
    """Records of a year's files by table; `ris_parts` are tables of РИС that came in files of their own."""

    results: Sequence[RecordFragment] = ()
    appeals: Sequence[RecordFragment] = ()
    ris_parts: Sequence[RecordFragment] = ()


@dataclass(frozen=True, slots=True)
class AssembledExams:
    """Results and appeals of a year in the form of their contracts, and findings."""

    results: pd.DataFrame
    appeals: pd.DataFrame
    findings: list[QualityFinding] = field(default_factory=list)


def assemble_exams(
    fragments: ExamFragments,
    school_year: str,
    school_codes: Mapping[str, str],
    options: ExamAssemblyOptions | None = None,
) -> AssembledExams:
    """Assemble the exams of a school year.

    Args:
        fragments: records of the year's files.
        school_year: the year; rows of other years are left out.
        school_codes: code of a school by its key in the files; a missing key stays unlinked and is told once a file.
        options: rule of second sittings; the catalogue's own when not given.

    Returns:
        `exam_results` with all sittings (`is_final` marks the one that counts) and `exam_appeals`.
    """
    rows = _stacked(fragments.results)
    joined = _joined_parts(fragments.ris_parts)
    rows = pd.concat([part for part in (rows, joined) if len(part)], ignore_index=True) if len(joined) else rows
    appeals = _stacked(fragments.appeals)
    paths = {one.file_sha256: one.path for group in _groups(fragments) for one in group}
    if len(rows):
        rows = rows[rows["exam_year"] == int(school_year[5:])].reset_index(drop=True)
    findings: list[QualityFinding] = []
    if rows.empty:
        findings += [_without_result(row, paths) for row in appeals.to_dict("records")]
        return AssembledExams(EXAM_RESULTS.empty(), _appeal_rows(appeals, set(), school_year, school_codes), findings)
    rows["school_code"] = rows["school_key"].map(school_codes).astype("str")
    findings += unlinked(rows, paths, EXAM_RESULTS)
    rows = _documented_ids(rows, rows)
    rows, replaced = _newest(rows)
    rows = _before_appeals(rows)
    applied: set[int] = set()
    if len(appeals):
        appeals = _documented_ids(appeals, rows)
        rows, applied, told = _with_appeals(rows, appeals, paths)
        findings += told
    findings += _replaced_findings(replaced, rows, paths)
    rows = _with_sittings(rows, options or ExamAssemblyOptions.of())
    findings += _sitting_findings(rows)
    results = EXAM_RESULTS.conform(
        rows.assign(school_year=school_year)
        .sort_values(["exam_code", "pupil_id", "sitting"])
        .reset_index(drop=True)[list(EXAM_RESULTS.column_names)]
    )
    return AssembledExams(results, _appeal_rows(appeals, applied, school_year, school_codes), findings)


def _groups(fragments: ExamFragments) -> tuple[Sequence[RecordFragment], ...]:
    return fragments.results, fragments.appeals, fragments.ris_parts


def _stacked(fragments: Sequence[RecordFragment]) -> pd.DataFrame:
    """Return the rows of all files with their file and time of submission; an empty frame without rows."""
    parts = [
        one.rows.assign(file_sha256=one.file_sha256, submitted_at=one.submitted_at)
        for one in fragments
        if len(one.rows)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _joined_parts(fragments: Sequence[RecordFragment]) -> pd.DataFrame:
    """Return the results that tables of РИС from several files make together; the newest table of a kind counts."""
    if not fragments:
        return pd.DataFrame()
    ordered = sorted(fragments, key=lambda one: (one.submitted_at, one.file_sha256))
    newest = {str(part): one for one in ordered for part in one.rows["part"].unique()}
    frames = [one.rows[one.rows["part"] == part] for part, one in newest.items()]
    parts = parts_of(frames)
    rows = exam_records(list(joined_records(join_ris(parts)))) if parts.is_complete else pd.DataFrame()
    source = newest.get("marks", ordered[-1])
    return rows.assign(file_sha256=source.file_sha256, submitted_at=source.submitted_at) if len(rows) else rows


def _documented_ids(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Give rows without a document the pseudonym of the only documented pupil with that name in that school."""
    documented = known[known["has_document"].astype(bool)].drop_duplicates(["name_id", "pupil_id"])
    unique = documented[~documented.duplicated("name_id", keep=False)]
    ids = dict(zip(unique["name_id"], unique["pupil_id"], strict=True))
    found = rows["name_id"].map(ids)
    lacks = ~rows["has_document"].astype(bool) & found.notna()
    return rows.assign(pupil_id=rows["pupil_id"].where(~lacks, found))


def _newest(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row a pupil, exam and day (the newest) and the older rows with the file that replaced each."""
    ordered = rows.sort_values(["submitted_at", "file_sha256", "source_row"], kind="stable")
    is_last = ~ordered.duplicated(_IDENTITY, keep="last")
    newest = ordered[is_last].reset_index(drop=True)
    older = ordered[~is_last]
    by = newest[[*_IDENTITY, "file_sha256", *_VALUES]]
    replaced = older.merge(by, on=_IDENTITY, how="left", suffixes=("", "_new"), validate="many_to_one")
    return newest, replaced


def _before_appeals(rows: pd.DataFrame) -> pd.DataFrame:
    empty = pd.array([None] * len(rows), dtype="Int64")
    return rows.assign(primary_score_before=empty, test_score_before=empty, is_appealed=False)


class _Results:
    """Results that appeals change: places by (exam, pupil), scores as plain columns, what stood before."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._rows = rows
        self._dates = rows["exam_date"].tolist()
        self._places: dict[tuple[str, str], list[int]] = {}
        for column in ("pupil_id", "name_id"):
            for place, key in enumerate(zip(rows["exam_code"], rows[column], strict=True)):
                found = self._places.setdefault(key, [])
                if place not in found:
                    found.append(place)
        self.scores = {name: _plain(rows[name]) for name in _SCORES}
        self._before = {name: _plain(rows[f"{name}_before"]) for name in _SCORES[:2]}
        self._appealed = np.zeros(len(rows), dtype=bool)

    def place_of(self, appeal: Mapping[Any, Any]) -> int | None:
        """Return the result that an appeal is about: the same exam and person, the same day when there are several."""
        exam = appeal["exam_code"]
        own = self._places.get((exam, appeal["pupil_id"])) or self._places.get((exam, appeal["name_id"])) or []
        same_day = [place for place in own if self._dates[place] == appeal["exam_date"]] or own
        return same_day[-1] if same_day else None

    def change(self, place: int, appeal: Mapping[Any, Any]) -> None:
        """Put the scores of an appeal in place of a result's own, keeping what stood there first."""
        self._appealed[place] = True
        for name, column in self.scores.items():
            value = appeal[name]
            if pd.isna(value) or column[place] == value:
                continue
            if name in self._before and self._before[name][place] is None:
                self._before[name][place] = column[place]
            column[place] = int(value)

    def rows(self) -> pd.DataFrame:
        """Return the results after all appeals."""
        scores = {name: pd.array(column, dtype="Int64") for name, column in self.scores.items()}
        before = {f"{name}_before": pd.array(column, dtype="Int64") for name, column in self._before.items()}
        return self._rows.assign(**scores, **before, is_appealed=self._appealed)


def _plain(column: pd.Series) -> np.ndarray:
    values = column.to_numpy(dtype=object, copy=True)
    values[column.isna().to_numpy()] = None
    return values


def _with_appeals(
    rows: pd.DataFrame, appeals: pd.DataFrame, paths: Mapping[str, str]
) -> tuple[pd.DataFrame, set[int], list[QualityFinding]]:
    """Apply satisfied appeals in the order in which they came; return rows, applied appeals and findings."""
    results = _Results(rows)
    applied: set[int] = set()
    findings: list[QualityFinding] = []
    order = appeals.sort_values(["submitted_at", "file_sha256", "source_row"], kind="stable")
    for index, appeal in zip(order.index, order.to_dict("records"), strict=True):
        place = results.place_of(appeal)
        if place is None:
            findings.append(_without_result(appeal, paths))
        elif appeal["state"] == "satisfied":
            findings += _score_before_finding(appeal, {n: column[place] for n, column in results.scores.items()}, paths)
            results.change(place, appeal)
            applied.add(index)
    return results.rows(), applied, findings


def _without_result(appeal: Mapping[Any, Any], paths: Mapping[str, str]) -> QualityFinding:
    key = _exam(str(appeal["exam_code"]))
    return QualityFinding(
        "appeal.without_result",
        f"Апелляция по экзамену «{key.title_ru}» не нашла результата: протокола нет или имя записано иначе.",
        paths.get(appeal["file_sha256"]),
        appeal["file_sha256"],
        appeal["source_sheet"],
        int(appeal["source_row"]),
        became="апелляция хранится и ничего не меняет",
    )


def _score_before_finding(
    appeal: Mapping[Any, Any], current: Mapping[str, Any], paths: Mapping[str, str]
) -> list[QualityFinding]:
    """Compare the score before the appeal with the result: it should be that one, or already the new one."""
    stated = appeal["score_before"]
    scores = {one for one in (current["test_score"], current["mark"], current["primary_score"]) if one is not None}
    new = {appeal[name] for name in ("test_score", "mark", "primary_score") if not pd.isna(appeal[name])}
    if pd.isna(stated) or not scores or int(stated) in scores or scores & new:
        return []
    return [
        QualityFinding(
            "appeal.score_before_mismatch",
            f"До апелляции балл {int(stated)}, а в протоколе другой.",
            paths.get(appeal["file_sha256"]),
            appeal["file_sha256"],
            appeal["source_sheet"],
            int(appeal["source_row"]),
            value=str(int(stated)),
            became="результат заменён по апелляции",
        )
    ]


def _exam(exam_code: str) -> ExamKey:
    kind, year, subject, level = exam_code.split(":")
    return ExamKey(kind, int(year), subject, level)


def _replaced_findings(replaced: pd.DataFrame, rows: pd.DataFrame, paths: Mapping[str, str]) -> list[QualityFinding]:
    """Tell rows that stood in two files: once a pair of files; a change that no appeal explains, row by row."""
    if replaced.empty:
        return []
    same = np.ones(len(replaced), dtype=bool)
    for name in _VALUES:
        left, right = (_plain(replaced[column]) for column in (name, f"{name}_new"))
        same &= np.array([one == other for one, other in zip(left, right, strict=True)], dtype=bool)
    appealed = set(
        zip(*(rows.loc[rows["is_appealed"], name] for name in _IDENTITY), strict=True)
        if rows["is_appealed"].any()
        else ()
    )
    findings: list[QualityFinding] = []
    pairs = replaced.assign(is_same=same).groupby(["file_sha256", "file_sha256_new", "is_same"], sort=True)
    for (old, new, is_same), group in pairs:
        rule_id = "exam.duplicate_result" if is_same else "exam.result_replaced"
        verb = "есть и в файле" if is_same else "заменены более поздними из файла"
        findings.append(
            QualityFinding(
                rule_id,
                f"Результатов — {len(group)}: {verb} «{paths.get(str(new), '')}».",
                paths.get(str(old)),
                str(old),
                became="учтены один раз, из более позднего файла",
            )
        )
    changed = replaced[~same]
    findings += [
        _changed_finding(row, paths)
        for row in changed.head(_FINDINGS_LIMIT).to_dict("records")
        if tuple(row[name] for name in _IDENTITY) not in appealed
    ]
    return findings


def _changed_finding(row: Mapping[Any, Any], paths: Mapping[str, str]) -> QualityFinding:
    return QualityFinding(
        "exam.changed_without_appeal",
        f"Результат по экзамену «{_exam(str(row['exam_code'])).title_ru}» изменён более поздним протоколом, "
        "а апелляции или перепроверки среди файлов нет.",
        paths.get(row["file_sha256"]),
        row["file_sha256"],
        row["source_sheet"],
        int(row["source_row"]),
        became="принят более поздний протокол",
    )


def _with_sittings(rows: pd.DataFrame, options: ExamAssemblyOptions) -> pd.DataFrame:
    """Number the sittings of each pupil in an exam by day, and mark the one that counts."""
    pupil = ["exam_code", "pupil_id"]
    ordered = rows.sort_values([*pupil, "exam_date", "submitted_at"], kind="stable").reset_index(drop=True)
    ordered["sitting"] = ordered.groupby(pupil).cumcount() + 1
    is_valid = (ordered["status"] == "valid").to_numpy()
    # The result that decides: a mark where the exam is marked, else the test score, else the primary one.
    decisive = ordered["test_score"].fillna(ordered["mark"]).fillna(ordered["primary_score"]).fillna(-1)
    weight = decisive.to_numpy(dtype="float64") if options.second_sitting == "best" else np.zeros(len(ordered))
    order = np.lexsort((ordered["sitting"].to_numpy(), weight, is_valid))
    ranked = ordered.iloc[order]
    last = ranked.index[~ranked.duplicated(pupil, keep="last")]
    return ordered.assign(is_final=ordered.index.isin(last))


def _sitting_findings(rows: pd.DataFrame) -> list[QualityFinding]:
    counts = rows.loc[rows["sitting"] == 2].groupby("exam_code").size()
    return [
        QualityFinding(
            "exam.second_sitting",
            f"Экзамен «{_exam(str(code)).title_ru}»: участников, сдававших не один раз, — {count}.",
            became="засчитан результат по правилу exams.assembly",
        )
        for code, count in counts.items()
    ]


def unlinked(rows: pd.DataFrame, paths: Mapping[str, str], table: Table) -> list[QualityFinding]:
    """Return a finding for every school key of a file that means no school of the year."""
    lost = rows[rows["school_code"].isna() & rows["school_key"].notna()]
    counts = lost.groupby(["file_sha256", "school_key"]).size()
    first = lost.drop_duplicates(["file_sha256", "school_key"])
    return [
        QualityFinding(
            "exam.school_unlinked",
            f"ОО «{key}» не сопоставлена ни с одной школой года: строк — {counts[sha, key]} ({table.title_ru}).",
            paths.get(sha),
            sha,
            sheet,
            int(row),
            became="строки входят в итоги всех ОО и не входят в итоги школ",
        )
        for sha, key, sheet, row in zip(
            first["file_sha256"], first["school_key"], first["source_sheet"], first["source_row"], strict=True
        )
    ]


def _appeal_rows(
    appeals: pd.DataFrame, applied: set[int], school_year: str, school_codes: Mapping[str, str]
) -> pd.DataFrame:
    if appeals.empty:
        return EXAM_APPEALS.empty()
    rows = appeals.assign(
        school_year=school_year,
        school_code=appeals["school_key"].map(school_codes).astype("str"),
        is_applied=appeals.index.isin(applied),
    ).drop_duplicates(list(EXAM_APPEALS.key))
    return EXAM_APPEALS.conform(rows.reset_index(drop=True)[list(EXAM_APPEALS.column_names)])


def assemble_admission(
    fragments: Sequence[RecordFragment], school_year: str, school_codes: Mapping[str, str]
) -> tuple[pd.DataFrame, list[QualityFinding]]:
    """Assemble essays and interviews of a year: newest file first, the first «зачёт» counts, else the last sitting.

    Returns:
        Rows of `admission_works` and findings about unlinked schools.
    """
    rows = _stacked(fragments)
    if rows.empty:
        return ADMISSION_WORKS.empty(), []
    paths = {one.file_sha256: one.path for one in fragments}
    rows["school_code"] = rows["school_key"].map(school_codes).astype("str")
    findings = unlinked(rows, paths, ADMISSION_WORKS)
    identity = ["procedure", "pupil_id", "held_on"]
    newest = rows.sort_values(["submitted_at", "file_sha256", "source_row"], kind="stable")
    newest = newest[~newest.duplicated(identity, keep="last")]
    ordered = newest.sort_values(identity, kind="stable").reset_index(drop=True)
    passed = ordered["is_passed"].fillna(value=False).to_numpy(dtype=bool)
    # Sittings after the first pass change nothing; without a pass the last one stands.
    place = np.where(passed, -np.arange(len(ordered)), np.arange(len(ordered)))
    ranked = ordered.iloc[np.lexsort((place, passed))]
    final = ranked.index[~ranked.duplicated(["procedure", "pupil_id"], keep="last")]
    made = ordered.assign(school_year=school_year, is_final=ordered.index.isin(final))
    return ADMISSION_WORKS.conform(made[list(ADMISSION_WORKS.column_names)]), findings


def assemble_school_tables(
    results: Sequence[RecordFragment],
    cross_foot: Sequence[RecordFragment],
    school_year: str,
    school_codes: Mapping[str, str],
) -> tuple[pd.DataFrame, pd.DataFrame, list[QualityFinding]]:
    """Return a year's `exam_school_results` and `exam_cross_foot` from files that may hold several years.

    The newest file that has a unit's exam counts; equal rows of older files are left out.
    """
    rows, faults = _of_year(results, school_year), _of_year(cross_foot, school_year)
    findings: list[QualityFinding] = []
    table, totals = EXAM_SCHOOL_RESULTS.empty(), EXAM_CROSS_FOOT.empty()
    if len(rows):
        rows["school_code"] = rows["school_key"].map(school_codes).astype("str")
        findings = unlinked(rows, {one.file_sha256: one.path for one in results}, EXAM_SCHOOL_RESULTS)
        unit = ["exam_code", "unit_level", "unit_name", "municipality_name"]
        ordered = rows.sort_values(["submitted_at", "file_sha256", "source_row"], kind="stable")
        made = ordered[~ordered.duplicated(unit, keep="last")].sort_values(unit).assign(school_year=school_year)
        table = EXAM_SCHOOL_RESULTS.conform(made.reset_index(drop=True)[list(EXAM_SCHOOL_RESULTS.column_names)])
    if len(faults):
        made = faults.assign(school_year=school_year).drop_duplicates(list(EXAM_CROSS_FOOT.key))
        totals = EXAM_CROSS_FOOT.conform(made.reset_index(drop=True)[list(EXAM_CROSS_FOOT.column_names)])
    return table, totals, findings


def _of_year(fragments: Sequence[RecordFragment], school_year: str) -> pd.DataFrame:
    rows = _stacked(fragments)
    return rows if rows.empty else rows[rows["exam_year"] == int(school_year[5:])].reset_index(drop=True)
