"""Verdicts on measures: stated rules on the interval and the expected change, their words, the proposed decision."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from oko_pipeline.catalogue.indicators import Indicator
from oko_pipeline.effectiveness.comparison import Judged
from oko_pipeline.effectiveness.measures import Measure
from oko_pipeline.effectiveness.options import EffectOptions
from oko_pipeline.effectiveness.wording import signed_ru

_DECISIONS: Final = {"effective": "continue", "partly": "change", "not_enough_data": "gather_data"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with its reason; `expected` is the expected effect towards the better, None where it has no place."""

    verdict: str
    reason: str
    text_ru: str
    is_harmful: bool = False
    expected: float | None = None
    is_expected_stated: bool = False

    def decision(self, measure: Measure, school_year: str) -> str:
        """Return what is proposed: continue, change, stop or gather data."""
        if self.verdict in _DECISIONS:
            return _DECISIONS[self.verdict]
        return "change" if measure.is_running_after(school_year) and not self.is_harmful else "stop"


def not_enough(reason: str, text_ru: str) -> Verdict:
    """Return «cannot tell» with its reason; the text begins with a small letter and has no full stop."""
    return Verdict("not_enough_data", reason, f"Нельзя сказать: {text_ru}.")


def better_side(measure: Measure, indicator: Indicator) -> int:
    """Return 1 where more is better, −1 where less is, 0 where neither the indicator nor the plan says."""
    if indicator.higher_is_better is not None:
        return 1 if indicator.higher_is_better else -1
    if measure.planned_value is None or measure.baseline_value is None:
        return 0
    return int(np.sign(measure.planned_value - measure.baseline_value))


def expected_effect(measure: Measure, judged: Judged, side: int, options: EffectOptions) -> tuple[float, bool]:
    """Return the expected effect towards the better and whether the register states it.

    A plan that is not better than the start states nothing: the default of the method stands.
    """
    if measure.planned_value is not None:
        own = judged.weights > 0
        before = float(judged.weights[own] @ judged.observation.figures.before[own])
        baseline = before if measure.baseline_value is None else measure.baseline_value
        stated = side * (measure.planned_value - baseline)
        if stated > 0:
            return stated, True
    if judged.observation.is_share:
        return options.expected_points, False
    return options.expected_deviations * judged.between_deviation, False


def judge_effect(judged: Judged, side: int, expected: tuple[float, bool]) -> Verdict:
    """Return the verdict by the rule of `effectiveness.verdict`; `side` is 1 or −1."""
    aim, is_stated = expected
    effect = judged.effect
    bounds = sorted((side * effect.low, side * effect.high))
    unit = "п. п." if judged.observation.is_share else judged.observation.unit_ru
    told = (
        f"эффект {signed_ru(effect.value)} {unit} против сопоставимых ОО с тем же стартом "
        f"(95 %: от {signed_ru(effect.low)} до {signed_ru(effect.high)}); ожидалось {signed_ru(side * aim)}"
    )
    if np.isnan(effect.low):
        return not_enough("no_spread", "разброс изменений у ОО сравнения не оценить")
    low, high = bounds
    harmful = high < 0
    if low > 0 and high >= aim:
        verdict, reason, head = "effective", "expected_reached", "Действенна"
    elif low > 0:
        verdict, reason, head = "partly", "less_than_expected", "Действенна частично, улучшение меньше ожидаемого"
    elif harmful:
        verdict, reason, head = "not_effective", "harm", "Не действенна, показатель ухудшился"
    elif high < aim:
        verdict, reason, head = "not_effective", "no_growth", "Не действенна, ожидаемого улучшения нет"
    else:
        verdict, reason = "not_enough_data", "too_wide"
        head = "Нельзя сказать, данные допускают и «ничего», и ожидаемое улучшение"
    return Verdict(verdict, reason, f"{head}: {told}.", harmful, aim, is_stated)
