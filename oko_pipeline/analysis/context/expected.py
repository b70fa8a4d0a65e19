"""Results with a correction for conditions: what is expected of a school in its conditions, and what differs.

A work by itself: pupils in schools, exactly, from sizes, means and deviations. A subject, or all works of a campaign:
results of grades in standard deviations of pupils, with known sampling variances. Special schools are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.context.conditions import Conditions, Points, standard_points
from oko_pipeline.analysis.context.options import RESIDUAL, ResidualOptions
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.conditions import Property
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import CONTEXTUAL_MODELS, CONTEXTUAL_RESULTS
from oko_pipeline.statistics.intervals import Floats, normal_quantile
from oko_pipeline.statistics.multilevel import GroupModel, meta_regression, random_intercept
from oko_pipeline.statistics.size_tiers import tier_places
from oko_pipeline.statistics.threads import single_threaded

_FEW: Final = "участников меньше {minimum}"
_NO_CONDITIONS: Final = "условия ОО неизвестны"
_FEW_SCHOOLS: Final = "ОО с результатами и условиями меньше {minimum}: модель не строится"
_NO_SPREAD: Final = "результаты не различаются: модель не строится"


@dataclass(frozen=True, slots=True)
class ContextualTables:
    """Rows of `contextual_results` and `contextual_models` of a year."""

    contextual_results: pd.DataFrame
    contextual_models: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a model is about, and its results: one entry a result in each array."""

    campaign_code: str
    kind: str
    code: str
    unit: str
    place: npt.NDArray[np.intp]
    cohort: npt.NDArray[np.intp]
    n: Floats
    value: Floats
    squares: Floats


@dataclass(frozen=True, slots=True)
class _World:
    """Schools of the year with the conditions that a model may use."""

    school_year: str
    codes: npt.NDArray[np.object_]
    points: Points
    titles: Mapping[str, str]
    options: ResidualOptions


def contextual_results(
    summary: pd.DataFrame,
    assessments: pd.DataFrame,
    conditions: Conditions,
    properties: Sequence[Property],
    groups: pd.DataFrame,
    options: ResidualOptions,
) -> ContextualTables:
    """Model the results of a year, campaign by campaign: all works, each subject, each work.

    Args:
        summary: rows of `result_summary` of the year (schools, all pupils; others are passed over).
        assessments: rows of `assessments` of the year.
        conditions: values of properties, a row a school.
        properties: those that may predict a result, the most important first.
        groups: rows of `school_groups` of the year, in the order of `conditions`.
        options: parameters of the method.

    Returns:
        A row for every school that took part in a scope, also where no verdict is possible, and the models' terms.
    """
    is_excluded = groups["is_excluded"].to_numpy(dtype=bool)
    results = _school_results(summary, assessments, groups[~is_excluded]["school_code"])
    if groups.empty or results.empty:
        return ContextualTables(CONTEXTUAL_RESULTS.empty(), CONTEXTUAL_MODELS.empty())
    points = standard_points(conditions, properties, ~is_excluded, options.missing)
    codes = groups["school_code"].to_numpy(dtype=object)
    titles = {one.code: one.title_ru for one in properties}
    world = _World(str(groups["school_year"].iloc[0]), codes, points, titles, options)
    places = pd.Series(np.arange(len(codes)), index=codes)
    with single_threaded():
        found = [_fit(scope, world) for scope in _scopes(results, places, options)]
    schools = pd.concat([rows for rows, _ in found], ignore_index=True)
    terms = [rows for _, rows in found if len(rows)]
    models = pd.concat(terms, ignore_index=True) if terms else CONTEXTUAL_MODELS.empty()
    return ContextualTables(CONTEXTUAL_RESULTS.conform(schools), CONTEXTUAL_MODELS.conform(models))


def _school_results(summary: pd.DataFrame, assessments: pd.DataFrame, eligible: pd.Series) -> pd.DataFrame:
    """Return results of schools in percent of the maximum: n, mean, sum of squares within, by work."""
    own = summary[
        (summary["unit_level"] == "school")
        & (summary["subgroup"] == "all")
        & (summary["participants_count"] > 0)
        & summary["mean_percent"].notna()
        & summary["unit_code"].isin(eligible)
    ]
    grades = assessments[["assessment_id", "campaign_code", "pupil_grade", "subject_code"]]
    own = own.merge(grades, on="assessment_id", validate="many_to_one")
    n = own["participants_count"].to_numpy(dtype=np.float64)
    # Points become percent by the paper's maximum, which the two means carry; it is one number a work.
    percent = own["mean_percent"].to_numpy(dtype=np.float64)
    score = own["mean_score"].to_numpy(dtype=np.float64)
    work = own["assessment_id"]
    factor = pd.Series(percent).groupby(work.to_numpy()).sum() / pd.Series(score).groupby(work.to_numpy()).sum()
    deviation = own["sd_score"].to_numpy(dtype=np.float64) * work.map(factor).to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "assessment_id": work.to_numpy(),
            "campaign_code": own["campaign_code"].to_numpy(),
            "subject_code": own["subject_code"].to_numpy(),
            "pupil_grade": own["pupil_grade"].to_numpy(dtype=np.intp),
            "school_code": own["unit_code"].to_numpy(),
            "n": n,
            "percent": percent,
            "squares": np.where(n > 1, (n - 1) * np.nan_to_num(deviation) ** 2, 0.0),
        }
    )


def _scopes(results: pd.DataFrame, places: pd.Series, options: ResidualOptions) -> Iterator[_Scope]:
    results = results.assign(place=places.loc[results["school_code"]].to_numpy())
    for campaign_code, campaign in results.groupby("campaign_code", sort=True):
        standard = pd.concat([_in_deviations(rows) for _, rows in campaign.groupby("assessment_id", sort=True)])
        yield _pooled(standard, (str(campaign_code), "all", "all"), options)
        for subject_code, rows in standard.groupby("subject_code", sort=True):
            yield _pooled(rows, (str(campaign_code), "subject", str(subject_code)), options)
        for assessment_id, rows in campaign.groupby("assessment_id", sort=True):
            yield _Scope(
                str(campaign_code),
                "assessment",
                str(assessment_id),
                "percent",
                rows["place"].to_numpy(dtype=np.intp),
                np.full(len(rows), AssessmentKey.parse(str(assessment_id)).paper_grade),
                *(rows[name].to_numpy(dtype=np.float64) for name in ("n", "percent", "squares")),
            )


def _in_deviations(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a work's results in standard deviations of its pupils, with the variance of a pupil within schools."""
    n, percent = rows["n"].to_numpy(), rows["percent"].to_numpy()
    squares, pupils = float(rows["squares"].sum()), float(n.sum())
    mean = float((n * percent).sum() / pupils)
    total = squares + float((n * (percent - mean) ** 2).sum())
    deviation = np.sqrt(total / (pupils - 1)) if pupils > 1 and total > 0 else np.nan
    within = squares / (pupils - len(rows)) if pupils > len(rows) else np.nan
    return rows.assign(value=(percent - mean) / deviation, pupil_variance=within / deviation**2)


def _pooled(rows: pd.DataFrame, scope: tuple[str, str, str], options: ResidualOptions) -> _Scope:
    """Join the subjects of each grade of a school; `squares` of the scope holds the sampling variance.

    The same pupils write the works of a grade: with subject correlation ρ and weights w = n/Σn the variance is
    (1−ρ)·Σw²σ²/n + ρ·(Σwσ/√n)².
    """
    known = rows[rows["value"].notna() & (rows["pupil_variance"] > 0)]
    key = known["place"].to_numpy() * 100 + known["pupil_grade"].to_numpy()
    cohorts, at = np.unique(key, return_inverse=True)
    n, value = known["n"].to_numpy(), known["value"].to_numpy()
    error = np.sqrt(known["pupil_variance"].to_numpy() / n)
    weight = n / np.bincount(at, n, len(cohorts))[at] if len(cohorts) else n
    alone = np.bincount(at, (weight * error) ** 2, len(cohorts))
    together = np.bincount(at, weight * error, len(cohorts)) ** 2
    rho = options.subject_correlation
    largest = np.zeros(len(cohorts))
    np.maximum.at(largest, at, n)
    return _Scope(
        *scope,
        "sd",
        cohorts // 100,
        cohorts % 100,
        largest,
        np.bincount(at, weight * value, len(cohorts)).astype(np.float64),
        (1 - rho) * alone + rho * together,
    )


def _fit(scope: _Scope, world: _World) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of a scope's schools and of its model."""
    schools = np.unique(scope.place)
    participants = np.bincount(scope.place, scope.n, len(world.codes))[schools].astype(np.float64)
    usable = world.points.is_usable[schools]
    options = world.options
    notes = np.where(
        usable,
        np.where(participants < options.minimum_participants, _FEW.format(minimum=options.minimum_participants), ""),
        _NO_CONDITIONS,
    ).astype(object)
    model, columns, modelled = None, np.zeros(0, dtype=np.intp), schools[usable]
    if len(modelled) < options.minimum_schools:
        notes[:] = _FEW_SCHOOLS.format(minimum=options.minimum_schools)
    elif len(np.unique(scope.value)) < 2:
        notes[:] = _NO_SPREAD
    else:
        columns = _predictors(world.points, modelled, options)
        model = _model(scope, modelled, _design(world.points, modelled, columns))
    rows = _result_rows(scope, world, schools, participants, notes)
    if model is None:
        return rows, CONTEXTUAL_MODELS.empty()
    empty = _model(scope, modelled, np.ones((len(modelled), 1)))
    return _with_model(rows, model, usable, options), _terms(scope, world, model, empty, columns)


def _predictors(points: Points, modelled: npt.NDArray[np.intp], options: ResidualOptions) -> npt.NDArray[np.intp]:
    """Return the first properties that differ among the schools, independent of each other, as many as these allow."""
    allowed = len(modelled) // options.schools_per_predictor
    chosen: list[int] = []
    for column in range(len(points.properties)):
        if len(chosen) == allowed:
            break
        design = _design(points, modelled, np.asarray([*chosen, column]))
        if np.linalg.matrix_rank(design) == design.shape[1]:
            chosen.append(column)
    return np.asarray(chosen, dtype=np.intp)


def _design(points: Points, modelled: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Floats:
    return np.column_stack([np.ones(len(modelled)), points.standard[np.ix_(modelled, columns)]])


def _model(scope: _Scope, modelled: npt.NDArray[np.intp], design: Floats) -> GroupModel:
    order = np.full(int(scope.place.max()) + 1, -1)
    order[modelled] = np.arange(len(modelled))
    own = order[scope.place] >= 0
    place = order[scope.place[own]]
    if scope.kind == "assessment":
        at = np.argsort(place)
        return random_intercept(scope.n[own][at], scope.value[own][at], scope.squares[own][at], design)
    return meta_regression(scope.value[own], scope.squares[own], place, design)


def _result_rows(
    scope: _Scope,
    world: _World,
    schools: npt.NDArray[np.intp],
    participants: Floats,
    notes: npt.NDArray[np.object_],
) -> pd.DataFrame:
    tiers = np.asarray(SIZE_TIERS, dtype=object)[tier_places(participants, world.options.tier_bounds)]
    empty = np.full(len(schools), np.nan)
    names = ("predicted", "residual", "residual_low", "residual_high", "raw_residual", "reliability", "residual_sigma")
    weights = np.bincount(scope.place, scope.n, len(world.codes))[schools]
    observed = np.bincount(scope.place, scope.n * scope.value, len(world.codes))[schools] / weights
    return pd.DataFrame(
        {
            "school_year": world.school_year,
            "campaign_code": scope.campaign_code,
            "scope_kind": scope.kind,
            "scope_code": scope.code,
            "school_code": world.codes[schools],
            "unit": scope.unit,
            "participants_count": participants.astype(np.int64),
            "size_tier": tiers,
            "results_count": np.bincount(scope.place, minlength=len(world.codes))[schools],
            "observed": observed,
            **dict.fromkeys(names, empty),
            "verdict": "insufficient",
            "is_comparable": False,
            "note_ru": pd.array([note or None for note in notes], dtype="str"),
            **method_columns(RESIDUAL),
        }
    )


def _with_model(
    rows: pd.DataFrame, model: GroupModel, usable: npt.NDArray[np.bool_], options: ResidualOptions
) -> pd.DataFrame:
    interval = model.effect_interval(options.confidence)
    tau = np.sqrt(model.between_variance)
    found = {
        "observed": model.mean,
        "predicted": model.fitted,
        "residual": model.effect,
        "residual_low": interval.low,
        "residual_high": interval.high,
        "raw_residual": model.residual,
        "reliability": model.reliability,
        "residual_sigma": model.effect / tau if tau > 0 else np.zeros(len(model.effect)),
    }
    filled: dict[str, Floats] = {}
    for name, values in found.items():
        column = rows[name].to_numpy(dtype=np.float64, copy=True)
        column[usable] = values
        filled[name] = column
    judged = usable & rows["note_ru"].isna().to_numpy()
    verdict = np.where(filled["residual_low"] > 0, "above", np.where(filled["residual_high"] < 0, "below", "expected"))
    return rows.assign(**filled, verdict=np.where(judged, verdict, "insufficient"), is_comparable=judged)


def _terms(
    scope: _Scope, world: _World, model: GroupModel, empty: GroupModel, columns: npt.NDArray[np.intp]
) -> pd.DataFrame:
    """Return a model's terms; the share explained compares τ² with that of a model without conditions."""
    codes = ["intercept", *(world.points.properties[column].code for column in columns)]
    errors = np.sqrt(np.diag(model.covariance))
    half = normal_quantile(world.options.confidence) * errors
    explained = 1 - model.between_variance / empty.between_variance if empty.between_variance > 0 else np.nan
    single = {
        "between_variance": (model.between_variance, "Разброс между ОО, не объяснённый условиями (дисперсия)"),
        "within_variance": (
            model.within_variance,
            "Разброс участников внутри ОО (дисперсия)"
            if scope.kind == "assessment"
            else "Разброс параллелей внутри ОО сверх случайного (дисперсия)",
        ),
        "explained_share": (max(explained, 0.0), "Доля разброса между ОО, которую объясняют условия"),
    }
    unknown = np.full(len(single), np.nan)
    return pd.DataFrame(
        {
            "school_year": world.school_year,
            "campaign_code": scope.campaign_code,
            "scope_kind": scope.kind,
            "scope_code": scope.code,
            "term": [*codes, *single],
            "title_ru": [
                *("Средний уровень" if code == "intercept" else world.titles[code] for code in codes),
                *(title for _, title in single.values()),
            ],
            "estimate": np.concatenate([model.coefficients, [value for value, _ in single.values()]]),
            "standard_error": np.concatenate([errors, unknown]),
            "low": np.concatenate([model.coefficients - half, unknown]),
            "high": np.concatenate([model.coefficients + half, unknown]),
            "schools_count": len(model.mean),
            **method_columns(RESIDUAL),
        }
    )
