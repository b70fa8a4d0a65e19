"""Results beside what is expected in such conditions, by groups of alike schools. For help, never for a ranking."""

from collections.abc import Sequence
from typing import Any, Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import NO_GROUP_RU, View, campaign_ru, scope_ru
from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.labels import subject_ru
from oko_pipeline.reporting.sections import Spec, chart, row, section, table

VERDICTS_RU: Final = {
    "above": "выше ожидаемого",
    "expected": "как ожидается",
    "below": "ниже ожидаемого",
    "insufficient": "мало данных",
}
_VERDICTS: Final = tuple(VERDICTS_RU)
_MOST_CAMPAIGNS: Final = 3
_MOST_IN_CHART: Final = 40
_MOST_WORKS: Final = 12


def municipality_comparison(view: View) -> Told:
    """Return how the results of a municipality's schools compare with what is expected in their conditions."""
    campaigns = _campaigns(view)
    judged = [code for code in campaigns if any(_is_judged(one) for one in _whole(view, code))]
    texts = [_counts_text(view, code) for code in judged]
    silent = [code for code in campaigns if code not in judged]
    if silent:
        texts.append(_silent_text(view, silent))
    shown = judged[-_MOST_CAMPAIGNS:]
    tables = [_groups_table(view, shown), _schools_table(view, shown), _subjects_table(view, shown)]
    charts = [_interval_chart(view, code) for code in shown]
    points = [text for text in (_counts_text(view, code, is_short=True) for code in judged[-2:]) if text]
    return Told(section(text=texts, tables=tables, charts=charts), tuple(points))


def school_comparison(view: View) -> Told:
    """Return how a school's results compare with what is expected in its conditions."""
    campaigns = _campaigns(view)
    whole = [one for code in campaigns if (one := _whole(view, code).one) is not None]
    judged = [one for one in whole if _is_judged(one)]
    texts = [_school_text(view, one) for one in judged]
    if not judged and whole:
        texts.append(_school_silence(view, whole))
    tables = [_school_works(view, [str(one["campaign_code"]) for one in judged])]
    return Told(section(text=texts, tables=tables), tuple(texts))


def _campaigns(view: View) -> list[str]:
    """Return the campaigns with contextual results of the unit's schools, in order of time."""
    found = view.of_schools("contextual_results", scope_kind="all")
    return list(dict.fromkeys(sorted(str(one["campaign_code"]) for one in found)))


def _whole(view: View, campaign: str, **conditions: Any) -> Rows:
    return view.of_schools("contextual_results", campaign_code=campaign, scope_kind="all", **conditions)


def _is_judged(one: Row) -> bool:
    return one["verdict"] != "insufficient"


def _counts_text(view: View, campaign: str, *, is_short: bool = False) -> str:
    rows = _whole(view, campaign)
    count = {verdict: view.figures.count(rows.where(verdict=verdict)) for verdict in _VERDICTS}
    judged = [one for one in rows if _is_judged(one)]
    compared = view.number(judged, "ОО, результат которых сравнён с ожидаемым")
    text = (
        f"{campaign_ru(campaign)}: с поправкой на условия результат сравнён у {compared} ОО; выше ожидаемого — "
        f"у {count['above']}, как ожидается — у {count['expected']}, ниже ожидаемого — у {count['below']}."
    )
    if not is_short and rows.where(verdict="insufficient"):
        text += f" Данных для вывода мало у {count['insufficient']} ОО."
    return text


def _silent_text(view: View, campaigns: Sequence[str]) -> str:
    notes = {str(one["note_ru"]): one for code in campaigns for one in _whole(view, code) if one["note_ru"]}
    told = [view.figures.text(notes[note], "note_ru") for note in sorted(notes)[:2]]
    names = ru.listed([campaign_ru(code) for code in campaigns], 4)
    return f"С условиями работы ОО не сопоставлены: {names}. Причина: {'; '.join(told)}."


def _groups_table(view: View, campaigns: Sequence[str]) -> Spec | None:
    groups: dict[str, list[str]] = {}
    for code in view.schools:
        group = view.group(code)
        groups.setdefault(NO_GROUP_RU if group is None else str(group["group_title_ru"]), []).append(code)
    rows: list[Spec] = []
    for title, codes in sorted(groups.items(), key=lambda item: (item[0] == NO_GROUP_RU, item[0])):
        cells = [_verdict_counts(view, campaign, codes) for campaign in campaigns]
        rows.append(row(title, view.figures.count(view.data.rows("schools", school_code=tuple(codes))), *cells))
    if not rows or (len(rows) == 1 and not campaigns):
        return None
    columns = [
        ("Группа сопоставимых ОО", 4.5, "text"),
        ("ОО", 0.8, "number"),
        *((f"{campaign_ru(code)}: выше / как ожидается / ниже / мало данных", 2.6, "number") for code in campaigns),
    ]
    return table("Группы сопоставимых ОО муниципалитета", columns, rows)


def _verdict_counts(view: View, campaign: str, codes: Sequence[str]) -> str:
    rows = view.data.rows("contextual_results", campaign_code=campaign, scope_kind="all", school_code=tuple(codes))
    return " / ".join(view.figures.count(rows.where(verdict=verdict)) for verdict in _VERDICTS)


def _schools_table(view: View, campaigns: Sequence[str]) -> Spec | None:
    """Return the schools by group in order of codes: difference and verdict of each campaign."""
    if not campaigns:
        return None
    found = {code: {str(one["school_code"]): one for one in _whole(view, code)} for code in campaigns}
    groups: dict[str, list[str]] = {}
    for code in view.schools:
        group = view.group(code)
        groups.setdefault(NO_GROUP_RU if group is None else str(group["group_title_ru"]), []).append(code)
    rows: list[Spec] = []
    for title, codes in sorted(groups.items(), key=lambda item: (item[0] == NO_GROUP_RU, item[0])):
        told = [code for code in codes if any(code in found[campaign] for campaign in campaigns)]
        if not told:
            continue
        rows.append(row(title, kind="group"))
        for code in told:
            cells = [_residual(view, found[campaign].get(code)) for campaign in campaigns]
            rows.append(row(code, view.data.unit_name("school", code), *cells))
    columns = [
        ("Код", 1.5, "text"),
        ("ОО", 3.2, "text"),
        *((f"{campaign_ru(code)}: разность и вывод", 3.0, "text") for code in campaigns),
    ]
    return table("Разность наблюдаемого и ожидаемого результата по ОО, в порядке кодов", columns, rows)


def _residual(view: View, one: Row | None) -> str:
    if one is None:
        return "не участвовала"
    if not _is_judged(one):
        return "мало данных"
    return f"{_gap(view, one)}, {VERDICTS_RU[str(one['verdict'])]}"


def _gap(view: View, one: Row) -> str:
    digits = 1 if one["unit"] == "percent" else 2
    value = view.figures.decimal(one, "residual", digits)
    sign = "+" if one["residual"] > 0 and value.strip("0,") else ""
    low, high = (view.figures.decimal(one, name, digits) for name in ("residual_low", "residual_high"))
    return f"{sign}{value} (от{ru.NBSP}{low} до{ru.NBSP}{high})"


def _subjects_table(view: View, campaigns: Sequence[str]) -> Spec | None:
    rows: list[Spec] = []
    for campaign in campaigns:
        found = view.of_schools("contextual_results", campaign_code=campaign, scope_kind="subject")
        subjects = sorted({str(one["scope_code"]) for one in found if _is_judged(one)}, key=subject_ru)
        if not subjects:
            continue
        rows.append(row(campaign_ru(campaign), kind="group"))
        for subject in subjects:
            own = found.where(scope_code=subject)
            counts = [view.figures.count(own.where(verdict=verdict)) for verdict in _VERDICTS]
            rows.append(row(subject_ru(subject), *counts))
    columns = [
        ("Предмет", 3.0, "text"),
        *((ru.sentence_start(VERDICTS_RU[verdict]), 1.5, "number") for verdict in _VERDICTS),
    ]
    return table("Число ОО с результатом выше и ниже ожидаемого по предметам", columns, rows)


def _interval_chart(view: View, campaign: str) -> Spec | None:
    """Return the differences of schools with their intervals, schools in order of codes within groups."""
    rows = [one for one in _whole(view, campaign) if _is_judged(one)]
    if not 2 <= len(rows) <= _MOST_IN_CHART:
        return None
    rows.sort(key=lambda one: (_group_place(view, one), str(one["school_code"])))
    figures = view.figures
    whole = _whole(view, campaign)
    above, below = (figures.count(whole.where(verdict=verdict)) for verdict in ("above", "below"))
    alt = (
        f"{campaign_ru(campaign)}: из {view.number(rows, 'ОО на рисунке')}{ru.NBSP}ОО интервал разности целиком выше "
        f"нуля у {above}, целиком ниже нуля у {below}, у остальных включает ноль."
    )
    return chart(
        "interval",
        f"Разность наблюдаемого и ожидаемого результата ОО с 95-процентным интервалом; {campaign_ru(campaign)}",
        alt,
        [str(one["school_code"]) for one in rows],
        [
            {
                "name": "Разность",
                "role": "own",
                "values": figures.values(rows, "residual", digits=2),
                "low": figures.values(rows, "residual_low", digits=2),
                "high": figures.values(rows, "residual_high", digits=2),
            }
        ],
        value_title="Разность, стандартных отклонений",
        height_mm=max(50, 12 + 6 * len(rows)),
    )


def _group_place(view: View, one: Row) -> str:
    group = view.group(str(one["school_code"]))
    return "я" if group is None else str(group["group_title_ru"])


def _school_text(view: View, one: Row) -> str:
    """Return a campaign's contextual result of a school in words."""
    unit = "процентного пункта" if one["unit"] == "percent" else "стандартного отклонения"
    told = {
        "above": "результат выше, чем обычно в таких условиях",
        "expected": "результат такой, какого можно ожидать в этих условиях",
        "below": "результат ниже, чем обычно в таких условиях",
    }[str(one["verdict"])]
    return (
        f"{campaign_ru(str(one['campaign_code']))}, все работы: {told}; разность {_gap(view, one)} {unit}, "
        f"участников {view.figures.whole(one, 'participants_count')}."
    )


def _school_silence(view: View, whole: Sequence[Row]) -> str:
    names = ru.listed([campaign_ru(str(one["campaign_code"])) for one in whole], 3)
    notes = {str(one["note_ru"]): one for one in whole if one["note_ru"]}
    told = [view.figures.text(notes[note], "note_ru") for note in sorted(notes)]
    return f"С ожидаемым в таких условиях результат не сравнён ({names}): {'; '.join(told)}."


def _school_works(view: View, campaigns: Sequence[str]) -> Spec | None:
    """Return the works whose result is off what is expected, and the subjects of which this is sure."""
    rows: list[Spec] = []
    for campaign in campaigns:
        for kind in ("subject", "assessment"):
            found = view.of_schools("contextual_results", campaign_code=campaign, scope_kind=kind)
            off = [one for one in found if one["verdict"] in ("above", "below")]
            if not off:
                continue
            title = "по предметам" if kind == "subject" else "по работам"
            rows.append(row(f"{campaign_ru(campaign)}, {title}", kind="group"))
            shown = sorted(off, key=lambda item: _scope_title(kind, item))[:_MOST_WORKS]
            rows.extend(_work_row(view, kind, one) for one in shown)
    columns = [
        ("Предмет или работа", 3.5, "text"),
        ("Участников", 1.3, "number"),
        ("Разность (95 %)", 2.8, "text"),
        ("Вывод", 1.8, "text"),
    ]
    return table("Где результат отличается от ожидаемого больше, чем случайно", columns, rows)


def _work_row(view: View, kind: str, one: Row) -> Spec:
    unit = f"{ru.NBSP}п.{ru.NBSP}п." if one["unit"] == "percent" else ""
    participants = view.figures.whole(one, "participants_count")
    return row(_scope_title(kind, one), participants, _gap(view, one) + unit, VERDICTS_RU[str(one["verdict"])])


def _scope_title(kind: str, one: Row) -> str:
    code = str(one["scope_code"])
    return subject_ru(code) if kind == "subject" else scope_ru(code)
