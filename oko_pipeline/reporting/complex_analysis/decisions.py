"""What was decided and done in a school and what came of it."""

from typing import Final

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.columns import told_table
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.sections import Spec, row, section, table

_VERDICTS_RU: Final = {
    "effective": "действует",
    "partly": "действует частично",
    "not_effective": "не действует",
    "not_enough_data": "сказать нельзя",
}
_DECISIONS_RU: Final = {
    "continue": "продолжить",
    "change": "изменить",
    "stop": "прекратить",
    "gather_data": "собрать данные",
}
_MOST: Final = 12
_MEASURES: Final = ("мера", "меры", "мер")


def decisions(view: View) -> Told:
    """Return the school's decisions with their state and its measures with their effect."""
    effects = sorted(view.data.rows("measure_effects", owner_code=view.code), key=_number)
    known = [one for one in effects if one["verdict"] != "not_enough_data"]
    texts = []
    if effects:
        judged = (
            f"о действии можно судить по {view.number(known, 'мер с выводом')}"
            if known
            else "судить о действии пока нельзя"
        )
        number = f"{view.number(effects, 'мер с целевым показателем')}{ru.NBSP}{ru.plural(len(effects), _MEASURES)}"
        texts.append(f"С целевым показателем {number}: {judged}.")
    points = [_effect_point(view, one) for one in known[:2]]
    found = section(text=texts, tables=[_decisions_table(view), _effects_table(view, effects)])
    return Told(found, tuple(points))


def _number(one: Row) -> tuple[str, str]:
    return str(one["measure_number"]), str(one["indicator_code"])


def _decisions_table(view: View) -> Spec | None:
    rows = sorted(view.of_schools("decisions"), key=lambda one: str(one["decision_number"]))
    told = [
        row(
            str(one["decision_number"]),
            view.figures.text(one, "title"),
            day_ru(one["decided_on"]),
            day_ru(one["due_on"]),
            answer_ru(one, "status"),
        )
        for one in rows[:_MOST]
    ]
    columns = [
        ("№", 0.9, "text"),
        ("Решение", 4.6, "text"),
        ("Принято", 1.4, "text"),
        ("Срок", 1.4, "text"),
        ("Состояние", 1.7, "text"),
    ]
    return table("Решения школы", columns, told)


def _effects_table(view: View, effects: list[Row]) -> Spec | None:
    told = [
        row(
            f"{one['measure_number']}. {view.figures.text(one, 'title')}",
            _indicator(one),
            _change(view, one),
            _verdict(view, one),
            _DECISIONS_RU[str(one["proposed_decision"])],
        )
        for one in effects[:_MOST]
    ]
    columns = [
        ("Мера", 2.6, "text"),
        ("Показатель", 2.6, "text"),
        ("Эффект (95 %)", 1.8, "text"),
        ("Вывод", 3.2, "text"),
        ("Предложено", 1.8, "text"),
    ]
    return told_table("Меры школы и их действие", columns, told)


def _verdict(view: View, one: Row) -> str:
    reason = ru.sentence_start(view.figures.text(one, "reason_ru"))
    if one["verdict"] == "not_enough_data":
        # The reason says itself that nothing can be told.
        return reason
    return f"{ru.sentence_start(_VERDICTS_RU[str(one['verdict'])])}. {reason}"


def _indicator(one: Row) -> str:
    known = indicators().get(str(one["indicator_code"]))
    return ru.DASH if known is None else known.title_ru


def _change(view: View, one: Row) -> str:
    if one["effect"] is None:
        return ru.DASH
    figures = view.figures
    effect, low, high = (figures.decimal(one, name) for name in ("effect", "effect_low", "effect_high"))
    sign = "+" if one["effect"] > 0 else ""
    return f"{sign}{effect} (от{ru.NBSP}{low} до{ru.NBSP}{high})"


def _effect_point(view: View, one: Row) -> str:
    verdict = _VERDICTS_RU[str(one["verdict"])]
    number, title, reason = (view.figures.text(one, name) for name in ("measure_number", "title", "reason_ru"))
    return f"Мера {number} ({title}) {verdict}: {reason}"
