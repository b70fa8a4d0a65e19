"""A whole region in memory: works, schools, tasks, context, with planted truths that detectors are measured by.

No files are written: `sample.generate` makes inboxes, this makes `Works` as they stand in the store after collection.
Calibration is that of domain README 1.7: sizes, marks, journal, peaks at the cut-offs, intraclass correlation. Works
are made on demand, each from its own streams of random numbers: the same options give the same works in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from oko_pipeline.catalogue.campaigns import Campaign, campaign, campaigns
from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.tables import ASSESSMENTS, MUNICIPALITIES, SCHOOL_CONTEXT, SCHOOLS, TASKS
from oko_pipeline.errors import SettingsError
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.papers import (
    Paper,
    draw_task_scores,
    journal_cuts,
    normal_cdf,
    paper_of,
    papers,
    score_distribution,
    skip_probabilities,
    task_difficulties,
    task_weights,
)
from oko_pipeline.sample.pupils import Cohort, build_cohort, cohort_of, senior_pupils
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.region_roles import DEFAULT_SHARES, RegionRole, RoleStrengths, assign_roles
from oko_pipeline.sample.territory import Territory, build_territory
from oko_pipeline.works import TaskHeader, Works, task_column

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_COMMON, _SUBJECT, _DAY = 0.78, 0.50, 0.3763
# Parts of a school's effect: circumstances, its own work, the subject. Squares add up to 1.
_CONTEXT, _OWN, _SCHOOL_SUBJECT = 0.5, 0.7211, 0.4796
# Between-school sd falls with size: 10.6 % of the maximum for 50-100 pupils to 4.4 % for 700-1000 (domain README 1.7).
_SIZE_EXPONENT, _SIZE_CENTRE = -0.3, 25.0
_NO_MARK_SHARE: Final = 0.003
_LOTTERIES: Final[Mapping[int, tuple[str, ...]]] = {
    6: ("biology", "geography", "history", "social_studies"),
    8: ("biology", "geography", "history", "social_studies", "physics", "chemistry"),
}
_GRADES: Final = range(4, 9)
_FILE: Final = "0" * 64
_LOCATIONS: Final = {2: "Город", 3: "Населенный пункт городского типа", 4: "Населенный пункт сельского типа"}
_SIZES: Final = ("Менее 1 тыс.", "1–5 тыс.", "5–10 тыс.", "10–50 тыс.", "50–100 тыс.", "100–450 тыс.", "450–680 тыс.")
_EXAM_GRADE: Final = 9
# A mean primary score and its sd in percent of the maximum: rounded from the ОГЭ scales of domain README 3.1.
_EXAM_MEAN, _EXAM_SD = 55.0, 17.0


@dataclass(frozen=True, slots=True)
class PlantedTask:
    """A task with a planted fault in every campaign: for girls easier by `shift` logits, or miskeyed."""

    paper_grade: int
    subject_code: str
    position: int
    kind: str = "dif_sex"
    shift: float = 0.9


_PLANTED_TASKS: Final = (
    PlantedTask(4, "mathematics", 8),
    PlantedTask(5, "russian", 8),
    PlantedTask(6, "mathematics", 5),
    PlantedTask(7, "physics", 4),
    PlantedTask(8, "mathematics", 9, "miskeyed"),
)


def default_papers() -> tuple[tuple[int, str], ...]:
    """Return the papers of spring 2021 in grades 4–8 and 11, by grade and subject."""
    return tuple((grade, subject) for year, grade, subject in sorted(papers()) if year == 2021)


@dataclass(frozen=True, slots=True)
class RegionOptions:
    """What to simulate. The same options give the same works.

    Args:
        seed: seed of everything random.
        schools: schools of the region.
        papers: grade and subject of every paper, written in each campaign.
        school_years: school years of the catalogue.
        seasons: seasons of campaigns to simulate within these years.
        shares: share of schools with each planted role.
        strengths: how strong the planted truths are.
        parallel_range: sizes of a parallel in which truths are planted (small schools show nothing).
        heaping_spread: sd (log scale) between ordinary schools in how readily scores reach a cut-off; 0 — all alike.
        planted_tasks: tasks with planted faults.

    Raises:
        SettingsError: for a number out of range, an unknown year, or a paper that the sample has not.
    """

    seed: int = 2021
    schools: int = 640
    papers: tuple[tuple[int, str], ...] = field(default_factory=default_papers)
    school_years: tuple[str, ...] = ("2020-2021", "2021-2022", "2022-2023")
    seasons: tuple[str, ...] = ("spring",)
    shares: Mapping[RegionRole, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    strengths: RoleStrengths = field(default_factory=RoleStrengths)
    parallel_range: tuple[float, float] = (15.0, 150.0)
    heaping_spread: float = 0.2
    planted_tasks: tuple[PlantedTask, ...] = _PLANTED_TASKS

    def __post_init__(self) -> None:
        known = set(default_papers())
        unknown = [paper for paper in self.papers if paper not in known]
        if unknown:
            raise SettingsError(f"Модель края не знает работ {unknown}.")
        if not 10 <= self.schools <= 2000:
            raise SettingsError(f"Школ в модели края — от 10 до 2000, а задано {self.schools}.")
        if not self.campaigns:
            raise SettingsError(f"В каталоге нет кампаний {self.seasons} в годы {self.school_years}.")

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """Campaigns of the simulated years and seasons in time order."""
        return tuple(
            one
            for one in campaigns().values()
            if one.school_year in self.school_years and one.season in self.seasons and one.procedure_code == "vpr"
        )


@dataclass(frozen=True, slots=True)
class RegionTruth:
    """What is true of the region.

    `schools`: a row a school — `school_code`, `role`, `adversity` (sd units, higher is harder), `own_effect` (what the
    school adds beyond its circumstances, sd of ability), `leniency`, `parallel`. `tasks`: a row a planted task of an
    assessment — `school_year`, `assessment_id`, `position`, `kind`, `shift`.
    """

    schools: pd.DataFrame
    tasks: pd.DataFrame

    def codes(self, *roles: RegionRole) -> list[str]:
        """Return the codes of the schools with one of these roles."""
        return self.schools.loc[self.schools["role"].isin([str(role) for role in roles]), "school_code"].tolist()


@dataclass(frozen=True, slots=True)
class RegionSchools:
    """Arrays over the schools, in the order of the territory."""

    codes: npt.NDArray[np.object_]
    parallel: Floats
    adversity: Floats
    own: Floats
    leniency: Floats
    heaping: Floats
    roles: tuple[RegionRole, ...]

    def has(self, role: RegionRole) -> Bools:
        """Tell which schools have a role."""
        return np.array([one is role for one in self.roles])


class Region:
    """A simulated region. Frames conform to the table contracts of the same names; `works` are made on demand."""

    def __init__(self, options: RegionOptions) -> None:
        self.options = options
        self._territory: Territory = build_territory(SampleOptions(seed=options.seed, region_schools=options.schools))
        self._schools = _draw_schools(options, self._territory)
        self._cohorts: dict[int, Cohort] = {}
        self._ids: dict[tuple[str, int], pd.api.extensions.ExtensionArray] = {}

    @cached_property
    def assessments(self) -> pd.DataFrame:
        """Rows of `assessments` of all years."""
        rows = [self._assessment(of, *paper) for of in self.options.campaigns for paper in self.options.papers]
        return ASSESSMENTS.conform(pd.DataFrame([row for row in rows if row["rows_count"]]))

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """Rows of `tasks` of all years. Two neighbouring tasks test one skill; every seventh is metasubject."""
        rows = [
            {
                "school_year": row["school_year"],
                "assessment_id": row["assessment_id"],
                "position": position,
                "task_code": task.code,
                "maximum_score": task.maximum,
                "maximum_source": "catalogue",
                "difficulty_level": task.level,
                "skill": f"Умение {(position + 1) // 2} ({row['subject_code']}, {row['paper_grade']} класс)",
                "programme_block": None,
                "content_codes": f"{(position + 2) // 3}.1",
                "requirement_codes": f"{(position + 1) // 2}.1",
                "is_metasubject": position % 7 == 0,
            }
            for row in self.assessments.to_dict("records")
            for position, task in enumerate(_paper(str(row["assessment_id"])).tasks, start=1)
        ]
        return TASKS.conform(pd.DataFrame(rows))

    @cached_property
    def schools(self) -> pd.DataFrame:
        """Rows of `schools` of all years."""
        rows = [
            {
                "school_year": year,
                "school_code": school.code,
                "school_name": school.name,
                "is_name_known": True,
                "school_kind": "correctional" if school.is_correctional else "general",
                "municipality_code": f"reg99_{self._territory.municipality_of(school).code}",
                "region_code": "99",
                "settlement_type": _LOCATIONS[school.settlement],
                "oge_code": f"{100000 + school.index}",
                "ege_code": f"{200000 + school.index}",
            }
            for year in self.options.school_years
            for school in self._territory.schools
        ]
        return SCHOOLS.conform(pd.DataFrame(rows))

    @cached_property
    def municipalities(self) -> pd.DataFrame:
        """Rows of `municipalities` of all years."""
        counts = self.schools.groupby(["school_year", "municipality_code"]).size()
        names = {f"reg99_{one.code}": one.name for one in self._territory.municipalities}
        frame = counts.rename("schools_count").reset_index()
        frame["municipality_name"] = frame["municipality_code"].map(names)
        return MUNICIPALITIES.conform(frame.assign(region_code="99"))

    @cached_property
    def context(self) -> pd.DataFrame:
        """Rows of `school_context` of all years: place, size, staff. Staff follows the school's adversity."""
        parts = [self._context(year) for year in self.options.school_years]
        return SCHOOL_CONTEXT.conform(pd.concat(parts, ignore_index=True))

    @cached_property
    def social(self) -> pd.DataFrame:
        """Social passport, a row a school and year: shares (0–1) of families; all follow the school's adversity."""
        adversity, count = self._schools.adversity, len(self._schools.codes)
        parts = []
        for year in self.options.school_years:
            rng = stream(self.options.seed, "social", year)
            shares = {
                name: _logistic(base + slope * adversity + 0.25 * rng.normal(size=count))
                for name, base, slope in (
                    ("low_income_share", -1.2, 0.6),
                    ("incomplete_families_share", -1.1, 0.35),
                    ("parents_without_higher_education_share", 0.5, 0.7),
                    ("registered_share", -3.6, 0.6),
                    ("special_needs_share", -2.7, 0.4),
                )
            }
            parts.append(pd.DataFrame({"school_year": year, "school_code": self._schools.codes} | shares))
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def truth(self) -> RegionTruth:
        """Return what was planted."""
        schools = pd.DataFrame(
            {
                "school_code": self._schools.codes,
                "role": [str(role) for role in self._schools.roles],
                "adversity": self._schools.adversity,
                "own_effect": self._schools.own,
                "leniency": self._schools.leniency,
                "parallel": self._schools.parallel,
            }
        )
        tasks = [
            {
                "school_year": of.school_year,
                "assessment_id": str(AssessmentKey(of.campaign_code, one.paper_grade, one.subject_code)),
                "position": one.position,
                "kind": one.kind,
                "shift": one.shift,
            }
            for of in self.options.campaigns
            for one in self.options.planted_tasks
            if (one.paper_grade, one.subject_code) in self.options.papers
        ]
        columns = ["school_year", "assessment_id", "position", "kind", "shift"]
        return RegionTruth(schools, pd.DataFrame(tasks, columns=columns))

    def assessment_ids(self, school_year: str) -> list[str]:
        """Return the assessments of a school year."""
        return self.assessments.loc[self.assessments["school_year"] == school_year, "assessment_id"].tolist()

    def works(self, school_year: str, assessment_id: str) -> Works:
        """Return the works of an assessment, absent pupils among them; raises `SettingsError` for an unknown one."""
        key = AssessmentKey.parse(assessment_id)
        of = campaign(key.campaign_code)
        if of.school_year != school_year or (key.paper_grade, key.subject_code) not in self.options.papers:
            raise SettingsError(f"В модели края нет работы {assessment_id} в {school_year} году.")
        return _Sitting(self, of, paper_of(2021, key.paper_grade, key.subject_code)).works(key)

    def exam_results(self, school_year: str) -> pd.DataFrame:
        """Return ОГЭ of the ninth grade by school and subject, from true abilities: no planted inflation reaches it.

        Columns: `school_year`, `school_code`, `procedure_code`, `subject_code`, `participants_count`, `mean_score`,
        `sd_score` (n−1), scores in percent of the maximum.
        """
        cohort = self.cohort(cohort_of(school_year, _EXAM_GRADE))
        parts = []
        for subject_code in ("mathematics", "russian"):
            paper = paper_of(2021, 8, subject_code)
            theta = self.abilities(cohort, paper, f"oge-{school_year}", school_year)
            score = (_EXAM_MEAN + _EXAM_SD * theta).clip(0, 100)
            by_school = pd.Series(score).groupby(self._schools.codes[cohort.school]).agg(["size", "mean", "std"])
            by_school = by_school.set_axis(["participants_count", "mean_score", "sd_score"], axis=1)
            parts.append(by_school.rename_axis("school_code").reset_index().assign(subject_code=subject_code))
        return pd.concat(parts, ignore_index=True).assign(school_year=school_year, procedure_code="oge")

    def cohort(self, number: int) -> Cohort:
        """Return the pupils born in one school year (see `sample.pupils.cohort_of`); the same in all campaigns."""
        if number not in self._cohorts:
            self._cohorts[number] = build_cohort(self.options.seed, self._territory, number)
        return self._cohorts[number]

    def abilities(self, cohort: Cohort, paper: Paper, day: str, school_year: str) -> Floats:
        """Return true abilities of a cohort in a subject on a day: mean 0 and sd 1 over ordinary schools."""
        seed, subject, schools = self.options.seed, paper.subject_code, self._schools
        own = (
            _COMMON * cohort.common
            + _SUBJECT * stream(seed, "subject", cohort.number, subject).normal(size=len(cohort))
            + _DAY * stream(seed, "day", cohort.number, subject, day).normal(size=len(cohort))
        )
        spread = np.where(schools.has(RegionRole.NARROW), self.options.strengths.narrow, 1.0)
        effects = self._effects(cohort, paper) + self._shifts(school_year)
        return effects[cohort.school] + np.sqrt(1 - paper.icc) * spread[cohort.school] * own

    def pupil_ids(self, of: Campaign, cohort: Cohort) -> pd.api.extensions.ExtensionArray:
        """Return pseudonyms of a cohort in a campaign: equal over its papers, different over campaigns."""
        key = (of.campaign_code, cohort.number)
        if key not in self._ids:
            text = stream(self.options.seed, "pupil ids", *key).bytes(16 * len(cohort)).hex().encode()
            ends = pa.py_buffer(np.arange(0, 32 * len(cohort) + 1, 32, dtype=np.int64))
            texts = pa.LargeStringArray.from_buffers(len(cohort), ends, pa.py_buffer(text))
            self._ids[key] = pd.array(texts, dtype="str")  # pyright: ignore[reportArgumentType,reportCallIssue]
        return self._ids[key]

    def sitters(self, of: Campaign, paper: Paper) -> tuple[Cohort, npt.NDArray[np.intp]]:
        """Return the cohort that writes a paper in a campaign and the places of those who are on its lists."""
        cohort = self.cohort(cohort_of(of.school_year, paper.grade + of.grade_shift))
        seed, schools = self.options.seed, self._territory.schools
        writes = np.ones(len(cohort), dtype=bool)
        if paper.grade == 11:
            drawn = stream(seed, "senior papers", of.campaign_code, paper.subject_code).random(len(schools)) < 0.7
            writes = senior_pupils(seed, self._territory, cohort) & drawn[cohort.school]
        elif paper.subject_code in ("english", "german"):
            writes = np.array([s.foreign_language == paper.subject_code for s in schools])[cohort.school]
        elif paper.subject_code in (lottery := _LOTTERIES.get(paper.grade, ())) and of.season == "spring":
            rng = stream(seed, "lottery", of.campaign_code, paper.grade)
            draws = rng.random((len(schools) * 12, len(lottery))).argsort(axis=1)[:, :2]
            chosen = draws[cohort.school * 12 + cohort.class_number % 12]
            writes = (chosen == lottery.index(paper.subject_code)).any(axis=1)
        return cohort, np.flatnonzero(writes)

    @property
    def arrays(self) -> RegionSchools:
        """Arrays over the schools in the order of the territory."""
        return self._schools

    @property
    def territory(self) -> Territory:
        """Municipalities and schools."""
        return self._territory

    def _effects(self, cohort: Cohort, paper: Paper) -> Floats:
        """Return effects of schools; weighted by pupils, their variance over ordinary schools is `paper.icc`."""
        schools = self._schools
        subject = stream(self.options.seed, "school effect", paper.subject_code).normal(size=len(schools.codes))
        raw = -_CONTEXT * schools.adversity + schools.own * _OWN + _SCHOOL_SUBJECT * subject
        raw *= (schools.parallel / _SIZE_CENTRE) ** _SIZE_EXPONENT
        weights = np.bincount(cohort.school, minlength=len(raw)) * schools.has(RegionRole.ORDINARY)
        raw -= np.average(raw, weights=weights)
        return raw * np.sqrt(paper.icc / np.average(raw**2, weights=weights))

    def _shifts(self, school_year: str) -> Floats:
        """Return planted true shifts of schools in a year."""
        strengths, schools = self.options.strengths, self._schools
        years = sorted({one.school_year for one in self.options.campaigns})
        step = strengths.change_per_year * years.index(school_year) if school_year in years else 0.0
        shifts = np.zeros(len(schools.codes))
        for role, shift in (
            (RegionRole.LOW_RESULT, strengths.low_result),
            (RegionRole.RESILIENT, strengths.resilient),
            (RegionRole.IMPROVING, step),
            (RegionRole.DECLINING, -step),
        ):
            shifts[schools.has(role)] += shift
        return shifts

    def _assessment(self, of: Campaign, grade: int, subject_code: str) -> dict[str, object]:
        paper = paper_of(2021, grade, subject_code)
        key = AssessmentKey(of.campaign_code, grade, subject_code)
        cutoffs = paper.cutoffs or (None, None, None)
        return {
            "school_year": of.school_year,
            "assessment_id": str(key),
            "campaign_code": of.campaign_code,
            "procedure_code": of.procedure_code,
            "paper_grade": grade,
            "pupil_grade": grade + of.grade_shift,
            "subject_code": subject_code,
            "level": key.level,
            "task_count": len(paper.tasks),
            "maximum_score": paper.maximum,
            "minimum_3": cutoffs[0],
            "minimum_4": cutoffs[1],
            "minimum_5": cutoffs[2],
            "scale_source": "absent" if paper.cutoffs is None else "catalogue",
            "rows_count": len(self.sitters(of, paper)[1]),
            "works_sha256": f"{self.options.seed}:{self.options.schools}:{key}",
        }

    def _context(self, school_year: str) -> pd.DataFrame:
        rng = stream(self.options.seed, "context", school_year)
        schools, arrays = self._territory.schools, self._schools
        pupils = np.round(
            arrays.parallel * np.where(arrays.parallel >= 15, 9.9, 9.0) * rng.normal(1, 0.02, len(schools))
        )
        teachers = np.maximum(4, np.round(pupils / 14 + 4))
        category = _logistic(-0.3 - 0.45 * arrays.adversity + 0.3 * rng.normal(size=len(schools)))
        young = _logistic(-1.6 + 0.2 * arrays.adversity + 0.3 * rng.normal(size=len(schools)))
        numbers = {
            "pupils_count": pupils,
            "teachers_count": teachers,
            "teachers_first_and_highest_category_count": np.round(teachers * category),
            "teachers_young_count": np.round(teachers * young),
        }
        texts = {
            "location_type": [_LOCATIONS[s.settlement] for s in schools],
            "settlement_size": [_SIZES[s.settlement_size - 1] for s in schools],
            "transport_access": [f"{s.transport}" for s in schools],
            "has_advanced_subjects": ["Да" if s.settlement == 2 and s.index % 4 == 0 else "Нет" for s in schools],
            "is_evening": ["Нет"] * len(schools),
        }
        frames = [
            pd.DataFrame({"variable": name, "value_number": values, "value_text": None})
            for name, values in numbers.items()
        ]
        frames += [
            pd.DataFrame({"variable": name, "value_number": np.nan, "value_text": values})
            for name, values in texts.items()
        ]
        rows = [frame.assign(school_code=arrays.codes, source_row=np.arange(len(schools)) + 2) for frame in frames]
        file = f"{school_year}".ljust(64, "0")
        return pd.concat(rows, ignore_index=True).assign(school_year=school_year, file_sha256=file)


def simulate_region(options: RegionOptions) -> Region:
    """Return the region of `options`; works are made when they are asked for."""
    return Region(options)


def _paper(assessment_id: str) -> Paper:
    key = AssessmentKey.parse(assessment_id)
    return paper_of(2021, key.paper_grade, key.subject_code)


def _logistic(values: Floats) -> Floats:
    return 1 / (1 + np.exp(-values))


def _draw_schools(options: RegionOptions, territory: Territory) -> RegionSchools:
    rng = stream(options.seed, "region schools", options.schools)
    schools = territory.schools
    count = len(schools)
    parallel = np.array([school.parallel for school in schools])
    place = np.array([{2: -0.45, 3: 0.0, 4: 0.3}[school.settlement] for school in schools])
    adversity = place + 0.9 * rng.normal(size=count)
    adversity = (adversity - adversity.mean()) / adversity.std()
    own = rng.normal(size=count)
    roles = assign_roles(parallel, adversity, options.shares, options.parallel_range, rng)
    is_lenient = np.array([role is RegionRole.LOW_RESULT for role in roles])
    return RegionSchools(
        np.array([school.code for school in schools], dtype=object),
        parallel,
        adversity,
        own,
        rng.normal(0, 0.12, count) + options.strengths.low_result_leniency * is_lenient,
        options.heaping_spread * rng.normal(size=count),
        tuple(roles),
    )


class _Sitting:
    """One paper in one campaign: draws totals, tasks and journal marks of those who write it."""

    def __init__(self, region: Region, of: Campaign, paper: Paper) -> None:
        self._region, self._of, self._paper = region, of, paper
        self._options, self._schools = region.options, region.arrays
        self._rng = stream(self._options.seed, "sitting", of.campaign_code, paper.grade, paper.subject_code)
        self._cohort, self._chosen = region.sitters(of, paper)
        self._school = self._cohort.school[self._chosen]
        self._is_girl = self._cohort.is_girl[self._chosen]

    def works(self, key: AssessmentKey) -> Works:
        """Return the works as they stand in the store."""
        day, year = self._of.campaign_code, self._of.school_year
        ability = self._region.abilities(self._cohort, self._paper, day, year)[self._chosen]
        scores = self._task_scores(self._totals(ability))
        is_absent = self._absent(ability)
        journal = self._journal(ability)
        rows = self._rows(scores, journal, is_absent)
        headers = tuple(
            TaskHeader(position, task.code, task.maximum) for position, task in enumerate(self._paper.tasks, start=1)
        )
        return Works(key, rows, headers, submitted_at=f"{self._of.ends_on.isoformat()}T00:00:00+00:00").checked()

    def _is(self, role: RegionRole) -> Bools:
        return self._schools.has(role)[self._school]

    def _totals(self, ability: Floats) -> Ints:
        strengths, paper, rng = self._options.strengths, self._paper, self._rng
        lifted = ability + strengths.inflated * self._is(RegionRole.INFLATED)
        if paper.grade == 4:
            lifted = lifted + strengths.leaping * self._is(RegionRole.LEAPING)
        total = np.searchsorted(np.cumsum(score_distribution(paper)), normal_cdf(lifted)).clip(0, paper.maximum)
        total = total.astype(np.int64)
        if paper.cutoffs is None:
            return total
        heaping = self._schools.heaping[self._school]
        total += (total == paper.cutoffs[0] - 1) & (rng.random(len(total)) < heaping)
        total -= (total == paper.cutoffs[0]) & (rng.random(len(total)) < -0.3 * heaping)
        is_bunching = self._is(RegionRole.BUNCHING)
        for cutoff, (reach, share) in zip(paper.cutoffs, strengths.bunching, strict=True):
            is_near = is_bunching & (total < cutoff) & (total >= cutoff - max(1, round(reach * paper.maximum)))
            is_moved = is_near & (rng.random(len(total)) < share)
            total = np.where(is_moved, cutoff + (rng.random(len(total)) < 0.3), total)
        return total

    def _task_scores(self, total: Ints) -> npt.NDArray[np.int8]:
        paper, rng = self._paper, self._rng
        weights = task_weights(paper)
        planted = [
            one
            for one in self._options.planted_tasks
            if (one.paper_grade, one.subject_code) == (paper.grade, paper.subject_code)
        ]
        scores = np.empty((len(total), len(paper.tasks)), dtype=np.int8)
        shifted = {one.position - 1: one.shift for one in planted if one.kind == "dif_sex"}
        miskeyed = [one.position - 1 for one in planted if one.kind == "miskeyed"]
        others = [place for place in range(len(weights)) if place not in miskeyed]
        rest = total.copy()
        for place in miskeyed:
            rest -= self._miskeyed(scores, place, total, int(paper.maxima[others].sum()))
        for is_group, sign in ((self._is_girl, 0.5), (~self._is_girl, -0.5)):
            own = tuple(
                weights[place] * np.exp(np.arange(len(weights[place])) * shifted.get(place, 0.0) * sign)
                for place in others
            )
            scores[np.flatnonzero(is_group)[:, None], others] = draw_task_scores(rest[is_group], own, rng)
        self._cross(scores, total, weights)
        self._copy(scores)
        self._prompt(scores)
        skipped = rng.random(scores.shape, dtype=np.float32) < skip_probabilities(paper)
        scores[(scores == 0) & skipped] = TaskCode.NOT_ATTEMPTED
        return scores

    def _miskeyed(self, scores: npt.NDArray[np.int8], place: int, total: Ints, others: int) -> Ints:
        """Draw a task that better pupils solve more seldom, as far as the total leaves room; return its points."""
        maximum = int(self._paper.maxima[place])
        share = 0.75 - 0.6 * total / self._paper.maximum
        points = self._rng.binomial(maximum, share).clip(np.maximum(0, total - others), np.minimum(maximum, total))
        scores[:, place] = points
        return points

    def _cross(self, scores: npt.NDArray[np.int8], total: Ints, weights: tuple[Floats, ...]) -> None:
        """Draw tasks of the weaker half anew with difficulties turned round; totals stay."""
        places = np.flatnonzero(self._is(RegionRole.CROSSED))
        if not len(places):
            return
        median = pd.Series(total[places]).groupby(self._school[places]).transform("median").to_numpy()
        weak = places[total[places] < median]
        # A weight is C(m, k)·exp(k·logit): twice the logit taken off turns its sign.
        turned = tuple(
            weight * np.exp(-2 * np.arange(len(weight)) * np.log(weight[1] / weight[0] / (len(weight) - 1)))
            for weight in weights
        )
        scores[weak] = draw_task_scores(total[weak], turned, self._rng)

    def _copy(self, scores: npt.NDArray[np.int8]) -> None:
        """Let pupils of a class copy most tasks of one pupil of its upper half."""
        places = np.flatnonzero(self._is(RegionRole.COPIED))
        if not len(places):
            return
        own = scores[places]
        group = self._school[places] * 100 + self._cohort.class_number[self._chosen][places]
        order = np.lexsort((own.sum(axis=1), group))
        starts, inverse, counts = _starts(group)
        donors = order[starts + np.minimum(counts - 1, (counts * 0.8).astype(np.int64))]
        is_copied = self._rng.random(own.shape) < self._options.strengths.copied
        scores[places] = np.where(is_copied, own[donors[inverse]], own)

    def _prompt(self, scores: npt.NDArray[np.int8]) -> None:
        """Let the hardest third of the tasks be solved and points of the easiest third be lost."""
        places = np.flatnonzero(self._is(RegionRole.PROMPTED))
        paper, share = self._paper, self._options.strengths.prompted
        third = max(1, len(paper.tasks) // 3)
        order = np.argsort(task_difficulties(paper))
        own = scores[places]
        is_moved = self._rng.random(own.shape) < share
        is_hard, is_easy = np.isin(np.arange(len(order)), order[:third]), np.isin(np.arange(len(order)), order[-third:])
        own = np.where(is_moved & is_hard, paper.maxima, own)
        scores[places] = np.where(is_moved & is_easy & (self._rng.random(own.shape) < 0.6), 0, own)

    def _absent(self, ability: Floats) -> Bools:
        share = self._paper.absent_percent / 100 * (1.6 if self._of.season == "autumn" else 1)
        is_absent = self._rng.random(len(ability)) < share
        places = np.flatnonzero(self._is(RegionRole.ABSENTEES))
        if len(places):
            rank = pd.Series(ability[places]).groupby(self._school[places]).rank(pct=True).to_numpy()
            is_absent[places] |= (rank <= 0.25) & (self._rng.random(len(places)) < self._options.strengths.absentees)
        return is_absent

    def _journal(self, ability: Floats) -> Ints:
        correlation, cuts = journal_cuts(self._paper)
        own = np.where(self._is(RegionRole.DETACHED), self._options.strengths.detached, correlation)
        noise = np.sqrt(1 - own**2) * self._rng.normal(size=len(ability))
        marks = 2 + np.searchsorted(cuts, own * ability + noise + self._schools.leniency[self._school])
        return np.where(self._rng.random(len(ability)) < _NO_MARK_SHARE, 0, marks)

    def _rows(self, scores: npt.NDArray[np.int8], journal: Ints, is_absent: Bools) -> pd.DataFrame:
        count = len(scores)
        total = np.maximum(scores, 0).sum(axis=1, dtype=np.int64)
        scores[is_absent] = TaskCode.BLANK
        letters = ("А", "Б", "В", "Г", "Д", "Е", "Ж", "З", "И", "К", "Л", "М")
        classes = self._cohort.class_number[self._chosen] % len(letters)
        variant = np.where(is_absent, -1, self._rng.integers(0, 2, count))
        codes = pd.array(self._schools.codes.tolist(), dtype="str")
        columns: dict[str, object] = {
            "file_sha256": pd.array([_FILE], dtype="str").take(np.zeros(count, dtype=np.intp)),
            "source_row": np.arange(2, count + 2, dtype=np.int32),
            "school_code": codes.take(self._school),
            "class_label": pd.array(letters, dtype="str").take(classes),
            "sex": pd.array(["м", "ж"], dtype="str").take(self._is_girl.astype(np.intp)),
            "pupil_id": self._region.pupil_ids(self._of, self._cohort).take(self._chosen),
            "variant": pd.array(["1", "2"], dtype="str").take(variant, allow_fill=True),
            "status": pd.array(["scored", "absent"], dtype="str").take(is_absent.astype(np.intp)),
            "primary_score": pd.arrays.IntegerArray(total.astype(np.int16), is_absent.copy()),
            "journal_mark": pd.arrays.IntegerArray(journal.astype(np.int16), is_absent | (journal == 0)),
            "reported_mark": pd.arrays.IntegerArray(np.zeros(count, dtype=np.int16), np.ones(count, dtype=bool)),
        }
        columns |= {task_column(place + 1): scores[:, place] for place in range(scores.shape[1])}
        return pd.DataFrame(columns)


def _starts(group: Ints) -> tuple[Ints, Ints, Ints]:
    """Return where each group starts once rows are sorted by group, the group of each row, and the sizes."""
    _, inverse, counts = np.unique(group, return_inverse=True, return_counts=True)
    return np.concatenate([[0], np.cumsum(counts)[:-1]]), inverse, counts
