"""Comparable schools: the nearest ones of the same group by conditions, their balance, and an honest «none»."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.context.conditions import Conditions, Points, standard_points
from oko_pipeline.analysis.context.options import COMPARABLE, ComparableOptions
from oko_pipeline.catalogue.conditions import Property
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import COMPARABLE_BALANCE, COMPARABLE_SCHOOLS, COMPARABLE_SUMMARY
from oko_pipeline.statistics.intervals import Floats
from oko_pipeline.statistics.matching import Matches, nearest_neighbours, standardised_difference


@dataclass(frozen=True, slots=True)
class ComparableTables:
    """Rows of `comparable_schools`, `comparable_summary` and `comparable_balance` of a year."""

    comparable_schools: pd.DataFrame
    comparable_summary: pd.DataFrame
    comparable_balance: pd.DataFrame


def comparable_schools(
    conditions: Conditions,
    properties: Sequence[Property],
    groups: pd.DataFrame,
    options: ComparableOptions,
) -> ComparableTables:
    """Find comparable schools of every school of a year.

    Args:
        conditions: values of properties, a row a school.
        properties: those to compare by.
        groups: rows of `school_groups` of the year, in the order of `conditions`.
        options: parameters of the method.

    Returns:
        Tables of the year. A school with fewer neighbours within the caliper than the method asks for has none at all:
        two schools are no comparison.
    """
    if groups.empty:
        return ComparableTables(COMPARABLE_SCHOOLS.empty(), COMPARABLE_SUMMARY.empty(), COMPARABLE_BALANCE.empty())
    is_excluded = groups["is_excluded"].to_numpy(dtype=bool)
    points = standard_points(conditions, properties, ~is_excluded, options.missing)
    usable = points.is_usable & (len(points.properties) > 0)
    places, _ = pd.factorize(groups["group_code"].to_numpy(dtype=object, na_value=""))
    found = nearest_neighbours(points.standard, places, options.number, options.caliper, ~usable)
    counts = np.bincount(found.point, minlength=len(groups))
    is_matched = counts >= options.minimum_matches
    found = _kept(found, is_matched[found.point])
    counts = np.where(is_matched, counts, 0)
    means = _neighbour_means(points.natural, found, counts)
    differences = standardised_difference(points.natural, means, points.deviations)
    codes = groups["school_code"].to_numpy(dtype=object)
    year = groups["school_year"].to_numpy(dtype=object)
    pairs = pd.DataFrame(
        {
            "school_year": year[found.point],
            "school_code": codes[found.point],
            "comparable_code": codes[found.neighbour],
            "distance": found.distance,
            **method_columns(COMPARABLE),
        }
    ).sort_values(["school_code", "comparable_code"], ignore_index=True)
    summary = _summary(groups, found, counts, differences, usable, options)
    balance = _balance(groups, points, counts, means, differences)
    return ComparableTables(
        COMPARABLE_SCHOOLS.conform(pairs) if len(pairs) else COMPARABLE_SCHOOLS.empty(),
        COMPARABLE_SUMMARY.conform(summary),
        COMPARABLE_BALANCE.conform(balance) if len(balance) else COMPARABLE_BALANCE.empty(),
    )


def _kept(found: Matches, keep: npt.NDArray[np.bool_]) -> Matches:
    return Matches(found.point[keep], found.neighbour[keep], found.distance[keep], found.candidates, found.nearest)


def _neighbour_means(natural: Floats, found: Matches, counts: npt.NDArray[np.intp]) -> Floats:
    """Return the means of properties over each school's comparable ones; NaN without any."""
    sums = np.column_stack(
        [np.bincount(found.point, column[found.neighbour], len(natural)) for column in natural.T]
        or [np.zeros(len(natural))]
    )[:, : natural.shape[1]]
    return sums / np.where(counts > 0, counts, np.nan)[:, None]


def _summary(
    groups: pd.DataFrame,
    found: Matches,
    counts: npt.NDArray[np.intp],
    differences: Floats,
    usable: npt.NDArray[np.bool_],
    options: ComparableOptions,
) -> pd.DataFrame:
    is_excluded = groups["is_excluded"].to_numpy(dtype=bool)
    absolute = np.where(np.isfinite(differences), np.abs(differences), -1.0)
    largest = absolute.max(axis=1, initial=-1.0)
    largest = np.where(largest >= 0, largest, np.nan)
    states = np.select(
        [is_excluded, ~usable, counts == 0, largest > options.balance_limit],
        ["excluded", "missing_data", "no_match", "unbalanced"],
        "matched",
    )
    return pd.DataFrame(
        {
            "school_year": groups["school_year"].to_numpy(),
            "school_code": groups["school_code"].to_numpy(),
            "state": states,
            "comparable_count": counts,
            "candidates_count": found.candidates,
            "nearest_distance": found.nearest,
            "largest_difference": largest,
            "explanation_ru": [
                _explanation(str(state), int(candidates), options)
                for state, candidates in zip(states, found.candidates, strict=True)
            ],
            **method_columns(COMPARABLE),
        }
    )


def _explanation(state: str, candidates: int, options: ComparableOptions) -> str:
    caliper = f"{options.caliper:.2f}".replace(".", ",")
    limit = f"{options.balance_limit:.2f}".replace(".", ",")
    if state == "no_match" and candidates < options.minimum_matches:
        return f"Других ОО в группе: {candidates}, для сравнения нужно не меньше {options.minimum_matches}."
    return {
        "excluded": "ОО особого вида с другими не сравнивается.",
        "missing_data": "Об условиях ОО известно слишком мало.",
        "no_match": f"На расстоянии до {caliper} меньше {options.minimum_matches} ОО: сопоставимых нет.",
        "unbalanced": f"Сопоставимые нашлись, но по некоторым свойствам отличаются больше чем на {limit}: см. баланс.",
        "matched": "Сопоставимые ОО найдены, условия уравновешены.",
    }[state]


def _balance(
    groups: pd.DataFrame, points: Points, counts: npt.NDArray[np.intp], means: Floats, differences: Floats
) -> pd.DataFrame:
    width = len(points.properties)
    rows = np.flatnonzero(points.is_usable).repeat(width)
    columns = np.tile(np.arange(width), int(points.is_usable.sum()))
    titles = np.asarray([one.title_ru for one in points.properties], dtype=object)
    codes = np.asarray([one.code for one in points.properties], dtype=object)
    return pd.DataFrame(
        {
            "school_year": groups["school_year"].to_numpy(dtype=object)[rows],
            "school_code": groups["school_code"].to_numpy(dtype=object)[rows],
            "property_code": codes[columns],
            "property_title_ru": titles[columns],
            "comparable_count": counts[rows],
            "value": points.natural[rows, columns],
            "comparable_mean": means[rows, columns],
            "standardised_difference": differences[rows, columns],
            "is_imputed": points.is_imputed[rows, columns],
            **method_columns(COMPARABLE),
        }
    )
