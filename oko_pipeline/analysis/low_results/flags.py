"""Schools with low results by versioned rule sets; how the list depends on thresholds; the official list beside it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.low_results.procedures import in_units, selected
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.low_result_rules import LowResultRule, LowResultRules
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import LOW_RESULT_FLAGS, LOW_RESULT_PROCEDURES, LOW_RESULT_SENSITIVITY
from oko_pipeline.statistics.intervals import wilson_interval
from oko_pipeline.statistics.size_tiers import DEFAULT_BOUNDS, tier_places

FLAGS: Final = "low_results.flags"
SENSITIVITY: Final = "low_results.sensitivity"
# A share is compared with a bound such as 0.3: 3 of 10 must not fall short of it by rounding.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class SchoolList:
    """Schools of a year that rules speak of. `official` is None when no official list is known.

    `without_senior` are schools without grades 10–11: ЕГЭ is not applicable to them. `excluded` are special, evening
    and penal ones: they keep a flag, marked.
    """

    school_year: str
    codes: tuple[str, ...]
    official: frozenset[str] | None = None
    without_senior: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    tier_bounds: tuple[int, int, int, int] = DEFAULT_BOUNDS


@dataclass(frozen=True, slots=True)
class LowResultTables:
    """Rows of `low_result_flags`, `low_result_procedures` and `low_result_sensitivity` of a year."""

    low_result_flags: pd.DataFrame
    low_result_procedures: pd.DataFrame
    low_result_sensitivity: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Units:
    """What a rule calls procedures, an entry each: place of the school, of the year (0: this one), of the unit."""

    at: npt.NDArray[np.intp]
    year: npt.NDArray[np.intp]
    unit: npt.NDArray[np.intp]
    n: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Judged:
    """Per school (in the order of the list) what a rule finds; `holds` counts where the answer is `known`."""

    known: npt.NDArray[np.bool_]
    holds: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.int64]
    small: npt.NDArray[np.int64]
    failed: npt.NDArray[np.int64]
    certain: npt.NDArray[np.int64]
    repeated: npt.NDArray[np.int64]
    years: npt.NDArray[np.int64]


def low_result_tables(procedures: pd.DataFrame, schools: SchoolList, rules: LowResultRules) -> LowResultTables:
    """Apply every rule set to a year, and again over the grid of the sensitivity table.

    Args:
        procedures: rows of `work_procedures` and `exam_procedures` of the year and the years before it.
        schools: the schools of the year.
        rules: rule sets and grid.
    """
    flags, details = zip(*(_apply(procedures, schools, rule) for rule in rules.rules), strict=True)
    sensitivity = [row for rule in rules.rules for row in _sensitivity(procedures, schools, rule, rules)]
    return LowResultTables(
        LOW_RESULT_FLAGS.conform(pd.concat(flags, ignore_index=True)),
        LOW_RESULT_PROCEDURES.conform(pd.concat(details, ignore_index=True)),
        LOW_RESULT_SENSITIVITY.conform(
            pd.DataFrame(sensitivity)
            .assign(school_year=schools.school_year, **method_columns(SENSITIVITY))
            .astype(dict.fromkeys(("both_count", "only_official_count", "only_computed_count"), "Int64"))
        )
        if sensitivity
        else LOW_RESULT_SENSITIVITY.empty(),
    )


def years_back(school_year: str, count: int) -> list[str]:
    """Return the year and those before it, newest first: 2021-2022, 2 → 2021-2022, 2020-2021."""
    start = int(school_year[:4])
    return [f"{year}-{year + 1}" for year in range(start, start - count, -1)]


def _units_of(procedures: pd.DataFrame, schools: SchoolList, rule: LowResultRule) -> pd.DataFrame:
    """Return what the rule calls procedures, of its years, with shares; ЕГЭ only where it is applicable."""
    own = procedures[selected(procedures, rule.selectors)]
    own = own[own["school_year"].isin(years_back(schools.school_year, rule.years_running))]
    own = own[own["school_code"].isin(schools.codes)]
    own = own[~((own["procedure_code"] == "ege") & own["school_code"].isin(schools.without_senior))]
    units = in_units(own, rule.unit)
    share = units["below_minimum_count"] / units["participants_count"]
    interval = wilson_interval(units["below_minimum_count"], units["participants_count"])
    return units.assign(share=share, low=interval.low, high=interval.high)


def _placed(units: pd.DataFrame, schools: SchoolList, years_running: int) -> _Units:
    """Return the units as arrays, so that a rule may be applied again and again."""
    place = {code: at for at, code in enumerate(schools.codes)}
    years = {year: index for index, year in enumerate(years_back(schools.school_year, years_running))}
    unit, _ = pd.factorize(units["procedure_unit"])
    return _Units(
        units["school_code"].map(place).to_numpy().astype(np.intp),
        units["school_year"].map(years).to_numpy().astype(np.intp),
        unit.astype(np.intp),
        units["participants_count"].to_numpy(dtype=np.int64),
        units["share"].to_numpy(dtype=np.float64),
        units["low"].to_numpy(dtype=np.float64),
    )


def _judge(units: _Units, schools: SchoolList, rule: LowResultRule) -> _Judged:
    total, years = len(schools.codes), rule.years_running
    enough = units.n >= rule.minimum_n
    failed = enough & (units.share >= rule.share_threshold - _ROUNDING)
    certain = failed & (units.low > rule.share_threshold)
    cell = units.at * years + units.year

    def by_year(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        return np.bincount(cell[mask], minlength=total * years).reshape(total, years)

    counted, fails = by_year(enough), by_year(failed)
    repeated = np.zeros(total, dtype=np.int64)
    if years > 1 and len(units.unit):
        pair = units.at * (int(units.unit.max()) + 1) + units.unit
        found, times = np.unique(pair[failed], return_counts=True)
        whole = found[times == years] // (int(units.unit.max()) + 1)
        repeated = np.bincount(whole, minlength=total)
    if rule.mode == "year_or_repeat":
        holds = (fails[:, 0] >= rule.procedures_in_year) | (repeated > 0)
        # Too few procedures with enough pupils cannot meet the criterion; that is no evidence of good results.
        known = holds | (counted[:, 0] >= rule.procedures_in_year)
    else:
        holds = (fails >= rule.procedures_in_year).all(axis=1)
        # A year with enough procedures and too few failed ones settles the answer; a year without data does not.
        settled = ((counted >= rule.procedures_in_year) & (fails < rule.procedures_in_year)).any(axis=1)
        known = holds | settled
    return _Judged(
        np.asarray(known, dtype=bool),
        np.asarray(holds & known, dtype=bool),
        counted[:, 0],
        by_year(~enough)[:, 0],
        fails[:, 0],
        by_year(certain)[:, 0],
        repeated,
        (counted > 0).sum(axis=1),
    )


def _apply(procedures: pd.DataFrame, schools: SchoolList, rule: LowResultRule) -> tuple[pd.DataFrame, pd.DataFrame]:
    units = _units_of(procedures, schools, rule)
    judged = _judge(_placed(units, schools, rule.years_running), schools, rule)
    now = units[units["school_year"] == schools.school_year]
    enough = now["participants_count"] >= rule.minimum_n
    is_failed = enough & (now["share"] >= rule.share_threshold - _ROUNDING)
    named = now[is_failed].groupby("school_code")["procedure_unit"].agg("; ".join)
    asks_ege = any(one.procedure == "ege" for one in rule.selectors)
    barred = sorted(schools.without_senior & set(schools.codes)) if asks_ege else []
    codes = np.asarray(schools.codes, dtype=object)
    flags = pd.DataFrame(
        {
            "school_year": schools.school_year,
            "rule_code": rule.rule_code,
            "rule_version": rule.version,
            "school_code": codes,
            "computed": pd.arrays.BooleanArray(judged.holds, ~judged.known),
            "official_list": pd.array(
                [None if schools.official is None else code in schools.official for code in codes], dtype="boolean"
            ),
            "is_excluded": [code in schools.excluded for code in codes],
            "procedures_count": judged.counted,
            "small_count": judged.small,
            "failed_count": judged.failed,
            "certain_count": judged.certain,
            "repeated_count": judged.repeated,
            "years_count": judged.years,
            "failed_ru": pd.array([named.get(code) for code in codes], dtype="str"),
            "not_applicable_ru": pd.array(
                ["ЕГЭ: нет 10–11 классов" if code in set(barred) else None for code in codes], dtype="str"
            ),
            "explanation_ru": [_explanation(judged, at, rule) for at in range(len(codes))],
            **method_columns(FLAGS),
        }
    )
    return flags, _details(now, is_failed.to_numpy(), enough.to_numpy(), (rule, schools, barred))


def _explanation(judged: _Judged, at: int, rule: LowResultRule) -> str:
    counted, failed, certain = int(judged.counted[at]), int(judged.failed[at]), int(judged.certain[at])
    if not judged.known[at]:
        if rule.mode == "every_year" and judged.years[at] < rule.years_running:
            return f"Данные есть не за все годы правила: {judged.years[at]} из {rule.years_running}; ответа нет."
        return (
            f"Процедур с числом участников от {rule.minimum_n}: {counted}; для ответа по правилу этого мало. "
            "Это не значит, что низких результатов нет."
        )
    if rule.mode == "every_year" and counted < rule.procedures_in_year:
        return (
            f"За этот год процедур с числом участников от {rule.minimum_n}: {counted}; для ответа за год этого мало. "
            "Критерий не выполнен: он требует каждого года, а в другом году выполнен не был."
        )
    text = f"Порог достигнут в {failed} из {counted} процедур года"
    if failed:
        text += f", с учётом случайности (нижняя граница 95 %) — в {certain}"
    if judged.repeated[at]:
        text += f"; повторно {rule.years_running} года подряд — {judged.repeated[at]}"
    unknown = " Повтор не проверен: данных за прежние годы нет." if judged.years[at] < rule.years_running else ""
    return f"{text}. {'Критерий выполнен.' if judged.holds[at] else 'Критерий не выполнен.'}{unknown}"


def _details(
    now: pd.DataFrame,
    is_failed: npt.NDArray[np.bool_],
    enough: npt.NDArray[np.bool_],
    of: tuple[LowResultRule, SchoolList, Sequence[str]],
) -> pd.DataFrame:
    rule, schools, barred = of
    tiers = np.asarray(SIZE_TIERS, dtype=object)[tier_places(now["participants_count"], schools.tier_bounds)]
    own = pd.DataFrame(
        {
            "school_code": now["school_code"].to_numpy(),
            "procedure_unit": now["procedure_unit"].to_numpy(),
            "participants_count": now["participants_count"].astype("Int64").to_numpy(),
            "below_minimum_count": now["below_minimum_count"].astype("Int64").to_numpy(),
            "below_minimum_share": now["share"].to_numpy(),
            "below_minimum_low": now["low"].to_numpy(),
            "below_minimum_high": now["high"].to_numpy(),
            "size_tier": tiers,
            "state": np.where(is_failed, "failed", np.where(enough, "passed", "small")),
        }
    )
    empty = pd.DataFrame(
        {"school_code": list(barred), "procedure_unit": "ege", "size_tier": None, "state": "not_applicable"}
    )
    joined = pd.concat([own, empty], ignore_index=True) if len(empty) else own
    return joined.assign(school_year=schools.school_year, rule_code=rule.rule_code, **method_columns(FLAGS))


def _sensitivity(
    procedures: pd.DataFrame, schools: SchoolList, rule: LowResultRule, rules: LowResultRules
) -> list[dict[str, object]]:
    sets = [("rule", "как в правиле", rule.selectors)]
    sets += [(one.code, one.title_ru, one.selectors) for one in rules.works_sets]
    # Shares and intervals do not depend on the grid: they are made once a set of works.
    rows: list[dict[str, object]] = []
    for code, title, selectors in sets:
        chosen = _units_of(procedures, schools, rule.model_copy(update={"selectors": selectors}))
        units = _placed(chosen, schools, rule.years_running)
        for threshold in sorted({*rules.grid_thresholds, rule.share_threshold}):
            for minimum in sorted({*rules.grid_minimum_n, rule.minimum_n}):
                changed = rule.model_copy(update={"share_threshold": threshold, "minimum_n": minimum})
                judged = _judge(units, schools, changed)
                rows.append(
                    {
                        "rule_code": rule.rule_code,
                        "share_threshold": threshold,
                        "minimum_n": minimum,
                        "works_set": code,
                        "works_set_title_ru": title,
                        **_agreement(judged, schools),
                        "is_rule": code == "rule" and threshold == rule.share_threshold and minimum == rule.minimum_n,
                    }
                )
    return rows


def _agreement(judged: _Judged, schools: SchoolList) -> dict[str, object]:
    holds, known = judged.holds, int(judged.known.sum())
    flagged = int(holds.sum())
    found: dict[str, object] = {
        "assessed_count": known,
        "computed_count": flagged,
        "computed_share": flagged / known if known else np.nan,
        "both_count": None,
        "only_official_count": None,
        "only_computed_count": None,
    }
    if schools.official is not None:
        official = np.isin(np.asarray(schools.codes, dtype=object), sorted(schools.official))
        found |= {
            "both_count": int((holds & official).sum()),
            "only_official_count": int((~holds & official).sum()),
            "only_computed_count": int((holds & ~official).sum()),
        }
    return found


def low_codes(flags: pd.DataFrame, rule_code: str) -> list[str]:
    """Return the schools to be helped: by the rule set or in the official list, special ones not counted, by code."""
    own = flags[flags["rule_code"] == rule_code]
    holds = own["computed"].fillna(value=False) | own["official_list"].fillna(value=False)
    return sorted(own.loc[holds & ~own["is_excluded"], "school_code"])


def official_schools(lists: Sequence[Collection[str]]) -> frozenset[str] | None:
    """Return the schools of all official lists of a year; None when there is no list at all."""
    return frozenset(code for one in lists for code in one) if lists else None
