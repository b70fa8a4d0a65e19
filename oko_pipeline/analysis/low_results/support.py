"""Monitoring of support programmes: plan against fact at the input, interim and final rounds, and the dynamics."""

from collections.abc import Collection
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.low_results.options import MONITORING, MonitoringOptions
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import SUPPORT_MONITORING
from oko_pipeline.errors import ContractError

ROUNDS: Final = ("input", "interim", "final")
REQUIRED: Final = ("school_code", "round", "indicator_code", "planned_value", "actual_value")
_SENIOR: Final = ("ege", "егэ")


def support_monitoring(
    programmes: pd.DataFrame, school_year: str, without_senior: Collection[str], options: MonitoringOptions
) -> pd.DataFrame:
    """Return rows of `support_monitoring`: a row for every known round of an indicator of a school.

    Args:
        programmes: rows with `REQUIRED` columns; beside them may stand `programme_code` (or `programme_number`),
            `is_higher_better` (True unless said), `baseline_value` (the input value where no input round is given) and
            `is_not_applicable`. A round given twice counts as it stands last.
        school_year: the year.
        without_senior: schools without grades 10–11; an indicator of ЕГЭ is not applicable to them.
        options: parameters of the method.

    Raises:
        ContractError: for a missing column.
    """
    missing = sorted(set(REQUIRED) - set(programmes.columns))
    if missing:
        raise ContractError(f"Реестр программ поддержки: нет столбцов {missing}.")
    own = _clean(programmes)
    if own.empty:
        return SUPPORT_MONITORING.empty()
    keys = ["school_code", "programme_code", "indicator_code"]
    sign = np.where(own["is_higher_better"], 1.0, -1.0)
    better = own["actual_value"] * sign
    grouped = own.assign(better=better).groupby(keys, sort=False)["better"]
    known_before = grouped.transform(lambda values: values.ffill().shift())
    first = better.where(own["round"] == "input")
    first = first.groupby([own[key] for key in keys], sort=False).transform("first").fillna(own["baseline"] * sign)
    is_input = (own["round"] == "input").to_numpy()
    change = (better - known_before).to_numpy()
    from_input = np.where(is_input, np.nan, (better - first).to_numpy())
    gap = ((own["actual_value"] - own["planned_value"]) * sign).to_numpy()
    senior = own["indicator_code"].str.lower().str.contains("|".join(_SENIOR)).to_numpy()
    barred = own["is_barred"].to_numpy() | (senior & own["school_code"].isin(list(without_senior)).to_numpy())
    plan = np.select([np.isnan(gap), gap >= -1e-9], ["unknown", "reached"], "missed")
    dynamics = np.select(
        [barred, np.isnan(from_input), from_input > options.tolerance + 1e-9, from_input < -options.tolerance - 1e-9],
        ["not_applicable", "unknown", "positive", "negative"],
        "none",
    )
    outcome = _outcomes(plan, dynamics, is_input)
    frame = own.assign(
        school_year=school_year,
        plan_gap=np.where(barred, np.nan, gap),
        plan_state=np.where(barred, "unknown", plan),
        change=np.where(barred, np.nan, change),
        change_from_input=np.where(barred, np.nan, from_input),
        dynamics=dynamics,
        outcome=outcome,
        actual_value=own["actual_value"].mask(pd.Series(barred, index=own.index)),
        explanation_ru=[_EXPLANATIONS[outcome_, state] for outcome_, state in zip(outcome, dynamics, strict=True)],
        **method_columns(MONITORING),
    )
    return SUPPORT_MONITORING.conform(frame[list(SUPPORT_MONITORING.column_names)].reset_index(drop=True))


def _clean(programmes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of known rounds in order, with the columns that may be missing filled in."""
    own = programmes[programmes["school_code"].notna() & programmes["round"].isin(ROUNDS)].copy(deep=False)
    own = own[own["indicator_code"].notna()]
    codes = _first_of(own, ("programme_code", "programme_number"), "str")
    higher = _first_of(own, ("is_higher_better",), "boolean")
    order = own["round"].map({name: place for place, name in enumerate(ROUNDS)})
    own = own.assign(
        programme_code=codes.fillna("main"),
        is_higher_better=higher.fillna(value=True).astype(bool),
        is_barred=_first_of(own, ("is_not_applicable",), "boolean").fillna(value=False).astype(bool),
        baseline=_first_of(own, ("baseline_value",), "float64"),
        planned_value=own["planned_value"].astype("float64"),
        actual_value=own["actual_value"].astype("float64"),
        order=order,
    )
    keys = ["school_code", "programme_code", "indicator_code"]
    return (
        own.drop_duplicates([*keys, "round"], keep="last").sort_values([*keys, "order"]).drop(columns="order")
    ).reset_index(drop=True)


def _first_of(rows: pd.DataFrame, names: tuple[str, ...], dtype: str) -> pd.Series:
    """Return the first of the columns that is there, all missing when none is."""
    name = next((one for one in names if one in rows), None)
    return pd.Series(None, index=rows.index, dtype=dtype) if name is None else rows[name].astype(dtype)  # pyright: ignore[reportCallIssue,reportArgumentType]


def _outcomes(plan: np.ndarray, dynamics: np.ndarray, is_input: np.ndarray) -> np.ndarray:
    improved = (plan == "reached") | ((plan == "unknown") & (dynamics == "positive"))
    return np.select(
        [dynamics == "not_applicable", is_input | ((plan == "unknown") & (dynamics == "unknown")), improved],
        ["not_applicable", "unknown", "improved"],
        "still_low",
    )


_OUTCOMES_RU: Final = {
    "improved": "ОО улучшила результат",
    "still_low": "Результат по-прежнему низкий",
    "unknown": "Вывода нет",
}
_DYNAMICS_RU: Final = {
    "positive": "динамика положительная",
    "negative": "динамика отрицательная",
    "none": "изменений нет",
    "unknown": "динамика неизвестна: нет входного или нынешнего значения",
}
_EXPLANATIONS: Final = {
    (outcome, dynamics): f"{_OUTCOMES_RU[outcome]}; {_DYNAMICS_RU[dynamics]}."
    for outcome in _OUTCOMES_RU
    for dynamics in _DYNAMICS_RU
} | {("not_applicable", "not_applicable"): "Показатель к ОО неприменим."}
