"""Sections on change: comparisons of each school with its earlier results, and the conclusion with its uncertainty."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area, under_schools
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.labels import work_ru
from oko_pipeline.reporting.low_results.group import Group
from oko_pipeline.reporting.sections import Spec, chart, row, section, series, table

_POSITION: Final = "relative_position"
_COMPARISONS: Final = ("сравнение", "сравнения", "сравнений")
_BY_CHANCE: Final = 0.025
"""How often a 95 % interval lies on one given side of zero when nothing changed."""
_PARTS: Final = (
    ("better", "лучше", "higher"),
    ("no_evidence", "изменение не доказано", "same"),
    ("worse", "хуже", "lower"),
)


def compared(group: Group, codes: Sequence[str]) -> dict[str, list[Row]]:
    """Return, by school, its comparisons of the year in position among all schools that can tell anything."""
    found: dict[str, list[Row]] = {}
    for code in codes:
        rows = group.area.data.rows(
            "result_dynamics",
            unit_level="school",
            unit_code=code,
            subgroup="all",
            indicator_code=_POSITION,
            verdict=("better", "worse", "no_evidence"),
        )
        if rows:
            found[code] = sorted(rows, key=lambda one: (one["view"], one["assessment_id"]))
    return found


def conclusion(area: Area, rows: Sequence[Row]) -> str:
    """Return a school's conclusion: positive or negative only where a change holds among all that were tested."""
    better = [one for one in rows if one["verdict"] == "better" and one["is_confirmed"]]
    worse = [one for one in rows if one["verdict"] == "worse" and one["is_confirmed"]]
    count = area.figures.computed(len(rows), "число сравнений с прежними результатами", rows, form="whole")
    said = f"{count}{ru.NBSP}{ru.plural(len(rows), _COMPARISONS)}"
    if better and worse:
        return f"динамика разная: подтверждены и рост, и снижение ({said})"
    if better:
        return f"положительная динамика: рост подтверждён, {_works(better)} ({said})"
    if worse:
        return f"отрицательная динамика: снижение подтверждено, {_works(worse)} ({said})"
    signs = [_apart(area, rows, verdict) for verdict in ("better", "worse")]
    if not any(signs):
        return f"изменений, больших случайного, нет ({said})"
    return (
        f"динамика не доказана: по отдельности {', '.join(part for part in signs if part)} ({said}), с учётом их "
        "числа ни одно изменение не подтверждено"
    )


def _apart(area: Area, rows: Sequence[Row], verdict: str) -> str:
    found = [one for one in rows if one["verdict"] == verdict]
    title = {"better": "лучше", "worse": "хуже"}[verdict]
    if not found:
        return ""
    return f"{title} — {area.figures.computed(len(found), f'сравнений с выводом «{title}»', found, form='whole')}"


def _works(rows: Sequence[Row]) -> str:
    return "; ".join(work_ru(str(one["assessment_id"])) for one in rows)


def dynamics_section(group: Group, codes: Sequence[str]) -> Spec | None:
    """Return the change of each school in position among all schools, with intervals, and the conclusion."""
    area = group.area
    by_school = compared(group, codes)
    if not by_school:
        return None
    everything = [one for rows in by_school.values() for one in rows]
    points = [
        f"{code} {area.school(code)}: {conclusion(area, rows)}."
        for code, rows in by_school.items()
        if code not in group.low
    ]
    silent = [code for code in codes if code not in by_school]
    text = [_chance_text(area, everything)]
    if silent:
        text.append(f"Сравнить с прежними результатами нечего или участников мало: {area.listed(silent)}.")
    has_change = any(one["verdict"] != "no_evidence" for one in everything)
    charts = [_chart(area, by_school)] if has_change and len(by_school) > 1 else []
    return section(text=text, points=points, charts=charts, tables=[_table(area, everything)])


def _chance_text(area: Area, rows: Sequence[Row]) -> str:
    figures = area.figures
    count = figures.computed(len(rows), "число сравнений с прежними результатами", rows, form="whole")
    better, worse = ([one for one in rows if one["verdict"] == verdict] for verdict in ("better", "worse"))
    up, down = (
        figures.computed(len(found), f"сравнений с выводом «{name}»", found or rows, form="whole")
        for found, name in ((better, "лучше"), (worse, "хуже"))
    )
    chance = figures.computed(len(rows) * _BY_CHANCE, "2,5 % от числа сравнений", rows)
    return (
        f"Сравнений с прежними результатами {count}: лучше — {up}, хуже — {down}. Если бы ничего не менялось, "
        f"случайно вышло бы около {chance} в каждую сторону."
    )


def _chart(area: Area, by_school: dict[str, list[Row]]) -> Spec:
    codes = list(by_school)
    parts: list[Spec] = []
    for verdict, title, role in _PARTS:
        values = [_part(area, rows, verdict, title) for rows in by_school.values()]
        parts.append(series(title, role, values))
    better = [code for code in codes if any(one["verdict"] == "better" for one in by_school[code])]
    worse = [code for code in codes if any(one["verdict"] == "worse" for one in by_school[code])]
    told = [
        f"лучше хотя бы в одном сравнении — {', '.join(better)}" if better else "лучше нет ни у одной ОО",
        f"хуже — {', '.join(worse)}" if worse else "хуже нет ни у одной ОО",
    ]
    return chart(
        "stacked",
        "Итоги сравнений с прежними результатами, % сравнений (ОО в порядке кодов)",
        f"{ru.sentence_start('; '.join(told))}.",
        [f"{code} (n = {len(by_school[code])})" for code in codes],
        parts,
        height_mm=min(150, 30 + 8 * len(codes)),
    )


def _part(area: Area, rows: Sequence[Row], verdict: str, title: str) -> float:
    share = sum(one["verdict"] == verdict for one in rows) / len(rows)
    text = area.figures.computed(share, f"доля сравнений «{title}»", rows, form="percent_number")
    return float(text.replace(",", "."))


def _table(area: Area, rows: Sequence[Row]) -> Spec | None:
    columns = [
        ("Код", 20, "text"),
        ("Работа", 40, "text"),
        ("Сравнение", 28, "text"),
        ("Участников", 22, "number"),
        ("Изменение положения (интервал)", 34, "number"),
        ("Вывод", 26, "text"),
    ]
    verdicts = {"better": "лучше", "worse": "хуже", "no_evidence": "не доказано"}
    told = [one for one in rows if one["verdict"] != "no_evidence"]
    made = [
        row(
            str(one["unit_code"]),
            work_ru(str(one["assessment_id"])),
            "параллель год назад" if one["view"] == "grade" else "те же дети раньше",
            area.figures.whole(one, "n_count"),
            _change(area, one),
            f"{verdicts[one['verdict']]}{', подтверждено' if one['is_confirmed'] else ''}",
        )
        for one in sorted(told, key=lambda one: (one["unit_code"], one["view"], one["assessment_id"]))
    ]
    return under_schools(area, table("Изменения больше случайного, взятые по отдельности", columns, made))


def _change(area: Area, one: Row) -> str:
    figures = area.figures
    change = figures.decimal(one, "change_value", 2)
    return f"{change} (от {figures.decimal(one, 'change_low', 2)} до {figures.decimal(one, 'change_high', 2)})"
