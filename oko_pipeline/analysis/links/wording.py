"""Sentences about links. No word of causes, of influence or of effect: a test reads all of them."""

import math
from dataclasses import dataclass

from oko_pipeline.analysis.links.options import CorrelationOptions
from oko_pipeline.statistics.rank_correlation import Correlation

_STRENGTHS = {"strong": "сильная", "moderate": "умеренная", "weak": "слабая"}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are: observations with both measures, those with one only, and what they are («ОО»)."""

    both: int
    one_only: int
    noun_ru: str


def strength(found: Correlation, minimum: int, options: CorrelationOptions) -> str:
    """Return how strong a correlation is; `not_shown` when its interval holds zero, `too_few` below the minimum."""
    if found.pairs < minimum or math.isnan(found.low):
        return "too_few"
    if found.low <= 0 <= found.high:
        return "not_shown"
    size = abs(found.estimate)
    return "strong" if size >= options.strong_from else "moderate" if size >= options.moderate_from else "weak"


def correlation_statement(found: Correlation, word: str, counted: Counted) -> str:
    """Return what a correlation says, with its interval, numbers and gaps."""
    missing = f" Только один из показателей известен: {counted.one_only}." if counted.one_only else ""
    numbers = f"{counted.noun_ru} с обоими показателями: {counted.both}."
    if word == "too_few":
        return f"Данных мало, о связи судить нельзя. {numbers}{missing}"
    interval = f"ρ = {_number(found.estimate)}, от {_number(found.low)} до {_number(found.high)}"
    if word == "not_shown":
        return f"Связь не показана: {interval}. {numbers}{missing}"
    way = "прямая" if found.estimate > 0 else "обратная"
    meaning = (
        "более высоким значениям одного чаще сопутствуют более высокие значения другого"
        if found.estimate > 0
        else "более высоким значениям одного чаще сопутствуют более низкие значения другого"
    )
    return f"Связь {way}, {_STRENGTHS[word]}: {meaning} ({interval}). {numbers}{missing}"


def difference_statement(term_ru: str, bounds: tuple[float, float, float], counted: Counted) -> str:
    """Return what a coefficient of a model says: estimate, low, high in points of percent; `term_ru` begins it."""
    estimate, low, high = bounds
    shown = "" if low > 0 or high < 0 else " Различие не показано: интервал содержит ноль."
    missing = f" Без значения условий остались участники: {counted.one_only}." if counted.one_only else ""
    return (
        f"{term_ru} результат отличается в среднем на {_number(estimate, 1)} п. п. "
        f"(от {_number(low, 1)} до {_number(high, 1)}) при равных остальных условиях модели.{shown} "
        f"{counted.noun_ru}: {counted.both}.{missing}"
    )


def _number(value: float, places: int = 2) -> str:
    text = f"{value:.{places}f}".replace(".", ",").replace("-", "−")
    return "0" if not text.strip("−0,") else text
