"""Draft of the regulation of the assessment system: indicators, sources, procedures and terms that really are."""

from collections.abc import Callable, Iterator
from typing import Final

from oko_pipeline.catalogue.indicators import DIRECTIONS, indicators
from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.registries.registers import cell
from oko_pipeline.reporting.registries.scope import Scope, scopes, sorted_rows
from oko_pipeline.reporting.sections import Spec, finished, heading, row, section, table

TITLES: Final = {
    "municipality": "Положение о муниципальной системе оценки качества образования",
    "school": "Положение о школьной системе оценки качества образования",
}
_ACTS: Final = ("regulation", "order", "programme")
_COMPUTED: Final = ("computed", "insufficient")
_RECEIVED: Final = ("accepted", "received")


def regulation_of(level: str) -> Callable[[CycleData], Iterator[Content]]:
    """Return the builder of the drafts for the units of a level that have indicators or procedures of their own."""

    def build(data: CycleData) -> Iterator[Content]:
        for scope in scopes(data, level):
            sections = {
                "acts": _acts(scope),
                "indicators": _indicators(scope),
                "sources": _sources(scope),
                "procedures": _procedures(scope),
                "calendar": _calendar(scope),
            }
            if sections["indicators"] is None and sections["procedures"] is None:
                continue
            context = heading(data, level, scope.code, TITLES[level]) | {"sections": sections}
            yield Content(scope.code, finished(context, data, scope.figures))

    return build


def _acts(scope: Scope) -> Spec | None:
    rows = [one for one in sorted_rows(scope.register("evidence_documents"), "act_on") if one["kind"] in _ACTS]
    points = [
        f"{ru.sentence_start(answer_ru(one, 'kind'))} от {day_ru(one['act_on'])} № {one['act_number'] or ru.DASH} "
        f"{ru.quoted(str(one['title']))}."
        for one in rows
    ]
    return section(points=points)


def _indicators(scope: Scope) -> Spec | None:
    """Return the indicators that the year has data for, by direction, with unit, norm and source."""
    known = indicators()
    rows = {str(one["indicator_code"]): one for one in scope.own("indicator_values", state=_COMPUTED)}
    told: list[Spec] = []
    for direction, title in DIRECTIONS.items():
        own = [
            (one, rows[code])
            for code, one in known.items()
            if code in rows and one.direction == direction and not code.startswith("self_assessment.")
        ]
        if own:
            told.append(row(title, kind="group"))
            told += [row(one.title_ru, one.unit_ru, _norm(scope, found), one.source_ru) for one, found in own]
    columns = [
        ("Показатель", 5.0, "text"),
        ("Единица", 1.1, "text"),
        ("Норма", 1.1, "number"),
        ("Источник", 4.0, "text"),
    ]
    return section(tables=[table("Показатели и их источники", columns, told)])


def _norm(scope: Scope, found: Row) -> str:
    return ru.DASH if found["norm"] is None else scope.figures.decimal(found, "norm")


def _sources(scope: Scope) -> Spec | None:
    """Return the kinds of data that came this year, with their terms."""
    known = source_kinds()
    rows = scope.own("source_completeness", state=_RECEIVED)
    kinds: dict[str, Row] = {}
    for one in rows:
        kinds.setdefault(str(one["kind"]), one)
    told = [
        row(known[kind].title_ru, known[kind].origin_ru, day_ru(kinds[kind]["due_on"]))
        for kind in known
        if kind in kinds
    ]
    columns = [("Данные", 3.6, "text"), ("Откуда", 6.0, "text"), ("Срок", 1.5, "text")]
    return section(tables=[table("Данные, их происхождение и сроки", columns, told)])


def _procedures(scope: Scope) -> Spec | None:
    rows = sorted_rows(scope.register("procedure_schedule"), "planned_on", "procedure_number")
    names = ("procedure", "subject", "grade", "planned_on", "minutes", "need")
    told = [row(*(cell(scope, one, name) for name in names)) for one in rows]
    columns = [
        ("Процедура", 3.2, "text"),
        ("Предмет", 2.0, "text"),
        ("Класс", 1.0, "text"),
        ("Срок", 1.5, "text"),
        ("Минут", 1.0, "number"),
        ("Зачем", 3.0, "text"),
    ]
    return section(tables=[table("Процедуры года", columns, told)])


def _calendar(scope: Scope) -> Spec | None:
    """Return the rows of the chosen programmes with their terms and who answers for them."""
    titles = {
        str(one["duty_id"]): one for one in scope.data.rows("roadmap_levels", municipality_code=scope.municipality_code)
    }
    rows = [
        one for one in scope.own("roadmap_execution") if str(one["duty_id"]) in titles and one["due_on"] is not None
    ]
    rows.sort(key=lambda one: (str(one["due_on"]), str(one["duty_id"])))
    told = [
        row(
            str(titles[str(one["duty_id"])]["title"]),
            day_ru(one["due_on"]),
            str(titles[str(one["duty_id"])]["responsible"] or ru.DASH),
        )
        for one in rows
    ]
    columns = [("Что делается", 6.5, "text"), ("Срок", 1.6, "text"), ("Кто отвечает", 3.0, "text")]
    return section(tables=[table("Порядок и сроки", columns, told)])
