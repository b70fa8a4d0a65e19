"""Reports on the execution of the roadmap: state of each row, overdue, not applicable, municipality and schools."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle import words
from oko_pipeline.reporting.cycle.parts import lean_table, percent_of
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import day_ru
from oko_pipeline.reporting.sections import Spec, chart, finished, heading, row, section, series, table

_TITLE: Final = "Отчёт об исполнении дорожной карты"
_PARTS: Final = (
    ("выполнено", "higher", words.DONE_STATES),
    ("частично", "mark_3", ("partly",)),
    ("просрочено", "lower", ("overdue",)),
    ("срок не наступил", "same", ("not_due",)),
    ("не применимо", "country", ("not_applicable",)),
)
_MOST_MISSING: Final = 8
_MOST_OVERDUE: Final = 25
_MOST_LACKING: Final = 4
_AHEAD: Final = "Срок впереди"
_ASIDE: Final = "Не применимо"
_OVERDUE_COLUMNS: Final = (
    ("Обязанность", 5.0, "text"),
    ("Срок", 1.8, "text"),
    ("Исполнитель", 2.8, "text"),
    ("Чего не хватает", 4.4, "text"),
)
_ASIDE_COLUMNS: Final = (("Обязанность", 6.0, "text"), ("Почему", 6.0, "text"))
_ROWS_COLUMNS: Final = (
    ("Обязанность", 5.4, "text"),
    ("Срок", 1.9, "text"),
    ("Исполнитель", 2.6, "text"),
    ("Состояние", 2.5, "text"),
    ("Чем подтверждено или чего не хватает", 5.0, "text"),
)
_SIDE_COLUMNS: Final = (
    ("Обязанность", 8.6, "text"),
    ("Срок", 2.0, "text"),
    ("Исполнитель", 4.0, "text"),
    ("Муниципалитет", 4.4, "text"),
    ("Всего ОО", 1.4, "number"),
    ("Выполнили", 2.2, "number"),
    ("Частично", 1.9, "number"),
    ("Просрочили", 2.3, "number"),
    (_ASIDE, 2.6, "number"),
)
_SCHOOLS_COLUMNS: Final = (
    ("ОО", 5.6, "text"),
    ("Строк", 1.3, "number"),
    ("Выполнено", 2.1, "number"),
    ("Частично", 1.8, "number"),
    ("Просрочено", 2.2, "number"),
    (_AHEAD, 1.8, "number"),
    (_ASIDE, 2.3, "number"),
)


@dataclass(frozen=True, slots=True)
class _Report:
    """What a report reads: the unit's own rows, and the titles of rows (`levels`) by id."""

    data: CycleData
    figures: Figures
    own: Rows
    levels: dict[str, Row]

    def title(self, one: Row) -> str:
        found = self.levels.get(str(one["duty_id"]))
        return str(one["duty_id"]) if found is None else str(found["title"])

    def term(self, one: Row) -> str:
        if one["due_on"] is not None:
            return day_ru(one["due_on"])
        found = self.levels.get(str(one["duty_id"]))
        return ru.DASH if found is None else str(found["term"])

    def responsible(self, one: Row) -> str:
        found = self.levels.get(str(one["duty_id"]))
        return ru.DASH if found is None else str(found["responsible"])


def municipality_reports(data: CycleData) -> Iterator[Content]:
    """Yield the report of each municipality that has rows to execute."""
    for code in data.municipalities():
        levels = data.rows("roadmap_levels", municipality_code=code)
        own = data.rows("roadmap_execution", unit_level="municipality", unit_code=code)
        if levels:
            report = _Report(data, Figures(), own, {str(one["duty_id"]): one for one in levels})
            yield Content(code, _municipality(report, code, levels))


def school_reports(data: CycleData) -> Iterator[Content]:
    """Yield the report of each school that has rows to execute."""
    levels = {
        code: {str(one["duty_id"]): one for one in data.rows("roadmap_levels", municipality_code=code)}
        for code in data.municipalities()
    }
    for school in data.schools():
        code = str(school["school_code"])
        own = data.rows("roadmap_execution", unit_level="school", unit_code=code)
        if own:
            report = _Report(data, Figures(), own, levels[str(school["municipality_code"])])
            yield Content(code, _school(report, code))


def _municipality(report: _Report, code: str, levels: Rows) -> dict[str, object]:
    schools = {str(one["school_code"]): str(one["school_name"]) for one in report.data.schools(code)}
    of_schools = report.data.rows("roadmap_execution", unit_level="school", unit_code=tuple(schools))
    sections = {
        "summary": section(
            text=[_counts(report, report.own, "У муниципалитета"), _counts(report, of_schools, "У ОО вместе")],
            charts=[_chart(report, report.own, "муниципалитета"), _chart(report, of_schools, "ОО")],
        ),
        "first": section(points=_missing(report, report.own)),
        "overdue": _overdue(report),
        "aside": _aside(report),
        "side": section(tables=[_side_by_side(report, levels)]),
        "schools": section(tables=[_schools(report, of_schools, schools)]),
    }
    return finished(heading(report.data, "municipality", code, _TITLE) | sections, report.data, report.figures)


def _school(report: _Report, code: str) -> dict[str, object]:
    sections = {
        "summary": section(text=[_counts(report, report.own, "У ОО")], charts=[_chart(report, report.own, "ОО")]),
        "first": section(points=_missing(report, report.own)),
        "overdue": _overdue(report),
        "aside": _aside(report),
        "rows": section(tables=[_rows(report)]),
    }
    return finished(heading(report.data, "school", code, _TITLE) | sections, report.data, report.figures)


def _counts(report: _Report, rows: Rows, who: str) -> str:
    if not rows:
        return ""
    parts = [f"{name} {report.figures.count(own)}" for name, _, states in _PARTS if (own := rows.where(state=states))]
    return f"{who} {report.figures.count(rows, words.ROWS)}: {ru.listed(parts)}."


def _chart(report: _Report, rows: Rows, whose: str) -> Spec | None:
    if not rows:
        return None
    directions = words.directions_in_order(rows)
    parts = [part for part in _PARTS if rows.where(state=part[-1])]
    shares: list[list[float | None]] = [[] for _ in parts]
    labels: list[str] = []
    for direction in directions:
        own = rows.where(direction=direction)
        title = words.direction_ru(direction)
        labels.append(f"{title} ({len(own)})")
        for column, (name, _, states) in zip(shares, parts, strict=True):
            column.append(percent_of(report.figures, own.where(state=states), own, f"{name}, {title}, у {whose}"))
    shown = [series(name, role, values) for (name, role, _), values in zip(parts, shares, strict=True)]
    most = _most_overdue(rows, directions)
    alt = f"Исполнение строк {whose} по направлениям. {most}"
    height = 22 + 8.5 * len(labels)
    caption = f"Исполнение строк {whose} по направлениям, % (в скобках — сколько строк)"
    return chart("stacked", caption, alt, labels, shown, height_mm=height)


def _most_overdue(rows: Rows, directions: Sequence[str]) -> str:
    late = [words.direction_ru(one) for one in directions if rows.where(direction=one, state="overdue")]
    return f"Просроченное есть в направлениях: {ru.listed(late)}." if late else "Просроченного нет."


def _missing(report: _Report, rows: Rows) -> list[str]:
    """Return what would close most rows: kinds of data and records that partly executed and overdue rows lack."""
    lacking: dict[str, list[Row]] = {}
    for one in rows.where(state=("partly", "overdue")):
        for name in str(one["missing"] or "").split("; "):
            if name:
                lacking.setdefault(name, []).append(one)
    ordered = sorted(lacking.items(), key=lambda item: (-len(item[1]), item[0]))[:_MOST_MISSING]
    return [
        f"{ru.quoted(name)} — "
        + report.figures.computed(len(found), f"строк, которым не хватает: {name}", found, form="whole")
        + ru.NBSP
        + ru.plural(len(found), words.ROWS)
        for name, found in ordered
    ]


def _overdue(report: _Report) -> Spec | None:
    late = report.own.where(state="overdue")
    ordered = sorted(late, key=lambda one: (str(one["due_on"] or ""), str(one["duty_id"])))
    lines = [
        row(
            report.title(one),
            report.term(one),
            report.responsible(one),
            _lacking(one) or str(one["reason"] or "записи об исполнении"),
        )
        for one in ordered
    ]
    more = ""
    if len(lines) > _MOST_OVERDUE:
        number = report.figures.computed(_MOST_OVERDUE, "показанных просроченных строк", late[:1], form="whole")
        shown = f"{number}{ru.NBSP}{ru.plural(_MOST_OVERDUE, ('строка', 'строки', 'строк'))}"
        more = f"Показаны {shown} с самыми ранними сроками из {report.figures.count(late)}; все — в приложении."
    title = "Просроченные строки, в порядке сроков"
    return section(text=[more], tables=[table(title, _OVERDUE_COLUMNS, lines[:_MOST_OVERDUE])])


def _lacking(one: Row) -> str:
    """Return what a row lacks, the first few kinds of data by name."""
    return ru.listed([name for name in str(one["missing"] or "").split("; ") if name], _MOST_LACKING)


def _aside(report: _Report) -> Spec | None:
    aside = report.own.where(state="not_applicable")
    lines = [row(report.title(one), str(one["reason"] or "причина не названа")) for one in aside]
    return section(tables=[table("Строки, которые не применимы", _ASIDE_COLUMNS, lines)])


def _rows(report: _Report) -> Spec | None:
    lines: list[Spec] = []
    several = _is_of_several(report.own)
    last = ""
    for one in words.in_programme_order(report.own):
        group = _group(one, several=several)
        if group != last:
            last = group
            lines.append(row(group, kind="group"))
        state = words.STATES_RU[str(one["state"])]
        lines.append(row(report.title(one), report.term(one), report.responsible(one), state, _evidence(one)))
    return table("Строки программы: срок, состояние, подтверждение", _ROWS_COLUMNS, lines)


def _is_of_several(rows: Rows) -> bool:
    return len({one["programme"] for one in rows}) > 1


def _group(one: Row, *, several: bool) -> str:
    """Return the title of a row's section; where there are several programmes, with the programme's."""
    section_title, programme = words.duty_section_ru(one), words.programme_ru(str(one["programme"]))
    if not section_title:
        return programme
    return f"{programme}. {section_title}" if several else section_title


def _evidence(one: Row) -> str:
    if one["state"] in ("partly", "overdue"):
        return f"не хватает: {_lacking(one)}" if one["missing"] else str(one["reason"] or ru.DASH)
    if one["state"] == "not_applicable":
        return str(one["reason"] or "причина не названа")
    source = str(one["evidence_ref"] or one["served_from"] or ru.DASH)
    return f"{source}, {day_ru(one['served_on'])}" if one["state"] == "done" and one["served_on"] else source


def _side_by_side(report: _Report, levels: Rows) -> Spec | None:
    """Return each row of the programmes with the municipality's state and the schools' counts beside it."""
    states = {str(one["duty_id"]): one for one in report.own}
    several = _is_of_several(levels)
    lines: list[Spec] = []
    last = ""
    for one in words.in_programme_order(levels):
        group = _group(one, several=several)
        if group != last:
            last = group
            lines.append(row(group, kind="group"))
        lines.append(_side_row(report, one, states.get(str(one["duty_id"]))))
    return lean_table("Муниципалитет и его ОО рядом, по разделам программы", _SIDE_COLUMNS, lines, (_ASIDE,))


def _side_row(report: _Report, level: Row, own: Row | None) -> Spec:
    state = "только ОО" if level["municipal_state"] is None else words.STATES_RU[str(level["municipal_state"])]
    # The day on which a table was computed says nothing about the duty and changes with every run.
    is_dated = level["municipal_on"] is not None and level["municipal_state"] == "done"
    on = f" {day_ru(level['municipal_on'])}" if is_dated else ""
    count = report.figures.whole
    columns = ("count", "done_count", "partly_count", "overdue_count", "not_applicable_count")
    schools = [count(level, f"schools_{name}") for name in columns] if level["schools_count"] else [ru.DASH] * 5
    term = str(level["term"]) if own is None else report.term(own)
    return row(str(level["title"]), term, str(level["responsible"]), f"{state}{on}", *schools)


def _schools(report: _Report, of_schools: Rows, names: dict[str, str]) -> Spec | None:
    lines: list[Spec] = []
    for code, name in names.items():
        own = of_schools.where(unit_code=code)
        if own:
            counts = [report.figures.count(own.where(state=states)) for _, _, states in _PARTS]
            lines.append(row(f"{name} ({code})", report.figures.count(own), *counts))
    title = "ОО в порядке кодов: сколько строк в каком состоянии"
    return lean_table(title, _SCHOOLS_COLUMNS, lines, (_AHEAD, _ASIDE))
