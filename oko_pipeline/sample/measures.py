"""Two years of a simulated region with measures whose truth is known: what helped, what did not, what harmed.

The measures are rows of the register `measures`; their schools' abilities in the measure's subject are shifted in the
second year. Schools of `REGRESSION` are the small ones that came out lowest in the first year: nothing is done to
them, and they rise by themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.records import record_contracts
from oko_pipeline.sample.papers import Paper
from oko_pipeline.sample.pupils import Cohort
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.region import Region, RegionOptions

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

YEARS: Final = ("2020-2021", "2021-2022")
SUBJECT: Final = "mathematics"
INDICATOR: Final = "attainment.vpr_good_share"
_GRADES: Final = (4, 5, 6, 7, 8)
_GRADE: Final = 5
_SIZES: Final = (15.0, 40.0)
_FEW: Final = 13.0
_SMALL: Final = (12.0, 30.0)


class MeasureKind(StrEnum):
    """What is true of a planted measure."""

    POSITIVE = "positive"
    PARTLY = "partly"
    """With effect, far below the expected one."""
    NONE = "none"
    HARMFUL = "harmful"
    REGRESSION = "regression"
    """Without effect, at small schools of the region that were lowest in the first year in the grade of the measure."""
    TOO_LITTLE = "too_little"
    """With effect, at one small school and in one grade."""


RIGHT_VERDICTS: Final[Mapping[MeasureKind, frozenset[str]]] = MappingProxyType(
    {
        MeasureKind.POSITIVE: frozenset({"effective"}),
        MeasureKind.PARTLY: frozenset({"partly"}),
        MeasureKind.NONE: frozenset({"not_effective"}),
        MeasureKind.HARMFUL: frozenset({"not_effective"}),
        MeasureKind.REGRESSION: frozenset({"not_effective", "not_enough_data"}),
        MeasureKind.TOO_LITTLE: frozenset({"not_enough_data"}),
    }
)
"""What may be said of a measure of each kind; of a harmful one also that it harms."""


@dataclass(frozen=True, slots=True)
class MeasuresOptions:
    """What to plant.

    Shifts are in standard deviations of ability over the region, gains that the register expects in percentage points;
    that of a `PARTLY` measure is overstated. `of_kind` is how many measures of each kind there are,
    `schools_of_measure` how many schools a measure has, `lowest_schools` how many a `REGRESSION` one has.
    """

    seed: int = 2022
    schools: int = 400
    of_kind: int = 4
    schools_of_measure: int = 8
    lowest_schools: int = 5
    positive_shift: float = 0.6
    partly_shift: float = 0.35
    small_shift: float = 0.2
    harmful_shift: float = -0.4
    expected_points: float = 8.0
    overstated_points: float = 25.0


@dataclass(frozen=True, slots=True)
class PlantedMeasure:
    """A measure and its truth."""

    number: str
    kind: MeasureKind
    municipality_code: str
    school_codes: tuple[str, ...]
    shift: float
    grade: int | None = None


class MeasuredRegion(Region):
    """A region of two years; in the second one abilities of some schools in some grades are shifted by measures."""

    def __init__(self, options: MeasuresOptions) -> None:
        papers = tuple((grade, SUBJECT) for grade in _GRADES)
        super().__init__(
            RegionOptions(
                seed=options.seed,
                schools=options.schools,
                papers=papers,
                school_years=YEARS,
                shares={},
                planted_tasks=(),
            )
        )
        self.plan = options
        self._shift_of: dict[int | None, Floats] = {}
        self.planted = self._plant()

    def abilities(self, cohort: Cohort, paper: Paper, day: str, school_year: str) -> Floats:
        """Return true abilities (see `Region`), with what the measures did in the second year."""
        found = super().abilities(cohort, paper, day, school_year)
        if school_year != YEARS[1]:
            return found
        shifts = [self._shift_of[grade] for grade in (None, paper.grade) if grade in self._shift_of]
        return found + sum((shift[cohort.school] for shift in shifts), start=np.zeros(len(found)))

    @cached_property
    def summaries(self) -> pd.DataFrame:
        """Counts of marks by school as `result_summary` has them, of both years; only the columns of marks."""
        ids = [(year, one) for year in YEARS for one in self.assessment_ids(year)]
        return pd.concat([self._counted(year, one) for year, one in ids], ignore_index=True)

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Groups of schools of a kind: place and size."""
        schools = self.schools[self.schools["school_year"] == YEARS[1]]
        sizes = np.searchsorted(_SIZES, self.arrays.parallel)
        codes = [f"{place}|{size}" for place, size in zip(schools["settlement_type"], sizes, strict=True)]
        return pd.DataFrame({"school_code": schools["school_code"], "group_code": codes, "is_excluded": False})

    @cached_property
    def register(self) -> pd.DataFrame:
        """Rows of the register `measures` of the second year: a row a measure and school."""
        rows = [
            {
                "school_year": YEARS[1],
                "record_id": f"{one.number}-{code}",
                "school_code": code,
                "school_key": code,
                "municipality_code": one.municipality_code,
                "measure_number": one.number,
                "title": f"Методическая помощь по математике, мера {one.number}",
                "direction": "attainment",
                "indicator_code": INDICATOR,
                "subject": SUBJECT,
                "grade": one.grade,
                "baseline_value": 50.0,
                "planned_value": 50.0 + self._expected(one.kind),
                "starts_on": "2021-09-15",
                "ends_on": "2022-02-15",
                "status": "done",
                "file_sha256": "0" * 64,
                "source_sheet": "Меры",
                "source_row": number + 2,
            }
            for one in self.planted
            for number, code in enumerate(one.school_codes)
        ]
        contract = record_contracts()["measures"]
        return contract.conform(pd.DataFrame(rows, columns=list(contract.column_names)))

    def _expected(self, kind: MeasureKind) -> float:
        return self.plan.overstated_points if kind is MeasureKind.PARTLY else self.plan.expected_points

    def _plant(self) -> tuple[PlantedMeasure, ...]:
        """Give every measure a municipality of its own, the largest ones; shifts are set as they are given out."""
        schools = self.schools[self.schools["school_year"] == YEARS[0]]
        places = {code: place for place, code in enumerate(self.arrays.codes)}
        by_size = schools.groupby("municipality_code")["school_code"].agg(list)
        owners = sorted(by_size.index, key=lambda code: (-len(by_size[code]), code))
        kinds = [kind for _ in range(self.plan.of_kind) for kind in MeasureKind]
        chosen = {
            number: self._choose(kind, np.array([places[code] for code in by_size[owner]]), number)
            for number, (kind, owner) in enumerate(zip(kinds, owners, strict=False), start=1)
        }
        lowest = iter(self._lowest(np.concatenate(list(chosen.values()))))
        found: list[PlantedMeasure] = []
        for number, own in chosen.items():
            kind = kinds[number - 1]
            target = next(lowest) if kind is MeasureKind.REGRESSION else own
            shift = {
                MeasureKind.POSITIVE: self.plan.positive_shift,
                MeasureKind.PARTLY: self.plan.partly_shift,
                MeasureKind.TOO_LITTLE: self.plan.small_shift,
                MeasureKind.HARMFUL: self.plan.harmful_shift,
            }.get(kind, 0.0)
            grade = _GRADE if kind in {MeasureKind.TOO_LITTLE, MeasureKind.REGRESSION} else None
            self._shift_of.setdefault(grade, np.zeros(len(places)))[target] += shift
            codes = tuple(sorted(str(self.arrays.codes[place]) for place in target))
            found.append(PlantedMeasure(f"М-{number}", kind, str(owners[number - 1]), codes, shift, grade))
        return tuple(found)

    def _choose(self, kind: MeasureKind, own: Places, number: int) -> Places:
        """Return schools of a municipality for a measure; those of `REGRESSION` are chosen when all others are."""
        if kind is MeasureKind.REGRESSION:
            return own[:0]
        if kind is MeasureKind.TOO_LITTLE:
            return own[np.argsort(np.abs(self.arrays.parallel[own] - _FEW), kind="stable")[:1]]
        return stream(self.options.seed, "schools of measure", number).permutation(own)[: self.plan.schools_of_measure]

    def _lowest(self, used: Places) -> list[Places]:
        """Deal the small schools that came out lowest, without those of other measures, to the measures in turn."""
        count, each = self.plan.of_kind, self.plan.lowest_schools
        is_small = (self.arrays.parallel >= _SMALL[0]) & (self.arrays.parallel < _SMALL[1])
        is_small[used] = False
        small = np.flatnonzero(is_small)
        order = small[np.argsort(self._first_shares()[small], kind="stable")][: count * each]
        return [order[place::count] for place in range(count)]

    def _first_shares(self) -> Floats:
        """Return shares of «4» and «5» in one grade of the first year, in the order of the schools."""
        ids = self.assessment_ids(YEARS[0])
        (own,) = [one for one in ids if AssessmentKey.parse(one).paper_grade == _GRADE]
        rows = self._counted(YEARS[0], own).set_index("unit_code").reindex(self.arrays.codes)
        return ((rows["mark_4_count"] + rows["mark_5_count"]) / rows["marked_count"]).to_numpy(np.float64)

    def _counted(self, school_year: str, assessment_id: str) -> pd.DataFrame:
        row = self.assessments[self.assessments["assessment_id"] == assessment_id]
        bounds = row[["minimum_3", "minimum_4", "minimum_5"]].to_numpy(np.int64)[0]
        works = self.works(school_year, assessment_id).rows
        scored = works[works["status"] == "scored"]
        marks = np.searchsorted(bounds, scored["primary_score"].to_numpy(np.int64), side="right") + 2
        counts = pd.crosstab(scored["school_code"].to_numpy(dtype=object), marks)
        counts = counts.reindex(columns=range(2, 6), fill_value=0).set_axis(
            [f"mark_{m}_count" for m in range(2, 6)], axis=1
        )
        key = AssessmentKey.parse(assessment_id)
        return (
            counts.rename_axis("unit_code")
            .reset_index()
            .assign(
                school_year=school_year,
                assessment_id=str(key),
                unit_level="school",
                subgroup="all",
                marked_count=counts.sum(axis=1).to_numpy(),
            )
        )


def simulate_measures(options: MeasuresOptions | None = None) -> MeasuredRegion:
    """Return the region with planted measures; the same options give the same region."""
    return MeasuredRegion(options or MeasuresOptions())
