"""Results of pupils under different conditions: one linear model a work, errors robust to pupils sharing a school."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.links.measures import assessment_title
from oko_pipeline.analysis.links.options import REGRESSION_METHOD, LinkOptions
from oko_pipeline.analysis.links.school_links import links_table
from oko_pipeline.analysis.links.wording import Counted, difference_statement
from oko_pipeline.catalogue.tables_items import RESULT_LINKS

MODEL_COLUMNS: Final = ("school_code", "sex", "status", "primary_score")
_SEX: Final = "pupil:sex"
_LEAST_EIGENVALUE: Final = 1e-9

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Design:
    """Terms of a model with their values for every work that takes part; `missing` counts the works left out."""

    terms: tuple[str, ...]
    titles: dict[str, str]
    matrix: Floats
    result: Floats
    school: npt.NDArray[np.intp]
    missing: int


def result_model(
    assessment_id: str, maximum_score: int | None, rows: pd.DataFrame, conditions: pd.DataFrame, options: LinkOptions
) -> pd.DataFrame:
    """Return `result_links` with a row a term: how far results differ with a condition, the others being equal.

    Args:
        assessment_id: the work.
        maximum_score: its largest primary score; without one there is no percent and no model.
        rows: columns `MODEL_COLUMNS` of its works.
        conditions: measures of schools (frame of `complete_measures`) in the order of importance: where schools are
            few, the last ones do not enter.
        options: thresholds.
    """
    own = options.regression
    scored = rows[(rows["status"] == "scored") & rows["primary_score"].notna()]
    if not maximum_score or scored["school_code"].nunique() < own.minimum_schools:
        return RESULT_LINKS.empty()
    design = _design(scored, conditions, maximum_score, options)
    schools = len(np.unique(design.school))
    if not design.terms or schools < own.minimum_schools:
        return RESULT_LINKS.empty()
    return links_table(
        _fit(assessment_id, design, schools),
        {"link_group": f"model:{assessment_id}", "observation": "pupil", "statistic": "difference"},
        options,
        REGRESSION_METHOD,
    )


def _design(scored: pd.DataFrame, conditions: pd.DataFrame, maximum_score: int, options: LinkOptions) -> Design:
    school, codes = pd.factorize(scored["school_code"])
    own = conditions[conditions["unit_code"].isin(codes)]
    order = list(dict.fromkeys(own["measure"]))
    wide = own.set_index(["unit_code", "measure"])["value"].unstack("measure").reindex(codes)  # noqa: PD010
    titles = {str(name): str(title) for name, title in zip(own["measure"], own["title_ru"], strict=True)}
    columns: list[Floats] = []
    names: list[str] = []
    allowed = max(len(codes) // options.regression.schools_per_term - 1, 0)
    for name in order:
        values = wide[name].to_numpy(dtype=np.float64)
        known = ~np.isnan(values)
        if len(names) < allowed and known.mean() >= options.regression.known_share and np.ptp(values[known]) > 0:
            names.append(name)
            columns.append(((values - values[known].mean()) / values[known].std(ddof=1))[school])
    sex = scored["sex"].to_numpy(dtype=object)
    if (sex == "ж").any() and (sex == "м").any():
        names.append(_SEX)
        columns.append(np.where(sex == "ж", 1.0, np.where(sex == "м", 0.0, np.nan)))
    matrix = np.column_stack(columns) if columns else np.zeros((len(scored), 0))
    is_known = ~np.isnan(matrix).any(axis=1)
    percent = scored["primary_score"].to_numpy(dtype=np.float64) / maximum_score * 100
    kept = _independent(matrix[is_known])
    return Design(
        tuple(names[place] for place in kept),
        titles | {_SEX: "Девочки по сравнению с мальчиками"},
        matrix[is_known][:, kept],
        percent[is_known],
        school[is_known],
        int((~is_known).sum()),
    )


def _independent(matrix: Floats) -> list[int]:
    """Return the columns that are no combination of a constant and of columns before them."""
    columns = np.column_stack([np.ones(len(matrix)), matrix])
    norms = np.sqrt((columns**2).sum(axis=0))
    products = (columns.T @ columns) / np.outer(norms, norms).clip(min=1e-300)
    kept = [0]
    for place in range(1, columns.shape[1]):
        tried = products[np.ix_([*kept, place], [*kept, place])]
        # The products of a few columns tell dependence as the columns themselves do, at a thousandth of the price.
        if norms[place] > 0 and np.linalg.eigvalsh(tried)[0] > _LEAST_EIGENVALUE:
            kept.append(place)
    return [place - 1 for place in kept[1:]]


def _fit(assessment_id: str, design: Design, schools: int) -> list[dict[str, object]]:
    from statsmodels.regression.linear_model import OLS

    exog = np.column_stack([np.ones(len(design.result)), design.matrix])
    fitted: Any = OLS(design.result, exog).fit(cov_type="cluster", cov_kwds={"groups": design.school}, use_t=True)
    bounds = np.asarray(fitted.conf_int())
    counted = Counted(len(design.result), design.missing, "Участники")
    rows: list[dict[str, object]] = []
    for place, term in enumerate(design.terms, start=1):
        low, high = float(bounds[place, 0]), float(bounds[place, 1])
        estimate = float(fitted.params[place])
        per_unit = (
            "У девочек по сравнению с мальчиками"
            if term == _SEX
            else f"{_capital(design.titles[term])}: на стандартное отклонение выше —"
        )
        rows.append(
            {
                "left_measure": assessment_id,
                "right_measure": term,
                "left_title_ru": assessment_title(assessment_id),
                "right_title_ru": design.titles[term],
                "unit_level": "all",
                "unit_code": "all",
                "estimate": estimate,
                "estimate_low": low,
                "estimate_high": high,
                "p_value": float(fitted.pvalues[place]),
                "observations_count": counted.both,
                "schools_count": schools,
                "missing_count": counted.one_only,
                # Strength is a word of correlations; a difference in points of percent speaks for itself.
                "strength": "not_shown" if low <= 0 <= high else None,
                "statement_ru": difference_statement(per_unit, (estimate, low, high), counted),
                "is_comparable": True,
            }
        )
    return rows


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
