"""Open documents. Every number is one of `public_cells`: what is hidden in one document is shown in no other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Builder, Content
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.public.results import (
    PROCEDURES,
    WORDS,
    OpenResult,
    counted,
    open_results,
    results_section,
)
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_ACCEPTED: Final = ("accepted", "edited")
_MOST_ADVICE: Final = 4
_MOST_ROWS: Final = 12


def public_report(data: CycleData) -> Iterator[Content]:
    """Make the open report of each municipality with a result that may be shown."""
    yield from _reports(data, "municipality", "Публичный отчёт об оценке качества образования")


def public_school_report(data: CycleData) -> Iterator[Content]:
    """Make the report for the site of each school with a result that may be shown."""
    yield from _reports(data, "school", "Итоги оценки качества образования")


def parents_page(data: CycleData) -> Iterator[Content]:
    """Make the page for parents of each school with a result that may be shown."""
    for code in _units(data, "school"):
        figures = Figures()
        context = heading(data, "school", code, "Родителям о результатах года") | {
            "minimum": ru.whole(data.settings.public_hide_below),
            "sections": {"results": _short_table(data, code, figures), "advice": _advice(data, code, figures)},
        }
        yield Content(code, finished(context, data, figures))


def _reports(data: CycleData, unit_level: str, title: str) -> Iterator[Content]:
    for code in _units(data, unit_level):
        figures = Figures()
        sections: dict[str, Spec | None] = {
            procedure: results_section(open_results(data, unit_level, code, procedure), procedure, figures)
            for procedure in PROCEDURES
        }
        context: Context = heading(data, unit_level, code, title) | {
            "minimum": ru.whole(data.settings.public_hide_below),
            "sections": sections,
        }
        yield Content(code, finished(context, data, figures))


def _units(data: CycleData, unit_level: str) -> list[str]:
    rows = data.rows("public_cells", unit_level=unit_level, state="shown")
    return sorted({str(one["unit_code"]) for one in rows})


def _short_table(data: CycleData, school_code: str, figures: Figures) -> Spec | None:
    """Return the shown results of all procedures in one short table, and how many are hidden."""
    rows: list[Spec] = []
    hidden: list[OpenResult] = []
    for procedure in PROCEDURES:
        found = open_results(data, "school", school_code, procedure)
        shown = [result for result in found if result.is_shown]
        hidden += [result for result in found if not result.is_shown]
        if shown:
            rows.append(row(WORDS[procedure].caption, kind="group"))
            good = WORDS[procedure].steps["good"]
            rows += [
                row(
                    result.title,
                    figures.whole(result.cells["good"], "participants_count"),
                    f"{good}: {figures.percent(result.cells['good'], 'share', 0)}",
                )
                for result in shown
            ]
    left = len(rows) - _MOST_ROWS
    text = [_hidden_text(hidden, figures)] if hidden else []
    if left > 0:
        text.append("Показаны не все работы; остальные — в итогах для сайта ОО.")
    columns = [("Что писали", 5.0, "text"), ("Участников", 2.0, "number"), ("Результат", 3.0, "text")]
    return section(text=text, tables=[table("Итоги года в вашей ОО", columns, rows[:_MOST_ROWS])])


def _hidden_text(hidden: Sequence[OpenResult], figures: Figures) -> str:
    works = counted(hidden, ("работе или экзамену", "работам и экзаменам", "работам и экзаменам"), figures)
    return f"По {works} участников мало, и общие числа не публикуются: за ними стоял бы результат отдельных детей."


def _advice(data: CycleData, school_code: str, figures: Figures) -> Spec | None:
    """Return what the school accepted to advise to parents; proposals that no person has seen are not published."""
    minimum = data.settings.public_hide_below
    rows = data.rows("recommendations", unit_level="school", unit_code=school_code, addressee="parents")
    open_rows = [
        one
        for one in rows
        if one["state"] in _ACCEPTED and not one["is_held_back"] and (one["reach_count"] or minimum) >= minimum
    ]
    return section(points=[figures.text(one, "text_ru") for one in open_rows[:_MOST_ADVICE]])


BUILDERS: Final[Mapping[str, Builder]] = {
    "parents_page": parents_page,
    "public_report": public_report,
    "public_school_report": public_school_report,
}
