"""A school's data: what has come, what is wrong in it, its marks as a picture; the checks of the whole year."""

from collections.abc import Sequence

from starlette.responses import Response

from oko_pipeline.catalogue.rules import rules
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.page.charts import MARKS, marks_chart
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.register import Row
from oko_pipeline.page.views import not_found, show
from oko_pipeline.reporting.labels import work_ru

STATES_RU = {
    "expected": "ожидается",
    "received": "пришло без строк",
    "returned": "возвращено с замечаниями",
    "accepted": "принято",
    "late": "просрочено",
}


def listing(desk: Desk, asked: Asked) -> Response:
    """Show the schools whose data the viewer sees, by code."""
    years = desk.register.years_of_schools(asked.viewer)
    year = asked.query("year") or (years[0] if years else "")
    return show(desk, asked, "schools", years=years, year=year, rows=desk.register.schools(asked.viewer, year))


def school(desk: Desk, asked: Asked) -> Response:
    """Show a school: completeness of its data, findings, results."""
    found = _school(desk, asked)
    results = desk.register.results(found)
    return show(
        desk,
        asked,
        "school",
        school=found,
        years=desk.register.years_of_schools(asked.viewer),
        sources=desk.register.completeness(found),
        states=STATES_RU,
        kinds={code: kind.title_ru for code, kind in source_kinds().items()},
        findings=desk.register.findings(found),
        rules={code: rule.title_ru for code, rule in rules().items()},
        results=results,
        titles=_titles(results),
        marks=MARKS,
        hide_below=desk.settings.hide_below,
    )


def marks(desk: Desk, asked: Asked) -> Response:
    """Send the picture of a school's marks."""
    results = desk.register.results(_school(desk, asked))
    return Response(marks_chart(results, _titles(results), desk.settings.hide_below), media_type="image/svg+xml")


def checks(desk: Desk, asked: Asked) -> Response:
    """Show the checks of a year's last run."""
    years = desk.register.check_years()
    year = asked.query("year") or (years[0] if years else "")
    return show(desk, asked, "checks", years=years, year=year, rows=desk.register.checks(year))


def _school(desk: Desk, asked: Asked) -> Row:
    found = desk.register.school(asked.viewer, asked.id("year"), asked.id("school"))
    if found is None:
        raise not_found()
    return found


def _titles(results: Sequence[Row]) -> list[str]:
    return [work_ru(row["assessment_id"]) for row in results]
