"""The complex analysis of several procedures: of a municipality by groups of alike schools, and of a school."""

from collections.abc import Iterator, Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis import advice, results
from oko_pipeline.reporting.complex_analysis.agreement import agreement
from oko_pipeline.reporting.complex_analysis.change import dynamics
from oko_pipeline.reporting.complex_analysis.comparison import municipality_comparison, school_comparison
from oko_pipeline.reporting.complex_analysis.deficits import deficits
from oko_pipeline.reporting.complex_analysis.gaps import gaps
from oko_pipeline.reporting.complex_analysis.results import Result
from oko_pipeline.reporting.complex_analysis.risks import municipality_risks, school_risks
from oko_pipeline.reporting.complex_analysis.studies import studies
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View, is_exam, municipality_view, school_view
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, section

_MUNICIPALITY_TITLE: Final = "Комплексный анализ результатов оценочных процедур"
_SCHOOL_TITLE: Final = "Комплексный анализ результатов ОО"
_FIRST: Final = 5
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
    for school in data.schools():
        view = school_view(data, school)
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
    level = [results.coverage_point(found), results.lowest_point(view, found)]
    context = heading(view.data, "municipality", view.code, _MUNICIPALITY_TITLE) | {
        "settings": _settings(view),
        "sections": {
            "procedures": section(tables=[results.side_by_side(view, found)]),
            "works": section(tables=[_municipality_works(view, found)]),
            "studies": studies(view),
            "first": section(points=advice.first_points(own, _FIRST)),
            "schools_advice": section(tables=[advice.schools_table(view)]),
            **{name: told.section for name, told in parts.items()},
            "main": _main(level, parts),
        },
        "advice": advice.full_parts(own),
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
        if any(row["verdict"] != "insufficient" for row in rows):
            counts = [view.figures.count(rows.where(verdict=name)) for name in ("above", "expected", "below")]
            extra[one.scope] = (" / ".join(counts),)
    titles = (("ОО выше / как / ниже ожидаемого", 1.8, "number"),) if extra else ()
    return results.by_procedure(view, found, extra, titles)


def _school_context(view: View, found: Sequence[Result]) -> Context:
    own = advice.recommendations(view, "school", view.code)
    beside = _beside(view, found)
    parts = {
        "beside": beside,
        "comparison": school_comparison(view),
        "dynamics": dynamics(view),
        "agreement": agreement(view, found),
        "deficits": deficits(view),
        "risks": school_risks(view),
        "gaps": gaps(view),
    }
    level = [results.coverage_point(found), results.lowest_point(view, found)]
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
        "advice": advice.short_parts(own),
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


def _beside(view: View, found: Sequence[Result]) -> Told:
    """Return a school's works beside the other schools of its group and beside its municipality."""
    peers = view.peers()
    around = {one.scope: one for one in results.results(view.data, "municipality", view.municipality_code)}
    extra: dict[str, tuple[str, ...]] = {}
    clear: list[str] = []
    compared = 0
    for one in found:
        cells = [results.reached_text(view, around[one.scope]) if one.scope in around else ru.DASH]
        other = results.others_share(view, one, peers) if peers else None
        gap_text = ru.DASH
        peers_text = ru.DASH
        claim = view.settings.claim_from
        if other is not None and other[0].n >= claim:
            used = [one.row, *other[1]]
            peers_text = view.figures.computed(
                other[0].value, "достигли минимального уровня у остальных ОО вместе", other[1], form="percent_number"
            )
            if one.share is not None and one.n >= claim:
                compared += 1
                value, low, high = results.difference(one.share, other[0])
                told = [
                    view.figures.computed(bound, f"разность с остальными ОО{what}", used, form="signed", digits=digits)
                    for bound, what, digits in (
                        (value, "", 1),
                        (low, ": нижняя граница Ньюкомба", 0),
                        (high, ": верхняя граница Ньюкомба", 0),
                    )
                ]
                is_clear = low > 0 or high < 0
                gap_text = f"{told[0]} (от{ru.NBSP}{told[1]} до{ru.NBSP}{told[2]})" + ("*" if is_clear else "")
                if is_clear:
                    clear.append(f"{one.title_ru}, {one.procedure_ru}: {told[0]}{ru.NBSP}п.{ru.NBSP}п.")
        extra[one.scope] = (peers_text, gap_text, *cells)
    titles = (
        ("Остальные ОО группы, %", 1.4, "number"),
        ("Разность, п. п. (95 %)", 2.2, "number"),
        ("Муниципалитет, %", 1.9, "number"),
    )
    text = _clear_text(compared, clear)
    found_section = section(text=[text], tables=[results.by_procedure(view, found, extra, titles)])
    return Told(found_section, (text,) if text else ())


def _clear_text(compared: int, clear: Sequence[str]) -> str:
    if not compared:
        return ""
    start = (
        f"С остальными ОО группы проведено {ru.counted(compared, _COMPARISONS)} по доле достигших минимального уровня"
    )
    if not clear:
        return f"{start}: отличий больше случайных нет."
    chance = compared * 0.05
    by_chance = f"; случайно могло бы возникнуть около {ru.decimal(chance, 0)}" if chance >= 1 else ""
    more = f" и ещё {ru.whole(len(clear) - 4)}" if len(clear) > 4 else ""
    return f"{start}; больше случайных отличий — {ru.whole(len(clear))}{by_chance}: {'; '.join(clear[:4])}{more}."
