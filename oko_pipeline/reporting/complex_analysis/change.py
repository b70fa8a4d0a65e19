"""Change over the years: only what is comparable, and what is more than chance."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View, campaign_ru, scope_ru
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.sections import Spec, row, section, table

_INDICATORS_RU: Final = {
    "base_level_share": "достигли «3» и выше",
    "good_level_share": "доля «4» и «5»",
    "high_level_share": "доля «5»",
    "mark_2_share": "доля «2»",
    "mark_5_share": "доля «5»",
    "mean_percent": "средний процент выполнения",
    "journal_same_share": "отметка совпала с журналом",
    "journal_lower_share": "отметка ниже журнальной",
    "journal_higher_share": "отметка выше журнальной",
    "relative_position": "положение среди всех ОО",
}
_VIEWS_RU: Final = {"grade": "та же параллель", "cohort": "те же дети"}
_VERDICTS_RU: Final = {"better": "лучше", "worse": "хуже", "no_evidence": "не изменилось больше случайного"}
_MOST: Final = 14
_NOT_COMPARED: Final = ("Не сравнивается", "Не сравниваются", "Не сравниваются")


def dynamics(view: View) -> Told:
    """Return what changed in the unit's results and why some points are not comparable."""
    rows = view.own("result_dynamics", subgroup="all")
    judged = [one for one in rows if one["verdict"] in _VERDICTS_RU]
    off = [one for one in judged if one["verdict"] != "no_evidence"]
    trends = [one for one in view.own("result_multiyear", subgroup="all") if one["verdict"] in ("better", "worse")]
    if not rows:
        return Told(None)
    texts = [_counts_text(view, judged, off), *_breaks_text(view, rows)]
    changes = _table(view, off)
    found = section(text=texts, tables=[changes, _trends_table(view, trends)])
    points = (_point(off),) if off and _point(off) else ()
    return Told(found, points)


def _counts_text(view: View, judged: Sequence[Row], off: Sequence[Row]) -> str:
    if not judged:
        return "Сопоставимых с прежними годами результатов нет: о динамике сказать нельзя."
    better, worse = ([one for one in off if one["verdict"] == verdict] for verdict in ("better", "worse"))
    sure = [one for one in off if one["is_confirmed"]]
    rows = view.own("result_dynamics", subgroup="all")
    counts = {verdict: view.figures.count(rows.where(verdict=verdict)) for verdict in ("better", "worse")}
    text = f"Сопоставимых сравнений с прежними работами — {view.number(judged, 'сопоставимых сравнений')}: "
    if not better and not worse:
        return f"{text}изменений больше случайных нет."
    return (
        f"{text}улучшений {counts['better']}, ухудшений {counts['worse']}, в остальных изменения не больше случайных. "
        f"{_confirmed_text(view, sure, off)}"
    )


def _confirmed_text(view: View, sure: Sequence[Row], off: Sequence[Row]) -> str:
    if not sure:
        return "С учётом числа сравнений ни одно изменение не подтверждается."
    verb = ru.plural(len(sure), ("подтверждается", "подтверждаются", "подтверждаются"))
    count = view.number(sure, "подтверждённых изменений")
    return f"С учётом числа сравнений {verb} {count} из {view.number(off, 'изменений больше случайных')}."


def _breaks_text(view: View, rows: Sequence[Row]) -> list[str]:
    """Return why series are broken: one sentence a cause."""
    causes: dict[str, dict[str, Row]] = {}
    for one in rows:
        if one["is_comparable"] or not one["break_ru"]:
            continue
        cause = str(one["break_ru"]).split(": ")[0].split(";")[0].strip(" .")
        causes.setdefault(cause, {}).setdefault(str(one["assessment_id"]), one)
    told = sorted(causes.items(), key=lambda item: -len(item[1]))[:3]
    return [
        f"{ru.plural(len(works), _NOT_COMPARED)} {view.number(list(works.values()), f'работ: {cause}')}{ru.NBSP}"
        f"{ru.plural(len(works), ru.WORKS)}: "
        f"{view.figures.text(next(iter(works.values())), 'break_ru', cause[:1].lower() + cause[1:])}."
        for cause, works in told
    ]


def _table(view: View, off: Sequence[Row]) -> Spec | None:
    chosen = sorted(off, key=lambda one: (not one["is_confirmed"], one["p_value"] or 0.0))[:_MOST]
    chosen.sort(key=lambda one: (str(one["assessment_id"]), str(one["view"]), str(one["indicator_code"])))
    rows = [
        row(
            f"{scope_ru(str(one['assessment_id']))} ({campaign_ru(str(one['assessment_id']).split(':')[0])})",
            f"{_INDICATORS_RU.get(str(one['indicator_code']), str(one['indicator_code']))}; "
            f"{_VIEWS_RU[str(one['view'])]}",
            _value(view, one, "previous_value"),
            _value(view, one, "value"),
            f"{_value(view, one, 'change_value', is_change=True)} (от{ru.NBSP}{_value(view, one, 'change_low')} "
            f"до{ru.NBSP}{_value(view, one, 'change_high')})",
            _VERDICTS_RU[str(one["verdict"])] + ("" if one["is_confirmed"] else "*"),
        )
        for one in chosen
    ]
    columns = [
        ("Работа", 3.2, "text"),
        ("Показатель", 2.6, "text"),
        ("Было", 1.0, "number"),
        ("Стало", 1.0, "number"),
        ("Изменение (95 %)", 2.2, "text"),
        ("Вывод", 1.2, "text"),
    ]
    title = "Изменения больше случайных"
    if len(off) > _MOST:
        title += f": {view.number(chosen, 'показанных изменений')} самых надёжных"
    return table(title, columns, rows)


def _value(view: View, one: Row, column: str, *, is_change: bool = False) -> str:
    unit = str(one["value_unit"])
    if one[column] is None:
        return ru.DASH
    if unit == "share":
        if column.startswith("change"):
            return view.figures.signed(one, column)
        return view.figures.percent(one, column)
    digits = 1 if unit == "percent" else 2
    text = view.figures.decimal(one, column, digits)
    sign = "+" if is_change and one[column] > 0 and text.strip("0,") else ""
    return f"{sign}{text}"


def _trends_table(view: View, trends: Sequence[Row]) -> Spec | None:
    rows = [
        row(
            scope_ru(str(one["assessment_id"])),
            _INDICATORS_RU.get(str(one["indicator_code"]), str(one["indicator_code"])),
            view.figures.whole(one, "trend_points_count"),
            view.figures.signed(one, "trend_per_year")
            if one["value_unit"] == "share"
            else view.figures.decimal(one, "trend_per_year", 2),
            _VERDICTS_RU[str(one["verdict"])],
        )
        for one in trends[:_MOST]
    ]
    columns = [
        ("Работа", 3.0, "text"),
        ("Показатель", 3.0, "text"),
        ("Лет", 0.8, "number"),
        ("За год", 1.2, "number"),
        ("Вывод", 1.2, "text"),
    ]
    return table("Устойчивые изменения за три года и больше", columns, rows)


def _point(off: Sequence[Row]) -> str:
    sure = [one for one in off if one["is_confirmed"]]
    if not sure:
        return ""
    parts = []
    for verdict, word in (("better", "улучшился"), ("worse", "ухудшился")):
        works = list(dict.fromkeys(scope_ru(str(one["assessment_id"])) for one in sure if one["verdict"] == verdict))
        if works:
            parts.append(f"{word} — {ru.listed([name[:1].lower() + name[1:] for name in works], 3)}")
    return f"По сравнению с прежними работами (с учётом числа сравнений) результат {'; '.join(parts)}."
