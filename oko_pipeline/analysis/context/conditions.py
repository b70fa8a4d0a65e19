"""Conditions of schools as a matrix: answers of the nearest questionnaire and the social passport, standardised."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.context.options import MissingLimits
from oko_pipeline.catalogue.conditions import Properties, Property
from oko_pipeline.statistics.intervals import Floats
from oko_pipeline.statistics.matching import standardised

CONTEXT_YEAR: Final = "context_year"
SETTLEMENT_TEXT: Final = "location_text"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Values of properties (natural units, NaN for unknown), a row a school in the order of `school_codes`."""

    school_codes: tuple[str, ...]
    properties: tuple[Property, ...]
    values: Floats

    def of(self, properties: Sequence[Property]) -> Floats:
        """Return the columns of some of the properties."""
        places = {one.code: place for place, one in enumerate(self.properties)}
        return self.values[:, [places[one.code] for one in properties]]

    def column(self, code: str) -> Floats:
        """Return the values of one property."""
        return self.values[:, [one.code for one in self.properties].index(code)]


@dataclass(frozen=True, slots=True)
class Points:
    """Standardised properties without gaps. `is_imputed` marks medians; `is_usable` schools that know enough.

    `means` and `deviations` are those of the usable schools' known values; `missing_share` counts the properties kept.
    """

    properties: tuple[Property, ...]
    standard: Floats
    natural: Floats
    is_imputed: npt.NDArray[np.bool_]
    is_usable: npt.NDArray[np.bool_]
    missing_share: Floats
    means: Floats
    deviations: Floats


def nearest_answers(school_context: pd.DataFrame, school_year: str, maximum_years_apart: int) -> pd.DataFrame:
    """Return each school's answers of the questionnaire nearest in time, as a wide frame by school code.

    Args:
        school_context: rows of `school_context` of several years, older files of a year before newer ones.
        school_year: the year to be described; of two equally near questionnaires the earlier one counts.
        maximum_years_apart: older or newer questionnaires do not count.

    Returns:
        Index school_code; a float column a variable, `context_year`, and `location_text` with the words of the
        settlement type. Schools without a questionnaire have no row.
    """
    start = int(school_year[:4])
    years = {year: int(str(year)[:4]) - start for year in school_context["school_year"].unique() if year != "*"}
    apart = school_context["school_year"].map(years).astype("float64")
    near = school_context[apart.abs() <= maximum_years_apart].assign(apart=apart)
    if near.empty:
        empty = pd.DataFrame({CONTEXT_YEAR: pd.Series(dtype="str"), SETTLEMENT_TEXT: pd.Series(dtype="str")})
        return empty.rename_axis("school_code")
    # 2·distance, plus one for a later year: the earlier of two equally near ones wins.
    order = near["apart"].abs() * 2 + (near["apart"] > 0)
    best = order.groupby(near["school_code"]).transform("min")
    own = near[order == best].drop_duplicates(["school_code", "variable"], keep="last")
    wide = own.pivot_table(index="school_code", columns="variable", values="value_number", aggfunc="last")
    wide = wide.astype("float64").rename_axis(columns=None)
    texts = own[own["variable"] == "location_type"].set_index("school_code")["value_text"]
    first = own.drop_duplicates("school_code").set_index("school_code")["school_year"]
    wide = wide.reindex(first.index.sort_values())
    return wide.assign(**{CONTEXT_YEAR: first, SETTLEMENT_TEXT: texts})


def with_total_of_grades(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers with `pupils_count`, summed over grades where the total itself was not given."""
    grades = [name for name in answers.columns if re.fullmatch(r"pupils_grade_\d+_count", str(name))]
    total = answers["pupils_count"] if "pupils_count" in answers else pd.Series(np.nan, index=answers.index)
    if grades:
        total = total.fillna(answers[grades].sum(axis=1, min_count=1))
    return answers.assign(pupils_count=total.where(total > 0))


def passport_shares(passport: pd.DataFrame, catalogue: Properties) -> pd.DataFrame:
    """Return the shares of the social passport by school code, columns named by the catalogue's passport variables.

    `*_share` columns are taken as they are (percentages above 1 are divided by 100), counts are divided by the total;
    shares outside 0–1 are unknown. A passport without a column of totals gives no shares of counts.
    """
    known = passport[passport["school_code"].notna()]
    by_school = known.groupby("school_code").sum(numeric_only=True, min_count=1)
    total_name = next((name for name in catalogue.passport_totals if name in by_school), None)
    total = by_school[total_name] if total_name else pd.Series(np.nan, index=by_school.index)
    found: dict[str, pd.Series] = {}
    for variable in catalogue.passport:
        name = next((column for column in variable.columns if column in by_school), None)
        if name is None:
            continue
        values = by_school[name].astype("float64")
        if name.endswith("_count"):
            values = values / total.where(total > 0)
        elif (values > 1).any():
            values = values / 100
        found[variable.code] = values.where(values.between(0, 1))
    return pd.DataFrame(found, index=by_school.index)


def build_conditions(
    school_codes: Sequence[str],
    answers: pd.DataFrame,
    catalogue: Properties,
    extra: Mapping[str, pd.Series] | None = None,
) -> Conditions:
    """Compute the catalogue's properties for some schools; what is unknown is NaN.

    Args:
        school_codes: the schools, in the order of the result.
        answers: wide answers by school code (`nearest_answers`, joined with `passport_shares`).
        catalogue: the properties.
        extra: further answers by school code, such as `below_minimum_share` computed from results.
    """
    wide = answers.reindex(list(school_codes))
    for name, values in (extra or {}).items():
        wide = wide.assign(**{name: values.reindex(wide.index)})
    numbers = wide.select_dtypes("number")
    columns = {str(name): numbers[name].to_numpy(dtype=np.float64) for name in numbers.columns}
    made = [_property_values(one, columns, len(wide)) for one in catalogue.properties]
    return Conditions(tuple(school_codes), catalogue.properties, np.column_stack(made) if made else np.zeros((0, 0)))


def _property_values(one: Property, columns: Mapping[str, Floats], rows: int) -> Floats:
    upper, lower = _summed(one.of, columns, rows), _summed(one.to, columns, rows)
    if one.kind == "value":
        return upper
    with np.errstate(divide="ignore", invalid="ignore"):
        if one.kind == "log":
            return np.log(np.where(upper > 0, upper, np.nan))
        quotient = upper / np.where(lower > 0, lower, np.nan)
    # A share above one is an error of the questionnaire, not a school of more than everybody.
    return np.where((quotient >= 0) & (quotient <= 1), quotient, np.nan) if one.kind == "share" else quotient


def _summed(patterns: Sequence[str], columns: Mapping[str, Floats], rows: int) -> Floats:
    """Return the sum of the answers named, NaN where none is known."""
    pattern = re.compile("|".join(re.escape(one).replace(r"\*", r"\d+") for one in patterns) or r"(?!)")
    found = [values for name, values in columns.items() if pattern.fullmatch(name)]
    if not found:
        return np.full(rows, np.nan)
    stacked = np.column_stack(found)
    return np.where(np.isfinite(stacked).any(axis=1), np.nansum(stacked, axis=1), np.nan)


def standard_points(
    conditions: Conditions,
    properties: Sequence[Property],
    is_candidate: npt.NDArray[np.bool_],
    limits: MissingLimits,
) -> Points:
    """Standardise properties over the candidate schools and fill gaps by medians.

    A property that too many candidates lack, or that has no variance, is dropped; a school that lacks too many of the
    properties kept is not usable. Excluded schools are given points too (they may be looked at) but shape nothing.
    """
    raw = conditions.of(properties)
    known = np.isfinite(raw)
    candidates = int(is_candidate.sum())
    lacking = 1 - known[is_candidate].sum(axis=0) / max(candidates, 1)
    spread = [len(np.unique(column[is_candidate & np.isfinite(column)])) > 1 for column in raw.T]
    kept = np.flatnonzero((lacking <= limits.of_property) & np.asarray(spread, dtype=bool))
    raw, known = raw[:, kept], known[:, kept]
    missing = 1 - known.mean(axis=1) if len(kept) else np.ones(len(raw))
    usable = is_candidate & (missing <= limits.school)
    medians = np.array([_median(column[usable]) for column in raw.T])
    _, means, deviations = standardised(raw[usable]) if usable.any() else (raw, medians, medians)
    natural = np.where(known, raw, medians) if len(kept) else raw
    flat = ~(deviations > 1e-12 * np.maximum(np.abs(means), 1.0))
    standard = (natural - means) / np.where(flat, np.inf, deviations)
    return Points(
        tuple(properties[int(place)] for place in kept),
        np.nan_to_num(standard),
        natural,
        ~known,
        usable,
        missing,
        means,
        deviations,
    )


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
