"""Indicators of a direction: of the municipality in a table and a chart, of its schools in order of codes."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.indicators import Indicator
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.directions.view import NoteView
from oko_pipeline.reporting.sections import Spec, chart, row, section, series, table

INDICATORS: Final = ("показатель", "показателя", "показателей")
_DATIVE: Final = ("показателю", "показателям", "показателям")
TOO_FEW: Final = "мало данных"
_VERDICTS_RU: Final = {
    "better": "лучше",
    "worse": "хуже",
    "no_evidence": "не отличается",
    "insufficient": "мало данных",
}
_MOST_CHARTED: Final = 12
_FEWEST_CHARTED: Final = 2
_FEWEST_SCHOOLS: Final = 2
_MOST_CUTS: Final = 10
"""An indicator told apart by more answers than this stands in the table of its register alone."""
_PERCENT: Final = "%"
_COLUMNS: Final = (
    ("Значение", 2.8, "number"),
    ("Человек", 1.4, "number"),
    ("ОО с данными", 1.2, "number"),
    ("Норма", 1.1, "number"),
    ("Год назад", 1.3, "number"),
    ("Изменение", 1.9, "text"),
)


def indicators_section(view: NoteView) -> Spec | None:
    """Return the municipality's indicators, one row each and one a cut, with a chart of the shares."""
    known = view.indicators()
    rows = [one for one in view.own("indicator_values", state="computed") if one["indicator_code"] in known]
    if not rows:
        return None
    whole = [one for one in rows if not one["breakdown"]]
    order = {code: place for place, code in enumerate(known)}
    told = sorted(rows, key=lambda one: (order[str(one["indicator_code"])], ru.natural(str(one["breakdown"]))))
    shares = [
        one for one in whole if known[str(one["indicator_code"])].unit_ru == _PERCENT and one["value_low"] is not None
    ]
    return section(
        text=[_change_text(known, rows)],
        charts=[_chart(view, known, shares)] if _FEWEST_CHARTED <= len(shares) <= _MOST_CHARTED else [],
        tables=[_table(view, known, told)],
    )


def schools_section(view: NoteView) -> Spec | None:
    """Return the note's key indicators of each school that has any, in order of codes."""
    known = view.indicators()
    codes = [code for code in view.note.by_school if code in known]
    by_school: dict[str, dict[str, Row]] = {}
    for one in view.of_schools("indicator_values", indicator_code=tuple(codes), breakdown=""):
        if one["state"] in ("computed", "insufficient"):
            by_school.setdefault(str(one["unit_code"]), {})[str(one["indicator_code"])] = one
    used = [code for code in codes if sum(code in own for own in by_school.values()) >= _FEWEST_SCHOOLS]
    told = {school: own for school, own in by_school.items() if any(code in own for code in used)}
    if not used:
        return None
    rows = [
        row(
            f"{view.data.unit_name('school', school)} ({school})",
            *(_school_value(view, known[code], told[school].get(code)) for code in used),
        )
        for school in sorted(told)
    ]
    columns = [("ОО", 4.0, "text"), *((known[code].title_ru, 2.2, "number") for code in used)]
    silent = len(view.schools) - len(told)
    known_of = view.number([next(iter(own.values())) for own in told.values()], "ОО с данными")
    every = view.figures.count(view.data.rows("schools", municipality_code=view.code))
    text = f"Данные есть у {known_of}{ru.NBSP}ОО из {every}."
    if silent:
        names = view.data.short_schools((code for code in view.schools if code not in told), 8)
        text += f" Нет данных: {names}."
    return section(text=[text], tables=[table("Показатели ОО, в порядке кодов", columns, rows)])


def _change_text(known: dict[str, Indicator], rows: Sequence[Row]) -> str:
    """Say which indicators changed surely or miss their norm; an empty text when there is nothing of the kind."""
    parts: list[str] = []
    for verdict, words in (("worse", "Хуже, чем год назад"), ("better", "Лучше, чем год назад")):
        names = [_name(known, one) for one in rows if one["verdict"] == verdict]
        if names:
            parts.append(f"{words}: {ru.listed(names, 4)}.")
    missed = [_name(known, one) for one in rows if one["reaches_norm"] is False]
    if missed:
        parts.append(f"Норма не достигнута: {ru.listed(missed, 4)}.")
    return " ".join(parts)


def _name(known: dict[str, Indicator], one: Row) -> str:
    own = known[str(one["indicator_code"])]
    cut = breakdown_ru(own, str(one["breakdown"]))
    title = ru.quoted(own.title_ru)
    return f"{title} ({cut})" if cut else title


def breakdown_ru(own: Indicator, breakdown: str) -> str:
    """Return a cut of an indicator in words: «round=final» → «итоговый»; an empty text for the whole."""
    if not breakdown:
        return ""
    register = record_tables().get(own.table)
    words: list[str] = []
    for part in breakdown.split(";"):
        name, _, value = part.strip().partition("=")
        column = None if register is None else register.column(name)
        if column is not None and column.choices:
            words.append(column.choices.get(value, value))
        else:
            words.append(f"{value}{ru.NBSP}класс" if name.endswith("grade") else value)
    return ", ".join(words)


def _table(view: NoteView, known: dict[str, Indicator], told: Sequence[Row]) -> Spec | None:
    crowded = {
        code for code, count in Counter(str(one["indicator_code"]) for one in told).items() if count > _MOST_CUTS
    }
    lines: list[tuple[str, list[str]]] = []
    last = ""
    for one in told:
        own = known[str(one["indicator_code"])]
        cut = breakdown_ru(own, str(one["breakdown"]))
        if cut and own.code in crowded:
            continue
        if cut and last != own.code:
            lines.append((own.title_ru, []))
        lines.append((ru.sentence_start(cut) if cut else own.title_ru, _cells(view, own, one)))
        last = own.code
    used = [place for place in range(len(_COLUMNS)) if any(cells and cells[place] != ru.DASH for _, cells in lines)]
    rows = [
        row(title, *(cells[place] for place in used)) if cells else row(title, kind="group") for title, cells in lines
    ]
    return table("Показатели направления", [("Показатель", 4.6, "text"), *(_COLUMNS[place] for place in used)], rows)


def _cells(view: NoteView, own: Indicator, one: Row) -> list[str]:
    figures = view.figures
    n = one["n"]
    return [
        value_text(view, own, one),
        figures.whole(one, "n") if n is not None else ru.DASH,
        figures.whole(one, "schools_count"),
        figures.decimal(one, "norm") if one["norm"] is not None else ru.DASH,
        _number(view, own, one, "previous_value"),
        _VERDICTS_RU.get(str(one["verdict"]), ru.DASH),
    ]


def value_text(view: NoteView, own: Indicator, one: Row) -> str:
    """Return a value with its interval: «38,8 % (37,5–40,1)»; a count as a whole number."""
    text = _number(view, own, one, "value")
    if own.unit_ru == _PERCENT:
        text += f"{ru.NBSP}%"
    if one["value_low"] is None:
        return text
    return f"{text} ({view.figures.interval(one, 'value_low', 'value_high', form='decimal', digits=1)})"


def _number(view: NoteView, own: Indicator, one: Row, column: str) -> str:
    value = one[column]
    if value is None:
        return ru.DASH
    is_whole = own.formula in ("count", "rows") and float(value).is_integer()
    return view.figures.whole(one, column) if is_whole else view.figures.decimal(one, column)


def _school_value(view: NoteView, own: Indicator, one: Row | None) -> str:
    if one is None:
        return ru.DASH
    if one["state"] != "computed" or one["value"] is None:
        return TOO_FEW
    text = _number(view, own, one, "value")
    if own.unit_ru != _PERCENT or one["n"] is None:
        return text
    bounds = (
        view.figures.interval(one, "value_low", "value_high", form="decimal") if one["value_low"] is not None else ""
    )
    size = view.figures.whole(one, "n")
    return f"{text} ({bounds}; n{ru.NBSP}={ru.NBSP}{size})" if bounds else f"{text} (n{ru.NBSP}={ru.NBSP}{size})"


def _chart(view: NoteView, known: dict[str, Indicator], shares: Sequence[Row]) -> Spec:
    titles = [ru.shortened(known[str(one["indicator_code"])].title_ru, 60) for one in shares]
    figures = view.figures
    widest = max(shares, key=lambda one: one["value_high"] - one["value_low"])
    gap = widest["value_high"] - widest["value_low"]
    name = known[str(widest["indicator_code"])].title_ru
    lowest, highest = (figures.decimal(choose(shares, key=lambda one: one["value"]), "value") for choose in (min, max))
    number = f"{view.number(shares, 'долей на рисунке')}{ru.NBSP}{ru.plural(len(shares), _DATIVE)}"
    width = figures.computed(gap, "ширина интервала", [widest])
    alt = (
        f"Доли по {number}, от {lowest} до {highest}{ru.NBSP}%; "
        f"наименее точен показатель {ru.quoted(name)}: интервал {width} процентного пункта."
    )
    points = series(
        "муниципалитет",
        "own",
        figures.values(shares, "value"),
        low=figures.values(shares, "value_low"),
        high=figures.values(shares, "value_high"),
    )
    return chart(
        "interval",
        "Доли направления и их 95-процентные интервалы, %",
        alt,
        titles,
        [points],
        height_mm=30 + 9 * len(shares),
    )
