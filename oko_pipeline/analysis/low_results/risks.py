"""The risk profile of a school («500+»): factors with their significance, each with its evidence or what is missing."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.context.conditions import Conditions
from oko_pipeline.analysis.low_results.options import RISK_PROFILE, RiskOptions
from oko_pipeline.catalogue.conditions import RiskFactor, RiskFactors, RiskSign
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import RISK_PROFILE as TABLE
from oko_pipeline.statistics.intervals import Floats

_LEVELS: Final = ("unknown", "low", "medium", "high")


@dataclass(frozen=True, slots=True)
class _Sign:
    """A sign over all schools: its level (place in `_LEVELS`) and its words."""

    levels: npt.NDArray[np.intp]
    words: list[str]


def risk_profile(
    conditions: Conditions, factors: RiskFactors, groups: pd.DataFrame, options: RiskOptions
) -> pd.DataFrame:
    """Return rows of `risk_profile`: every factor × every school of the year, special schools left out.

    A sign is compared with the schools of the year that are not special; a factor is as significant as its worst sign;
    without data it is unknown.

    Args:
        conditions: values of properties, a row a school.
        factors: factors with their signs.
        groups: rows of `school_groups`, in the order of `conditions`.
        options: parameters of the method.
    """
    compared = ~groups["is_excluded"].to_numpy(dtype=bool)
    if not compared.any():
        return TABLE.empty()
    frames = [_factor_rows(conditions, factor, compared, options) for factor in factors.factors]
    codes = groups["school_code"].to_numpy(dtype=object)[compared]
    joined = pd.concat([frame.assign(school_code=codes) for frame in frames], ignore_index=True)
    year = str(groups["school_year"].iloc[0])
    return TABLE.conform(
        joined.assign(school_year=year, **method_columns(RISK_PROFILE)).sort_values(
            ["school_code", "factor_code"], ignore_index=True
        )
    )


def _factor_rows(
    conditions: Conditions, factor: RiskFactor, compared: npt.NDArray[np.bool_], options: RiskOptions
) -> pd.DataFrame:
    titles = {one.code: (one.title_ru, one.unit_ru) for one in conditions.properties}
    signs = [_sign(conditions.column(one.code)[compared], one, titles[one.code], options) for one in factor.signs]
    count = int(compared.sum())
    levels = np.column_stack([sign.levels for sign in signs]) if signs else np.zeros((count, 0), dtype=np.intp)
    worst = levels.max(axis=1, initial=0)
    needs = f"Данных нет. Нужны: {factor.needs_ru}."
    evidence = [" ".join(sign.words[place] for sign in signs if sign.words[place]) or needs for place in range(count)]
    return pd.DataFrame(
        {
            "factor_code": factor.factor_code,
            "factor_title_ru": factor.title_ru,
            "significance": [_LEVELS[level] for level in worst],
            "signs_count": (levels > 0).sum(axis=1),
            "signs_total_count": len(signs),
            "evidence_ru": evidence,
        }
    )


def _sign(values: Floats, sign: RiskSign, title: tuple[str, str], options: RiskOptions) -> _Sign:
    known = np.isfinite(values)
    risk = values if sign.worse == "higher" else -values
    levels = np.zeros(len(values), dtype=np.intp)
    count = int(known.sum())
    if sign.absolute is not None:
        medium, high = (bound if sign.worse == "higher" else -bound for bound in sign.absolute)
        levels[known] = 1 + (risk[known] >= medium) + (risk[known] >= high)
        words = [
            _absolute(value, title, sign.absolute) if has else "" for value, has in zip(values, known, strict=True)
        ]
        return _Sign(levels, words)
    if count < options.minimum_schools:
        words = [
            f"{title[0]}: {_number(value, title[1])} (сравнить не с чем: значение известно у {count} ОО)."
            if has
            else ""
            for value, has in zip(values, known, strict=True)
        ]
        return _Sign(levels, words)
    better = _share_better(risk[known])
    levels[known] = 1 + (better >= options.medium_share) + (better >= options.high_share)
    shares = np.full(len(values), np.nan)
    shares[known] = better
    median = _number(float(np.median(values[known])), title[1])
    words = [
        f"{title[0]}: {_number(value, title[1])} при медиане {median}; благополучнее — {round(100 * share)} % ОО."
        if has
        else ""
        for value, share, has in zip(values, shares, known, strict=True)
    ]
    return _Sign(levels, words)


def _share_better(risk: Floats) -> Floats:
    """Return the share of the other schools with a lower risk, equal ones counted half."""
    ordered = np.sort(risk)
    lower = np.searchsorted(ordered, risk, side="left")
    equal = np.searchsorted(ordered, risk, side="right") - lower - 1
    return (lower + 0.5 * equal) / max(len(risk) - 1, 1)


def _absolute(value: float, title: tuple[str, str], bounds: tuple[float, float]) -> str:
    medium, high = (_number(bound, title[1]) for bound in bounds)
    return f"{title[0]}: {_number(value, title[1])} (средняя значимость от {medium}, высокая от {high})."


def _number(value: float, unit: str) -> str:
    """Return a share without a unit in percent, anything else as a number with a decimal comma."""
    text = f"{100 * value:.0f} %" if not unit and 0 <= value <= 1 else f"{value:.1f}"
    return text.replace(".", ",")
