"""The fourteen official signs of bias and the regional index, as ФИОКО's method states them (domain README 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.columns import picked
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, SignOptions, method_columns
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.keys import previous_school_year, region_code
from oko_pipeline.catalogue.tables_objectivity import OBJECTIVITY_INDEX, OBJECTIVITY_SIGNS
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places

EXAM_COLUMNS: Final = (
    "school_code",
    "procedure_code",
    "subject_code",
    "participants_count",
    "mean_score",
    "sd_score",
)
"""Columns of the optional frame of exams: a row a school, procedure (oge, ege) and subject; sd with n−1."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One of the official signs; grade 0 stands for ОГЭ."""

    number: int
    kind: str
    subject_code: str
    grade: int

    @property
    def title_ru(self) -> str:
        """Return the sign in words."""
        subject = {"russian": "русский язык", "mathematics": "математика"}[self.subject_code]
        if self.kind == "high_mean":
            where = f"ВПР, {self.grade} класс" if self.grade else "ОГЭ"
            return f"Завышенный средний балл: {where}, {subject}"
        if self.kind == "journal_mismatch":
            return f"Несоответствие ВПР и школьных отметок: {self.grade} класс, {subject}"
        change = "возрастание" if self.kind == "cohort_rise" else "падение"
        return f"Резкое {change} результатов когорты с 4 по 5 класс: {subject}"


_SUBJECTS: Final = ("russian", "mathematics")
SIGNS: Final[tuple[Sign, ...]] = (
    *(Sign(1 + 2 * g + s, "high_mean", subject, 4 + g) for g in (0, 1) for s, subject in enumerate(_SUBJECTS)),
    *(Sign(5 + s, "high_mean", subject, 0) for s, subject in enumerate(_SUBJECTS)),
    *(Sign(7 + 2 * g + s, "journal_mismatch", subject, 4 + g) for g in (0, 1) for s, subject in enumerate(_SUBJECTS)),
    *(Sign(11 + s, "cohort_rise", subject, 5) for s, subject in enumerate(_SUBJECTS)),
    *(Sign(13 + s, "cohort_drop", subject, 5) for s, subject in enumerate(_SUBJECTS)),
)


@dataclass(frozen=True, slots=True)
class SignInputs:
    """What the signs are computed from.

    `measures` are rows of `objectivity_measures` of this school year and the one before, `assessments` rows of
    `assessments` of both, `schools` rows of `schools` of this year. `exams` has `EXAM_COLUMNS`; no rows when ОГЭ is
    unknown.
    """

    school_year: str
    measures: pd.DataFrame
    assessments: pd.DataFrame
    schools: pd.DataFrame
    exams: pd.DataFrame


def objectivity_signs(inputs: SignInputs, options: ObjectivityOptions) -> pd.DataFrame:
    """Return `objectivity_signs`: fourteen rows for every school that is registered or wrote this year."""
    papers = _Papers(inputs)
    own = inputs.measures.loc[inputs.measures["school_year"] == inputs.school_year, "school_code"]
    codes = pd.Index(sorted({*own, *inputs.schools["school_code"], *inputs.exams["school_code"]}), dtype="str")
    if not len(codes):
        return OBJECTIVITY_SIGNS.empty()
    known = dict(zip(inputs.schools["school_code"], inputs.schools["region_code"], strict=True))
    regions = pd.Series([known.get(code) or region_code(code) for code in codes], index=codes, dtype="str")
    frames = [_sign(sign, papers, codes, regions, options.signs).assign(sign_number=sign.number) for sign in SIGNS]
    signs = pd.concat(frames, ignore_index=True)
    count = signs["count"].to_numpy(dtype=np.int64)
    signs = signs.assign(
        school_year=inputs.school_year,
        size_tier=picked(SIZE_TIERS, tier_places(count, options.tier_bounds)),
        is_comparable=signs["state"].isin(["sign", "no_sign"]),
    )
    signs = signs.sort_values(["school_code", "sign_number"], ignore_index=True)
    return OBJECTIVITY_SIGNS.conform(signs[list(OBJECTIVITY_SIGNS.column_names)])


class _Papers:
    """Finds measures of papers: of this spring, and of the same cohort a class earlier."""

    def __init__(self, inputs: SignInputs) -> None:
        self._inputs = inputs
        base = inputs.assessments[
            (inputs.assessments["procedure_code"] == "vpr") & (inputs.assessments["level"] == "base")
        ]
        self._assessments = base.sort_values(["school_year", "campaign_code"])
        self.exams = inputs.exams

    def current(self, grade: int, subject_code: str) -> str | None:
        """Return the assessment of the grade's own paper (not last grade's in autumn), the last of several."""
        rows = self._rows(grade, subject_code, self._inputs.school_year)
        own = rows[rows["pupil_grade"] == rows["paper_grade"]]
        return None if own.empty else str(own["assessment_id"].iloc[-1])

    def earlier(self, grade: int, subject_code: str) -> list[str]:
        """Return the assessments of paper `grade` by the pupils who are in `grade + 1` now, the latest first.

        Last spring's paper of their own grade, and this year's autumn paper for the previous grade.
        """
        spring = self._rows(grade, subject_code, previous_school_year(self._inputs.school_year))
        autumn = self._rows(grade, subject_code, self._inputs.school_year)
        found = [
            *autumn.loc[autumn["pupil_grade"] == grade + 1, "assessment_id"],
            *spring.loc[spring["pupil_grade"] == grade, "assessment_id"],
        ]
        return [str(one) for one in found]

    def measures(self, assessment_id: str | None, codes: pd.Index) -> pd.DataFrame:
        """Return the measures of an assessment by school, in the order of `codes`, NaN where a school has none."""
        rows = self._inputs.measures
        rows = rows[rows["assessment_id"] == assessment_id] if assessment_id else rows.iloc[:0]
        numbers = rows.set_index("school_code")[list(_MEASURES)].astype("float64")
        return numbers.reindex(codes)

    def _rows(self, grade: int, subject_code: str, school_year: str) -> pd.DataFrame:
        rows = self._assessments
        return rows[
            (rows["paper_grade"] == grade)
            & (rows["subject_code"] == subject_code)
            & (rows["school_year"] == school_year)
        ]


_MEASURES: Final = (
    "participants_count",
    "mean_score",
    "sd_score",
    "mean_percent",
    "pairs_count",
    "journal_marks_count",
    "spearman",
    "spearman_simplified",
)


def _sign(sign: Sign, papers: _Papers, codes: pd.Index, regions: pd.Series, options: SignOptions) -> pd.DataFrame:
    if sign.kind == "high_mean":
        return _high_mean(sign, papers, codes, regions, options)
    if sign.kind == "journal_mismatch":
        return _journal_mismatch(sign, papers, codes, options)
    return _cohort(sign, papers, codes, regions, options)


def _high_mean(sign: Sign, papers: _Papers, codes: pd.Index, regions: pd.Series, options: SignOptions) -> pd.DataFrame:
    if sign.grade:
        assessment_id = papers.current(sign.grade, sign.subject_code)
        own = papers.measures(assessment_id, codes)
    else:
        assessment_id = None
        rows = papers.exams
        rows = rows[(rows["procedure_code"] == "oge") & (rows["subject_code"] == sign.subject_code)]
        own = rows.set_index("school_code")[["participants_count", "mean_score", "sd_score"]].astype("float64")
        own = own.reindex(codes)
    m, mean, deviation = (own[name].to_numpy() for name in ("participants_count", "mean_score", "sd_score"))
    region = _region_limits(own, regions, options.multiplier)
    is_valid = (np.nan_to_num(m) >= 2) & (np.nan_to_num(deviation) > 0)
    low = np.where(is_valid, mean - options.multiplier * deviation / np.sqrt(np.where(m > 0, m, np.nan)), np.nan)
    upper = region["upper"].to_numpy()
    is_strict = _nullable(low > upper, is_valid & ~np.isnan(upper))
    count = np.nan_to_num(m).astype(np.int64)
    return _frame(
        sign,
        codes,
        assessment_id=assessment_id,
        state=_states(count > 0, is_valid & (count >= options.minimum_n) & ~np.isnan(upper), is_strict),
        is_strict_sign=is_strict,
        value=low,
        threshold=upper,
        school_mean=mean,
        reference_mean=region["mean"].to_numpy(),
        count=count,
        reference_count=region["count"].to_numpy(dtype=np.int64),
    )


def _region_limits(own: pd.DataFrame, regions: pd.Series, multiplier: float) -> pd.DataFrame:
    """Return mean, upper limit and number of all pupils of each school's region, from the moments of schools."""
    n = own["participants_count"].fillna(0).to_numpy()
    mean = own["mean_score"].fillna(0).to_numpy()
    squares = np.where(n > 1, (n - 1) * own["sd_score"].fillna(0).to_numpy() ** 2, 0.0)
    place, _ = pd.factorize(regions)
    total = np.bincount(place, weights=n)
    divisor = np.where(total > 0, total, np.nan)
    whole = np.bincount(place, weights=n * mean) / divisor
    spread = np.bincount(place, weights=squares + n * (mean - whole[place]) ** 2)
    deviation = np.sqrt(spread / np.where(total > 1, total - 1, np.nan))
    upper = whole + multiplier * deviation / np.sqrt(divisor)
    return pd.DataFrame({"mean": whole[place], "upper": upper[place], "count": total[place].astype(np.int64)})


def _journal_mismatch(sign: Sign, papers: _Papers, codes: pd.Index, options: SignOptions) -> pd.DataFrame:
    assessment_id = papers.current(sign.grade, sign.subject_code)
    own = papers.measures(assessment_id, codes)
    pairs = own["pairs_count"].fillna(0).to_numpy().astype(np.int64)
    spearman = own["spearman"].to_numpy()
    is_valid = ~np.isnan(spearman)
    is_strict = _nullable(spearman < 0, is_valid)
    is_enough = is_valid & (pairs >= options.minimum_pairs) & (own["journal_marks_count"].fillna(0).to_numpy() >= 2)
    return _frame(
        sign,
        codes,
        assessment_id=assessment_id,
        state=_states(pairs > 0, is_enough, is_strict),
        is_strict_sign=is_strict,
        value=spearman,
        threshold=np.zeros(len(codes)),
        value_simplified=own["spearman_simplified"].to_numpy(),
        count=pairs,
        reference_count=pairs,
    )


def _cohort(sign: Sign, papers: _Papers, codes: pd.Index, regions: pd.Series, options: SignOptions) -> pd.DataFrame:
    later_id = papers.current(sign.grade, sign.subject_code)
    later = papers.measures(later_id, codes)
    earlier, earlier_ids = _latest(papers, sign, codes)
    ratio = earlier["mean_percent"].to_numpy() / np.where(later["mean_percent"] > 0, later["mean_percent"], np.nan)
    count = np.fmin(earlier["participants_count"], later["participants_count"])
    count = np.where(np.isnan(ratio), 0, np.nan_to_num(count)).astype(np.int64)
    limits = _fences(ratio, regions, options)
    is_rise = sign.kind == "cohort_rise"
    limit = limits["low" if is_rise else "high"].to_numpy()
    is_valid = ~np.isnan(ratio) & ~np.isnan(limit)
    is_strict = _nullable(ratio < limit if is_rise else ratio > limit, is_valid)
    is_known = ~np.isnan(ratio)
    return _frame(
        sign,
        codes,
        assessment_id=later_id,
        earlier_assessment_id=earlier_ids,
        state=_states(is_known, is_valid & (count >= options.cohort_minimum_n), is_strict),
        is_strict_sign=is_strict,
        value=ratio,
        threshold=limit,
        count=count,
        reference_count=limits["count"].to_numpy(dtype=np.int64),
    )


def _latest(papers: _Papers, sign: Sign, codes: pd.Index) -> tuple[pd.DataFrame, pd.Series]:
    """Return each school's latest earlier result of the cohort and the assessment it is from."""
    found = papers.measures(None, codes)
    ids = pd.Series([None] * len(codes), index=codes, dtype=object)
    for assessment_id in papers.earlier(sign.grade - 1, sign.subject_code):
        own = papers.measures(assessment_id, codes)
        is_new = ids.isna() & own["mean_percent"].notna()
        ids[is_new] = assessment_id
        found = found.where(~is_new, own)
    return found, ids


def _fences(ratio: np.ndarray, regions: pd.Series, options: SignOptions) -> pd.DataFrame:
    """Return Q1 − 3·IQR and Q3 + 3·IQR of K over the schools of each school's region, and their number."""
    limits = pd.DataFrame({"low": np.nan, "high": np.nan, "count": 0}, index=range(len(ratio)))
    for places in pd.Series(range(len(ratio))).groupby(regions.to_numpy()).indices.values():
        known = ratio[places][~np.isnan(ratio[places])]
        limits.loc[places, "count"] = len(known)
        if len(known) >= options.cohort_minimum_schools:
            first, third = np.quantile(known, [0.25, 0.75])
            limits.loc[places, "low"] = first - options.fence * (third - first)
            limits.loc[places, "high"] = third + options.fence * (third - first)
    return limits


def _nullable(values: np.ndarray, is_known: np.ndarray) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(values.astype(bool), ~is_known)


def _states(is_present: np.ndarray, is_enough: np.ndarray, is_strict: pd.arrays.BooleanArray) -> np.ndarray:
    is_sign = is_strict.to_numpy(dtype=bool, na_value=False)
    return np.where(~is_present, "no_data", np.where(~is_enough, "insufficient", np.where(is_sign, "sign", "no_sign")))


def _frame(sign: Sign, codes: pd.Index, **columns: object) -> pd.DataFrame:
    empty = dict.fromkeys(("school_mean", "reference_mean", "value_simplified"), np.nan)
    method = {"cohort_rise": "cohort_jump", "cohort_drop": "cohort_jump"}.get(sign.kind, sign.kind)
    fixed: dict[str, object] = {
        "school_code": codes.to_numpy(),
        "sign_kind": sign.kind,
        "sign_title_ru": sign.title_ru,
        "earlier_assessment_id": None,
    }
    earlier = columns.get("earlier_assessment_id")
    if isinstance(earlier, pd.Series):
        columns["earlier_assessment_id"] = earlier.to_numpy()
    frame = pd.DataFrame(fixed | empty | columns | method_columns(method))
    notes: Mapping[str, str] = {
        "no_data": "Работа не проводилась или ОО её не писала" if sign.grade else "Результатов ОГЭ нет",
        "insufficient": "Мало участников, нет разброса или мало ОО для порога",
    }
    return frame.assign(note_ru=frame["state"].map(notes).astype(object).where(frame["state"].isin(notes), None))


def objectivity_index(signs: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Return `objectivity_index` of each region and of all schools, by the letter of the method and guarded.

    Args:
        signs: the table `objectivity_signs` of one year.
        schools: rows of `schools` of the year; a school missing there is of the region of its code.
    """
    if signs.empty:
        return OBJECTIVITY_INDEX.empty()
    known = schools.set_index("school_code")["region_code"].to_dict()
    region = np.array([known.get(code) or region_code(code) for code in signs["school_code"]], dtype=object)
    rows = [
        _index_row(signs[is_own], level, code, rule)
        for level, code, is_own in (
            ("all", "all", np.ones(len(signs), dtype=bool)),
            *(("region", code, region == code) for code in sorted(set(region))),
        )
        for rule in ("official", "guarded")
    ]
    frame = pd.DataFrame(rows).assign(school_year=signs["school_year"].iloc[0], **method_columns("index"))
    return OBJECTIVITY_INDEX.conform(frame[list(OBJECTIVITY_INDEX.column_names)])


def _index_row(signs: pd.DataFrame, level: str, code: str, rule: str) -> dict[str, object]:
    if rule == "official":
        is_computed, is_marked = signs["is_strict_sign"].notna(), signs["is_strict_sign"].fillna(value=False)
    else:
        is_computed, is_marked = signs["state"].isin(["sign", "no_sign"]), signs["state"] == "sign"
    schools = signs.loc[is_computed, "school_code"].nunique()
    marked = signs.loc[is_computed & is_marked.astype(bool), "school_code"].nunique()
    interval = wilson_interval([marked], [schools])
    share = marked / schools if schools else np.nan
    computed = signs.loc[is_computed, "sign_number"].unique()
    silent = [str(sign.number) for sign in SIGNS if sign.number not in set(computed)]
    return {
        "unit_level": level,
        "unit_code": code,
        "rule": rule,
        "schools_count": schools,
        "marked_count": marked,
        "marked_share": share,
        "marked_low": float(interval.low[0]),
        "marked_high": float(interval.high[0]),
        "index_value": 100 * (1 - share),
        "signs_count": len(computed),
        "unknown_ru": f"Не посчитаны признаки {', '.join(silent)}: нет данных" if silent else None,
    }
