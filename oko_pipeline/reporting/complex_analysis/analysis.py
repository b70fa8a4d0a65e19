"""The complex analysis of several procedures: of a municipality by groups of alike schools, and of a school."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis import advice, results
from oko_pipeline.reporting.complex_analysis.agreement import agreement
from oko_pipeline.reporting.complex_analysis.change import dynamics
from oko_pipeline.reporting.complex_analysis.columns import told_table
from oko_pipeline.reporting.complex_analysis.comparison import municipality_comparison, school_comparison
from oko_pipeline.reporting.complex_analysis.deficits import deficits
from oko_pipeline.reporting.complex_analysis.gaps import gaps
from oko_pipeline.reporting.complex_analysis.results import Result
from oko_pipeline.reporting.complex_analysis.risks import municipality_risks, school_risks
from oko_pipeline.reporting.complex_analysis.studies import studies
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import SharedRows, View, is_exam, municipality_view, school_view
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_MUNICIPALITY_TITLE: Final = "Комплексный анализ результатов оценочных процедур"
_SCHOOL_TITLE: Final = "Комплексный анализ результатов ОО"
_FIRST: Final = 5
_CLEAR_NAMED: Final = 3
_MOST_TRACED: Final = 30
"""Rows of other schools that a figure names: those of a large group would be longer than the document."""
_BESIDE_COLUMNS: Final = (
    ("Работа, экзамен", 2.5, "text"),
    ("n", 0.6, "number"),
    ("Среднее", 1.5, "number"),
    ("Школа", 1.8, "number"),
    ("Остальные ОО группы", 1.5, "number"),
    ("Разность, п. п. (95 %)", 2.5, "number"),
    ("Муниципалитет", 1.85, "number"),
)
_COMPARISONS: Final = ("сравнение", "сравнения", "сравнений")


def municipality_documents(data: CycleData) -> Iterator[Content]:
    """Yield the complex analysis of each municipality that has results or recommendations."""
    for code in data.municipalities():
        view = municipality_view(data, code)
        found = results.results(data, "municipality", code)
        if found:
            yield Content(code, _municipality_context(view, found))


def school_documents(data: CycleData) -> Iterator[Content]:
    """Yield the complex analysis of each school that has results, in order of codes."""
    shared: SharedRows = {}
    for school in data.schools():
        view = school_view(data, school, shared)
        found = results.results(data, "school", view.code)
        if any(one.participants >= data.settings.hide_below for one in found):
            yield Content(view.code, _school_context(view, found))


def _municipality_context(view: View, found: Sequence[Result]) -> Context:
    own = [
        *advice.recommendations(view, "municipality", view.code),
        *advice.recommendations(view, "all", "all"),
    ]
    parts = {
        "comparison": municipality_comparison(view),
        "dynamics": dynamics(view),
        "agreement": agreement(view, found),
        "deficits": deficits(view),
        "risks": municipality_risks(view),
        "gaps": gaps(view),
    }
    level = [results.coverage_point(view, found), results.lowest_point(view, found)]
    context = heading(view.data, "municipality", view.code, _MUNICIPALITY_TITLE) | {
        "settings": _settings(view),
        "sections": {
            "procedures": section(tables=[results.side_by_side(view, found)]),
            "works": section(text=[results.unmarked_text(found)], tables=[_municipality_works(view, found)]),
            "studies": studies(view),
            "first": section(points=advice.first_points(own, _FIRST)),
            "schools_advice": section(tables=[advice.schools_table(view)]),
            **{name: told.section for name, told in parts.items()},
            "main": _main(level, parts),
        },
        "advice": advice.full_parts(own, view.figures),
    }
    return finished(context, view.data, view.figures)


def _main(level: Sequence[str], parts: dict[str, Told]) -> Spec | None:
    points = [point for point in level if point]
    for told in parts.values():
        points += told.points
    return section(points=points)


def _settings(view: View) -> dict[str, object]:
    settings = view.settings
    return {
        "hide_below": settings.hide_below,
        "claim_from": settings.claim_from,
        "detail_from": settings.detail_from,
    }


def _municipality_works(view: View, found: Sequence[Result]) -> Spec | None:
    """Return all works with the number of schools above, at and below what is expected."""
    extra: dict[str, tuple[str, ...]] = {}
    for one in found:
        if is_exam(one.scope):
            continue
        rows = view.of_schools("contextual_results", scope_kind="assessment", scope_code=one.scope)
        if any(judged["verdict"] != "insufficient" for judged in rows):
            counts = [view.figures.count(rows.where(verdict=name)) for name in ("above", "expected", "below")]
            extra[one.scope] = (" / ".join(counts),)
    titles = (("ОО выше / как / ниже ожидаемого", 1.8, "number"),) if extra else ()
    return results.by_procedure(view, found, extra, titles)


def _school_context(view: View, found: Sequence[Result]) -> Context:
    own = advice.recommendations(view, "school", view.code)
    beside = beside_others(view, found)
    parts = {
        "beside": beside,
        "comparison": school_comparison(view),
        "dynamics": dynamics(view),
        "agreement": agreement(view, found),
        "deficits": deficits(view),
        "risks": school_risks(view),
        "gaps": gaps(view),
    }
    level = [results.coverage_point(view, found), results.lowest_point(view, found)]
    context = heading(view.data, "school", view.code, _SCHOOL_TITLE) | {
        "settings": _settings(view),
        "peers": _peers_text(view),
        "sections": {
            "procedures": section(tables=[results.side_by_side(view, found)]),
            "studies": studies(view),
            "first": section(points=advice.first_points(own, _FIRST)),
            **{name: told.section for name, told in parts.items()},
            "main": _main(level, parts),
        },
        "advice": advice.short_parts(own, view.figures),
    }
    return finished(context, view.data, view.figures)


def _peers_text(view: View) -> str:
    group = view.group(view.code)
    if group is None:
        return "Группы сопоставимых ОО у школы нет: рядом показаны остальные ОО муниципалитета."
    return (
        f"Группа сопоставимых ОО: {group['group_title_ru']}; всего в группе "
        f"{view.figures.whole(group, 'group_schools_count')} ОО, рядом показаны остальные ОО группы вместе."
    )


def beside_others(view: View, found: Sequence[Result]) -> Told:
    """Return a school's works beside the other schools of its group and beside its municipality."""
    peers = view.peers()
    around = {one.scope: one for one in results.results(view.data, "municipality", view.municipality_code)}
    rows: list[Spec] = []
    clear: list[tuple[Result, str]] = []
    compared: list[Result] = []
    for code, title in results.procedures(found).items():
        own = [one for one in found if one.procedure == code and one.n >= view.settings.claim_from]
        if not own:
            continue
        rows.append(row(title, kind="group"))
        for one in own:
            gap = _gap(view, one, peers)
            compared += [one] * (gap.value != ru.DASH)
            if gap.is_clear:
                clear.append((one, f"{one.title_ru} ({gap.value}{ru.NBSP}п.{ru.NBSP}п.)"))
            rows.append(
                row(
                    one.title_ru,
                    results.participants_text(view, one),
                    results.mean_text(view, one) or ru.DASH,
                    results.reached_text(view, one),
                    gap.others,
                    gap.value if gap.value == ru.DASH else f"{gap.value} ({gap.bounds})" + "*" * gap.is_clear,
                    _around(view, around.get(one.scope)),
                )
            )
    text = _clear_text(view, compared, clear)
    made = told_table("Школа и остальные ОО: достигли минимального уровня, %", _BESIDE_COLUMNS, rows)
    unmarked = _unmarked_table(view, found, around)
    return Told(section(text=[results.unmarked_text(found)], tables=[made, unmarked]), (text,) if text else ())


def _unmarked_table(view: View, found: Sequence[Result], around: dict[str, Result]) -> Spec | None:
    """Return the works of procedures without marks: only their mean percent can be told."""
    rows: list[Spec] = []
    for code, title in results.procedures(found).items():
        own = [one for one in found if one.procedure == code]
        shown = [one for one in own if one.participants >= view.settings.claim_from]
        if any(one.n for one in own) or not shown:
            continue
        rows.append(row(title, kind="group"))
        for one in shown:
            other = around.get(one.scope)
            cells = (results.participants_text(view, one), results.mean_text(view, one) or ru.DASH)
            rows.append(
                row(one.title_ru, *cells, ru.DASH if other is None else results.mean_text(view, other) or ru.DASH)
            )
    columns = [
        ("Работа", 4.0, "text"),
        ("Участников", 1.7, "number"),
        ("Средний процент, школа", 1.8, "number"),
        ("Средний процент, муниципалитет", 2.2, "number"),
    ]
    return table("Работы без отметок: средний процент выполнения", columns, rows)


@dataclass(frozen=True, slots=True)
class _Gap:
    """How far a school's share is from that of the other schools together, in words."""

    others: str = ru.DASH
    value: str = ru.DASH
    bounds: str = ""
    is_clear: bool = False


def _gap(view: View, one: Result, peers: Sequence[str]) -> _Gap:
    other = results.others_share(view, one, peers) if peers else None
    if other is None or other[0].n < view.settings.claim_from:
        return _Gap()
    figures = view.figures
    traced = other[1] if len(other[1]) <= _MOST_TRACED else other[1][:1]
    others = figures.computed(other[0].value, "доля у остальных ОО группы вместе", traced, form="percent_number")
    if one.share is None or one.n < view.settings.claim_from:
        return _Gap(others)
    value, low, high = results.difference(one.share, other[0])
    used = [one.row, *other[1]] if len(other[1]) <= _MOST_TRACED else [one.row]
    told = [
        figures.computed(bound, f"разность с остальными ОО{what}", used, form="signed", digits=digits)
        for bound, what, digits in (
            (value, "", 1),
            (low, ": нижняя граница Ньюкомба", 0),
            (high, ": верхняя граница Ньюкомба", 0),
        )
    ]
    return _Gap(others, told[0], f"{told[1]}…{told[2]}", low > 0 or high < 0)


def _around(view: View, one: Result | None) -> str:
    return ru.DASH if one is None else results.reached_value(view, one)


def _clear_text(view: View, compared: Sequence[Result], clear: Sequence[tuple[Result, str]]) -> str:
    """Say how many differences from the other schools are more than chance, and name the first by procedure."""
    if not compared:
        return ""
    rows = [one.row for one in compared]
    number = f"{view.number(rows, 'сравнений с остальными ОО группы')}{ru.NBSP}{ru.plural(len(rows), _COMPARISONS)}"
    start = f"С остальными ОО группы проведено {number} по доле достигших минимального уровня"
    if not clear:
        return f"{start}: отличий больше случайных нет."
    chance = len(rows) * 0.05
    by_chance = ""
    if chance >= 1:
        about = view.figures.computed(chance, "5 % от числа сравнений", rows[:_MOST_TRACED], form="whole", digits=0)
        by_chance = f" (случайно могло бы возникнуть около {about})"
    found = view.number([one.row for one, _ in clear], "отличий больше случайных")
    named: dict[str, list[str]] = {}
    for one, title in clear[:_CLEAR_NAMED]:
        named.setdefault(one.procedure_ru, []).append(f"{title[:1].lower()}{title[1:]}")
    told = "; ".join(f"{procedure} — {', '.join(titles)}" for procedure, titles in named.items())
    more = f" и ещё {ru.whole(len(clear) - _CLEAR_NAMED)}" if len(clear) > _CLEAR_NAMED else ""
    return f"{start}; отличий больше случайных — {found}{by_chance}: {told}{more}."
