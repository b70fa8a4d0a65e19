"""Completeness of the sources of a year: what each school and municipality gave, what is awaited, who is late.

A pure function over what the reader and the registers know; who must give what and by when is in the catalogue.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.records import record_forms
from oko_pipeline.catalogue.sources import EXPORT_LAYOUT, FORM_LAYOUT, SourceKind, due_date, source_kinds
from oko_pipeline.catalogue.tables_sources import SOURCE_COMPLETENESS

RECORD_COLUMNS: Final = ("file_sha256", "table_name", "kind", "school_code", "municipality_code", "rows_count")
"""Columns of `Receipts.records`."""

# Where a table holds several kinds: the column that tells them apart and the kinds of its values (their own codes
# where nothing is said).
_KIND_COLUMNS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "exam_results": ("exam_kind", {"gve9": "gve", "gve11": "gve"}),
    "admission_works": ("procedure", {"essay": "essay11", "statement": "essay11", "interview": "interview9"}),
    "exam_results_reported": ("exam", {}),
    "exam_admission": ("procedure", {}),
    "diagnostics_summary": ("procedure", {}),
    "survey_answers": ("questionnaire_code", {}),
    "study_results": (
        "study",
        {"functional": "pisa_model"} | dict.fromkeys(("pisa", "pirls", "timss", "icils"), "international_studies"),
    ),
}
_ASSESSMENT: Final = "assessment_id"
_UNIT: Final = ["kind", "source_code", "unit_level", "unit_code"]
_ACTIVE: Final = frozenset({"accepted", "refused", "empty", "unknown"})
_LEVEL_COLUMNS: Final = {"primary": "offers_primary", "basic": "offers_basic", "secondary": "offers_secondary"}
_NOT_TAUGHT: Final = {
    "primary": "в ОО нет начального общего образования",
    "basic": "в ОО нет основного общего образования",
    "secondary": "в ОО нет среднего общего образования",
}
_NOT_LISTED: Final = "ОО нет в графике, списке или выборке"
_NOTHING_YET: Final = "случаев нет"


@dataclass(frozen=True, slots=True)
class Receipts:
    """What came in during a year.

    Args:
        files: rows of `files`.
        findings: rows of `quality_findings`.
        records: `RECORD_COLUMNS`: rows that a file brought to a table (`works` for the works store) about a school;
            `municipality_code` stands where a municipality gave them. Without both codes they serve all municipalities
            (norms of the region). `kind` is given where a table holds several kinds (exams by their form, works by
            their procedure); where it is empty, the rows count for all kinds of the table. A form that came without
            rows stands here with 0.
    """

    files: pd.DataFrame
    findings: pd.DataFrame
    records: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Duties:
    """Who must give what beside the catalogue: `listed` schools or municipalities by kind, `due` terms by kind.

    A kind that the catalogue expects of those listed and that is not in `listed` is expected of nobody yet.
    """

    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    due: Mapping[str, date] = field(default_factory=dict)


def completeness(
    school_year: str, receipts: Receipts, schools: pd.DataFrame, today: date, duties: Duties | None = None
) -> pd.DataFrame:
    """Return `source_completeness` of a school year: a row for each kind, source and unit.

    Rows that a municipality gave about a school count for the school where schools owe the kind, else for the
    municipality. The ways in of a kind are alternatives: a unit that gave nothing has one row, of the kind's main way.
    A form that is sent anew replaces the earlier one; of other layouts all accepted files count. A file's error counts
    for the school that it names, when it names none for the only school of the file, and always for the only
    municipality.

    Args:
        school_year: such as 2025-2026.
        receipts: what came in.
        schools: `school_code`, `municipality_code` and, where known, `offers_primary`, `offers_basic`,
            `offers_secondary` (true, false or empty: unknown levels are taken to be taught).
        today: the day on which what has not come is late.
        duties: lists and terms of the year's schedule.
    """
    duties = duties or Duties()
    came = _received(receipts, schools)
    awaited = pd.concat(
        [_awaited(kind, schools, duties) for kind in source_kinds().values()], ignore_index=True
    ).convert_dtypes()
    units = ["kind", "unit_level", "unit_code"]
    known = pd.MultiIndex.from_frame(came[units])
    missing = awaited[~pd.MultiIndex.from_frame(awaited[units]).isin(known)]
    rows = pd.concat([came, missing], ignore_index=True)
    rows = rows.assign(school_year=school_year, **_terms(rows["kind"], school_year, duties))
    rows = _judged(rows, today).sort_values([*_UNIT], ignore_index=True)
    return SOURCE_COMPLETENESS.conform(rows[list(SOURCE_COMPLETENESS.column_names)])


def receipt_rows(table_name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return `Receipts.records` of rows of one table: how many each file brought for each school or municipality.

    Args:
        table_name: a register, a table of exams or surveys, or `works`.
        rows: `file_sha256`, `school_code`, where they are `municipality_code` and `school_key`, and the column that
            tells kinds apart: `exam_kind`, `procedure` …, for works `assessment_id`. Rows of schools that are not
            linked are left out.
    """
    municipality = (
        rows["municipality_code"] if "municipality_code" in rows else pd.Series(None, rows.index, dtype="str")
    )
    keyed = pd.DataFrame(
        {
            "file_sha256": rows["file_sha256"],
            "table_name": table_name,
            "kind": _kind_of_rows(table_name, rows),
            "school_code": rows["school_code"],
            "municipality_code": municipality,
        }
    )
    is_linked = keyed["school_code"].notna() | keyed["municipality_code"].notna()
    keyed = keyed[is_linked | rows["school_key"].isna()] if "school_key" in rows else keyed
    counts = keyed.groupby(list(keyed.columns), dropna=False, sort=False).size().reset_index(name="rows_count")
    return counts[list(RECORD_COLUMNS)]


def _kind_of_rows(table_name: str, rows: pd.DataFrame) -> pd.Series:
    if _ASSESSMENT in rows:
        # An assessment's id begins with its campaign, the campaign's code with its procedure.
        return rows[_ASSESSMENT].str.partition("-")[0]
    if table_name not in _KIND_COLUMNS:
        return pd.Series(None, rows.index, dtype="str")
    column, kinds = _KIND_COLUMNS[table_name]
    if column == "questionnaire_code":
        kinds = {code: one.kinds[0] for code, one in questionnaires().items()}
    return rows[column].map(lambda value: kinds.get(value, value), na_action="ignore").astype("str")


def _received(receipts: Receipts, schools: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each kind, source and unit that gave something, with files, rows, errors and dates."""
    files = receipts.files[receipts.files["layout_code"].notna()]
    received_at = files["submitted_at"].where(files["submitted_at"].notna(), files["modified_at"])
    # The same content may lie twice in the inbox; one of its versions is the accepted one.
    known = files.assign(
        received_at=received_at,
        is_active=files["status"].isin(_ACTIVE),
        is_refused=files["status"] == "refused",
    )
    known = known.sort_values("is_active", ascending=False).drop_duplicates("file_sha256")
    columns = ["file_sha256", "layout_code", "received_at", "is_active", "is_refused"]
    rows = receipts.records.merge(known[columns], on="file_sha256", how="inner", validate="many_to_one")
    rows = _with_units(_with_kinds(rows), schools)
    rows = rows.assign(errors=_errors(rows, receipts.findings))
    grouped = rows.groupby([*_UNIT, "file_sha256"], as_index=False, sort=False).agg(
        rows_count=("rows_count", "sum"),
        errors=("errors", "max"),
        received_at=("received_at", "first"),
        is_active=("is_active", "first"),
        is_refused=("is_refused", "first"),
    )
    return _by_source(grouped)


def _with_kinds(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their source (form or layout), once for each kind that they serve."""
    pairs = rows[["layout_code", "table_name"]].drop_duplicates()
    served = pd.DataFrame.from_records(
        [
            (layout, table, kind, source)
            for layout, table in pairs.itertuples(index=False)
            for kind, source in _served(str(layout), str(table))
        ],
        columns=["layout_code", "table_name", "served_kind", "source_code"],
    ).astype("str")
    merged = rows.merge(served, on=["layout_code", "table_name"], how="inner", validate="many_to_many")
    merged = merged[merged["kind"].isna() | (merged["kind"] == merged["served_kind"])]
    return merged.drop(columns="kind").rename(columns={"served_kind": "kind"})


def _served(layout: str, table: str) -> Iterator[tuple[str, str]]:
    if layout in {FORM_LAYOUT, EXPORT_LAYOUT}:
        for form in record_forms().values():
            for register in form.tables:
                if register.name == table:
                    yield from ((kind, form.form_code) for kind in register.kinds)
    for kind in source_kinds().values():
        if table in kind.layouts.get(layout, ()):
            yield kind.slug, layout


def _with_units(rows: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the unit that gave them, once for each municipality where they serve all."""
    per = rows["kind"].map({slug: kind.per for slug, kind in source_kinds().items()})
    is_given = rows["municipality_code"].notna()
    has_school = rows["school_code"].notna()
    is_school = has_school & (per != "municipality") & ~(is_given & (per == "both"))
    municipality_of = dict(zip(schools["school_code"], schools["municipality_code"], strict=True))
    municipality = rows["municipality_code"].where(is_given, rows["school_code"].map(municipality_of))
    is_for_all = ~has_school & ~is_given & (per == "municipality")
    everyone = schools["municipality_code"].dropna().drop_duplicates().rename("everyone")
    named = rows.assign(
        unit_level=np.where(is_school, "school", "municipality"),
        unit_code=rows["school_code"].where(is_school, municipality),
    )
    for_all = named[is_for_all].merge(everyone, how="cross").assign(unit_code=lambda frame: frame["everyone"])
    named = pd.concat([named, for_all.drop(columns="everyone")], ignore_index=True)
    return named[named["unit_code"].notna()]


def _errors(rows: pd.DataFrame, findings: pd.DataFrame) -> pd.Series:
    """Count the errors of each row's file that concern its unit."""
    errors = findings[(findings["severity"] == "error") & findings["file_sha256"].notna()]
    is_named = errors["school_code"].notna()
    own = errors[is_named].groupby(["file_sha256", "school_code"]).size()
    nameless = errors[~is_named].groupby("file_sha256").size()
    units = rows.groupby(["file_sha256", "unit_level"])["unit_code"].transform("nunique")
    of_unit = own.reindex(pd.MultiIndex.from_frame(rows[["file_sha256", "unit_code"]]), fill_value=0).to_numpy()
    of_nobody = nameless.reindex(rows["file_sha256"], fill_value=0).to_numpy()
    of_file = errors.groupby("file_sha256").size().reindex(rows["file_sha256"], fill_value=0).to_numpy()
    is_alone = (units == 1).to_numpy()
    is_school = (rows["unit_level"] == "school").to_numpy()
    of_rest = np.where(is_school, of_nobody, of_file)
    return pd.Series(of_unit + np.where(is_alone, of_rest, 0), index=rows.index)


def _by_source(by_file: pd.DataFrame) -> pd.DataFrame:
    dates = by_file.assign(day=by_file["received_at"].str.slice(0, 10))
    dates = dates.groupby(_UNIT, as_index=False, sort=False).agg(received_on=("day", "min"), updated_on=("day", "max"))
    active = by_file[by_file["is_active"]]
    is_form = active["source_code"].isin(record_forms())
    newest = active.groupby(_UNIT)["received_at"].transform("max")
    standing = active[~is_form | (active["received_at"] == newest)]
    totals = standing.groupby(_UNIT, as_index=False, sort=False).agg(
        files_count=("file_sha256", "nunique"),
        rows_count=("rows_count", "sum"),
        findings_count=("errors", "sum"),
        is_refused=("is_refused", "any"),
    )
    # A unit whose only file was taken out of the inbox has given nothing: it is not among the totals.
    return totals.merge(dates, on=_UNIT, how="left", validate="one_to_one")


def _awaited(kind: SourceKind, schools: pd.DataFrame, duties: Duties) -> pd.DataFrame:
    """Return the units that give a kind, with the reason where it does not apply to them."""
    parts = []
    if kind.per in {"school", "both"}:
        codes = schools["school_code"]
        not_taught = _not_taught(kind, schools)
        parts.append(_units(kind, "school", codes, _reasons(kind, codes, not_taught, duties)))
    if kind.per in {"municipality", "both"}:
        codes = schools["municipality_code"].dropna().drop_duplicates()
        nothing = pd.Series(data=False, index=codes.index)
        parts.append(_units(kind, "municipality", codes, _reasons(kind, codes, nothing, duties)))
    return pd.concat(parts, ignore_index=True)


def _units(kind: SourceKind, level: str, codes: pd.Series, reasons: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": kind.slug,
            "source_code": kind.main_way,
            "unit_level": level,
            "unit_code": codes.to_numpy(),
            "reason": reasons.to_numpy(),
            "files_count": 0,
            "rows_count": 0,
            "findings_count": 0,
        }
    )


def _not_taught(kind: SourceKind, schools: pd.DataFrame) -> pd.Series:
    column = _LEVEL_COLUMNS.get(kind.education_level or "")
    if column is None or column not in schools:
        return pd.Series(data=False, index=schools.index)
    return ~schools[column].astype("boolean").fillna(value=True).astype(bool)


def _reasons(kind: SourceKind, codes: pd.Series, not_taught: pd.Series, duties: Duties) -> pd.Series:
    reasons = pd.Series(data=None, index=codes.index, dtype="str")
    if kind.expected == "if_any":
        reasons[:] = _NOTHING_YET
    if kind.expected == "listed":
        reasons[~codes.isin(duties.listed.get(kind.slug, frozenset()))] = _NOT_LISTED
    if kind.education_level is not None:
        reasons[not_taught] = _NOT_TAUGHT[kind.education_level]
    return reasons


def _terms(kinds: pd.Series, school_year: str, duties: Duties) -> dict[str, pd.Series]:
    catalogue = source_kinds()
    due: dict[str, str | None] = {}
    for slug in _distinct(kinds):
        day = duties.due.get(slug) or due_date(catalogue[slug], school_year)
        due[slug] = None if day is None else day.isoformat()
    return {
        "due_on": kinds.map(due).astype("str"),
        "is_optional": kinds.map({slug: kind.optional for slug, kind in catalogue.items()}).astype("boolean"),
        "without": kinds.map({slug: kind.without_ru for slug, kind in catalogue.items()}).astype("str"),
    }


def _distinct(values: pd.Series) -> Iterable[str]:
    return (str(value) for value in values.unique())


def _judged(rows: pd.DataFrame, today: date) -> pd.DataFrame:
    """Return the rows with state, lateness and what is left out."""
    came = rows["received_on"].notna().to_numpy()
    is_refused = rows["is_refused"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    has_faults = came & ((rows["findings_count"] > 0).to_numpy() | is_refused)
    due = pd.to_datetime(rows["due_on"], format="%Y-%m-%d")
    measured = pd.to_datetime(rows["received_on"].where(rows["received_on"].notna(), today.isoformat()))
    days = (measured - due).dt.days
    does_not_apply = ~came & rows["reason"].notna().to_numpy()
    is_late = (days > 0).to_numpy() & ~does_not_apply
    state = np.select(
        [does_not_apply, has_faults, came & (rows["rows_count"] > 0).to_numpy(), came, is_late],
        ["not_applicable", "returned", "accepted", "received", "late"],
        "expected",
    )
    return rows.assign(
        state=state,
        is_late=is_late,
        days_late=days.where(is_late).astype("Int64"),
        leaves_out=rows["without"].where(~np.isin(state, ["accepted", "not_applicable"])),
    )
