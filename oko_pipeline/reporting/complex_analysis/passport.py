"""The passport of a school: what it is, its conditions, results over years, what was decided and what came of it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from oko_pipeline.catalogue.keys import previous_school_year
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis import advice, results
from oko_pipeline.reporting.complex_analysis.columns import told_table
from oko_pipeline.reporting.complex_analysis.conditions import conditions, contingent, social, staff
from oko_pipeline.reporting.complex_analysis.decisions import decisions
from oko_pipeline.reporting.complex_analysis.gaps import gaps
from oko_pipeline.reporting.complex_analysis.measures import indicators
from oko_pipeline.reporting.complex_analysis.results import Result
from oko_pipeline.reporting.complex_analysis.risks import school_risks
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import TOO_FEW, View, school_view, scope_ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_TITLE: Final = "Паспорт школы и адресные рекомендации"
_FIRST: Final = 4
_YEARS: Final = 3
_YEAR: Final = re.compile(r",? \d{4}(?:/\d{4})?$")
_TYPES_RU: Final = {
    "advanced": "лицей, гимназия или школа с углублённым изучением предметов",
    "secondary": "средняя школа",
    "basic": "основная или малокомплектная школа",
    "correctional": "коррекционная",
    "evening": "вечерняя",
    "closed": "закрытого типа",
    "penal": "при учреждении ФСИН",
}
_PLACES_RU: Final = {"city": "город", "town": "посёлок городского типа", "village": "село"}
_THIRDS_RU: Final = {1: "нижняя треть (неблагополучные условия)", 2: "средняя треть", 3: "верхняя треть"}
_CLUSTER_STATES_RU: Final = {
    "excluded": "вне сравнений (ОО особого вида)",
    "missing_data": "не определён: мало данных об условиях",
    "too_few_schools": "не строился: мало ОО с известными условиями",
    "no_structure": "не выделен: ОО не делятся на устойчивые кластеры",
}


def passports(data: CycleData) -> Iterator[Content]:
    """Yield the passport of each school of which more than its name is known, in order of codes."""
    for school in data.schools():
        view = school_view(data, school)
        own = advice.recommendations(view, "school", view.code)
        context = _context(view, school, own)
        if context is not None:
            yield Content(view.code, context)


def _context(view: View, school: Row, own: Sequence[Row]) -> Context | None:
    found = results.results(view.data, "school", view.code)
    parts = {
        "contingent": contingent(view),
        "social": social(view),
        "staff": staff(view),
        "conditions": conditions(view),
        "results": _results_by_year(view, found),
        "indicators": indicators(view),
        "risks": school_risks(view),
        "decisions": decisions(view),
    }
    if not own and all(told.section is None for told in parts.values()):
        return None
    parts["gaps"] = gaps(view)
    points = [point for told in parts.values() for point in told.points]
    context = heading(view.data, "school", view.code, _TITLE) | {
        "settings": {"hide_below": view.settings.hide_below, "claim_from": view.settings.claim_from},
        "sections": {
            "main": section(points=points),
            "first": section(points=advice.first_points(own, _FIRST)),
            "about": section(tables=[_about(view, school)]),
            "comparable": _comparable(view),
            **{name: told.section for name, told in parts.items()},
        },
        "advice": advice.full_parts(own, view.figures),
    }
    return finished(context, view.data, view.figures)


def _about(view: View, school: Row) -> Spec | None:
    """Return general facts, a row each; what is not known is left out."""
    facts = [("Код ОО", view.code), ("Муниципалитет", view.data.unit_name("municipality", view.municipality_code))]
    facts += [("Код в ОГЭ, в ЕГЭ", _codes(school))]
    group = view.data.row("school_groups", school_code=view.code)
    if group is not None:
        facts += [
            ("Вид", _TYPES_RU.get(str(group["school_type"]), "")),
            ("Место", _PLACES_RU.get(str(group["place"]), "")),
            (
                "Группа сопоставимых ОО",
                str(group["group_title_ru"] or "вне групп: особого вида или условия не известны"),
            ),
        ]
    cluster = view.data.row("school_clusters", school_code=view.code)
    if cluster is not None:
        facts.append(("Статистический кластер", _cluster(view, cluster)))
    index = next((one for one in view.of_schools("social_index", is_main=True) if one["value"] is not None), None)
    if index is not None:
        kind = " (по анкете: социального паспорта нет)" if index["is_proxy"] else ""
        third = _THIRDS_RU.get(int(index["third"]), "") if index["third"] is not None else ""
        facts.append(("Индекс социального благополучия", f"{view.figures.decimal(index, 'value')}, {third}{kind}"))
    facts += _lists(view)
    rows = [row(name, value) for name, value in facts if value]
    return table("Общие сведения", [("Сведение", 2.4, "text"), ("Значение", 6.0, "text")], rows)


def _codes(school: Row) -> str:
    codes = [str(school[name]) for name in ("oge_code", "ege_code") if school[name] is not None]
    return ", ".join(codes)


def _cluster(view: View, cluster: Row) -> str:
    if cluster["state"] != "clustered":
        return _CLUSTER_STATES_RU.get(str(cluster["state"]), "")
    border = "; на границе кластеров" if cluster["is_borderline"] else ""
    stability = view.data.rows("cluster_profiles", cluster_code=cluster["cluster_code"])
    words = {"stable": "устойчивый", "doubtful": "сомнительный", "unstable": "неустойчивый"}
    told = words.get(str(stability[0]["stability"])) if stability else None
    return f"{cluster['cluster_code']}" + (f" ({told}{border})" if told else border)


def _lists(view: View) -> list[tuple[str, str]]:
    """Return membership of official lists and how the programme's own rules see it."""
    told: list[tuple[str, str]] = []
    flags = view.of_schools("low_result_flags")
    official = [one["official_list"] for one in flags if one["official_list"] is not None]
    if official:
        told.append(("Официальный перечень ШНОР", "есть" if any(official) else "нет"))
    computed = [one for one in flags if one["computed"]]
    if computed:
        told.append(("Низкие результаты по правилам", view.figures.text(computed[0], "explanation_ru")))
    high = view.of_schools("high_result_base")
    ordered = sorted(high, key=lambda item: str(item["basis"]))
    return [*told, *((_basis_ru(str(one["basis"])), view.figures.text(one, "evidence_ru")) for one in ordered)]


def _basis_ru(basis: str) -> str:
    """Return in words why a school is among those with high results in their conditions."""
    return {
        "above_context": "Результат выше ожидаемого",
        "above_repeatedly": "Результат повторно выше ожидаемого",
        "resilient": "Резильентная школа",
    }.get(basis, basis)


def _results_by_year(view: View, now: Sequence[Result]) -> Told:
    """Return the share of those who reached the minimum by procedure, subject and grade, a column a year."""
    years = [view.data.school_year]
    while len(years) < _YEARS:
        years.append(previous_school_year(years[-1]))
    by_year = {year: results.results(view.data, "school", view.code, year) for year in years[1:]}
    by_year[view.data.school_year] = list(now)
    shown = [year for year in sorted(by_year) if by_year[year]]
    series: dict[tuple[str, str], dict[str, Result]] = {}
    for year in shown:
        for one in by_year[year]:
            series.setdefault(_series(one), {})[year] = one
    rows: list[Spec] = []
    last = ""
    for (procedure, label), points in series.items():
        cells = [_year_cell(view, points.get(year)) for year in shown]
        if all(cell in (ru.DASH, TOO_FEW) for cell in cells):
            continue
        if procedure != last:
            rows.append(row(procedure, kind="group"))
            last = procedure
        rows.append(row(label, *cells))
    columns = [("Предмет, класс", 3.0, "text"), *((ru.school_year_words(year), 2.4, "number") for year in shown)]
    made = told_table("Достигли минимального уровня, % участников с отметкой или баллом", columns, rows)
    small = sum(1 for one in now if one.n < view.settings.claim_from)
    note = f"Не показаны работы, где участников с отметкой меньше {view.settings.claim_from}." if small and rows else ""
    return Told(section(tables=[made], note=note), (results.lowest_point(view, now),) if rows else ())


def _series(one: Result) -> tuple[str, str]:
    """Return the procedure with its season and the subject with its grade: what repeats from year to year."""
    return _YEAR.sub("", one.procedure_ru), scope_ru(one.scope)


def _year_cell(view: View, one: Result | None) -> str:
    if one is None:
        return ru.DASH
    text = results.reached_text(view, one)
    return text if text in (ru.DASH, TOO_FEW) else f"{text}, n{ru.NBSP}={ru.NBSP}{results.marked_text(view, one)}"


def _comparable(view: View) -> Spec | None:
    """Return the comparable schools, how alike their conditions are, and from whom to learn."""
    summary = view.of_schools("comparable_summary").one
    texts = [view.figures.text(summary, "explanation_ru")] if summary is not None else []
    schools = sorted(view.of_schools("comparable_schools"), key=lambda one: str(one["comparable_code"]))
    rows = [
        row(view.school_name(str(one["comparable_code"])), view.figures.decimal(one, "distance", 2)) for one in schools
    ]
    near = table("Сопоставимые школы, в порядке кодов", [("ОО", 6.0, "text"), ("Расстояние", 1.6, "number")], rows)
    balance = _balance(view) if rows else None
    pairs = [one for one in view.of_schools("learning_pairs") if one["partner_code"] != "none"]
    points = [
        f"У кого учиться: {view.school_name(str(one['partner_code']))}. {view.figures.text(one, 'explanation_ru')}"
        for one in sorted(pairs, key=lambda one: str(one["partner_code"]))
    ]
    return section(text=texts, points=points, tables=[near, balance])


def _balance(view: View) -> Spec | None:
    rows = [
        row(
            str(one["property_title_ru"]),
            view.figures.decimal(one, "value", 2),
            view.figures.decimal(one, "comparable_mean", 2),
            view.figures.decimal(one, "standardised_difference", 2),
        )
        for one in view.of_schools("comparable_balance")
        if one["standardised_difference"] is not None
    ]
    columns = [
        ("Условие", 5.0, "text"),
        ("Школа", 1.3, "number"),
        ("Сопоставимые", 1.5, "number"),
        ("Разность, σ", 1.3, "number"),
    ]
    return table("Насколько условия похожи", columns, rows)
