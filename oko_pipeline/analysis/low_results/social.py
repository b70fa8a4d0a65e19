"""The index of social welfare: a territory's own variables and weights; what is unknown is named, never guessed."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.context.conditions import Conditions
from oko_pipeline.analysis.low_results.options import SOCIAL_INDEX, SocialOptions
from oko_pipeline.catalogue.conditions import SocialIndex
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import SOCIAL_INDEX as TABLE
from oko_pipeline.statistics.intervals import Floats
from oko_pipeline.statistics.matching import standardised

_CENTRE: Final = 50.0
_STEP: Final = 10.0


def social_index(
    conditions: Conditions,
    indices: Sequence[SocialIndex],
    groups: pd.DataFrame,
    options: SocialOptions,
    official: frozenset[str] | None = None,
) -> pd.DataFrame:
    """Return rows of `social_index`: every index × every school of the year.

    Formula: d = Σ w·z / Σ|w| over the known variables, z standardised over the schools compared; the index is
    50 − 10·(d − mean d) / sd d, so that more is better. Thirds divide the schools with an index by its value; schools
    with equal values share a third.

    Args:
        conditions: values of properties, a row a school.
        indices: the indices, the preferred one first; the first that enough schools have is the main one.
        groups: rows of `school_groups`, in the order of `conditions`.
        options: parameters of the method.
        official: schools of the official list of adverse conditions (ШНСУ); None when there is no list.
    """
    if groups.empty:
        return TABLE.empty()
    made: list[pd.DataFrame] = []
    has_main = False
    compared = ~groups["is_excluded"].to_numpy(dtype=bool)
    for index in indices:
        rows = _index_rows(conditions, index, groups, options)
        share = float((rows["state"] == "computed").to_numpy()[compared].mean()) if compared.any() else 0.0
        is_main = not has_main and share >= options.minimum_schools_share and share > 0
        has_main |= is_main
        made.append(rows.assign(is_main=is_main))
    joined = pd.concat(made, ignore_index=True)
    listed = [None if official is None else code in official for code in joined["school_code"]]
    return TABLE.conform(joined.assign(official_list=pd.array(listed, dtype="boolean")))


def _index_rows(
    conditions: Conditions, index: SocialIndex, groups: pd.DataFrame, options: SocialOptions
) -> pd.DataFrame:
    is_excluded = groups["is_excluded"].to_numpy(dtype=bool)
    values = np.column_stack([conditions.column(one.code) for one in index.variables])
    weights = np.asarray([one.weight for one in index.variables], dtype=np.float64)
    # Excluded schools (a penal school's shares, say) must not stretch the scale of the others.
    _, means, deviations = standardised(values[~is_excluded])
    standard = (values - means) / np.where(deviations > 0, deviations, np.nan)
    known = np.isfinite(standard)
    known_weight = (known * np.abs(weights)).sum(axis=1)
    share = known_weight / np.abs(weights).sum()
    enough = share >= options.minimum_weight_share
    burden = np.nansum(np.where(known, standard, 0.0) * weights, axis=1) / np.where(known_weight > 0, known_weight, 1.0)
    shaping = enough & ~is_excluded
    spread = float(np.std(burden[shaping], ddof=1)) if int(shaping.sum()) > 1 else 0.0
    computed = shaping & (spread > 0)
    value = np.where(
        computed,
        _CENTRE - _STEP * (burden - burden[shaping].mean() if shaping.any() else burden) / (spread or 1),
        np.nan,
    )
    titles = {one.code: one.title_ru for one in conditions.properties}
    names = [titles[one.code] for one in index.variables]
    return pd.DataFrame(
        {
            "school_year": groups["school_year"].to_numpy(),
            "index_code": index.index_code,
            "index_version": index.version,
            "school_code": groups["school_code"].to_numpy(),
            "is_proxy": index.is_proxy,
            "value": value,
            "third": _thirds(value),
            "known_weight_share": share,
            "known_count": known.sum(axis=1),
            "missing_ru": pd.array(
                ["; ".join(n for n, has in zip(names, row, strict=True) if not has) or None for row in known],
                dtype="str",
            ),
            "state": np.select(
                [is_excluded, computed, shaping], ["excluded", "computed", "no_variance"], "missing_data"
            ),
            "context_year": groups["context_year"].to_numpy(),
            **method_columns(SOCIAL_INDEX),
        }
    )


def _thirds(values: Floats) -> pd.api.extensions.ExtensionArray:
    """Return 1, 2, 3 from the lowest values up; empty for missing ones and where there are fewer than three values."""
    known = np.isfinite(values)
    thirds: npt.NDArray[np.float64] = np.full(len(values), np.nan)
    if int(known.sum()) >= 3:
        own = values[known]
        # The share of schools with a lower value: equal values get equal thirds.
        below = np.searchsorted(np.sort(own), own, side="left") / len(own)
        thirds[known] = 1 + np.floor(below * 3 + 1e-9)
    return pd.array([None if np.isnan(third) else int(third) for third in thirds], dtype="Int64")
