"""Series of works, the breaks in them, and which earlier work a work may be compared with.

Grade view: the same paper grade, year after year. Cohort view: the same children; autumn works are the previous
grade's papers, so the pupils' grade and not the paper's tells which children wrote (paper 4 of autumn 2020 and paper 5
of spring 2021 are one cohort within one school year).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pandas as pd

from oko_pipeline.analysis.dynamics.indicators import Basis
from oko_pipeline.catalogue.campaigns import Campaign, campaigns

_BREAKS: Final[dict[str, frozenset[Basis]]] = {
    "campaign": frozenset(Basis),
    "maximum": frozenset({Basis.PERCENT, Basis.MARKS}),
    "tasks": frozenset({Basis.PERCENT, Basis.MARKS}),
    "scale": frozenset({Basis.MARKS}),
    "contingent": frozenset(Basis),
}
_TITLES_RU: Final = {
    "campaign": "другой вид кампании",
    "maximum": "другой максимальный балл",
    "tasks": "другой состав заданий",
    "scale": "другая шкала перевода в отметки",
    "contingent": "другой состав ОО или участников",
}
_SEASONS_RU: Final = {"spring": "весна", "autumn": "осень", "winter": "зима"}


@dataclass(frozen=True, slots=True)
class Task:
    """A task as far as it is known; None where a file does not say."""

    maximum: int | None
    difficulty: str | None
    skill: str | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A work of a year with all that decides with what it may be compared."""

    assessment_id: str
    school_year: str
    campaign_code: str
    procedure_code: str
    paper_grade: int
    pupil_grade: int
    subject_code: str
    level: str
    maximum: int | None
    scale: tuple[int, int, int] | None
    tasks: tuple[Task, ...]

    @property
    def campaign(self) -> Campaign | None:
        """Return the campaign, None for one the catalogue does not list."""
        return campaigns().get(self.campaign_code)

    @property
    def when_ru(self) -> str:
        """Return the work's campaign in words: осень 2020."""
        known = self.campaign
        return known.short_ru if known else self.campaign_code

    @property
    def order(self) -> tuple[str, str]:
        """Return what works are put in time order by."""
        known = self.campaign
        return (self.school_year, known.starts_on.isoformat() if known else "")

    @property
    def entry_year(self) -> int:
        """Return the year in which these children began grade 1."""
        return int(self.school_year[:4]) - self.pupil_grade + 1

    def series_code(self, view: str) -> str:
        """Return the code of the series in a view, for instance vpr:grade-4:mathematics:base."""
        own = f"grade-{self.paper_grade}" if view == "grade" else f"entry-{self.entry_year}"
        return f"{self.procedure_code}:{own}:{self.subject_code}:{self.level}"


@dataclass(frozen=True, slots=True)
class Break:
    """A difference between two works of a series."""

    kind: str
    before_ru: str
    after_ru: str

    @property
    def blocks(self) -> frozenset[Basis]:
        """Return the kinds of indicators that it makes incomparable."""
        return _BREAKS[self.kind]

    @property
    def text_ru(self) -> str:
        """Return the break in words."""
        return f"{_TITLES_RU[self.kind]}: {self.before_ru} → {self.after_ru}"


@dataclass(frozen=True, slots=True)
class Link:
    """A work and the earlier one to compare with for a basis; `text_ru` tells of the breaks before it.

    `comparable` are all earlier works that it may be compared with, latest first.
    """

    school_year: str
    previous: str | None
    text_ru: str | None
    comparable: tuple[str, ...]


def build_papers(assessments: pd.DataFrame, tasks: pd.DataFrame) -> dict[str, Paper]:
    """Return the works of all years by assessment_id; `assessments` and `tasks` are the tables of these names."""
    found: dict[str, list[Task]] = defaultdict(list)
    columns = ["assessment_id", "maximum_score", "maximum_source", "difficulty_level", "skill"]
    ordered = tasks.sort_values(["assessment_id", "position"])
    for assessment_id, maximum, source, difficulty, skill in zip(*(ordered[name] for name in columns), strict=True):
        # The highest score seen is no maximum: nobody may have reached it.
        known = None if source == "observed" else _whole(maximum)
        found[assessment_id].append(Task(known, _text(difficulty), _text(skill)))
    rows = assessments.to_dict("records")
    return {row["assessment_id"]: _paper(row, tuple(found[row["assessment_id"]])) for row in rows}


def _paper(row: Mapping[Any, Any], tasks: tuple[Task, ...]) -> Paper:
    bounds = [_whole(row[f"minimum_{mark}"]) for mark in (3, 4, 5)]
    return Paper(
        assessment_id=row["assessment_id"],
        school_year=row["school_year"],
        campaign_code=row["campaign_code"],
        procedure_code=row["procedure_code"],
        paper_grade=int(row["paper_grade"]),
        pupil_grade=int(row["pupil_grade"]),
        subject_code=row["subject_code"],
        level=row["level"],
        maximum=_whole(row["maximum_score"]),
        scale=(bounds[0], bounds[1], bounds[2]) if None not in bounds else None,  # pyright: ignore[reportArgumentType]
        tasks=tasks,
    )


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else " ".join(str(value).split()).casefold()


def breaks_between(before: Paper, after: Paper) -> tuple[Break, ...]:
    """Return all that differs between two works of one paper grade; what is unknown on a side is no break but a scale.

    Marks by an unknown scale are not comparable with marks by any scale.
    """
    found: list[Break] = []
    kinds = [_campaign_kind(paper) for paper in (before, after)]
    if kinds[0] != kinds[1]:
        found.append(Break("campaign", *kinds))
    if before.maximum is not None and after.maximum is not None and before.maximum != after.maximum:
        found.append(Break("maximum", f"{before.maximum} б.", f"{after.maximum} б."))
    if (tasks := _task_difference(before.tasks, after.tasks)) is not None:
        found.append(Break("tasks", *tasks))
    if before.scale is None or before.scale != after.scale:
        found.append(Break("scale", _scale_ru(before.scale), _scale_ru(after.scale)))
    return tuple(found)


def _campaign_kind(paper: Paper) -> str:
    known = paper.campaign
    if known is None:
        return paper.procedure_code
    paper_of = "работы за предыдущий класс" if known.grade_shift else "работы за свой класс"
    return f"{_SEASONS_RU.get(known.season, known.season)}, {paper_of}"


def _scale_ru(scale: tuple[int, int, int] | None) -> str:
    return "шкала неизвестна" if scale is None else f"«3» с {scale[0]}, «4» с {scale[1]}, «5» с {scale[2]}"


def _task_difference(before: Sequence[Task], after: Sequence[Task]) -> tuple[str, str] | None:
    if not before or not after:
        return None
    if len(before) != len(after):
        return f"заданий {len(before)}", f"заданий {len(after)}"
    for title, name in (("максимум", "maximum"), ("уровень", "difficulty"), ("умение", "skill")):
        places = [
            str(place)
            for place, (one, other) in enumerate(zip(before, after, strict=True), start=1)
            if None not in (getattr(one, name), getattr(other, name)) and getattr(one, name) != getattr(other, name)
        ]
        if places:
            return "прежние задания", f"{title}: изменены задания {', '.join(places)}"
    return None


def link_papers(papers: Mapping[str, Paper], view: str, basis: Basis) -> dict[str, Link]:
    """Return for each work its latest earlier comparable work of the series, and all comparable ones (latest first).

    In the cohort view the papers always differ: only the position among all pupils is compared, whatever the campaign.
    """
    links: dict[str, Link] = {}
    for series in _series(papers, view):
        for place, paper in enumerate(series):
            earlier = series[:place][::-1]
            blocked = {one.assessment_id: _blocking(one, paper, view, basis) for one in earlier}
            comparable = tuple(name for name, found in blocked.items() if not found)
            nearest = blocked[earlier[0].assessment_id] if earlier else ()
            text = f"{earlier[0].when_ru} — {'; '.join(one.text_ru for one in nearest)}" if nearest else None
            links[paper.assessment_id] = Link(
                paper.school_year, comparable[0] if comparable else None, text, comparable
            )
    return links


def _series(papers: Mapping[str, Paper], view: str) -> list[list[Paper]]:
    series: dict[str, list[Paper]] = defaultdict(list)
    for paper in sorted(papers.values(), key=lambda paper: paper.order):
        series[paper.series_code(view)].append(paper)
    return list(series.values())


def _blocking(before: Paper, after: Paper, view: str, basis: Basis) -> tuple[Break, ...]:
    if view == "cohort":
        return ()
    return tuple(one for one in breaks_between(before, after) if basis in one.blocks)


def neighbours(papers: Mapping[str, Paper], view: str) -> dict[str, str]:
    """Return for each work the work right before it in its series."""
    return {
        after.assessment_id: before.assessment_id
        for series in _series(papers, view)
        for before, after in pairwise(series)
    }
