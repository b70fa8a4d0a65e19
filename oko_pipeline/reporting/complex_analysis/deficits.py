"""Systemic deficits of skills: what most of a unit's tasks show, and what only some groups of schools show."""

from collections.abc import Iterable, Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.columns import told_table
from oko_pipeline.reporting.complex_analysis.told import Told
from oko_pipeline.reporting.complex_analysis.view import View, campaign_ru, scope_ru
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.labels import subject_ru
from oko_pipeline.reporting.sections import Spec, row, section, table

_KINDS: Final = ("requirement", "skill", "content")
_MOST: Final = 16
_PARTS_TOLD: Final = 2
_MOST_OF_SUBJECT: Final = 3
_TITLE_LENGTH: Final = 170
_POSSIBLE_RU: Final = "возможных дефицитов, одни и те же задания — один раз"
_SURE: Final = "Системные дефициты, подтверждённые с учётом погрешности"
_POSSIBLE: Final = "Возможные системные дефициты"


def deficits(view: View, *, has_summary: bool = True) -> Told:
    """Return the unit's systemic deficits: sure ones first, a skill that several works name once.

    Args:
        view: the unit.
        has_summary: the document begins with a summary that takes the point.
    """
    rows = [one for one in view.own("skill_deficits") if one["kind"] in _KINDS and one["tasks_count"] > 1]
    rows = [one for one in rows if one["participants_count"] >= view.settings.claim_from]
    if not rows:
        return Told(None)
    sure = _distinct(one for one in rows if one["evidence"] == "confirmed")
    possible = _distinct(one for one in rows if one["evidence"] != "confirmed")
    chosen = _chosen(sure) or _chosen(possible)
    texts = [_text(view, sure, possible)]
    own = [one for one in sure if not one["is_general"]]
    if own and len(own) < len(sure):
        here = view.number(own, "дефицитов, которых нет у всех ОО вместе")
        texts.append(
            f"Из подтверждённых {here} — только здесь: у всех ОО вместе они не системные. С этих разумно начать: "
            "причина, вероятно, местная."
        )
    points = (_point(view, chosen),) if has_summary and sure and chosen else ()
    return Told(
        section(
            text=texts,
            tables=[_table(view, chosen, _SURE if sure else _POSSIBLE, sure or possible), _groups_table(view)],
        ),
        points,
    )


def _distinct(rows: Iterable[Row]) -> list[Row]:
    """Return one row for the same tasks of a work: a requirement, a skill and a content may name the same ones."""
    found: dict[tuple[str, str], Row] = {}
    for one in sorted(rows, key=lambda item: (_KINDS.index(str(item["kind"])), str(item["skill_code"]))):
        found.setdefault((str(one["assessment_id"]), str(one["task_codes"])), one)
    return list(found.values())


def _chosen(rows: Sequence[Row]) -> list[Row]:
    """Return the widest deficits, at most three a subject, in the order of subjects and grades."""
    taken: dict[str, int] = {}
    told: set[tuple[str, str, str]] = set()
    chosen: list[Row] = []
    for one in sorted(rows, key=_need):
        subject = _subject(one)
        if _same_skill(one) in told:
            continue
        told.add(_same_skill(one))
        if len(chosen) < _MOST and taken.get(subject, 0) < _MOST_OF_SUBJECT:
            chosen.append(one)
            taken[subject] = taken.get(subject, 0) + 1
    return sorted(chosen, key=lambda one: (subject_ru(_subject(one)), scope_ru(str(one["assessment_id"]))))


def _same_skill(one: Row) -> tuple[str, str, str]:
    """Return what makes a deficit the same in two campaigns: subject, grade, the skill's text."""
    _, grade, subject, _ = str(one["assessment_id"]).split(":")
    return subject, grade, str(one["skill_title"])


def _need(one: Row) -> tuple[float, float, str]:
    parts = one["parts_count"] or 0
    spread = (one["deficit_parts_count"] or 0) / parts if parts else 0.0
    return -spread, one["solved_high"] if one["solved_high"] is not None else 1.0, str(one["assessment_id"])


def _subject(one: Row) -> str:
    return str(one["assessment_id"]).split(":")[2]


def _text(view: View, sure: Sequence[Row], possible: Sequence[Row]) -> str:
    works = list({str(one["assessment_id"]): one for one in [*sure, *possible]}.values())
    number = view.number(works, "работ с дефицитами умений")
    where = f"по {number}{ru.NBSP}{ru.plural(len(works), ru.WORKS_DATIVE)}"
    if not sure:
        found = view.number(possible, _POSSIBLE_RU)
        return f"Подтверждённых с учётом погрешности дефицитов умений нет, возможных — {found} ({where})."
    more = f", возможных — {view.number(possible, _POSSIBLE_RU)}" if possible else ""
    confirmed = view.number(sure, "подтверждённых дефицитов, одни и те же задания — один раз")
    return f"Подтверждённых с учётом погрешности дефицитов умений — {confirmed}{more} ({where})."


def _table(view: View, rows: Sequence[Row], title: str, all_rows: Sequence[Row]) -> Spec | None:
    figures = view.figures
    part_title = "Классов с тем же дефицитом" if view.is_school else "ОО с тем же дефицитом"
    has_parts = any((one["parts_count"] or 0) > 1 for one in rows)
    told = [
        row(
            f"{scope_ru(str(one['assessment_id']))}; {campaign_ru(str(one['assessment_id']).split(':')[0])}",
            _skill_ru(view, one) + _elsewhere(one, all_rows),
            str(one["task_codes"]).replace(";", ", "),
            figures.share_with_interval(one, "solved_share", "solved_low", "solved_high"),
            *((_parts(view, one),) if has_parts else ()),
        )
        for one in rows
    ]
    columns = [
        ("Работа", 2.4, "text"),
        ("Умение, требование, содержание", 4.4, "text"),
        ("Задания", 1.5, "text"),
        ("Решаемость, %", 1.6, "number"),
        *(((part_title, 1.4, "number"),) if has_parts else ()),
    ]
    return told_table(title, columns, told)


def _skill_ru(view: View, one: Row) -> str:
    shown = ru.sentence_start(ru.shortened(str(one["skill_title"]), _TITLE_LENGTH))
    return view.figures.text(one, "skill_title", shown)


def _elsewhere(one: Row, rows: Sequence[Row]) -> str:
    """Name the other campaigns of the year with the same deficit: what repeats is surer."""
    own = str(one["assessment_id"])
    others = {
        campaign_ru(str(other["assessment_id"]).split(":")[0])
        for other in rows
        if _same_skill(other) == _same_skill(one) and str(other["assessment_id"]) != own
    }
    return f" (то же — {ru.listed(sorted(others))})" if others else ""


def _parts(view: View, one: Row) -> str:
    if (one["parts_count"] or 0) < _PARTS_TOLD:
        return ru.DASH
    return f"{view.figures.whole(one, 'deficit_parts_count')} из {view.figures.whole(one, 'parts_count')}"


def _groups_table(view: View) -> Spec | None:
    """Return the deficits of groups of alike schools that all schools together do not have."""
    if view.is_school:
        return None
    titles: dict[str, str] = {}
    for code in view.schools:
        group = view.group(code)
        if group is not None:
            titles[str(group["group_code"])] = str(group["group_title_ru"])
    rows: list[Spec] = []
    for code, title in sorted(titles.items(), key=lambda item: item[1]):
        found = view.data.rows("skill_deficits", unit_level="group", unit_code=f"rules:{code}")
        kept = [one for one in found if one["kind"] in _KINDS and not one["is_general"] and one["tasks_count"] > 1]
        own = _chosen(_distinct(one for one in kept if one["evidence"] == "confirmed"))[:5]
        if not own:
            continue
        rows.append(row(title, kind="group"))
        rows += [
            row(
                scope_ru(str(one["assessment_id"])),
                _skill_ru(view, one),
                view.figures.share_with_interval(one, "solved_share", "solved_low", "solved_high"),
            )
            for one in own
        ]
    columns = [
        ("Работа", 2.4, "text"),
        ("Умение, требование, содержание", 5.2, "text"),
        ("Решаемость, %", 1.8, "number"),
    ]
    return table("Дефициты групп сопоставимых ОО, которых нет у всех ОО вместе", columns, rows)


def _point(view: View, rows: Sequence[Row]) -> str:
    first = min(rows, key=_need)
    share = view.figures.percent(first, "solved_share", 0)
    where = ""
    if (first["parts_count"] or 0) > 1:
        unit = "классах" if view.is_school else "ОО"
        where = f", тот же дефицит в {_parts(view, first)} {unit}"
    name = scope_ru(str(first["assessment_id"]))
    title = view.figures.text(first, "skill_title", ru.shortened(str(first["skill_title"]), 110))
    return (
        f"Самый широкий дефицит умений — {name[:1].lower()}{name[1:]}: {ru.quoted(title)}, решаемость {share}{where}."
    )
