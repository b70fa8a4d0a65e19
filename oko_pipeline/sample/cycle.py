"""Two years of measures in the generated sample: decided in the first, carried out in the second, their truth known.

Municipalities plan the measures in the forms of `PLANNED_YEAR` and report them in those of `DONE_YEAR`; both years have
exports Ф1 of the same works. In the second year abilities of the measures' schools are shifted by what is true of each.
Schools of `REGRESSION` are small ones that came out lowest in the first year: nothing is done to them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import cycle
from typing import Final

import numpy as np
import numpy.typing as npt

from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.analytics import individual_results, report_name
from oko_pipeline.sample.inbox import FileNote, Inbox, Truth
from oko_pipeline.sample.measures import INDICATOR, MeasureKind
from oko_pipeline.sample.registers import Row
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import Role

Job = Callable[[], None]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

PLANNED_YEAR: Final = "2024-2025"
DONE_YEAR: Final = "2025-2026"
CAMPAIGNS: Final = {PLANNED_YEAR: "vpr-2025-spring", DONE_YEAR: "vpr-2026-spring"}
GRADES: Final = {"russian": (5, 6, 7, 8), "mathematics": (7, 8), "history": (5, 7), "biology": (5, 7)}
"""Works of both years: those whose papers did not change between them."""
BROAD: Final = (MeasureKind.POSITIVE, MeasureKind.NONE, MeasureKind.HARMFUL)
"""Kinds of measures in a subject over all its grades."""
NARROW: Final = (MeasureKind.REGRESSION, MeasureKind.TOO_LITTLE)
"""Kinds of measures in one grade."""
OF_KIND: Final = 3
_SHIFTS: Final = {MeasureKind.POSITIVE: 0.9, MeasureKind.HARMFUL: -0.8, MeasureKind.TOO_LITTLE: 0.2}
"""What the measures do, in standard deviations of ability over the sample."""
_SCHOOLS_FOR_ONE: Final = 15
_MOST_SCHOOLS: Final = 6
# Schools are compared within a step of size: 100, 300, 700 pupils in ten parallels.
_SIZE_STEPS: Final = (10.0, 30.0, 70.0)
_ENOUGH: Final = 8
_NEAR: Final = 0.4
_FEW: Final = 13.0
_LARGE: Final = (16.0, 300.0)
_SIZES: Final = dict.fromkeys(BROAD, _LARGE) | {
    MeasureKind.REGRESSION: (12.0, 30.0),
    MeasureKind.TOO_LITTLE: (4.0, 16.0),
}
_EXPORTED_AT: Final = {
    PLANNED_YEAR: datetime(2025, 6, 25, 12, tzinfo=UTC),
    DONE_YEAR: datetime(2026, 6, 25, 12, tzinfo=UTC),
}
_TITLES: Final = {
    "russian": ("практикум по работе с текстом", "банк заданий на орфографию", "пары наставничества"),
    "mathematics": ("практикум по текстовым задачам", "открытые уроки с разбором ошибок", "сетевые консультации"),
    "history": ("работа с источником и картой", "методический день", "банк заданий с открытым ответом"),
    "biology": ("практикум «Опыт и вывод»", "обмен уроками между ОО", "консультации методиста"),
}


@dataclass(frozen=True, slots=True)
class CycleMeasure:
    """A planted measure and its truth.

    `municipality` and `schools` are indices of the territory; `grade` is None where the measure is in all grades of the
    subject.
    """

    number: str
    kind: MeasureKind
    municipality: int
    schools: tuple[int, ...]
    subject_code: str
    grade: int | None
    title: str

    @property
    def shift(self) -> float:
        """Return what the measure does to ability."""
        return _SHIFTS.get(self.kind, 0.0)


def plan_measures(world: World) -> tuple[CycleMeasure, ...]:
    """Choose the measures and their schools by the results of the first year, and let them work in the second.

    A municipality has a school in a measure for every fifteen of its own, one at least; `world` keeps what they do.
    """
    chosen = _Chosen(world)
    owners, codes = cycle(_owners(world)), list(GRADES)
    # A Latin square: no subject has two broad measures of one kind.
    broad = [
        (kind, (codes[(place + turn) % len(codes)], None))
        for turn in range(OF_KIND)
        for place, kind in enumerate(BROAD)
    ]
    works = cycle((code, grade) for grade in (5, 7) for code in GRADES if grade in GRADES[code])
    narrow = [(kind, next(works)) for kind in NARROW for _ in range(OF_KIND)]
    found = [chosen.measure(kind, work, owner) for (kind, work), owner in zip((*broad, *narrow), owners, strict=False)]
    measures = tuple(one for one in found if one is not None)
    for one in measures:
        for grade in GRADES[one.subject_code] if one.grade is None else (one.grade,):
            key = (CAMPAIGNS[DONE_YEAR], grade, one.subject_code)
            shifts = world.shifts.setdefault(key, np.zeros(len(world.territory.schools)))
            shifts[list(one.schools)] += one.shift
    return measures


def _owners(world: World) -> list[int]:
    """Return the municipalities, the largest first."""
    sizes = np.bincount([school.municipality for school in world.territory.schools])
    return np.argsort(-sizes, kind="stable").tolist()


class _Chosen:
    """Chooses schools; one that is in a measure is in no other of the same subject."""

    def __init__(self, world: World) -> None:
        self._world = world
        schools = world.territory.schools
        self._municipality = np.array([school.municipality for school in schools])
        self._size = np.array([school.parallel for school in schools])
        self._is_usual = np.array([s.role is Role.ORDINARY and not s.is_correctional for s in schools])
        self._counts = {
            (code, grade): _counts(world, grade, code) for code, grades in GRADES.items() for grade in grades
        }
        self._used: dict[str, set[int]] = {code: set() for code in GRADES}
        self._number = 0

    def measure(self, kind: MeasureKind, work: tuple[str, int | None], owner: int) -> CycleMeasure | None:
        """Return the next measure, None where the municipality has no school for it."""
        code, grade = work
        shares = self._shares(code, GRADES[code] if grade is None else (grade,))
        free = self._is_usual & np.isfinite(shares)
        free[list(self._used[code])] = False
        is_own = self._municipality == owner
        count = int(np.clip(np.count_nonzero(is_own) // _SCHOOLS_FOR_ONE, 1, _MOST_SCHOOLS))
        schools: list[int] = []
        wanted = {MeasureKind.TOO_LITTLE: 1, MeasureKind.REGRESSION: -(-count // 2)}.get(kind, count)
        for turn in range(wanted):
            picked = self._pick(kind, (free, is_own), shares, turn)
            if picked is None:
                break
            schools.append(picked)
            free[picked] = False
        if not schools:
            return None
        self._used[code].update(schools)
        self._number += 1
        title = _TITLES[code][self._number % len(_TITLES[code])]
        return CycleMeasure(
            f"М-{self._number}",
            kind,
            owner,
            tuple(sorted(schools)),
            code,
            grade,
            f"{subjects()[code].name_ru}{'' if grade is None else f', {grade} класс'}: {title}",
        )

    def _shares(self, code: str, grades: Sequence[int]) -> Floats:
        """Return shares of «4» and «5» in the first year by school, NaN where nobody has a mark."""
        good, marked = (np.sum(part, axis=0) for part in zip(*(self._counts[code, one] for one in grades), strict=True))
        return np.divide(good, marked, out=np.full(len(good), np.nan), where=marked > 0)

    def _pick(self, kind: MeasureKind, among: tuple[Bools, Bools], shares: Floats, turn: int) -> int | None:
        """Return one more school; those not chosen stay for comparison."""
        free, is_own = among
        least, most = _SIZES[kind]
        fits = np.flatnonzero(free & is_own & (self._size >= least) & (self._size < most))
        if not len(fits):
            return None
        if kind is MeasureKind.REGRESSION:
            # Every second one from the lowest: the others started as low, with no measure.
            return int(fits[np.argsort(shares[fits], kind="stable")[min(turn, len(fits) - 1)]])
        others = np.minimum(self._alike(fits, np.flatnonzero(free), shares), _ENOUGH)
        second = np.abs(self._size[fits] - _FEW) if kind is MeasureKind.TOO_LITTLE else -self._size[fits]
        return int(fits[np.lexsort((second, -others))[0]])

    def _alike(self, places: Places, free: Places, shares: Floats) -> Places:
        """Return how many schools of the same size started where each did."""
        step = np.searchsorted(_SIZE_STEPS, self._size)
        near = np.abs(shares[places][:, None] - shares[free]) <= _NEAR * shares[free].std()
        return (near & (step[places][:, None] == step[free])).sum(axis=1) - 1


def _counts(world: World, grade: int, subject_code: str) -> tuple[Floats, Floats]:
    """Return pupils with «4» and «5» and pupils with a mark by school, in the first year."""
    results = world.results(CAMPAIGNS[PLANNED_YEAR], grade, subject_code)
    marks, many = results.marks(), len(world.territory.schools)
    good, marked = (np.bincount(results.school[rows], minlength=many) for rows in (marks >= 4, marks > 0))
    return good.astype(float), marked.astype(float)


def cycle_jobs(inbox: Inbox, world: World, measures: Sequence[CycleMeasure], school_year: str) -> Iterator[Job]:
    """Yield a job for the export of each work of a year; the first one of the second year also notes the truth."""
    if school_year == DONE_YEAR:
        yield lambda: inbox.truths.extend(_truths(world, measures))
    for subject_code, grades in GRADES.items():
        for grade in grades:
            yield lambda grade=grade, code=subject_code: _write(inbox, world, school_year, (grade, code))


def _write(inbox: Inbox, world: World, school_year: str, paper: tuple[int, str]) -> None:
    results = world.results(CAMPAIGNS[school_year], *paper)
    path = f"analytics/{results.campaign.year}/{paper[0]}/Ф1_Индивидуальные результаты {report_name(results)}.xlsx"
    note = FileNote("individual_results", school_year, results.assessment_id, int(results.is_present.sum()))
    inbox.write_workbook(path, individual_results(world, results), _EXPORTED_AT[school_year], note)


def _truths(world: World, measures: Sequence[CycleMeasure]) -> Iterator[Truth]:
    """Yield a truth for each school of each measure."""
    for one in measures:
        for index in one.schools:
            code = world.territory.schools[index].code
            yield Truth(
                f"measure_{one.kind}", DONE_YEAR, CAMPAIGNS[DONE_YEAR], "", code, detail=f"{one.number}; {one.shift:+}"
            )


def cycle_rows(
    world: World, measures: Sequence[CycleMeasure], municipality: int, school_year: str
) -> dict[str, list[Row]]:
    """Return rows of the registers `recommendations_log`, `decisions` and `measures` of a municipality in a year.

    `concerned_school` holds the school's code. Rows keep their numbers from year to year.
    """
    own = [one for one in measures if one.municipality == municipality]
    is_done = school_year == DONE_YEAR
    return {
        "recommendations_log": [_recommendation(one) for one in own],
        "decisions": [_decision(one, is_done=is_done) for one in own],
        "measures": [
            _row(one, world.territory.schools[index].code, is_done=is_done) for one in own for index in one.schools
        ],
    }


def _numbered(prefix: str, one: CycleMeasure) -> str:
    return f"{prefix}-{one.number.removeprefix('М-')}"


def _recommendation(one: CycleMeasure) -> Row:
    return {
        "recommendation_number": _numbered("Рек", one),
        "issued_on": date(2025, 6, 2),
        "issuer": "methodical_center",
        "addressee": "associations",
        "direction": "attainment",
        "title": f"Помочь педагогам: {one.title}",
        "subject": subjects()[one.subject_code].name_ru,
        "answer": "accepted",
        "answered_on": date(2025, 6, 9),
        "answered_role": "methodical_center",
        "decision_ref": _numbered("Реш", one),
    }


def _decision(one: CycleMeasure, *, is_done: bool) -> Row:
    return {
        "decision_number": _numbered("Реш", one),
        "title": f"Провести в ОО меру {one.number}",
        "document_kind": "plan",
        "document_code": f"План № {one.number.removeprefix('М-')}",
        "decided_on": date(2025, 6, 16),
        "direction": "attainment",
        "basis": "complex_analysis",
        "recommendation_ref": _numbered("Рек", one),
        "responsible_role": "methodical_center",
        "due_on": date(2026, 3, 20),
        "status": "done" if is_done else "running",
    }


def _row(one: CycleMeasure, school_code: str, *, is_done: bool) -> Row:
    row: Row = {
        "measure_number": one.number,
        "concerned_school": school_code,
        "title": one.title,
        "kind": "methodical",
        "direction": "attainment",
        "decision_ref": _numbered("Реш", one),
        "recommendation_ref": _numbered("Рек", one),
        "indicator_code": INDICATOR,
        "subject": subjects()[one.subject_code].name_ru,
        "target_group": "teachers",
        "starts_on": date(2025, 9, 15),
        "ends_on": date(2026, 3, 20),
        "responsible_role": "methodical_center",
        "status": "done" if is_done else "planned",
    }
    return row if one.grade is None else row | {"grade": one.grade}
