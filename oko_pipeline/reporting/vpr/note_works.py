"""The works of a campaign as one unit sees them: its level, benchmarks, tasks, skills, parts. Numbers, no wording."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from oko_pipeline.catalogue.campaigns import Campaign, campaign
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.subjects import Subject, subjects
from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.vpr.levels import Level, published_level, rest_of, summary_level
from oko_pipeline.reporting.vpr.note_data import NoteData, Record

UnitKind = Literal["school", "municipality"]
OWN_NAMES: Final[dict[str, str]] = {"school": "школа", "municipality": "муниципалитет"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the unit in a work: a class of a school, a school of a municipality."""

    label: str
    level: Level
    absent: int


@dataclass(frozen=True, slots=True)
class WorkView:
    """One work of the unit.

    `comparators` stand beside the unit in tables and charts; `reference` is what statements compare it with: the widest
    known surrounding without the unit itself. `parts` are ordered by class name or school code, never by results.
    """

    key: AssessmentKey
    subject: Subject
    title: str
    assessment: Record
    own: Level
    absent: int
    comparators: tuple[Level, ...]
    reference: Level | None
    tasks: tuple[Record, ...]
    comparator_tasks: dict[int, float]
    skills: tuple[Record, ...]
    scores: tuple[Record, ...]
    parts: tuple[Part, ...]

    @property
    def assessment_id(self) -> str:
        """Return the work's id."""
        return str(self.key)


@dataclass(frozen=True, slots=True)
class UnitView:
    """A school or a municipality in a campaign: its registers and its works in the order grade, subject."""

    kind: UnitKind
    code: str
    name: str
    municipality_code: str
    municipality_name: str
    campaign: Campaign
    schools: tuple[Record, ...]
    works: tuple[WorkView, ...]
    coverage: tuple[Record, ...]


def school_view(data: NoteData, school_code: str) -> UnitView:
    """Return a school's view; raises `ContractError` for a code that the register of the year does not have."""
    found = data.rows("schools", ("school_code",), (school_code,))
    if not found:
        raise ContractError(f"В реестре ОО {data.school_year} нет кода {school_code}.")
    school = found[0]
    classes = data.class_rows(school_code)
    parts: dict[str, list[Record]] = {}
    for record in classes:
        parts.setdefault(record["assessment_id"], []).append(record)
    coverage = data.rows("coverage", ("school_code",), (school_code,))
    return UnitView(
        kind="school",
        code=school_code,
        name=school["school_name"],
        municipality_code=school["municipality_code"],
        municipality_name=_municipality_name(data, school["municipality_code"]),
        campaign=campaign(data.campaign_code),
        schools=(school,),
        works=_works(data, "school", school_code, school, {key: _class_parts(rows) for key, rows in parts.items()}),
        coverage=tuple(coverage),
    )


def municipality_view(data: NoteData, municipality_code: str) -> UnitView:
    """Return a municipality's view; raises `ContractError` for a code that no school of the register has."""
    schools = sorted(
        data.rows("schools", ("municipality_code",), (municipality_code,)), key=lambda school: school["school_code"]
    )
    if not schools:
        raise ContractError(f"В реестре {data.school_year} нет ОО муниципалитета {municipality_code}.")
    parts: dict[str, list[Part]] = {}
    for school in schools:
        for record in data.unit_rows("result_summary", "school", school["school_code"]):
            part = _part(record, school_label(school))
            if part.level.participants:
                parts.setdefault(record["assessment_id"], []).append(part)
    coverage = [row for school in schools for row in data.rows("coverage", ("school_code",), (school["school_code"],))]
    return UnitView(
        kind="municipality",
        code=municipality_code,
        name=_municipality_name(data, municipality_code),
        municipality_code=municipality_code,
        municipality_name=_municipality_name(data, municipality_code),
        campaign=campaign(data.campaign_code),
        schools=tuple(schools),
        works=_works(data, "municipality", municipality_code, schools[0], parts),
        coverage=tuple(coverage),
    )


def school_label(school: Record) -> str:
    """Return how a school is called in a table: its name and code, or the code alone while the name is unknown."""
    if school["is_name_known"]:
        return f"{school['school_name']} ({school['school_code']})"
    return str(school["school_code"])


def _municipality_name(data: NoteData, municipality_code: str) -> str:
    found = data.rows("municipalities", ("municipality_code",), (municipality_code,))
    return str(found[0]["municipality_name"]) if found else municipality_code


def _works(
    data: NoteData, kind: UnitKind, code: str, school: Record, parts: dict[str, list[Part]]
) -> tuple[WorkView, ...]:
    own = {row["assessment_id"]: row for row in data.unit_rows("result_summary", kind, code)}
    around = _Surroundings(data, kind, school)
    tasks = _by_assessment(data.unit_rows("task_results", kind, code))
    skills = _by_assessment(data.unit_rows("skill_results", kind, code))
    scores = _by_assessment(data.unit_rows("score_distribution", kind, code))
    order = list(subjects())
    views: list[WorkView] = []
    for assessment_id, row in own.items():
        key = AssessmentKey.parse(assessment_id)
        assessment = data.shared_rows("assessments", ("assessment_id",), (assessment_id,))
        if not assessment:
            raise ContractError(f"В таблице assessments нет работы {assessment_id}.")
        level = summary_level(row, OWN_NAMES[kind], "")
        comparators, reference = around.levels(assessment_id, level)
        views.append(
            WorkView(
                key=key,
                subject=subjects()[key.subject_code],
                title=work_title(key, data.campaign_code),
                assessment=assessment[0],
                own=level,
                absent=int(row["absent_count"]),
                comparators=comparators,
                reference=reference,
                tasks=tuple(_with_descriptions(data, assessment_id, tasks.get(assessment_id, []))),
                comparator_tasks=around.tasks(assessment_id),
                skills=tuple(skills.get(assessment_id, ())),
                scores=tuple(sorted(scores.get(assessment_id, ()), key=lambda score: score["score"])),
                parts=tuple(parts.get(assessment_id, ())),
            )
        )
    return tuple(
        sorted(views, key=lambda view: (view.key.paper_grade, order.index(view.key.subject_code), view.key.level))
    )


def work_title(key: AssessmentKey, campaign_code: str) -> str:
    """Return a work's title: «Математика, 5 класс»; of an autumn campaign «Математика, за 4 класс»."""
    shift = campaign(campaign_code).grade_shift
    grade = f"{'за ' if shift else ''}{key.paper_grade}\u00a0класс"
    level = ", углублённый уровень" if key.level == "advanced" else ""
    return f"{subjects()[key.subject_code].name_ru}, {grade}{level}"


def titles_by_grade(works: Iterable[WorkView]) -> str:
    """Return works named shortly, grades apart: «4 класс — русский язык, математика; 5 класс — история»."""
    grades: dict[str, list[str]] = {}
    for work in works:
        subject, _, rest = work.title.partition(", ")
        grades.setdefault(rest, []).append(subject[:1].lower() + subject[1:])
    return "; ".join(f"{grade} — {', '.join(names)}" for grade, names in grades.items())


class _Surroundings:
    """What stands around the unit: its municipality, the region (published or computed), the country (published)."""

    def __init__(self, data: NoteData, kind: UnitKind, school: Record) -> None:
        self._data = data
        self._kind: UnitKind = kind
        self._region_code = str(school["region_code"])
        municipality = str(school["municipality_code"])
        inside = data.unit_rows("result_summary", "municipality", municipality) if kind == "school" else []
        self._municipality = {row["assessment_id"]: row for row in inside}
        self._region = {
            row["assessment_id"]: row for row in data.unit_rows("result_summary", "region", self._region_code)
        }
        task_unit = ("municipality", municipality) if kind == "school" else ("region", self._region_code)
        self._tasks = _by_assessment(data.unit_rows("task_results", *task_unit))

    def levels(self, assessment_id: str, own: Level) -> tuple[tuple[Level, ...], Level | None]:
        """Return the comparators of a work and the reference for statements."""
        published = self._published(assessment_id)
        comparators: list[Level] = []
        references: list[Level | None] = []
        municipality = self._municipality.get(assessment_id)
        if municipality is not None:
            level = summary_level(municipality, "муниципалитет", "в муниципалитете")
            comparators.append(level)
            references.append(rest_of(level, own, "в остальных ОО муниципалитета"))
        region = published.get("region")
        computed = self._region.get(assessment_id)
        if region is not None:
            comparators.append(region)
            references.append(region)
        elif computed is not None:
            level = summary_level(computed, "регион (загруженные ОО)", "в регионе")
            if level.participants > max([own.participants, *(c.participants for c in comparators)]):
                comparators.append(level)
                references.append(rest_of(level, own, "в остальных ОО региона"))
        country = published.get("country")
        if country is not None:
            comparators.append(country)
            references.insert(0, country)
        known = [reference for reference in references if reference is not None and reference.marks is not None]
        return tuple(comparators), known[-1] if known else None

    def tasks(self, assessment_id: str) -> dict[int, float]:
        """Return the solvability of tasks around the unit by position."""
        rows = self._tasks.get(assessment_id, [])
        return {int(row["position"]): row["solved_share"] for row in rows if row["solved_share"] is not None}

    def _published(self, assessment_id: str) -> dict[str, Level]:
        rows = self._data.shared_rows("published_results", ("assessment_id",), (assessment_id,))
        found: dict[str, Level] = {}
        for unit_level, name, where_ru in (("region", "регион", "в регионе"), ("country", "Россия", "в России")):
            unit_rows = [row for row in rows if row["unit_level"] == unit_level and self._is_ours(row)]
            level = published_level(_one_source(unit_rows), name, where_ru)
            if level is not None:
                found[unit_level] = level
        return found

    def _is_ours(self, row: Record) -> bool:
        return row["unit_level"] == "country" or row["unit_code"] in (None, "", self._region_code)


def _one_source(rows: Sequence[Record]) -> list[Record]:
    """Keep the rows of one unit in each measure: two files may publish the same figures."""
    kept: dict[tuple[str, str], Record] = {}
    for row in rows:
        kept.setdefault((row["measure"], row["item"]), row)
    return list(kept.values())


def _by_assessment(rows: Sequence[Record]) -> dict[str, list[Record]]:
    grouped: dict[str, list[Record]] = {}
    for row in rows:
        grouped.setdefault(row["assessment_id"], []).append(row)
    return grouped


def _with_descriptions(data: NoteData, assessment_id: str, results: Sequence[Record]) -> list[Record]:
    described = {row["position"]: row for row in data.shared_rows("tasks", ("assessment_id",), (assessment_id,))}
    rows = [
        result
        | {
            name: described.get(result["position"], {}).get(name)
            for name in ("difficulty_level", "skill", "maximum_score")
        }
        for result in results
    ]
    return sorted(rows, key=lambda row: row["position"])


def _class_parts(rows: Sequence[Record]) -> list[Part]:
    labelled = [_part(row, str(row["unit_code"]).partition("|")[2]) for row in rows]
    return sorted((part for part in labelled if part.level.participants), key=lambda part: part.label)


def _part(row: Record, label: str) -> Part:
    return Part(label, summary_level(row, label, ""), int(row["absent_count"]))
