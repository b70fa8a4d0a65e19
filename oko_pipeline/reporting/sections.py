"""Sections of a context: finished texts, points, tables and charts, which the template puts under its headings.

`defaults.writer.Writer.section` writes their tags. A section without anything to say is None: its heading goes too.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.figures import Figures

RESTRICTED_FIGURES: Final = "restricted_figures"
Context = dict[str, Any]
Spec = dict[str, Any]


def section(
    *,
    text: Sequence[str] = (),
    points: Sequence[str] = (),
    tables: Sequence[Spec | None] = (),
    charts: Sequence[Spec | None] = (),
    note: str = "",
) -> Spec | None:
    """Return a section, None when it has neither text, points, tables nor charts (a note alone is no section)."""
    made: Spec = {
        "text": [paragraph for paragraph in text if paragraph],
        "points": [point for point in points if point],
        "tables": [table for table in tables if table is not None],
        "charts": [chart for chart in charts if chart is not None],
        "note": note,
    }
    return made if any(made[part] for part in ("text", "points", "tables", "charts")) else None


def reference(name: str) -> str:
    """Return what a text says in the place of the number of the table or chart of that name: «(таблица {…})»."""
    return f"[[{name}]]"


def table(
    title: str, columns: Sequence[tuple[str, float, str]], rows: Sequence[Spec], *, name: str = ""
) -> Spec | None:
    """Return a table specification (`word.tables`), None when there are no rows.

    Args:
        title: the caption; says what the table holds.
        columns: title, relative width and kind (text or number) of each column.
        rows: see `row`.
        name: latin identifier, unique in the document, by which texts refer to the table (`reference`).
    """
    if not rows:
        return None
    named = {"name": name} if name else {}
    return named | {
        "block": "table",
        "title": title,
        "columns": [{"title": text, "weight": weight, "kind": kind} for text, weight, kind in columns],
        "rows": list(rows),
    }


def row(*cells: str, kind: str = "plain", shades: Sequence[str | None] = ()) -> Spec:
    """Return a table's row; fewer cells than columns stretch the last one.

    Args:
        cells: texts.
        kind: plain, own (bold: the unit that the document is about), group (a heading among rows) or form (high
            enough to be filled in by hand).
        shades: shades of the cells in their order (`word.tables.SHADES`), None for a plain one; the last ones may lack.
    """
    shaded: list[Any] = list(cells)
    for position, shade in enumerate(shades):
        if shade is not None:
            shaded[position] = {"text": cells[position], "shade": shade}
    return {"cells": shaded, "kind": kind}


def chart(kind: str, caption: str, alt: str, categories: Sequence[str], series: Sequence[Spec], **look: Any) -> Spec:
    """Return a chart specification (`word.charts`).

    Args:
        kind: stacked, histogram, profile, bars, line, interval, funnel, strip or before_after.
        caption: what the chart shows.
        alt: its finding in words, for those who cannot see it; never the same for every unit.
        categories: labels of the category axis.
        series: `{"name", "role", "values"}` each; the role names the fill.
        look: axis_title, value_title, width_mm, height_mm where the defaults do not fit; what `word.charts` names for
            the kind; `name`, by which texts refer to the chart (`reference`).
    """
    defaults = {"axis_title": "", "value_title": "", "width_mm": 165, "height_mm": 75}
    return (
        {"block": "chart", "kind": kind, "caption": caption, "alt": alt}
        | {"categories": list(categories), "series": [dict(one) for one in series]}
        | defaults
        | look
    )


def series(name: str, role: str, values: Sequence[float | None], **more: Sequence[Any]) -> Spec:
    """Return a series of a chart.

    Args:
        name: what the legend or the end of the line says.
        role: its look, see `word.chart_looks.ROLES`.
        values: numbers as the chart shows them; None is a gap.
        more: `low` and `high` (bounds of intervals), `x` (participants, in a funnel), `own` (positions of points to
            stress), `labels` (texts of single points, None for the others).
    """
    return {"name": name, "role": role, "values": list(values)} | {key: list(value) for key, value in more.items()}


def heading(data: CycleData, unit_level: str, unit_code: str, title: str) -> Context:
    """Return what the title page and the properties of every document need."""
    municipality = ""
    if unit_level == "school":
        school = next(iter(data.rows("schools", school_code=unit_code)), None)
        if school is not None:
            municipality = data.unit_name("municipality", str(school["municipality_code"]))
    return {
        "title": title,
        "authority": data.settings.authority_ru,
        "territory": data.settings.territory_ru,
        "unit_level": unit_level,
        "unit_code": unit_code,
        "unit_name": data.unit_name(unit_level, unit_code),
        "municipality_name": municipality,
        "school_year": ru.school_year_words(data.school_year),
        "approval_position": "Директор" if unit_level == "school" else "Руководитель",
    }


def finished(
    context: Mapping[str, Any], data: CycleData, figures: Figures, restricted: Figures | None = None
) -> Context:
    """Return the context with its figures and with what the appendix says about their sources.

    Args:
        context: the sections.
        data: the rows of the year.
        figures: numbers that are kept beside the document and compared with its next issue.
        restricted: numbers about single people: they are read back as all others, but kept nowhere.
    """
    every = Figures()
    every.taken = figures.taken + ([] if restricted is None else restricted.taken)
    made = {**context, "figures": figures.taken, "provenance": provenance(data, every), "changes": None}
    return made if restricted is None else {**made, RESTRICTED_FIGURES: restricted.taken}


def every_figure(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all figures of a context, those about single people too."""
    return [*context.get("figures", ()), *context.get(RESTRICTED_FIGURES, ())]


def provenance(data: CycleData, figures: Figures) -> Spec | None:
    """Return the text and the table about the sources of a document's numbers, None when it has no numbers."""
    from oko_pipeline.catalogue.all_tables import any_table  # noqa: PLC0415 - reads the descriptions of registers

    counts: dict[str, int] = {}
    for figure in figures.taken:
        counts[figure["table"]] = counts.get(figure["table"], 0) + 1
    named = sorted(name for name in counts if name)
    if not named:
        return None
    rows = [row(any_table(name).title_ru, name, ru.whole(counts[name]), _day(data.days.get(name))) for name in named]
    columns = [
        ("Что взято", 5.0, "text"),
        ("Таблица", 3.0, "text"),
        ("Чисел", 1.5, "number"),
        ("Обновлена", 2.0, "text"),
    ]
    taken = ru.counted(sum(counts.values()), ("число", "числа", "чисел"))
    return {
        "text": (
            f"В документе {taken} из таблиц базы. Строку таблицы, файл и ячейки, из которых число получено, называет "
            "команда oko trace."
        ),
        "table": table("Таблицы, из которых взяты числа", columns, rows),
    }


def _day(iso: str | None) -> str:
    return ru.DASH if iso is None else ".".join(reversed(iso[:10].split("-")))
