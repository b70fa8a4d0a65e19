"""Indicators of a school that say something: those with a norm, those that changed, those unlike the municipality's."""

from typing import Final

from oko_pipeline.catalogue.indicators import DIRECTIONS, Indicator
from oko_pipeline.catalogue.indicators import indicators as catalogue_indicators
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.sections import Spec, row, section, table

_MOST: Final = 30
_VERDICTS_RU: Final = {"better": "лучше, чем год назад", "worse": "хуже, чем год назад"}


def indicators(view: View) -> Told:
    """Return the indicators that differ surely from the municipality, have a norm, or changed since last year."""
    rows = [one for one in view.own("indicator_values", state="computed", breakdown="") if one["value"] is not None]
    around = {
        str(one["indicator_code"]): one
        for one in view.data.rows(
            "indicator_values", unit_level="municipality", unit_code=view.municipality_code, breakdown=""
        )
        if one["value"] is not None and (one["schools_count"] or 0) > 1
    }
    known = catalogue_indicators()
    rows = [one for one in rows if one["n"] is None or one["n"] >= view.settings.claim_from]
    told = [(known[str(one["indicator_code"])], one) for one in rows if str(one["indicator_code"]) in known]
    chosen = [(own, one) for own, one in told if _note(own, one, around.get(str(one["indicator_code"])))]
    # Norms and changes first: what differs from the municipality alone gives way when there is too much.
    chosen.sort(key=lambda item: item[1]["reaches_norm"] is None and item[1]["verdict"] not in _VERDICTS_RU)
    chosen = chosen[:_MOST]
    order = list(DIRECTIONS)
    chosen.sort(key=lambda item: (order.index(item[0].direction), item[0].title_ru))
    table_rows: list[Spec] = []
    last = ""
    for own, one in chosen:
        if own.direction != last:
            table_rows.append(row(DIRECTIONS[own.direction], kind="group"))
            last = own.direction
        other = around.get(own.code)
        table_rows.append(row(own.title_ru, _value(view, own, one), _around(view, own, other), _note(own, one, other)))
    columns = [
        ("Показатель", 4.4, "text"),
        ("Школа", 2.0, "number"),
        ("Муниципалитет", 2.0, "number"),
        ("Что это значит", 2.6, "text"),
    ]
    if not table_rows:
        return Told(None)
    computed = view.number([one for _, one in told], "посчитанных показателей")
    shown = view.number([one for _, one in chosen], "показанных показателей")
    text = (
        f"Посчитано показателей: {computed}; показаны {shown}: с нормой, изменившиеся за год и "
        "отличающиеся от муниципалитета больше, чем случайно."
    )
    return Told(section(text=[text], tables=[table("Показатели школы", columns, table_rows)]))


def _note(own: Indicator, one: Row, other: Row | None) -> str:
    """Return why an indicator is worth a line; an empty text when it is not."""
    notes: list[str] = []
    if one["norm"] is not None and one["reaches_norm"] is not None:
        notes.append("норма достигнута" if one["reaches_norm"] else "норма не достигнута")
    if one["verdict"] in _VERDICTS_RU:
        notes.append(_VERDICTS_RU[str(one["verdict"])])
    if other is not None and one["value_low"] is not None and own.unit_ru == "%":
        if one["value_low"] > other["value"]:
            notes.append("выше муниципального")
        elif one["value_high"] < other["value"]:
            notes.append("ниже муниципального")
    return "; ".join(notes)


def _value(view: View, own: Indicator, one: Row) -> str:
    value = view.figures.decimal(one, "value")
    unit = f"{ru.NBSP}%" if own.unit_ru == "%" else ""
    if one["value_low"] is None:
        return f"{value}{unit}"
    bounds = view.figures.interval(one, "value_low", "value_high", form="decimal")
    return f"{value}{unit} ({bounds})"


def _around(view: View, own: Indicator, other: Row | None) -> str:
    if other is None:
        return ru.DASH
    return view.figures.decimal(other, "value") + (f"{ru.NBSP}%" if own.unit_ru == "%" else "")
