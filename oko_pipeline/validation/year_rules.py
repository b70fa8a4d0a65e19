"""Rules about a school year as a whole: forms and scales, references, coverage, aggregates, jumps between years.

Rules about single works are in `work_rules`; those make the frame of flags that `work_counts` condenses for this one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.campaigns import Campaign, campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.scales import bound_faults
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables import COVERAGE
from oko_pipeline.quality import QualityFinding
from oko_pipeline.validation.wording import assessment_title, counted, decimal, listed

COUNT_COLUMNS: Final = (
    "rows_count",
    "participants_count",
    "absent_count",
    "mark_2_count",
    "mark_3_count",
    "mark_4_count",
    "mark_5_count",
    "journal_lower_count",
    "journal_same_count",
    "journal_higher_count",
)
ENROLLED_VARIABLE: Final = "pupils_grade_{grade}_count"
"""Variable of `school_context` that holds the number of pupils of a grade."""
PERCENT_TOLERANCE: Final = 0.06
"""Exports print one or two decimals; half a unit of the coarser, and a little for binary fractions."""
_GRADES: Final = range(1, 12)


@dataclass(frozen=True, slots=True)
class YearOptions:
    """Thresholds without an official source, stated in the findings that use them."""

    jump_mean_percent: float = 20.0
    """Change of the mean percent of the maximum between years, percentage points."""
    jump_mark_2_share: float = 0.25
    """Change of the share of «2» between years."""
    jump_participants: int = 20
    """Both years need at least so many participants."""
    enrolled_tolerance: float = 0.05
    """Pupils come and go between the day of the context form and the work."""


@dataclass(frozen=True, slots=True)
class YearCheck:
    """Findings about the year, and the coverage of schools (the table `coverage`)."""

    findings: list[QualityFinding]
    coverage: pd.DataFrame


def work_counts(flags: pd.DataFrame) -> pd.DataFrame:
    """Condense flags of works (of one assessment or many) to one row a class: the input `work_counts` of `check_year`.

    Grain of the result: `assessment_id`, `school_code`, `class_label` (empty text when unknown); integer columns
    `COUNT_COLUMNS`. A participant is a row with a total; marks are those by the scale, compared with the journal.
    """
    if flags.empty:
        return pd.DataFrame(
            {name: pd.Series(dtype="str") for name in ("assessment_id", "school_code", "class_label")}
            | {name: pd.Series(dtype="int64") for name in COUNT_COLUMNS}
        )
    scored = (flags["status"] == "scored").to_numpy(dtype=bool)
    mark = flags["mark"].to_numpy(dtype=float, na_value=np.nan)
    journal = flags["journal_mark"].to_numpy(dtype=float, na_value=np.nan)
    journal = np.where(np.isin(journal, (2, 3, 4, 5)) & scored, journal, np.nan)
    columns = {
        "rows_count": np.ones(len(flags), dtype=np.int64),
        "participants_count": scored,
        "absent_count": (flags["status"] == "absent").to_numpy(dtype=bool),
        **{f"mark_{value}_count": mark == value for value in (2, 3, 4, 5)},
        "journal_lower_count": mark < journal,
        "journal_same_count": mark == journal,
        "journal_higher_count": mark > journal,
    }
    keys = [flags["assessment_id"], flags["school_code"], flags["class_label"].fillna("").rename("class_label")]
    counts = pd.DataFrame({name: values.astype(np.int64) for name, values in columns.items()}, index=flags.index)
    return counts.groupby(keys, sort=True).sum().reset_index()


def check_year(tables: Mapping[str, pd.DataFrame], options: YearOptions | None = None) -> YearCheck:
    """Apply every rule about the year. Rules whose tables are absent are left out.

    Args:
        tables: frames by name, all of one school year. Required: `assessments`, `tasks`, `schools`, `municipalities`,
            `work_counts` (see `work_counts`). Used when present: `school_crosswalk`, `scale_bounds`,
            `published_results`, `school_context` (variables `pupils_grade_<n>_count`), `files` (to name the file of a
            finding), `result_summary` and `previous_result_summary` (the year before), `quality_findings` (what the
            collection has said already is not said again). Columns as in the contracts.
        options: thresholds; the defaults are stated in `YearOptions`.
    """
    chosen = options or YearOptions()
    coverage = _coverage(tables)
    findings = [
        *_form_findings(tables["assessments"], tables["tasks"]),
        *_scale_findings(tables),
        *_reference_findings(tables),
        *_registry_findings(tables),
        *_coverage_findings(coverage),
        *_class_coverage_findings(tables),
        *_enrolment_findings(coverage, chosen),
        *_published_findings(tables),
        *_jump_findings(tables, chosen),
    ]
    return YearCheck(_not_said_before(findings, tables.get("quality_findings")), coverage)


_SAID_BY_READERS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "year.task_maxima_sum": (("task.maxima_sum",), ("assessment_id",)),
    "year.scale_absent": (("scale.absent",), ("assessment_id",)),
    "year.scale_refused": (("scale.absent",), ("assessment_id",)),
    "year.scale_inferred": (("scale.inferred",), ("assessment_id",)),
    "year.scale_printed": (("scale.overlap", "scale.inconsistent"), ("file_sha256", "row")),
    "year.school_without_municipality": (("school.municipality_unknown",), ("school_code",)),
    "year.crosswalk_unmatched": (("school.unmatched",), ("value",)),
}
"""Rules of the collection that tell the same fault with the cell at hand, and the fields that make it the same."""


def _not_said_before(findings: list[QualityFinding], known: pd.DataFrame | None) -> list[QualityFinding]:
    """Leave out what the collection has said already: one fault, one finding."""
    if known is None or known.empty:
        return findings
    said = {
        own_rule: set(known.loc[known["rule_id"].isin(rules), list(fields)].itertuples(index=False, name=None))
        for own_rule, (rules, fields) in _SAID_BY_READERS.items()
    }
    return [
        finding
        for finding in findings
        if finding.rule_id not in said
        or tuple(getattr(finding, name) for name in _SAID_BY_READERS[finding.rule_id][1]) not in said[finding.rule_id]
    ]


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    """Go through the rows as named tuples; only over what has been filtered to the faults."""
    return iter(frame.itertuples(index=False))


def _file_paths(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    files = tables.get("files")
    return {} if files is None else dict(zip(files["file_sha256"], files["path"], strict=True))


def _form_findings(assessments: pd.DataFrame, tasks: pd.DataFrame) -> list[QualityFinding]:
    """Compare the sum of task maxima with the maximum of the form."""
    sums = (
        tasks.assign(
            is_unknown=tasks["maximum_score"].isna() | (tasks["maximum_source"] == "observed"),
            known=tasks["maximum_score"].astype("float64").fillna(0),
        )
        .groupby("assessment_id", as_index=False)
        .agg(total=("known", "sum"), unknown=("is_unknown", "sum"))
    )
    forms = assessments.loc[assessments["maximum_score"].notna(), ["assessment_id", "maximum_score"]].merge(
        sums, on="assessment_id", how="left", validate="one_to_one"
    )
    found: list[QualityFinding] = []
    for form in _rows(forms):
        if pd.isna(form.total):
            continue
        maximum, total, unknown = int(form.maximum_score), int(form.total), int(form.unknown)
        if total > maximum or (unknown == 0 and total != maximum):
            found.append(
                QualityFinding(
                    "year.task_maxima_sum",
                    f"{assessment_title(form.assessment_id)}: максимумы заданий дают в сумме {total}, "
                    f"а максимум работы {maximum}.",
                    value=str(total),
                    expected=str(maximum),
                    assessment_id=form.assessment_id,
                )
            )
        elif unknown:
            found.append(
                QualityFinding(
                    "year.task_maxima_unknown",
                    f"{assessment_title(form.assessment_id)}: максимум не описан у "
                    f"{counted(unknown, 'задания', 'заданий', 'заданий')}, сверить сумму с максимумом работы нельзя.",
                    expected=str(maximum),
                    assessment_id=form.assessment_id,
                )
            )
    return found


def _scale_findings(tables: Mapping[str, pd.DataFrame]) -> list[QualityFinding]:
    found: list[QualityFinding] = []
    for row in _rows(tables["assessments"]):
        title = assessment_title(row.assessment_id)
        bounds = (row.minimum_3, row.minimum_4, row.minimum_5)
        if row.scale_source == "refused":
            rule_id, message = "year.scale_refused", f"{title}: шкала отвергнута, отметки не выставлены."
        elif any(pd.isna(bound) for bound in bounds):
            rule_id, message = "year.scale_absent", f"{title}: шкалы нет, отметки не выставлены."
        elif faults := _bound_faults(bounds, row.maximum_score):
            rule_id, message = "year.scale_broken", f"{title}: {'; '.join(faults)}."
        elif row.scale_source == "inferred":
            rule_id, message = "year.scale_inferred", f"{title}: шкала восстановлена по отметкам файлов, не официальна."
        else:
            continue
        shown = "; ".join(f"«{m}» с {bound}" for m, bound in zip((3, 4, 5), bounds, strict=True) if not pd.isna(bound))
        found.append(
            QualityFinding(
                rule_id, message, value=shown or None, expected=_SCALE_EXPECTED, assessment_id=row.assessment_id
            )
        )
    scales = tables.get("scale_bounds")
    return found + ([] if scales is None else _printed_scale_findings(scales, _file_paths(tables)))


_SCALE_EXPECTED: Final = "0 < «3» < «4» < «5» ≤ максимум, без пропусков и пересечений"


def _bound_faults(bounds: tuple[int, int, int], maximum: int) -> list[str]:
    return bound_faults(*bounds, bounds[2] if pd.isna(maximum) else maximum)


def _printed_scale_findings(scales: pd.DataFrame, paths: Mapping[str, str]) -> list[QualityFinding]:
    found: list[QualityFinding] = []
    for scale in _rows(scales):
        faults = _bound_faults((scale.minimum_3, scale.minimum_4, scale.minimum_5), scale.maximum_score)
        if not faults and not scale.is_refused:
            continue
        why = "; ".join(faults) or "напечатанные диапазоны пересекаются или идут с пропуском"
        subject = subjects().get(scale.subject_code)
        name = subject.name_ru if subject else scale.subject_code
        found.append(
            QualityFinding(
                "year.scale_printed",
                f"Шкала «{name}, {scale.paper_grade} класс, {scale.year} год» отвергнута: {why}.",
                file_path=paths.get(scale.file_sha256),
                file_sha256=scale.file_sha256,
                row=int(scale.source_row),
                value=f"«3» с {scale.minimum_3}; «4» с {scale.minimum_4}; «5» с {scale.minimum_5}; "
                f"максимум {scale.maximum_score}",
                expected=_SCALE_EXPECTED,
            )
        )
    return found


def _reference_findings(tables: Mapping[str, pd.DataFrame]) -> list[QualityFinding]:
    found: list[QualityFinding] = []
    for assessment_id in tables["assessments"]["assessment_id"]:
        key = AssessmentKey.parse(assessment_id)
        own_campaign = campaigns().get(key.campaign_code)
        for is_known, rule_id, message, value in (
            (own_campaign is not None, "year.campaign_unknown", "кампании нет в каталоге", key.campaign_code),
            (key.subject_code in subjects(), "year.subject_unknown", "предмета нет в каталоге", key.subject_code),
            (key.paper_grade in _GRADES, "year.grade_unknown", "такого класса нет", str(key.paper_grade)),
        ):
            if not is_known:
                found.append(
                    QualityFinding(
                        rule_id,
                        f"Работа {assessment_id}: {message} («{value}»).",
                        value=value,
                        assessment_id=assessment_id,
                    )
                )
    known = set(tables["schools"]["school_code"])
    counts = tables["work_counts"]
    strangers = counts.loc[~counts["school_code"].isin(known)].groupby("school_code", sort=True)
    for school_code, rows in strangers:
        amount = counted(int(rows["rows_count"].sum()), "строка", "строки", "строк")
        found.append(
            QualityFinding(
                "year.school_unknown",
                f"ОО {school_code} нет в реестре года: {amount} протокола.",
                value=str(school_code),
                school_code=str(school_code),
            )
        )
    return found


def _registry_findings(tables: Mapping[str, pd.DataFrame]) -> list[QualityFinding]:
    schools, known = tables["schools"], set(tables["municipalities"]["municipality_code"])
    lost = schools.loc[~schools["municipality_code"].isin(known), "school_code"]
    found = [
        QualityFinding(
            "year.school_without_municipality",
            f"ОО {school_code}: муниципалитет неизвестен.",
            expected="код муниципалитета из реестра",
            school_code=school_code,
        )
        for school_code in lost
    ]
    nameless = schools.loc[~schools["is_name_known"].astype(bool), "school_code"]
    if len(nameless):
        found.append(
            QualityFinding(
                "year.school_name_unknown",
                f"Название неизвестно у {counted(len(nameless), 'ОО', 'ОО', 'ОО')}: {listed(sorted(nameless))}. "
                "В документах стоит код.",
                value=str(len(nameless)),
            )
        )
    crosswalk = tables.get("school_crosswalk")
    if crosswalk is None:
        return found
    unmatched = crosswalk.loc[crosswalk["method"] == "unmatched"]
    return found + [
        QualityFinding(
            "year.crosswalk_unmatched",
            f"«{row.source_key}» не сопоставлено ни одной ОО: "
            f"{counted(int(row.rows_count), 'строка', 'строки', 'строк')} в "
            f"{counted(int(row.files_count), 'файле', 'файлах', 'файлах')}.",
            value=row.source_key,
            expected="логин или название ОО из реестра",
        )
        for row in _rows(unmatched)
    ]


def is_obligatory(key: AssessmentKey, own_campaign: Campaign | None) -> bool | None:
    """Tell whether a school that wrote the paper grade in the campaign had to write this work too; None is unknown.

    Russian and mathematics of grades 4–8 are written by all. Until 2024 grade 4 writes «Окружающий мир», grade 5
    biology and history as well. Everything else is drawn at random for a class, chosen by the school, or depends on the
    language taught, so a missing work proves nothing (domain README 1.1).
    """
    if own_campaign is None or own_campaign.procedure_code != "vpr":
        return None
    if key.subject_code in ("russian", "mathematics") and key.level == "base":
        if 4 <= key.paper_grade <= 6 or (key.paper_grade in (7, 8) and key.subject_code == "russian"):
            return True
        # From 2025 grades 7 and 8 write mathematics at the base or the advanced level; grade 10 writes both subjects.
        if key.paper_grade in (7, 8):
            return True if own_campaign.year < 2025 else None
        return True if key.paper_grade == 10 and own_campaign.year >= 2025 else None
    always = {(4, "world_around"), (5, "biology"), (5, "history")}
    return True if own_campaign.year < 2025 and (key.paper_grade, key.subject_code) in always else None


def _coverage(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Build the table `coverage`: every school of a campaign's paper grade beside every work of that grade.

    A work the school has no row of gets state `missing`; `is_expected` tells whether that is a gap (True) or cannot be
    known (NULL).
    """
    assessments = tables["assessments"]
    if assessments.empty:
        return COVERAGE.empty()
    counts = tables["work_counts"].assign(has_class=(tables["work_counts"]["class_label"] != "").astype(np.int64))
    written = counts.groupby(["assessment_id", "school_code"], as_index=False).agg(
        rows_count=("rows_count", "sum"),
        participants_count=("participants_count", "sum"),
        absent_count=("absent_count", "sum"),
        classes_count=("has_class", "sum"),
    )
    works = assessments[["school_year", "assessment_id", "campaign_code", "paper_grade", "pupil_grade"]]
    present = written[["assessment_id", "school_code"]].merge(
        works, on="assessment_id", how="inner", validate="many_to_one"
    )
    pairs = works.merge(
        present[["campaign_code", "paper_grade", "school_code"]].drop_duplicates(),
        on=["campaign_code", "paper_grade"],
        how="inner",
        validate="many_to_many",
    ).merge(written, on=["assessment_id", "school_code"], how="left", validate="one_to_one")
    numbers = ["rows_count", "participants_count", "absent_count", "classes_count"]
    pairs[numbers] = pairs[numbers].fillna(0).astype("Int64")
    obligatory = {
        assessment_id: is_obligatory(key, campaigns().get(key.campaign_code))
        for assessment_id in works["assessment_id"]
        for key in [AssessmentKey.parse(assessment_id)]
    }
    has_rows = (pairs["rows_count"] > 0).to_numpy(dtype=bool)
    has_results = (pairs["rows_count"] > pairs["absent_count"]).to_numpy(dtype=bool)
    frame = pairs.assign(
        is_expected=pairs["assessment_id"].map(obligatory).astype("boolean").mask(has_rows, other=True),
        enrolled_count=_enrolled(tables.get("school_context"), pairs),
        state=np.select([has_results, has_rows], ["written", "absent_only"], "missing"),
    )
    return COVERAGE.conform(
        frame[list(COVERAGE.column_names)].sort_values(["assessment_id", "school_code"], ignore_index=True)
    )


def _enrolled(context: pd.DataFrame | None, pairs: pd.DataFrame) -> pd.Series:
    """Return the number of pupils of the school's grade for every pair, NA where no form tells it."""
    if context is None:
        return pd.Series(pd.NA, index=pairs.index, dtype="Int64")
    wanted = pairs["school_code"] + "|" + pairs["pupil_grade"].map(lambda grade: ENROLLED_VARIABLE.format(grade=grade))
    # A form may have been sent again: the last row stands.
    told = pd.Series(
        context["value_number"].to_numpy(), index=context["school_code"] + "|" + context["variable"]
    ).dropna()
    told = told.loc[~told.index.duplicated(keep="last")]
    return wanted.map(told).round().astype("Int64")


def _coverage_findings(coverage: pd.DataFrame) -> list[QualityFinding]:
    """Name the obligatory works a school lacks, once for a school, campaign and paper grade."""
    gaps = coverage.loc[(coverage["state"] == "missing") & coverage["is_expected"].fillna(value=False)]
    absent = coverage.loc[coverage["state"] == "absent_only"]
    found: list[QualityFinding] = []
    grouped = gaps.assign(
        group=gaps["assessment_id"].str.split(":", n=2).str[:2].str.join(":"),
    ).groupby(["school_code", "group"], sort=True)
    for (school_code, _), rows in grouped:
        titles = [assessment_title(assessment_id) for assessment_id in rows["assessment_id"]]
        key = AssessmentKey.parse(rows["assessment_id"].iloc[0])
        own_campaign = campaigns().get(key.campaign_code)
        found.append(
            QualityFinding(
                "year.coverage_gap",
                f"ОО {school_code} писала другие работы за {key.paper_grade} класс "
                f"({own_campaign.title_ru if own_campaign else key.campaign_code}), но нет результатов: "
                f"{'; '.join(titles)}.",
                expected="протокол каждой обязательной работы",
                school_code=str(school_code),
                assessment_id=rows["assessment_id"].iloc[0] if len(rows) == 1 else None,
            )
        )
    return found + [
        QualityFinding(
            "year.coverage_absent_only",
            f"{assessment_title(row.assessment_id)}: в ОО {row.school_code} все "
            f"{counted(int(row.rows_count), 'участник', 'участника', 'участников')} отмечены отсутствующими.",
            value=str(row.rows_count),
            school_code=row.school_code,
            assessment_id=row.assessment_id,
        )
        for row in _rows(absent)
    ]


def _class_coverage_findings(tables: Mapping[str, pd.DataFrame]) -> list[QualityFinding]:
    """Name classes that wrote other works of the grade but not an obligatory work their school did write."""
    counts = tables["work_counts"]
    labelled = counts.loc[counts["class_label"] != "", ["assessment_id", "school_code", "class_label"]]
    if labelled.empty:
        return []
    parts = labelled["assessment_id"].str.rsplit(":", n=2).str[0]
    labelled = labelled.assign(group=parts)
    classes = labelled[["group", "school_code", "class_label"]].drop_duplicates()
    written = labelled[["group", "school_code", "assessment_id"]].drop_duplicates()
    obligatory = [
        assessment_id
        for assessment_id in written["assessment_id"].unique()
        for key in [AssessmentKey.parse(assessment_id)]
        if is_obligatory(key, campaigns().get(key.campaign_code))
    ]
    expected = written.loc[written["assessment_id"].isin(obligatory)].merge(
        classes, on=["group", "school_code"], how="inner", validate="many_to_many"
    )
    # A school that gives no labels in one work cannot be compared class by class.
    blank = counts.loc[counts["class_label"] == "", ["assessment_id", "school_code"]].assign(is_blank=True)
    beside = expected.merge(
        labelled.assign(has_rows=True),
        on=["group", "assessment_id", "school_code", "class_label"],
        how="left",
        validate="one_to_one",
    ).merge(blank, on=["assessment_id", "school_code"], how="left", validate="many_to_one")
    gaps = beside.loc[beside["has_rows"].isna() & beside["is_blank"].isna()]
    return [
        QualityFinding(
            "year.class_gap",
            f"{assessment_title(str(assessment_id))}: в ОО {school_code} нет результатов "
            f"{'класса' if len(rows) == 1 else 'классов'} {listed([f'«{label}»' for label in rows['class_label']])}, "
            "хотя другие работы параллели там писали.",
            expected="результаты каждого класса параллели",
            school_code=str(school_code),
            assessment_id=str(assessment_id),
        )
        for (assessment_id, school_code), rows in gaps.groupby(["assessment_id", "school_code"], sort=True)
    ]


def _enrolment_findings(coverage: pd.DataFrame, options: YearOptions) -> list[QualityFinding]:
    enrolled = coverage["enrolled_count"].astype("float64")
    allowed = enrolled + np.maximum(1, np.floor(enrolled * options.enrolled_tolerance))
    over = coverage.loc[(coverage["participants_count"].astype("float64") > allowed).to_numpy()]
    return [
        QualityFinding(
            "year.more_than_enrolled",
            f"{assessment_title(row.assessment_id)}: в ОО {row.school_code} "
            f"{counted(int(row.participants_count), 'участник', 'участника', 'участников')}, а в параллели обучается "
            f"{int(row.enrolled_count)} (допуск {round(options.enrolled_tolerance * 100)} %, но не меньше 1).",
            value=str(row.participants_count),
            expected=f"не больше {int(row.enrolled_count)}",
            school_code=row.school_code,
            assessment_id=row.assessment_id,
        )
        for row in _rows(over)
    ]


def _unit_counts(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Sum the counts of works over schools and municipalities: columns `unit_level`, `unit_code` beside the counts."""
    counts = tables["work_counts"]
    municipality = tables["schools"].set_index("school_code")["municipality_code"]
    named = counts.assign(school=counts["school_code"], municipality=counts["school_code"].map(municipality))
    parts = [
        named.dropna(subset=[level])
        .groupby(["assessment_id", level], as_index=False)[list(COUNT_COLUMNS)]
        .sum()
        .rename(columns={level: "unit_code"})
        .assign(unit_level=level)
        for level in ("school", "municipality")
    ]
    return pd.concat(parts, ignore_index=True)


def _published_findings(tables: Mapping[str, pd.DataFrame]) -> list[QualityFinding]:
    """Compare published counts and percentages of schools and municipalities with those counted from works."""
    published = tables.get("published_results")
    if published is None or published.empty:
        return []
    own = published.loc[
        published["unit_level"].isin(["school", "municipality"])
        & published["unit_code"].notna()
        & published["measure"].isin(["participants", "mark", "journal"])
        & published["assessment_id"].isin(tables["work_counts"]["assessment_id"].unique())
    ]
    counts = _unit_counts(tables).melt(
        id_vars=["assessment_id", "unit_level", "unit_code"],
        value_vars=list(COUNT_COLUMNS),
        var_name="counter",
        value_name="computed",
    )
    item = own["item"].astype("object").where(own["measure"] != "participants", "participants")
    beside = (
        own.assign(counter=np.where(own["measure"] == "participants", "", own["measure"] + "_") + item + "_count")
        .merge(counts, on=["assessment_id", "unit_level", "unit_code", "counter"], how="left", validate="many_to_one")
        .pipe(_with_shares)
    )
    missing = beside.loc[beside["computed"].isna()].drop_duplicates(["assessment_id", "unit_level", "unit_code"])
    differs = beside.loc[beside["is_different"]]
    paths = _file_paths(tables)
    return [
        *(
            QualityFinding(
                "year.published_without_works",
                f"{assessment_title(row.assessment_id)}: в сводном файле есть {row.unit_source}, а работ нет.",
                file_path=paths.get(row.file_sha256),
                file_sha256=row.file_sha256,
                row=int(row.source_row),
                value=row.unit_source,
                school_code=row.unit_code if row.unit_level == "school" else None,
                assessment_id=row.assessment_id,
            )
            for row in _rows(missing)
        ),
        *(_published_finding(row, paths) for row in _rows(differs)),
    ]


_MEASURES: Final = {
    "participants": "число участников",
    "mark": "отметка «{item}»",
    "journal": "сравнение с журналом, {item}",
}
_JOURNAL: Final = {"lower": "понизили", "same": "подтвердили", "higher": "повысили"}


def _with_shares(beside: pd.DataFrame) -> pd.DataFrame:
    """Add `computed_percent` (base: all items of the measure) and `is_different`."""
    base = beside.groupby(["file_sha256", "unit_source", "measure", "assessment_id"])["computed"].transform("sum")
    percent = (100 * beside["computed"] / base.where(base > 0)).to_numpy(dtype=float, na_value=np.nan)
    count = beside["value_count"].to_numpy(dtype=float, na_value=np.nan)
    printed = beside["value_percent"].to_numpy(dtype=float, na_value=np.nan)
    computed = beside["computed"].to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(computed)
    by_count = ~np.isnan(count) & (count != computed)
    by_percent = np.isnan(count) & ~np.isnan(printed) & (np.abs(printed - percent) > PERCENT_TOLERANCE)
    return beside.assign(computed_percent=percent, is_different=known & (by_count | by_percent))


def _published_finding(row: Any, paths: Mapping[str, str]) -> QualityFinding:
    what = _MEASURES[row.measure].format(item=_JOURNAL.get(row.item, row.item))
    if pd.isna(row.value_count):
        value, expected = f"{decimal(row.value_percent, 2)} %", f"{decimal(row.computed_percent, 2)} %"
    else:
        value, expected = str(int(row.value_count)), str(int(row.computed))
    return QualityFinding(
        "year.published_differs",
        f"{assessment_title(row.assessment_id)}, {row.unit_source}: {what} в сводном файле {value}, "
        f"по работам участников {expected}.",
        file_path=paths.get(row.file_sha256),
        file_sha256=row.file_sha256,
        row=int(row.source_row),
        value=value,
        expected=expected,
        school_code=row.unit_code if row.unit_level == "school" else None,
        assessment_id=row.assessment_id,
    )


def _comparable(summary: pd.DataFrame) -> pd.DataFrame:
    """Keep whole units (schools and municipalities) with the keys that make two years comparable."""
    own = summary.loc[(summary["subgroup"] == "all") & summary["unit_level"].isin(["school", "municipality"])]
    keys = {assessment_id: AssessmentKey.parse(assessment_id) for assessment_id in own["assessment_id"].unique()}
    order = {code: number for number, code in enumerate(campaigns())}
    # Papers of ВПР keep their model over the years; two diagnostic works of one subject need have nothing in common.
    own = own.loc[own["assessment_id"].map({i: k.campaign_code in order for i, k in keys.items()}).astype(bool)]
    return own[
        ["assessment_id", "unit_level", "unit_code", "participants_count", "mean_percent", "mark_2_share"]
    ].assign(
        work=own["assessment_id"].map({i: f"{k.paper_grade}:{k.subject_code}:{k.level}" for i, k in keys.items()}),
        order=own["assessment_id"].map({i: order.get(k.campaign_code, -1) for i, k in keys.items()}),
    )


def _jump_findings(tables: Mapping[str, pd.DataFrame], options: YearOptions) -> list[QualityFinding]:
    """Name units whose result of the same paper changed more between years than teaching explains."""
    now, before = tables.get("result_summary"), tables.get("previous_result_summary")
    if now is None or before is None:
        return []
    on = ["unit_level", "unit_code", "work"]
    # Of several campaigns of the previous year the latest is compared.
    earlier = _comparable(before).sort_values("order").drop_duplicates(on, keep="last")
    pairs = _comparable(now).merge(earlier, on=on, suffixes=("", "_before"), how="inner", validate="many_to_one")
    enough = pairs[["participants_count", "participants_count_before"]].min(axis=1) >= options.jump_participants
    found: list[QualityFinding] = []
    for measure, factor, threshold, words in (
        ("mean_percent", 1, options.jump_mean_percent, ("средний процент от максимума был", "стал")),
        ("mark_2_share", 100, options.jump_mark_2_share * 100, ("доля «2» была", "стала")),
    ):
        change = (pairs[measure] - pairs[f"{measure}_before"]).abs() * factor
        for row in pairs.loc[enough & (change > threshold)].to_dict("records"):
            old, new = decimal(row[f"{measure}_before"] * factor), decimal(row[measure] * factor)
            unit = "ОО" if row["unit_level"] == "school" else "муниципалитет"
            found.append(
                QualityFinding(
                    "year.jump",
                    f"{assessment_title(row['assessment_id'])}, {unit} {row['unit_code']}: {words[0]} {old} % "
                    f"(n = {row['participants_count_before']}), {words[1]} {new} % (n = {row['participants_count']}); "
                    f"порог {decimal(threshold)} п. п.",
                    value=new,
                    expected=f"{old} ± {decimal(threshold)}",
                    school_code=row["unit_code"] if row["unit_level"] == "school" else None,
                    assessment_id=row["assessment_id"],
                )
            )
    return found


def check_jumps(
    result_summary: pd.DataFrame, previous: pd.DataFrame, options: YearOptions | None = None
) -> list[QualityFinding]:
    """Return findings about results that changed more since the previous year than teaching explains.

    Args:
        result_summary: rows of the table of the same name for the year.
        previous: the same of the year before; nothing is found when it is empty.
        options: thresholds.
    """
    tables = {"result_summary": result_summary, "previous_result_summary": previous}
    return _jump_findings(tables, options or YearOptions())
