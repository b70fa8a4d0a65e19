"""Schools with high results in their conditions, resilient ones, and from whom a school with low results may learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.context.conditions import Conditions, standard_points
from oko_pipeline.analysis.context.options import (
    HIGH_RESULTS,
    LEARNING_PAIRS,
    HighResultOptions,
    MissingLimits,
)
from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.conditions import Property
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import HIGH_RESULT_BASE
from oko_pipeline.catalogue.tables_context import LEARNING_PAIRS as LEARNING_PAIRS_TABLE
from oko_pipeline.statistics.intervals import Floats

_BASES_RU = {
    "above_context": "результат года выше ожидаемого в таких условиях",
    "above_repeatedly": "результат выше ожидаемого не первый год",
    "resilient": "резильентная: неблагополучные условия и результат намного выше ожидаемого",
}


def yearly_results(contextual: pd.DataFrame) -> pd.DataFrame:
    """Return one row a school and year: the result over all works of the year's last campaign with a verdict.

    Args:
        contextual: rows of `contextual_results` of any years.
    """
    own = contextual[(contextual["scope_kind"] == "all") & (contextual["verdict"] != "insufficient")]
    order = {code: place for place, code in enumerate(campaigns())}
    return (
        own.assign(order=own["campaign_code"].map(order).fillna(-1))
        .sort_values(["school_year", "school_code", "order"])
        .drop_duplicates(["school_year", "school_code"], keep="last")
        .drop(columns="order")
        .reset_index(drop=True)
    )


def high_result_base(
    contextual: pd.DataFrame, social: pd.DataFrame, school_year: str, options: HighResultOptions
) -> pd.DataFrame:
    """Return rows of `high_result_base`: schools with a high result in a year, by basis.

    Args:
        contextual: rows of `contextual_results` of the year and of years before it.
        social: rows of `social_index` of the year.
        school_year: the year.
        options: parameters of the method.
    """
    start = int(school_year[:4])
    wanted = [f"{year}-{year + 1}" for year in range(start - options.years + 1, start + 1)]
    results = yearly_results(contextual[contextual["school_year"].isin(wanted)])
    if results.empty:
        return HIGH_RESULT_BASE.empty()
    main = social[social["is_main"].astype(bool) & social["third"].notna()]
    thirds = dict(zip(main["school_code"], main["third"].astype(int), strict=True))
    told = " Индекс условий — замена по анкете." if len(main) and bool(main["is_proxy"].any()) else ""
    rows: list[dict[str, object]] = []
    for code, own in results.groupby("school_code", sort=True):
        made = _bases(str(code), own, thirds.get(str(code)), school_year, options)
        rows += [
            row | {"evidence_ru": f"{row['evidence_ru']}{told if row['basis'] == 'resilient' else ''}"} for row in made
        ]
    if not rows:
        return HIGH_RESULT_BASE.empty()
    return HIGH_RESULT_BASE.conform(
        pd.DataFrame(rows)
        .assign(school_year=school_year, **method_columns(HIGH_RESULTS))
        .astype({"social_third": "Int64"})
    )


def _bases(
    code: str, own: pd.DataFrame, third: int | None, school_year: str, options: HighResultOptions
) -> list[dict[str, object]]:
    sigmas = own["residual_sigma"].to_numpy(dtype=np.float64)
    above = (own["verdict"] == "above").to_numpy()
    far = sigmas >= options.resilient_sigma
    now = (own["school_year"] == school_year).to_numpy()
    told = "; ".join(
        f"{year}: {sigma:+.2f} σ".replace(".", ",").replace("-0,00", "0,00")
        for year, sigma in zip(own["school_year"], sigmas, strict=True)
    )
    found = {
        "above_context": (bool((above & now).any()), int((above & now).sum())),
        "above_repeatedly": (int(above.sum()) >= options.repeated_years, int(above.sum())),
        "resilient": (third == 1 and int(far.sum()) >= options.resilient_years, int(far.sum())),
    }
    return [
        {
            "school_code": code,
            "basis": basis,
            "years_count": len(own),
            "years_above_count": years,
            "social_third": third,
            "residual_sigma": float(sigmas[now][0]) if now.any() else np.nan,
            "evidence_ru": f"{_BASES_RU[basis][:1].upper()}{_BASES_RU[basis][1:]} ({told}).",
        }
        for basis, (holds, years) in found.items()
        if holds
    ]


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Schools one may learn from, with their places, and the distances of all schools."""

    places: npt.NDArray[np.intp]
    bases: dict[int, str]
    standard: Floats
    usable: npt.NDArray[np.bool_]


def learning_pairs(  # noqa: PLR0913
    low: Sequence[str],
    base: pd.DataFrame,
    clusters: pd.DataFrame,
    groups: pd.DataFrame,
    conditions: Conditions,
    properties: Sequence[Property],
    *,
    number: int,
    missing: MissingLimits,
) -> pd.DataFrame:
    """Return rows of `learning_pairs`: for every school of `low` the nearest schools of the base, or one row «none».

    Args:
        low: codes of schools with low results.
        base: rows of `high_result_base` of the year.
        clusters: rows of `school_clusters`, in the order of `conditions`.
        groups: rows of `school_groups`, in the same order.
        conditions: values of properties.
        properties: those that tell how near two schools are.
        number: the most partners of a school.
        missing: limits of unknown values.
    """
    known = [code for code in sorted(set(low)) if code in conditions.school_codes]
    if not known:
        return LEARNING_PAIRS_TABLE.empty()
    points = standard_points(conditions, properties, ~groups["is_excluded"].to_numpy(dtype=bool), missing)
    place_of = {code: place for place, code in enumerate(conditions.school_codes)}
    bases: dict[int, str] = {}
    for code, basis in zip(base["school_code"], base["basis"], strict=True):
        if code in place_of and code not in set(low):
            bases[place_of[code]] = ";".join(filter(None, (bases.get(place_of[code]), basis)))
    candidates = _Candidates(np.asarray(sorted(bases), dtype=np.intp), bases, points.standard, points.is_usable)
    alike = {
        "cluster": clusters["cluster_code"].to_numpy(dtype=object, na_value=""),
        "group": groups["group_code"].to_numpy(dtype=object, na_value=""),
    }
    rows = [row for code in known for row in _partners(place_of[code], candidates, alike, conditions, number)]
    frame = pd.DataFrame(rows).assign(school_year=str(groups["school_year"].iloc[0]), **method_columns(LEARNING_PAIRS))
    return LEARNING_PAIRS_TABLE.conform(frame.sort_values(["school_code", "partner_code"], ignore_index=True))


def _partners(
    place: int,
    candidates: _Candidates,
    alike: dict[str, npt.NDArray[np.object_]],
    conditions: Conditions,
    number: int,
) -> list[dict[str, object]]:
    code = conditions.school_codes[place]
    for within, labels in alike.items():
        if not labels[place] or not candidates.usable[place]:
            continue
        near = [one for one in candidates.places if labels[one] == labels[place] and candidates.usable[one]]
        if not near:
            continue
        gaps = np.sqrt(((candidates.standard[near] - candidates.standard[place]) ** 2).mean(axis=1))
        chosen = np.argsort(gaps, kind="stable")[:number]
        return [
            {
                "school_code": code,
                "partner_code": conditions.school_codes[near[one]],
                "within": within,
                "partner_basis": candidates.bases[int(near[one])],
                "distance": float(gaps[one]),
                "explanation_ru": "Та же группа условий: "
                + ("кластер." if within == "cluster" else "тип, место, численность."),
            }
            for one in chosen
        ]
    reason = (
        "Об условиях ОО известно слишком мало или она не сравнивается с другими."
        if not candidates.usable[place]
        else "В сходных условиях нет ОО, результаты которой выше ожидаемых."
    )
    return [
        {
            "school_code": code,
            "partner_code": "none",
            "within": "none",
            "partner_basis": None,
            "distance": np.nan,
            "explanation_ru": reason,
        }
    ]
