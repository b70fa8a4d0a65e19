"""Context of the pairs of schools: who may learn from whom, in like conditions, and what the partner is strong in."""

from collections.abc import Iterator
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.labels import answer_ru, subject_ru
from oko_pipeline.reporting.low_results.conditions import BASES, PLACES, TYPES
from oko_pipeline.reporting.low_results.group import OWN_PROGRAMMES, Group
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_TITLE: Final = "Пары школ: куратор и школа, которой нужна поддержка"
_NOBODY: Final = "none"
_WITHIN: Final = {"cluster": "один статистический кластер", "group": "одна группа сопоставимых ОО"}
_COMPARABLE_SHOWN: Final = 5


def school_pairs(data: CycleData) -> Iterator[Content]:
    """Make the pairs of each municipality that has schools with low results or pairs agreed in programmes."""
    for code in data.municipalities():
        area = Area.of(data, code)
        found = area.rows("learning_pairs")
        if found:
            yield Content(code, _context(area, Group.of(area), found))


def _context(area: Area, group: Group, found: list[Row]) -> Context:
    by_school = area.by_school(found)
    paired = {code: rows for code, rows in by_school.items() if any(one["partner_code"] != _NOBODY for one in rows)}
    alone = [code for code in by_school if code not in paired]
    context = {
        **heading(area.data, "municipality", area.code, _TITLE),
        "sections": {"main": _main(area, by_school, paired), "agreed": _agreed(area, group)},
        "pairs": [
            {"title": f"{code} {area.school(code)}", "section": _pair(area, code, rows)}
            for code, rows in paired.items()
        ],
        "alone": section(points=[_alone_ru(area, code) for code in alone]),
    }
    return finished(context, area.data, area.figures)


def _main(area: Area, by_school: dict[str, list[Row]], paired: dict[str, list[Row]]) -> Spec | None:
    rows = [one for found in by_school.values() for one in found]
    everyone = area.figures.computed(len(by_school), "ОО, для которых искали партнёра", rows, form="whole")
    some = area.figures.computed(len(paired), "ОО, для которых партнёр нашёлся", rows, form="whole")
    told = f"в сходных условиях он нашёлся для {some}" if paired else "в сходных условиях он не нашёлся ни для одной"
    text = [f"Партнёр искался для {everyone} ОО с низкими результатами; {told}."]
    return section(text=text)


def _agreed(area: Area, group: Group) -> Spec | None:
    """Return the pairs that programmes already name."""
    passports = area.rows("support_programme_passports", kind=OWN_PROGRAMMES)
    named = [one for one in passports if one["partner_school"] and one["school_code"] in group.all]
    columns = [
        ("Код", 1.6, "text"),
        ("ОО", 4.0, "text"),
        ("Школа-лидер в программе", 4.0, "text"),
        ("Куратор (должность)", 3.0, "text"),
    ]
    rows = [
        row(
            str(one["school_code"]),
            area.school(str(one["school_code"])),
            str(one["partner_school"]),
            answer_ru(one, "curator_role"),
        )
        for one in sorted(named, key=lambda one: (one["school_code"], str(one["programme_number"])))
    ]
    return section(tables=[table("Пары, названные в программах", columns, rows)])


def _pair(area: Area, code: str, rows: list[Row]) -> Spec | None:
    columns = [("Что", 2.6, "text"), ("ОО, которой нужна поддержка", 4.0, "text"), ("Возможный партнёр", 4.6, "text")]
    partners = sorted((one for one in rows if one["partner_code"] != _NOBODY), key=lambda one: one["partner_code"])
    tables = [table(f"{code} и {one['partner_code']}", columns, _pair_rows(area, code, one)) for one in partners]
    return section(tables=tables)


def _pair_rows(area: Area, code: str, pair: Row) -> list[Spec]:
    partner = str(pair["partner_code"])
    lines = [
        ("ОО", f"{code} {area.school(code)}", f"{partner} {area.school(partner)}"),
        ("Муниципалитет", _municipality(area, code), _municipality(area, partner)),
        ("Условия", _conditions(area, code), _conditions(area, partner)),
        ("Социальные условия", _third(area, code), _third(area, partner)),
        ("В чём трудно и в чём силён", _subjects(area, code, "below"), _subjects(area, partner, "above")),
    ]
    basis = BASES.get(str(pair["partner_basis"]), ru.DASH)
    distance = area.figures.decimal(pair, "distance", 2)
    like = f"{_WITHIN[pair['within']]}; расстояние по условиям — {distance} ст. откл."
    return [*(row(*line) for line in lines), row("Почему этот партнёр", basis), row("В чём сходны", like)]


def _municipality(area: Area, code: str) -> str:
    school = next(iter(area.data.rows("schools", school_code=code)), None)
    return ru.DASH if school is None else area.data.unit_name("municipality", str(school["municipality_code"]))


def _conditions(area: Area, code: str) -> str:
    group = next(iter(area.data.rows("school_groups", school_code=code)), None)
    if group is None:
        return "не известны"
    pupils = "" if group["pupils_count"] is None else f"; обучающихся — {area.figures.whole(group, 'pupils_count')}"
    return f"{ru.sentence_start(TYPES[group['school_type']])}; {PLACES[group['place']]}{pupils}"


def _third(area: Area, code: str) -> str:
    index = next((one for one in area.data.rows("social_index", school_code=code) if one["is_main"]), None)
    if index is None or index["third"] is None:
        return "индекс не посчитан"
    return {1: "нижняя треть", 2: "средняя треть", 3: "верхняя треть"}[int(index["third"])]


def _subjects(area: Area, code: str, verdict: str) -> str:
    """Return the subjects whose results lie surely above or below what is usual in such conditions."""
    found = area.data.rows("contextual_results", school_code=code, scope_kind="subject", verdict=verdict)
    names = sorted({subject_ru(str(one["scope_code"])) for one in found})
    nothing = (
        "выше ожидаемого доказанно ни по одному предмету"
        if verdict == "above"
        else "ниже ожидаемого доказанно ни по одному предмету"
    )
    return ", ".join(names) or nothing


def _alone_ru(area: Area, code: str) -> str:
    state = next(iter(area.data.rows("comparable_summary", school_code=code)), None)
    near = sorted(area.data.rows("comparable_schools", school_code=code), key=lambda one: one["distance"])
    nearest = sorted(str(one["comparable_code"]) for one in near[:_COMPARABLE_SHOWN])
    tail = (
        " Ближайшие по условиям, с ними можно обмениваться опытом на равных: "
        f"{', '.join(f'{one} {area.school(one)}' for one in nearest)}."
        if nearest
        else f" {area.figures.text(state, 'explanation_ru')}"
        if state is not None
        else ""
    )
    return f"{code} {area.school(code)}: в сходных условиях нет ОО, чьи результаты доказанно выше ожидаемых.{tail}"
