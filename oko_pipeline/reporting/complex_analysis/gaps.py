"""What data the analysis lacked, and what it therefore does not say."""

from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.sources import source_kinds
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View
from oko_pipeline.reporting.cycle_data import Rows
from oko_pipeline.reporting.sections import Spec, row, section, table

_ABSENT: Final = ("expected", "late", "returned")
_STATES_RU: Final = {"expected": "ожидается", "late": "не сдано в срок", "returned": "возвращено с ошибками"}
_USED: Final = (
    "vpr", "oge", "ege", "gve", "essay11", "interview9", "niko", "pisa_model", "regional_diagnostics",
    "municipal_diagnostics", "school_diagnostics", "mock_exams", "journal_marks", "enrolment", "oo1_context",
    "social_passport", "staff", "staff_training", "teacher_diagnostics", "measures", "decisions",
)  # fmt: skip
"""Kinds of data that these documents speak of; the rest are named by number only."""
_CASES: Final = ("случай", "случая", "случаев")
_KINDS: Final = ("вид данных", "вида данных", "видов данных")


def gaps(view: View) -> Told:
    """Return which kinds of data are missing and how many results are too small to speak of."""
    rows = _rows_of_schools(view, "source_completeness")
    missing = _missing(rows)
    used = [kind for kind in _USED if kind in missing]
    others = len(missing) - len(used)
    texts = [_small_text(view)]
    if others:
        number = view.number(
            [missing[kind][0] for kind in missing if kind not in used], "видов данных, не сданных никем"
        )
        texts.append(
            f"Не хватает ещё {number}{ru.NBSP}{ru.plural(others, ('вида', 'видов', 'видов'))} данных; "
            "на этот анализ они не влияют."
            if used
            else f"Для этого анализа данных хватило; по другим направлениям не сдано {number}{ru.NBSP}"
            f"{ru.plural(others, _KINDS)}."
        )
    found = section(text=texts, tables=[_table(view, missing, used)])
    points = []
    if used:
        # Widest gaps first; the sort is stable, so that equal ones keep the order of the analysis.
        widest = sorted(used, key=lambda kind: -len(missing[kind]))
        titles = [_titled(view, kind, missing[kind]) for kind in widest]
        points.append(f"Анализ неполон, не сданы данные: {ru.listed(titles, 4)}.")
    return Told(found, tuple(points))


def _titled(view: View, kind: str, rows: Rows) -> str:
    title = _lower(source_kinds()[kind].title_ru)
    if view.is_school or len(rows) == len(view.schools):
        return title
    whole = view.figures.count(view.data.rows("schools", school_code=view.schools))
    return f"{title} ({_number(view, kind, rows)} из {whole} ОО)"


def _number(view: View, kind: str, rows: Rows) -> str:
    return view.number(rows, f"ОО, не сдавших данные: {_lower(source_kinds()[kind].title_ru)}")


def _lower(title: str) -> str:
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _missing(rows: Rows) -> dict[str, Rows]:
    """Return the rows of units that gave a kind of data in no way, by kind."""
    given = {(one["kind"], one["unit_code"]) for one in rows if one["state"] in ("accepted", "received")}
    found: dict[str, Rows] = {}
    for one in rows:
        if one["state"] in _ABSENT and not one["is_optional"] and (one["kind"], one["unit_code"]) not in given:
            kept = found.setdefault(str(one["kind"]), Rows(rows.table, rows.conditions, []))
            if all(other["unit_code"] != one["unit_code"] for other in kept):
                kept.append(one)
    return found


def _table(view: View, missing: dict[str, Rows], used: Sequence[str]) -> Spec | None:
    told = []
    for kind in used:
        rows = missing[kind]
        own = source_kinds()[kind]
        who = _STATES_RU[str(rows[0]["state"])] if view.is_school else _schools(view, kind, rows)
        told.append(row(own.title_ru, who, view.figures.text(rows[0], "leaves_out") or own.without_ru))
    columns = [
        ("Вид данных", 3.2, "text"),
        ("Состояние" if view.is_school else "Не сдали ОО", 2.4, "text"),
        ("Чего поэтому нет", 5.0, "text"),
    ]
    return table("Каких данных не хватило", columns, told)


def _schools(view: View, kind: str, rows: Rows) -> str:
    codes = sorted(str(one["unit_code"]) for one in rows)
    if len(codes) == len(view.schools):
        return "ни одна"
    return f"{_number(view, kind, rows)}: {view.data.short_schools(codes, 4)}"


def _small_text(view: View) -> str:
    own = [one for one in _rows_of_schools(view, "result_summary", subgroup="all") if one["participants_count"]]
    small = [one for one in own if one["participants_count"] < view.settings.claim_from]
    if not own or not small:
        return ""
    limit = ru.counted(view.settings.claim_from, ru.PARTICIPANTS_GENITIVE)
    noun = ru.plural(len(own), ("результата", "результатов", "результатов"))
    what = f"{noun} работ" if view.is_school else f"{noun} «ОО × работа»"
    small_text = view.figures.computed(
        len(small), f"число {what} с участниками меньше порога", small, form="whole", digits=0
    )
    return f"Из {view.number(own, what)} {what} в {small_text} меньше {limit}: доли по ним не приводятся."


def _rows_of_schools(view: View, name: str, **conditions: str) -> Rows:
    codes = view.schools[0] if len(view.schools) == 1 else view.schools
    return view.data.rows(name, unit_level="school", unit_code=codes, **conditions)
