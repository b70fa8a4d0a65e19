"""Sections on the conditions of schools: social index, risk profile, results for the conditions, staff."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area, under_schools
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.labels import answer_ru
from oko_pipeline.reporting.low_results.group import LOWEST_THIRD, Group
from oko_pipeline.reporting.low_results.words import SHADES, SIGNIFICANCE
from oko_pipeline.reporting.sections import Spec, row, section, table

PLACES: Final = {"city": "город", "town": "посёлок городского типа", "village": "село", "unknown": "не известно"}
TYPES: Final = {
    "advanced": "лицей, гимназия, углублённая",
    "secondary": "средняя",
    "basic": "основная, малокомплектная",
    "unknown": "не известен",
    "correctional": "коррекционная",
    "evening": "вечерняя",
    "closed": "закрытого типа",
    "penal": "при ФСИН",
}
BASES: Final = {
    "above_context": "результат выше ожидаемого в таких условиях",
    "above_repeatedly": "выше ожидаемого не первый год",
    "resilient": "резильентная: трудные условия, результат выше ожидаемого",
}
_VERDICTS: Final = {
    "above": "выше ожидаемого",
    "expected": "как ожидается",
    "below": "ниже ожидаемого",
    "insufficient": "недостаточно данных",
}


def social_section(group: Group) -> Spec | None:
    """Return the conditions of the group's schools and who works in the hardest ones."""
    area = group.area
    columns = [
        ("Код", 20, "text"),
        ("ОО", 46, "text"),
        ("Тип", 34, "text"),
        ("Населённый пункт", 26, "text"),
        ("Обучающихся", 26, "number"),
        ("Индекс условий", 18, "number"),
    ]
    codes = sorted({*group.all, *group.hard})
    rows = [_social_row(area, code) for code in codes]
    known = [one for one in rows if any(cell != ru.DASH for cell in one["cells"][2:])]
    made = table("Условия, в которых работают ОО", columns, known)
    return section(text=_social_text(group), tables=[made], note=_missing_ru(area, codes))


def _missing_ru(area: Area, codes: Sequence[str]) -> str:
    """Return what the index of conditions does not know, each thing once."""
    index = [
        one for one in area.rows("social_index") if one["is_main"] and one["school_code"] in codes and one["missing_ru"]
    ]
    missing = dict.fromkeys(part for one in index for part in str(one["missing_ru"]).split("; "))
    return f"Индекс не знает (хотя бы у одной из этих ОО): {'; '.join(missing)}." if missing else ""


def _social_text(group: Group) -> list[str]:
    area = group.area
    main = [one for one in area.rows("social_index") if one["is_main"]]
    computed = [one for one in main if one["third"] is not None]
    if not computed:
        return ["Индекс социального благополучия не посчитан: сведений об условиях мало."] if main else []
    count = area.figures.computed(len(computed), "ОО с посчитанным индексом", computed, form="whole")
    hard = [one for one in computed if one["third"] == LOWEST_THIRD]
    proxy = (
        " Индекс построен по анкете ОО, социального паспорта нет: вывод об условиях слабее."
        if computed[0]["is_proxy"]
        else ""
    )
    codes = area.listed(str(one["school_code"]) for one in hard)
    told = f"в нижней трети всех ОО — {codes}" if hard else "в нижней трети всех ОО нет ни одной"
    return [f"Индекс условий посчитан у {count} ОО; {told}.{proxy}"]


def _social_row(area: Area, code: str) -> Spec:
    figures = area.figures
    group = next(iter(area.data.rows("school_groups", school_code=code)), None)
    index = next((one for one in area.data.rows("social_index", school_code=code) if one["is_main"]), None)
    return row(
        code,
        area.school(code),
        ru.DASH if group is None else TYPES[group["school_type"]],
        ru.DASH if group is None else PLACES[group["place"]],
        ru.DASH if group is None else figures.whole(group, "pupils_count"),
        ru.DASH if index is None else figures.decimal(index, "value", 0),
    )


def risk_section(group: Group) -> Spec | None:
    """Return the risk profile: which factors matter in which school; unknown is not low."""
    area = group.area
    found = [one for one in area.rows("risk_profile") if one["school_code"] in group.all]
    known = [one for one in found if one["significance"] != "unknown"]
    if not known:
        return None
    codes = sorted({str(one["factor_code"]) for one in known}, key=[str(one["factor_code"]) for one in found].index)
    titles = {str(one["factor_code"]): str(one["factor_title_ru"]) for one in found}
    unknown = [titles[code] for code in dict.fromkeys(str(one["factor_code"]) for one in found) if code not in codes]
    share = 110 / max(len(codes), 3)
    columns = [("Код", 20, "text"), ("ОО", 40, "text"), *((titles[code], share, "text") for code in codes)]
    rows = [_risk_row(area, school, found, codes) for school in group.all]
    high = [one for one in known if one["significance"] in ("high", "medium")]
    points = [
        f"{one['school_code']}, {_small(str(one['factor_title_ru']))} ({SIGNIFICANCE[one['significance']]}): "
        f"{area.figures.text(one, 'evidence_ru')}"
        for one in sorted(high, key=lambda one: (one["school_code"], codes.index(str(one["factor_code"]))))
    ]
    note = f"Данных нет ни по одной ОО: {'; '.join(_small(title) for title in unknown)}." if unknown else ""
    return section(points=points, tables=[table("Рисковый профиль: значимость факторов", columns, rows)], note=note)


def _risk_row(area: Area, school: str, found: Sequence[Row], codes: Sequence[str]) -> Spec:
    own = {str(one["factor_code"]): str(one["significance"]) for one in found if one["school_code"] == school}
    states = [own.get(code, "unknown") for code in codes]
    cells = [ru.DASH if state == "unknown" else SIGNIFICANCE[state] for state in states]
    return row(school, area.school(school), *cells, shades=[None, None, *(SHADES[state] for state in states)])


def resilience_section(group: Group) -> Spec | None:
    """Return results for the conditions: of the group's schools, and who does well where it is hard."""
    area = group.area
    base = sorted(area.rows("high_result_base"), key=lambda one: (one["school_code"], one["basis"]))
    points = [
        f"{one['school_code']} {area.school(str(one['school_code']))} — {BASES[one['basis']]}. "
        f"{area.figures.text(one, 'evidence_ru')}"
        for one in base
    ]
    columns = [
        ("Код", 20, "text"),
        ("ОО", 40, "text"),
        ("Когда", 34, "text"),
        ("Участников", 22, "number"),
        ("Разность с ожидаемым, σ", 26, "number"),
        ("Вывод", 28, "text"),
    ]
    found = [one for one in area.rows("contextual_results", scope_kind="all") if one["school_code"] in group.all]
    told = [one for one in found if one["verdict"] != "insufficient"]
    rows = [
        row(
            str(one["school_code"]),
            area.school(str(one["school_code"])),
            _campaign(str(one["campaign_code"])),
            area.figures.whole(one, "participants_count"),
            area.figures.decimal(one, "residual_sigma"),
            _VERDICTS[one["verdict"]],
        )
        for one in sorted(told, key=lambda one: (one["school_code"], one["campaign_code"]))
    ]
    return section(
        points=points, tables=[under_schools(area, table("Результаты с поправкой на условия", columns, rows))]
    )


def _campaign(code: str) -> str:
    campaign = campaigns().get(code)
    return code if campaign is None else campaign.short_ru


def staff_section(group: Group) -> Spec | None:
    """Return what the group's schools lack in staff and training, and the competences, only in sums."""
    area = group.area
    needs = [one for one in area.rows("training_needs") if one["school_code"] in group.all]
    return section(
        text=_vacancies(group),
        tables=[_competences_table(group), _needs_table(area, needs)],
    )


def _vacancies(group: Group) -> list[str]:
    area = group.area
    staff = [one for one in area.rows("staff") if one["school_code"] in group.all]
    open_ones = [one for one in staff if one["vacancies_count"]]
    if not open_ones:
        return []
    count = area.figures.computed(
        sum(one["vacancies_count"] for one in open_ones), "сумма вакансий по должностям", open_ones, form="whole"
    )
    codes = area.listed(str(one["school_code"]) for one in open_ones)
    return [f"Вакансий в ОО, которым нужна поддержка, — {count} ({codes})."]


def _competences_table(group: Group) -> Spec | None:
    """Return levels of competences summed over the group's schools: nobody's and no school's own."""
    area = group.area
    found = [
        one for one in area.rows("teacher_diagnostics") if one["school_code"] in group.all and one["levelled_count"]
    ]
    columns = [
        ("Компетенция", 36, "text"),
        ("ОО", 12, "number"),
        ("Прошли диагностику с уровнем", 26, "number"),
        ("Низкий", 16, "number"),
        ("Средний", 18, "number"),
        ("Высокий", 18, "number"),
        ("Выявлены дефициты", 24, "number"),
        ("Дефицит устранён", 24, "number"),
    ]
    titles = choice_lists()["competences"]
    rows: list[Spec] = []
    for code, title in titles.items():
        own = [one for one in found if one["competence"] == code]
        total = sum(one["levelled_count"] for one in own)
        if total < area.data.settings.claim_from:
            continue
        names = ("levelled_count", "low_count", "medium_count", "high_count", "deficit_count", "deficit_removed_count")
        schools = area.figures.computed(
            len({one["school_code"] for one in own}), "число ОО с диагностикой", own, form="whole"
        )
        rows.append(row(ru.sentence_start(title), schools, *(_sum(area, own, name) for name in names)))
    return table("Компетенции педагогов этих ОО: сумма диагностик за год", columns, rows)


def _sum(area: Area, rows: Sequence[Row], column: str) -> str:
    return area.figures.computed(sum(one[column] or 0 for one in rows), f"сумма «{column}» по ОО", rows, form="whole")


def _needs_table(area: Area, needs: Sequence[Row]) -> Spec | None:
    columns = [
        ("Тема обучения", 56, "text"),
        ("Нуждаются", 22, "number"),
        ("Включены в заявку", 22, "number"),
        ("ОО", 70, "text"),
    ]
    rows: list[Spec] = []
    for theme in sorted(
        {str(one["theme"]) for one in needs}, key=lambda code: choice_lists()["training_themes"].get(code, code)
    ):
        own = [one for one in needs if one["theme"] == theme]
        codes = area.listed(str(one["school_code"]) for one in own)
        rows.append(
            row(
                ru.sentence_start(answer_ru(own[0], "theme")),
                _sum(area, own, "need_count"),
                _sum(area, own, "requested_count"),
                codes,
            )
        )
    return table("Потребность в обучении педагогов", columns, rows)


def _small(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
