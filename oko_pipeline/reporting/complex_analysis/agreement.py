"""Whether procedures agree: schools in two procedures, and marks of a work beside marks of the journal."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.results import Result, procedures, share_of
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View, is_exam
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.sections import Spec, row, section, table

_STRENGTHS_RU: Final = {
    "strong": "сильная",
    "moderate": "умеренная",
    "weak": "слабая",
    "not_shown": "не показана",
    "too_few": "мало ОО",
}
_MOST_LINKS: Final = 14
_JOURNAL: Final = ("lower", "same", "higher")
_LOWER_NOTED: Final = 0.5


def agreement(view: View, found: Sequence[Result]) -> Told:
    """Return how procedures agree with each other (municipality) and with the journal."""
    links = [] if view.is_school else _links(view)
    journal = _journal_table(view, found)
    texts = [_links_text(view, links)] if links else []
    points = []
    lower = _journal_lower(view, found)
    if lower:
        points.append(lower)
        texts.append(lower)
    return Told(section(text=texts, tables=[_links_table(view, links), journal]), tuple(points))


def _links(view: View) -> list[Row]:
    """Return links between results of different procedures: of the municipality where they are known, else of all."""
    for level, code in (("municipality", view.code), ("all", "all")):
        rows = view.data.rows(
            "result_links", observation="school", statistic="spearman", unit_level=level, unit_code=code
        )
        kept = [one for one in rows if _is_result(one["left_measure"]) and _is_result(one["right_measure"])]
        kept = [one for one in kept if _procedure(one["left_measure"]) != _procedure(one["right_measure"])]
        known = [one for one in kept if one["strength"] != "too_few" and one["estimate"] is not None]
        if known:
            return known
    return []


def _is_result(measure: object) -> bool:
    """Tell a measure of results from one of conditions: those are written «kind:name» of the conditions' own kinds."""
    head = str(measure).partition(":")[0]
    return "-" in head or head in ("oge", "ege", "gve9", "gve11")


def _procedure(measure: object) -> str:
    return str(measure).partition(":")[0]


def _links_text(view: View, links: Sequence[Row]) -> str:
    shown = [one for one in links if one["strength"] in ("strong", "moderate", "weak")]
    pairs = view.number(links, "пар результатов разных процедур с известной связью")
    found = view.number(shown, "из них пар со связью") if shown else "ни в одной"
    where = "ОО муниципалитета" if links[0]["unit_level"] == "municipality" else "всех загруженных ОО"
    where_shown = f"в {found}" if shown else found
    return (
        f"Согласие процедур проверено по результатам {where}: пар результатов — {pairs}, связь показана {where_shown}. "
        "Где связи нет, о подготовке нельзя судить по одной процедуре: их результаты говорят о разном или получены в "
        "разных условиях."
    )


def _links_table(view: View, links: Sequence[Row]) -> Spec | None:
    whole = [one for one in links if ":" not in str(one["left_measure"]) and ":" not in str(one["right_measure"])]
    parts = [one for one in links if one not in whole]
    parts.sort(key=lambda one: -abs(one["estimate"]))
    chosen = [*whole, *parts][:_MOST_LINKS]
    rows = [
        row(
            ru.sentence_start(str(one["left_title_ru"])),
            ru.sentence_start(str(one["right_title_ru"])),
            view.figures.decimal(one, "estimate", 2),
            view.figures.interval(one, "estimate_low", "estimate_high", form="decimal", digits=2).replace("–", " … "),
            view.figures.whole(one, "schools_count"),
            _STRENGTHS_RU[str(one["strength"])],
        )
        for one in chosen
    ]
    columns = [
        ("Результат", 3.2, "text"),
        ("Другой результат", 3.2, "text"),
        ("ρ", 0.8, "number"),
        ("95 %", 1.6, "number"),
        ("ОО", 0.7, "number"),
        ("Связь", 1.4, "text"),
    ]
    return table("Связь результатов разных процедур (ранговая корреляция ОО)", columns, rows)


def _journal_table(view: View, found: Sequence[Result]) -> Spec | None:
    rows: list[Spec] = []
    for code, title in procedures(found).items():
        own = [one for one in found if one.procedure == code]
        counted = _journal_counts(own)
        if counted is None or counted[0] < view.settings.claim_from:
            continue
        pairs, counts, used = counted
        cells = [
            view.figures.computed(
                counts[name] / pairs, "сумма по работам процедуры к числу пар отметок", used, form="percent_number"
            )
            for name in _JOURNAL
        ]
        total = view.figures.computed(pairs, "сумма пар отметок по работам процедуры", used, form="whole", digits=0)
        rows.append(row(title, total, *cells))
    columns = [
        ("Процедура", 3.0, "text"),
        ("Пар отметок", 1.2, "number"),
        ("Ниже журнальной, %", 1.5, "number"),
        ("Совпали, %", 1.5, "number"),
        ("Выше журнальной, %", 1.5, "number"),
    ]
    return table("Отметки процедур и отметки журнала", columns, rows)


def _journal_counts(own: Sequence[Result]) -> tuple[int, dict[str, int], list[Row]] | None:
    works = [one.row for one in own if not is_exam(one.scope) and one.row["journal_pairs_count"]]
    exams = [one.row for one in own if is_exam(one.scope) and one.row["year_mark_pairs_count"]]
    pairs = sum(int(one["journal_pairs_count"]) for one in works)
    pairs += sum(int(one["year_mark_pairs_count"]) for one in exams)
    if pairs == 0:
        return None
    counts = {
        name: sum(int(one[f"journal_{name}_count"] or 0) for one in works)
        + sum(int(one[f"year_mark_{name}_count"] or 0) for one in exams)
        for name in _JOURNAL
    }
    return pairs, counts, [*works, *exams]


def _journal_lower(view: View, found: Sequence[Result]) -> str:
    """Say where more than half of the marks are surely below the journal's: a sign to look at, never proof."""
    told = []
    for code, title in procedures(found).items():
        counted = _journal_counts([one for one in found if one.procedure == code])
        if counted is None or counted[0] < view.settings.detail_from:
            continue
        pairs, counts, used = counted
        share = share_of(counts["lower"], pairs)
        if share.low > _LOWER_NOTED:
            value = view.figures.computed(
                share.value, "доля отметок ниже журнальной по работам процедуры", used, form="percent"
            )
            told.append(f"{title} — {value} из {ru.whole(pairs)}")
    if not told:
        return ""
    return f"Больше половины отметок ниже журнальных: {'; '.join(told)}. Это повод сверить критерии оценивания."
