"""Roadmaps of the next cycle: what the year's review proposes and the rows of the programmes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle import words
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.labels import day_ru
from oko_pipeline.reporting.sections import Spec, finished, heading, row, section, table

_KINDS_RU: Final = {
    "goal": ("цели", words.GOALS),
    "indicator": ("показатели", words.INDICATORS),
    "roadmap_row": ("строки плана", words.ROWS),
    "measure": ("меры", words.MEASURES),
}
_YEAR_OF_TERM: Final = re.compile(r"\s*\b20\d\d(?:\s*(?:года?|г\.))?")
"""The year that a programme was written for: its months stay, its year is that of the plan."""
_GOALS_COLUMNS: Final = (
    ("Показатель", 4.6, "text"),
    ("Была", 1.3, "number"),
    ("Станет", 1.3, "number"),
    ("Решение", 1.9, "text"),
    ("Основание", 6.2, "text"),
)
_INDICATORS_COLUMNS: Final = (
    ("Показатель", 5.0, "text"),
    ("Решение", 2.4, "text"),
    ("Основание", 7.0, "text"),
)
_CARRIED_COLUMNS: Final = (
    ("Мероприятие", 5.0, "text"),
    ("Направление", 3.6, "text"),
    ("Основание", 5.8, "text"),
)
_MEASURES_COLUMNS: Final = (
    ("Мера", 4.2, "text"),
    ("Показатель", 4.0, "text"),
    ("Решение", 2.0, "text"),
    ("Основание", 5.4, "text"),
)
_NEW_COLUMNS: Final = (
    ("Мероприятие", 6.0, "text"),
    ("Срок", 1.8, "text"),
    ("Ответственный", 2.6, "text"),
    ("Показатель", 3.4, "text"),
    ("Ожидаемый результат", 3.6, "text"),
)
_DUTIES_COLUMNS: Final = (
    ("Обязанность", 6.6, "text"),
    ("Срок", 3.0, "text"),
    ("Исполнитель", 3.2, "text"),
    ("Документ", 2.4, "text"),
)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose roadmap it is."""

    data: CycleData
    figures: Figures
    level: str
    code: str
    duties: list[Row]

    def conclusions(self, kind: str) -> Rows:
        return self.data.rows("year_conclusions", owner_level=self.level, owner_code=self.code, kind=kind)


def municipality_roadmaps(data: CycleData) -> Iterator[Content]:
    """Yield the next year's roadmap of each municipality about which the year says something."""
    for code in data.municipalities():
        levels = data.rows("roadmap_levels", municipality_code=code)
        duties = [one for one in levels if one["municipal_state"] is not None]
        yield from _roadmap(_Owner(data, Figures(), "municipality", code, duties))


def school_roadmaps(data: CycleData) -> Iterator[Content]:
    """Yield the next year's roadmap of each school about which the year says something."""
    duties: dict[str, list[Row]] = {}
    for code in data.municipalities():
        levels = data.rows("roadmap_levels", municipality_code=code)
        duties[code] = [one for one in levels if one["schools_count"]]
    for school in data.schools():
        own = duties.get(str(school["municipality_code"]), [])
        yield from _roadmap(_Owner(data, Figures(), "school", str(school["school_code"]), own))


def _roadmap(owner: _Owner) -> Iterator[Content]:
    data = owner.data
    plan = data.rows("decision_drafts", unit_level=owner.level, unit_code=owner.code, draft_kind="plan")
    concluded = data.rows("year_conclusions", owner_level=owner.level, owner_code=owner.code)
    if not concluded and not plan:
        return
    next_year = ru.school_year_words(words.next_school_year(data.school_year))
    sections = {
        "next_year": next_year,
        "summary": section(text=_summary(owner, plan)),
        "goals": section(tables=[_goals(owner)]),
        "indicators": section(tables=[_indicators(owner)]),
        "measures": section(tables=[_measures(owner)]),
        "carried": section(tables=[_carried(owner)]),
        "new": section(tables=[_new(owner, plan)]),
        "repeated": section(points=_repeated(owner)),
        "duties": section(tables=[_duties(owner)]),
    }
    title = f"План (дорожная карта) на {next_year} учебный год"
    yield Content(owner.code, finished(heading(data, owner.level, owner.code, title) | sections, data, owner.figures))


def _summary(owner: _Owner, plan: Rows) -> list[str]:
    parts = [
        f"{title} — {owner.figures.count(found)}"
        for kind, (title, _) in _KINDS_RU.items()
        if (found := owner.conclusions(kind))
    ]
    told = [f"Анализ года даёт выводы: {ru.listed(parts)}."] if parts else []
    if plan:
        told.append(f"По принятым рекомендациям предложено новых мероприятий: {owner.figures.count(plan)}.")
    else:
        told.append("Принятых рекомендаций нет: новых мероприятий по ним не предложено.")
    persons = owner.data.rows("year_conclusions", owner_level=owner.level, owner_code=owner.code, is_persons_word=True)
    if persons:
        told.append(f"Решения, записанные людьми в формах, сохранены без изменений: {owner.figures.count(persons)}.")
    return told


def _goals(owner: _Owner) -> Spec | None:
    figures = owner.figures
    lines = [
        row(
            _subject(one),
            figures.decimal(one, "previous_target"),
            figures.decimal(one, "proposed_target"),
            words.ACTIONS_RU[str(one["action"])],
            figures.text(one, "text_ru"),
        )
        for one in _by_direction(owner.conclusions("goal"))
    ]
    return table("Цели: что сохранить, поднять, снять", _GOALS_COLUMNS, lines)


def _subject(one: Row) -> str:
    return str(one["title"]) if one["indicator_code"] is None else words.indicator_ru(str(one["indicator_code"]))


def _by_direction(rows: Rows) -> list[Row]:
    order = list(words.DIRECTIONS)
    return sorted(rows, key=lambda one: (order.index(one["direction"] or "cross"), str(one["title"])))


def _indicators(owner: _Owner) -> Spec | None:
    lines = [
        row(_subject(one), words.ACTIONS_RU[str(one["action"])], owner.figures.text(one, "text_ru"))
        for one in _by_direction(owner.conclusions("indicator"))
    ]
    return table("Изменения реестра показателей", _INDICATORS_COLUMNS, lines)


def _measures(owner: _Owner) -> Spec | None:
    lines = [
        row(
            owner.figures.text(one, "title"),
            words.indicator_ru(one["indicator_code"]),
            words.ACTIONS_RU[str(one["action"])],
            owner.figures.text(one, "text_ru"),
        )
        for one in _by_direction(owner.conclusions("measure"))
    ]
    return table("Меры этого года: что с ними дальше", _MEASURES_COLUMNS, lines)


def _carried(owner: _Owner) -> Spec | None:
    lines = [
        row(owner.figures.text(one, "title"), words.direction_ru(one["direction"]), owner.figures.text(one, "text_ru"))
        for one in _by_direction(owner.conclusions("roadmap_row"))
    ]
    return table("Невыполненные строки плана, которые переносятся", _CARRIED_COLUMNS, lines)


def _new(owner: _Owner, plan: Rows) -> Spec | None:
    lines: list[Spec] = []
    for direction in words.directions_in_order(plan):
        lines.append(row(words.direction_ru(direction), kind="group"))
        lines += [
            row(
                owner.figures.text(one, "text_ru"),
                UNKNOWN if one["due_on"] is None else day_ru(one["due_on"]),
                words.role_ru(one["responsible_role"]),
                str(one["control_ru"] or UNKNOWN),
                owner.figures.text(one, "expected_ru") or UNKNOWN,
            )
            for one in plan.where(direction=direction)
        ]
    return table("Новые мероприятия по принятым рекомендациям", _NEW_COLUMNS, lines)


def _repeated(owner: _Owner) -> list[str]:
    """Return recommendations that wait for an answer or an action, by direction."""
    by_direction: dict[str, list[str]] = {}
    for one in _by_direction(owner.conclusions("recommendation")):
        by_direction.setdefault(one["direction"] or "cross", []).append(str(one["title"]))
    return [
        f"{words.direction_ru(direction)}: {'; '.join(dict.fromkeys(titles))}."
        for direction, titles in by_direction.items()
    ]


def _duties(owner: _Owner) -> Spec | None:
    lines: list[Spec] = []
    last = ""
    for one in words.in_programme_order(owner.duties):
        group = words.duty_section_ru(one) or words.programme_ru(str(one["programme"]))
        if group != last:
            last = group
            lines.append(row(group, kind="group"))
        term = _YEAR_OF_TERM.sub("", str(one["term"]))
        lines.append(row(str(one["title"]), term, str(one["responsible"]), str(one["document"] or UNKNOWN)))
    return table("Строки программы и их сроки", _DUTIES_COLUMNS, lines)
