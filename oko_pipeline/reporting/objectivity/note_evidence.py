"""Sections of the department's note about the signs themselves: what was looked at, where, how sure it is."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.keys import previous_school_year
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.catalogue.tables_objectivity import SIGNAL_CODES, WHOLE_YEAR
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.cycle_data import Row, Rows
from oko_pipeline.reporting.objectivity.signs import (
    FAMILIES,
    IN_QUESTION,
    OFFICIAL_SIGNS,
    SCHOOLS,
    SIGNALS,
    TO_TALK_WITH,
    distinct_schools,
    families_ru,
    found_signals,
    found_signs,
    schools_count,
    sign_code,
    sign_text,
    signal_caution,
    signal_text,
    signal_title,
)
from oko_pipeline.reporting.sections import Spec, chart, row, section, series, table

_TESTED: Final = ("signal", "no_signal")
_COUNTED: Final = ("sign", "no_sign")


def cards_in_question(area: Area) -> list[Row]:
    """Return the cards of schools that need a closer look, in order of codes."""
    return sorted(area.rows("objectivity_cards", evidence_level=IN_QUESTION), key=lambda card: card["school_code"])


def main_section(area: Area, levels_before: dict[str, list[tuple[str, Row]]]) -> Spec | None:
    """Return the main findings: how many schools, which first, what repeats, what is not known."""
    cards = area.rows("objectivity_cards")
    first = [card for card in cards_in_question(area) if card["evidence_level"] in TO_TALK_WITH]
    text = [
        f"Карточки объективности составлены по {area.figures.count(cards, SCHOOLS)}. {_levels_ru(area, cards)}",
        _first_ru(first, cards.where(evidence_level="низкий")),
    ]
    points = [_first_point(area, card) for card in first]
    repeated = [code for code, found in levels_before.items() if found]
    if repeated:
        names = ru.listed([f"{code} {area.school(code)}" for code in repeated])
        text.append(f"Не первый год требуют внимания: {names}.")
    return section(text=text, points=points)


def _levels_ru(area: Area, cards: Rows) -> str:
    """Return how many schools there are at each level of evidence, the levels that nobody has left out."""

    def told(level: str, before: str, after: str = "") -> str:
        found = cards.where(evidence_level=level)
        return f"{before} {area.figures.count(found, SCHOOLS)}{after}" if found else ""

    levels = [told(level, f"«{level}» — у") for level in reversed(IN_QUESTION)]
    known = [text for text in levels if text]
    parts = [
        f"уровень доказательности {ru.listed(known)}" if known else "",
        told("нет признаков", "у", " посчитанное ничего не отметило"),
        told("нет данных", "по", " данных для вывода нет"),
    ]
    return f"{ru.sentence_start('; '.join(part for part in parts if part))}."


def _first_ru(first: Sequence[Row], low: Sequence[Row]) -> str:
    if first:
        return (
            "Сначала — ОО, где сошлись независимые сигналы или где они повторились; перечень — по кодам, а не по "
            "числу сигналов:"
        )
    if low:
        return (
            "Ни в одной ОО независимые сигналы не сошлись и не повторились. Оснований для перепроверки по сигналам "
            "нет; достаточно разговора о причинах и случайной части отбора."
        )
    return ""


def _first_point(area: Area, card: Row) -> str:
    code = str(card["school_code"])
    signals = area.figures.counted(
        card, "signals_count", ("независимый сигнал", "независимых сигнала", "независимых сигналов")
    )
    signs = "официальных признаков нет"
    if card["official_signs_count"]:
        signs = area.figures.counted(card, "official_signs_count", OFFICIAL_SIGNS)
    families = families_ru(card["families"])
    where = f" ({ru.listed(families)})" if families else ""
    repeated = families_ru(card["persistent_families"])
    tail = f"; повторились: {ru.listed(repeated)}" if repeated else ""
    return f"{code} {area.school(code)}, уровень «{card['evidence_level']}»: {signals}{where}, {signs}{tail}."


def official_section(area: Area) -> Spec | None:
    """Return the official signs of the methodology: index, counts by sign, codes of schools in order."""
    signs = area.rows("objectivity_signs")
    if not signs.where(state=_COUNTED):
        return None
    columns = [
        ("№", 0.6, "number"),
        ("Признак", 5.0, "text"),
        ("Посчитан, ОО", 1.5, "number"),
        ("Есть, ОО", 1.0, "number"),
        ("Мало данных, ОО", 1.3, "number"),
        ("Где есть", 4.4, "text"),
    ]
    rows: list[Spec] = []
    for number in range(1, 15):
        of_sign = signs.where(sign_number=number)
        counted = of_sign.where(state=_COUNTED)
        if not counted:
            continue
        group, _, place = str(counted[0]["sign_title_ru"]).partition(": ")
        if not rows or group not in [one["cells"][0] for one in rows if one["kind"] == "group"]:
            rows.append(row(group, kind="group"))
        rows.append(_official_row(area, of_sign, place))
    made = table("Официальные признаки по ОО муниципалитета", columns, rows)
    return section(
        text=[*_index_text(area), _official_text(area, signs)], tables=[made], charts=_mean_charts(area, signs)
    )


def _mean_charts(area: Area, signs: Rows) -> list[Spec]:
    """Return, for each work with a school above the threshold, the means of all schools in order of codes."""
    found = signs.where(sign_kind="high_mean", state="sign")
    numbers = sorted({int(one["sign_number"]) for one in found})
    return [_mean_chart(area, signs.where(sign_number=number, state=_COUNTED)) for number in numbers]


def _mean_chart(area: Area, counted: Rows) -> Spec:
    schools = sorted(counted, key=lambda one: one["school_code"])
    means = area.figures.values(schools, "school_mean")
    lows = area.figures.values(schools, "value")
    highs = [_upper(area, one) for one in schools]
    codes = [str(one["school_code"]) for one in schools]
    own = [place for place, one in enumerate(schools) if one["state"] == "sign"]
    marked = [codes[place] for place in own]
    title = str(counted[0]["sign_title_ru"]).partition(": ")[2]
    threshold = area.figures.values(schools, "threshold")
    return chart(
        "interval",
        f"{title}: средний первичный балл ОО с 95-процентным интервалом (ОО в порядке кодов) и порог признака",
        f"Выше порога {ru.decimal(threshold[0] or 0)} балла вместе с нижней границей интервала: {', '.join(marked)}.",
        [code.removeprefix("edu") for code in codes],
        [
            series("Средний балл ОО", "plain", means, low=lows, high=highs, own=own),
            series("Порог признака", "benchmark", threshold),
        ],
        axis_title="Код ОО",
        value_title="Первичный балл",
        height_mm=64,
    )


def _official_text(area: Area, signs: Rows) -> str:
    found = signs.where(state="sign")
    total = schools_count(area.figures, signs.where(state=_COUNTED))
    if not found:
        return f"Хотя бы один признак посчитан у {total} ОО муниципалитета; ни у одной из них признаков нет."
    marked = schools_count(area.figures, found)
    return f"Хотя бы один признак посчитан у {total} ОО муниципалитета, есть хотя бы один — у {marked}."


def _official_row(area: Area, signs: Rows, place: str) -> Spec:
    found = signs.where(state="sign")
    return row(
        str(signs[0]["sign_number"]),
        place,
        area.figures.count(signs.where(state=_COUNTED)),
        area.figures.count(found),
        area.figures.count(signs.where(state="insufficient")),
        area.listed(distinct_schools(found)) or ru.DASH,
    )


def _upper(area: Area, one: Row) -> float | None:
    if one["value"] is None or one["school_mean"] is None:
        return None
    upper = 2 * one["school_mean"] - one["value"]
    text = area.figures.computed(upper, "верхняя граница: среднее плюс половина ширины интервала", [one])
    return float(text.replace(",", ".").replace(ru.MINUS, "-"))


def _index_text(area: Area) -> list[str]:
    rules = {str(one["rule"]): one for one in area.data.rows("objectivity_index", unit_level="all")}
    guarded, official = rules.get("guarded"), rules.get("official")
    if guarded is None or official is None or guarded["index_value"] is None:
        return []
    figures = area.figures
    share = (
        f"{figures.percent(guarded, 'marked_share')} (95 % интервал "
        f"{figures.interval(guarded, 'marked_low', 'marked_high')})"
    )
    text = (
        f"По всем загруженным ОО ({figures.whole(guarded, 'schools_count')}) хотя бы один официальный признак есть у "
        f"{share}; индекс объективности — {figures.decimal(guarded, 'index_value')}. Признаков методики удалось "
        f"посчитать {figures.whole(guarded, 'signs_count')}."
    )
    more = (official["marked_count"] or 0) - (guarded["marked_count"] or 0)
    if more > 0:
        added = figures.computed(
            more, "разность чисел отмеченных ОО по двум правилам", [official, guarded], form="whole"
        )
        text += (
            f" По букве методики, без наименьшего числа участников, отмеченных ОО было бы больше на {added}: там "
            "слишком мало участников, чтобы признак что-то значил."
        )
    unknown = f"{figures.text(guarded, 'unknown_ru')}." if guarded["unknown_ru"] else ""
    return [" ".join(part for part in (text, unknown) if part)]


def signals_section(area: Area) -> Spec | None:
    """Return the independent signals by way of looking, each with how many of its alarms may be false."""
    signals = area.rows("objectivity_signals")
    tested = signals.where(state=_TESTED)
    if not tested:
        return None
    columns = [
        ("Способ", 34, "text"),
        ("Проверено, ОО", 20, "number"),
        ("Сигнал, ОО", 16, "number"),
        ("Где", 36, "text"),
        ("Чего из сигнала не следует", 70, "text"),
    ]
    rows = [_signal_row(area, signals.where(signal_code=code)) for code in SIGNAL_CODES]
    made = table("Независимые сигналы по способам проверки", columns, [one for one in rows if one is not None])
    return section(text=[_false_alarms(area, signals)], tables=[made])


def _false_alarms(area: Area, signals: Rows) -> str:
    found = [one for one in signals.where(state="signal") if one["q_value"] is not None]
    rate = float(parameters("objectivity.signals")["false_discovery_rate"])
    checked = area.figures.count(signals.where(state=_TESTED))
    if not found:
        return f"Проверок сделано {checked}, статистических сигналов нет ни одного."
    count = area.figures.computed(len(found), "число сигналов, посчитанных по результатам", found, form="whole")
    false = area.figures.computed(rate * len(found), "число сигналов, умноженное на допустимую долю ложных", found)
    noun = ru.plural(len(found), SIGNALS)
    return (
        f"Проверок сделано {checked}; сигналов — {count}. Доля ложных среди сигналов года удерживается не "
        f"выше {ru.percent(rate, 0)}: на {count}{ru.NBSP}{noun} ложных приходится в среднем не больше {false}."
    )


def _signal_row(area: Area, signals: Rows) -> Spec | None:
    tested = signals.where(state=_TESTED)
    if not tested:
        return None
    found = signals.where(state="signal")
    code = str(tested[0]["signal_code"])
    return row(
        signal_title(code),
        schools_count(area.figures, tested),
        schools_count(area.figures, found),
        area.listed(distinct_schools(found)) or ru.DASH,
        signal_caution(code),
    )


def schools_section(area: Area, cards: Sequence[Row], levels_before: dict[str, list[tuple[str, Row]]]) -> Spec | None:
    """Return the table of schools that need a closer look, in order of codes: level, years, families of signals."""
    columns = [
        ("Код", 1.6, "text"),
        ("ОО", 3.2, "text"),
        ("Уровень", 1.4, "text"),
        ("Прежние годы", 2.2, "text"),
        ("Официальных признаков", 1.6, "text"),
        *((ru.sentence_start(title), 1.5, "text") for title in FAMILIES.values()),
    ]
    rows = [_school_row(area, card, levels_before[str(card["school_code"])]) for card in cards]
    return section(tables=[table("ОО, где результаты требуют внимания (в порядке кодов)", columns, rows)])


def _school_row(area: Area, card: Row, before: list[tuple[str, Row]]) -> Spec:
    figures, code = area.figures, str(card["school_code"])
    signals = area.data.rows("objectivity_signals", school_code=code)
    tested = {str(one["family"]) for one in signals if one["state"] in _TESTED}
    found, repeated = (families_ru(card[name]) for name in ("families", "persistent_families"))
    marks = [
        _mark(title, found, repeated) if family in tested or title in [*found, *repeated] else (ru.DASH, None)
        for family, title in FAMILIES.items()
    ]
    return row(
        code,
        area.school(code),
        str(card["evidence_level"]),
        "; ".join(f"{ru.school_year_words(year)} — {earlier['evidence_level']}" for year, earlier in before) or ru.DASH,
        f"{figures.whole(card, 'official_signs_count')} из {figures.whole(card, 'official_computed_count')}",
        *(text for text, _ in marks),
        shades=[*[None] * 4, "level_3" if card["official_signs_count"] else None, *(shade for _, shade in marks)],
    )


def _mark(title: str, found: Sequence[str], repeated: Sequence[str]) -> tuple[str, str | None]:
    if title in repeated:
        return "повторно", "level_4"
    return ("есть", "level_3") if title in found else ("нет", None)


def levels_before(area: Area, cards: Sequence[Row], years: int) -> dict[str, list[tuple[str, Row]]]:
    """Return, by school, the earlier years in which it was in question, newest first."""
    found: dict[str, list[tuple[str, Row]]] = {str(card["school_code"]): [] for card in cards}
    year = area.data.school_year
    for _ in range(years):
        year = previous_school_year(year)
        for code, told in found.items():
            card = next(iter(area.data.rows("objectivity_cards", school_year=year, school_code=code)), None)
            if card is not None and card["evidence_level"] in IN_QUESTION:
                told.append((year, card))
    return found


def school_details(area: Area, cards: Sequence[Row]) -> list[Spec]:
    """Return, school by school, all signs with their numbers, what they are compared with and what is not known."""
    return [_details(area, card) for card in cards]


def _details(area: Area, card: Row) -> Spec:
    code = str(card["school_code"])
    data, figures = area.data, area.figures
    signs = found_signs(data.rows("objectivity_signs", school_code=code))
    signals = found_signals(data.rows("objectivity_signals", school_code=code))
    points = [f"{sign_code(one)}. {sign_text(figures, one)}." for one in signs]
    points += [f"{sign_code(one)}. {signal_text(figures, one)}." for one in signals]
    text = [f"{figures.text(card, 'basis_ru')}. {group_text(area, card)}".strip()]
    return {"title": f"{code} {area.school(code)}", "section": section(text=text, points=points)}


def group_text(area: Area, card: Row) -> str:
    """Return how often comparable schools have a signal; empty where the group is unknown or too small for a share."""
    if card["group_signal_share"] is None or card["group_schools_count"] < area.data.settings.claim_from:
        return ""
    figures = area.figures
    share = (
        f"{figures.percent(card, 'group_signal_share', 0)} "
        f"({figures.interval(card, 'group_signal_low', 'group_signal_high')})"
    )
    return (
        f"Среди ОО с теми же условиями ({figures.whole(card, 'group_schools_count')} ОО с данными) хотя бы один "
        f"сигнал есть у {share}."
    )


def _small(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def unknown_section(area: Area) -> Spec | None:
    """Return what is not known: sources that nobody has, and ways of looking that say nothing of some schools."""
    cards = area.rows("objectivity_cards")
    reasons: dict[str, list[str]] = {}
    for card in sorted(cards, key=lambda one: one["school_code"]):
        for reason in str(card["unknown_ru"] or "").split("; "):
            if reason and ": " not in reason:
                reasons.setdefault(reason, []).append(str(card["school_code"]))
    points = [
        f"{ru.sentence_start(reason)} — {_codes_ru(area, codes, len(cards))}."
        for reason, codes in sorted(reasons.items())
    ]
    columns = [("Почему", 3.4, "text"), ("Способы проверки", 5.0, "text"), ("ОО", 3.6, "text")]
    return section(points=points, tables=[table("Что не удалось посчитать", columns, _silent_rows(area, len(cards)))])


def _silent_rows(area: Area, everywhere: int) -> list[Spec]:
    """Return reasons with the ways of looking that they silence, ways with the same schools together."""
    signals = area.rows("objectivity_signals", state=("insufficient", "not_applicable"), assessment_id=WHOLE_YEAR)
    schools: dict[tuple[str, int], list[str]] = {}
    for one in sorted(signals, key=lambda one: one["school_code"]):
        key = (str(one["note_ru"] or "мало данных"), SIGNAL_CODES.index(one["signal_code"]))
        schools.setdefault(key, []).append(str(one["school_code"]))
    ways: dict[tuple[str, str], list[str]] = {}
    for (note, place), codes in sorted(schools.items()):
        ways.setdefault((note, _codes_ru(area, codes, everywhere)), []).append(
            _small(signal_title(SIGNAL_CODES[place]))
        )
    return [
        row(ru.sentence_start(note), f"{ru.sentence_start('; '.join(titles))}", codes)
        for (note, codes), titles in ways.items()
    ]


def _codes_ru(area: Area, codes: Sequence[str], everywhere: int) -> str:
    return "все ОО" if len(codes) == everywhere else area.listed(codes)
