"""Procedures of rule sets, units of indicators and verdicts in words."""

from typing import Final

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import subject_ru

ROUNDS: Final = {"input": "входной", "interim": "промежуточный", "final": "итоговый"}
SIGNIFICANCE: Final = {"high": "высокая", "medium": "средняя", "low": "низкая", "unknown": "нет данных"}
SHADES: Final = {"high": "level_4", "medium": "level_2", "low": None, "unknown": "grey"}
DYNAMICS: Final = {
    "positive": "положительная",
    "negative": "отрицательная",
    "none": "без изменений",
    "unknown": "неизвестна",
    "not_applicable": "неприменимо",
}
PLAN_STATES: Final = {"reached": "да", "missed": "нет", "unknown": "—"}
_SEASONS: Final = {"autumn": "осень", "winter": "зима", "spring": "весна"}
_LEVELS: Final = {"profile": "профильный уровень", "base": "", "main": "", "advanced": "повышенный уровень"}


def procedure_ru(unit: str) -> str:
    """Return a procedure of a rule: «ВПР, математика, 4 класс (весна)»."""
    procedure, *rest = unit.split(":")
    title = choice_lists()["procedures"].get(procedure, procedure)
    if not rest:
        return title
    if len(rest) == 1:
        return f"{title}, {_small(subject_ru(rest[0]))}, все классы"
    season, grade, subject, *level = rest
    parts = [title, _small(subject_ru(subject)), f"{grade}{ru.NBSP}класс", _LEVELS.get("".join(level), "")]
    when = f" ({_SEASONS.get(season, season)})" if procedure == "vpr" else ""
    return f"{', '.join(part for part in parts if part)}{when}"


def indicator_ru(code: str) -> str:
    """Return the name of an indicator; its code where it is not of the catalogue."""
    found = indicators().get(code)
    return code if found is None else found.title_ru


def indicator_unit(code: str) -> str:
    """Return the unit of an indicator; empty where it is not of the catalogue."""
    found = indicators().get(code)
    return "" if found is None else found.unit_ru


def below_minimum(figures: Figures, row: Row, claim_from: int) -> str:
    """Return the share below the minimum with its interval; a dash where too few took part for a share."""
    if row["participants_count"] is None or row["participants_count"] < claim_from:
        return ru.DASH
    return figures.share_with_interval(row, "below_minimum_share", "below_minimum_low", "below_minimum_high")


def _small(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
