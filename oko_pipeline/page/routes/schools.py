"""A school's data: what has come, what is wrong in it, its marks as a picture; the checks of the whole year."""

from collections.abc import Sequence

from starlette.responses import Response

from oko_pipeline.catalogue.records import record_forms
from oko_pipeline.catalogue.rules import rules
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.page.charts import MARKS, NARROW, WIDE, marks_chart
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.register import Row
from oko_pipeline.page.sessions import Viewer
from oko_pipeline.page.views import draw, not_found, show
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
    viewer, year = asked.viewer, asked.query("year")
    key = ("schools", viewer.role, viewer.unit_code, year)
    return show(desk, asked, "schools", drawn=desk.drawn.value(key, lambda: _drawn(desk, viewer, year)))


def _drawn(desk: Desk, viewer: Viewer, chosen: str) -> str:
    years = desk.register.years_of_schools(viewer)
    year = chosen or (years[0] if years else "")
    return draw(desk, "schools_found", years=years, year=year, rows=desk.register.schools(viewer, year))


def school(desk: Desk, asked: Asked) -> Response:
    """Show a school: completeness of its data, findings, results."""
    found, viewer = _school(desk, asked), asked.viewer
    key = ("school", viewer.role, viewer.unit_code, found["school_year"], found["school_code"])
    return show(
        desk, asked, "school", school=found, drawn=desk.drawn.value(key, lambda: _school_drawn(desk, viewer, found))
    )


def _school_drawn(desk: Desk, viewer: Viewer, found: Row) -> str:
    results = desk.register.results(found)
    return draw(
        desk,
        "school_found",
        school=found,
        years=desk.register.years_of_schools(viewer),
        sources=desk.register.completeness(found),
        states=STATES_RU,
        kinds={code: kind.title_ru for code, kind in source_kinds().items()},
        forms={code: form.title_ru for code, form in record_forms().items()},
        findings=desk.register.findings(found),
        rules={code: rule.title_ru for code, rule in rules().items()},
        results=results,
        titles=_titles(results),
        marks=MARKS,
        hide_below=desk.settings.hide_below,
    )


def marks(desk: Desk, asked: Asked) -> Response:
    """Send the picture of a school's marks, on request for a narrow screen."""
    found = _school(desk, asked)
    is_narrow = asked.query("narrow") == "1"
    key = ("marks", found["school_year"], found["school_code"], is_narrow)
    drawn = desk.drawn.value(key, lambda: _marks_drawn(desk, found, is_narrow=is_narrow))
    return Response(drawn, media_type="image/svg+xml")


def _marks_drawn(desk: Desk, found: Row, *, is_narrow: bool) -> str:
    results = desk.register.results(found)
    return marks_chart(results, _titles(results), desk.settings.hide_below, NARROW if is_narrow else WIDE)


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
