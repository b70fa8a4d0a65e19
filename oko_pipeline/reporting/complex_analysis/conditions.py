"""Contingent, social passport, staff, conditions of a school, as its registers hold them; small groups are hidden."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.columns import told_table
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View
from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.labels import answer_ru
from oko_pipeline.reporting.sections import Spec, row, section, table

_PUPILS: Final = ("обучающийся", "обучающихся", "обучающихся")
_SOCIAL: Final = (
    "low_income_count", "large_family_count", "one_parent_count", "orphan_count", "disabled_count", "ovz_count",
    "military_family_count", "both_parents_higher_count", "unemployed_parents_count", "other_language_count",
    "poor_housing_count", "bussed_count", "school_record_count", "police_record_count", "commission_record_count",
    "danger_family_count", "at_risk_count", "at_risk_supported_count",
)  # fmt: skip
_CONTINGENT: Final = (
    ("classes_count", "Классов"),
    ("pupils_count", "Обучающихся"),
    ("ovz_count", "С ОВЗ"),
    ("adapted_programme_count", "По АОП"),
    ("second_shift_count", "Вторая смена"),
    ("arrived_count", "Прибыло"),
    ("left_count", "Выбыло"),
)
_STAFF: Final = (
    ("higher_education_count", "Высшее образование"),
    ("category_any_count", "Первая и высшая категория"),
    ("experience_under_3_count", "Стаж до 3 лет"),
    ("age_over_60_count", "60 лет и старше"),
)
_FACILITIES: Final = (
    "location_type", "settlement_size", "city_distance_km", "has_regular_transport", "capacity_count", "shifts_count",
    "rooms_count", "equipped_rooms_count", "computers_count", "computers_online_count", "internet_mbit", "has_gym",
    "has_laboratories", "has_growth_point", "has_psychologist", "has_speech_therapist", "teaching_languages",
)  # fmt: skip
_HEADS: Final = ("head", "deputy")


def contingent(view: View) -> Told:
    """Return the pupils by grade with the totals of the school."""
    rows = view.of_schools("enrolment")
    if not rows:
        return Told(None)
    rows.sort(key=lambda one: int(one["grade"]))
    totals = [_total(view, rows, name) for name, _ in _CONTINGENT]
    told = [row("Всего", *totals, kind="own")]
    told += [row(str(one["grade"]), *(_count(view, one, name) for name, _ in _CONTINGENT)) for one in rows]
    columns = [
        ("Класс", 1.0, "text"),
        *((title, 1.7 if len(title) > 10 else 1.2, "number") for _, title in _CONTINGENT),
    ]
    pupils = view.figures.total(rows, "pupils_count", _PUPILS)
    classes = view.figures.total(rows, "classes_count", ("класс", "класса", "классов"))
    text = f"По форме контингента в школе {pupils}, {classes}."
    return Told(section(text=[text], tables=[told_table("Контингент по классам", columns, told)]))


def _count(view: View, one: Row, column: str) -> str:
    value = one[column]
    if value is None:
        return ru.DASH
    if column not in ("classes_count", "pupils_count") and 0 < value < view.settings.hide_below:
        return f"менее{ru.NBSP}{view.settings.hide_below}"
    return view.figures.whole(one, column)


def _total(view: View, rows: Rows, column: str) -> str:
    if any(one[column] is None for one in rows):
        return ru.DASH
    hidden = [one for one in rows if 0 < one[column] < view.settings.hide_below]
    if column not in ("classes_count", "pupils_count") and len(hidden) == 1:
        # The only hidden cell would be the total less the rest.
        return ru.DASH
    return view.figures.total(rows, column)


def social(view: View) -> Told:
    """Return the social passport beside the municipality's other schools taken together."""
    own = view.of_schools("social_passport").one
    if own is None or not own["pupils_count"]:
        return Told(None)
    titles = record_tables()["social_passport"]
    codes = tuple(str(one["school_code"]) for one in view.data.schools(view.municipality_code))
    around = [one for one in view.data.rows("social_passport", school_code=codes) if one["school_code"] != view.code]
    rows = [
        row(
            ru.sentence_start(titles.column(name).title_ru),
            _count(view, own, name),
            _share(view, own, name),
            _others(view, around, name),
        )
        for name in _SOCIAL
        if own[name] is not None and (own[name] > 0 or name == "at_risk_supported_count")
    ]
    columns = [
        ("Обучающиеся", 4.6, "text"),
        ("Человек", 1.2, "number"),
        ("% обучающихся", 1.4, "number"),
        ("Остальные ОО муниципалитета, %", 1.9, "number"),
    ]
    total = view.figures.counted(own, "pupils_count", _PUPILS)
    text = f"Социальный паспорт составлен на {total}; один обучающийся может входить в несколько групп."
    return Told(section(text=[text], tables=[table("Социальный паспорт", columns, rows)]))


def _share(view: View, own: Row, column: str) -> str:
    if 0 < own[column] < view.settings.hide_below:
        return ru.DASH
    share = own[column] / own["pupils_count"]
    return view.figures.computed(share, "доля от числа обучающихся паспорта", [own], form="percent_number")


def _others(view: View, around: Sequence[Row], column: str) -> str:
    known = [one for one in around if one[column] is not None and one["pupils_count"]]
    pupils = sum(one["pupils_count"] for one in known)
    if not pupils:
        return ru.DASH
    share = sum(one[column] for one in known) / pupils
    return view.figures.computed(share, "доля в остальных ОО муниципалитета вместе", known, form="percent_number")


def staff(view: View) -> Told:
    """Return the staff without heads, of whom there are too few to hide, and training by theme."""
    rows = view.of_schools("staff")
    told: list[Spec] = []
    kept = [one for one in rows if one["position"] not in _HEADS]
    for one in sorted(kept, key=lambda item: str(item["position"])):
        if one["staff_count"] is None:
            continue
        label = ru.sentence_start(answer_ru(one, "position"))
        if one["staff_count"] < view.settings.hide_below:
            told.append(row(label, f"менее{ru.NBSP}{view.settings.hide_below}", *(ru.DASH for _ in _STAFF), ru.DASH))
            continue
        cells = [_staff_share(view, one, name) for name, _ in _STAFF]
        told.append(
            row(label, view.figures.whole(one, "staff_count"), *cells, view.figures.whole(one, "vacancies_count"))
        )
    columns = [
        ("Должности", 3.2, "text"),
        ("Человек", 1.3, "number"),
        *((f"{title}, %", 2.1, "number") for _, title in _STAFF),
        ("Вакансий", 1.4, "number"),
    ]
    return Told(section(tables=[told_table("Педагогические кадры", columns, told), _training(view)]))


def _staff_share(view: View, one: Row, column: str) -> str:
    if one[column] is None:
        return ru.DASH
    share = one[column] / one["staff_count"]
    return view.figures.computed(share, "доля работников группы должностей", [one], form="percent_number", digits=0)


def _training(view: View) -> Spec | None:
    rows = [one for one in view.of_schools("staff_training") if (one["trained_count"] or 0) >= view.settings.hide_below]
    rows.sort(key=lambda one: (answer_ru(one, "theme"), answer_ru(one, "training_kind")))
    told = [
        row(
            ru.sentence_start(answer_ru(one, "theme")),
            answer_ru(one, "training_kind"),
            view.figures.whole(one, "trained_count"),
            _count(view, one, "by_diagnostics_count"),
            _count(view, one, "applied_count"),
        )
        for one in rows
    ]
    columns = [
        ("Тема", 4.2, "text"),
        ("Вид обучения", 2.8, "text"),
        ("Обучены", 1.2, "number"),
        ("По итогам диагностики", 1.6, "number"),
        ("Применяют", 1.6, "number"),
    ]
    return table("Повышение квалификации", columns, told)


def conditions(view: View) -> Told:
    """Return the conditions of the school; what its form leaves empty is left out."""
    own = view.of_schools("school_conditions").one
    if own is None:
        return Told(None)
    titles = record_tables()["school_conditions"]
    rows = []
    for name in _FACILITIES:
        column = titles.column(name)
        value = _facility(view, own, name)
        if value:
            rows.append(row(ru.sentence_start(column.title_ru), value))
    return Told(section(tables=[table("Условия работы", [("Условие", 5.0, "text"), ("Значение", 3.0, "text")], rows)]))


def _facility(view: View, own: Row, name: str) -> str:
    value = own[name]
    if value is None:
        return ""
    if name.startswith("has_"):
        return "да" if value else "нет"
    if isinstance(value, str):
        return answer_ru(own, name)
    return view.figures.decimal(own, name) if isinstance(value, float) else view.figures.whole(own, name)
