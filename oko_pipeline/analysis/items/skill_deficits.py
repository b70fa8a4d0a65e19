"""Systemic deficits of skills by class, school, group of schools, municipality and region."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import Scope
from oko_pipeline.analysis.items.options import DEFICITS_METHOD, method_columns
from oko_pipeline.analysis.options import AnalysisOptions, ColourThresholds
from oko_pipeline.analysis.skill_results import CLASS_KINDS, skill_results
from oko_pipeline.analysis.summaries import pupil_facts
from oko_pipeline.analysis.task_profile import TaskProfile, countable_scores, task_profile
from oko_pipeline.analysis.task_results import RED, TaskCounts, colour_places, count_tasks
from oko_pipeline.analysis.units import Units, build_units
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.tables_items import SKILL_DEFICITS
from oko_pipeline.statistics.intervals import RatioSums, ratio_interval
from oko_pipeline.statistics.size_tiers import tier_places
from oko_pipeline.works import Works

GROUP_COLUMNS: Final = ("grouping", "group_code", "school_code")
_SKILL: Final = ["kind", "skill_code"]


@dataclass(frozen=True, slots=True)
class DeficitOptions:
    """Thresholds of colours, titles of codes; `metasubject_codes` are КТ of the chapter «Метапредметные».

    `metasubject_codes` is None when the codifier has no such chapter: then no requirement is known to be metasubject.
    """

    analysis: AnalysisOptions
    metasubject_codes: frozenset[str] | None = field(default=None)


def school_groups(schools: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of schools that the registry itself knows: by type of settlement. Columns `GROUP_COLUMNS`."""
    known = schools[schools["settlement_type"].notna()]
    return pd.DataFrame(
        {
            "grouping": pd.Series("settlement", index=known.index, dtype="str"),
            "group_code": known["settlement_type"],
            "school_code": known["school_code"],
        }
    ).reset_index(drop=True)


def skill_deficits(
    works: Works,
    tasks: pd.DataFrame,
    schools: pd.DataFrame,
    options: DeficitOptions,
    groups: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return `skill_deficits`: the skills of one assessment that are in systemic deficit, by unit and group of schools.

    Args:
        works: all works of the assessment.
        tasks: rows of the table `tasks`.
        schools: rows of the table `schools` of the year.
        options: thresholds and titles.
        groups: groups of schools (clusters and such), columns `GROUP_COLUMNS`; a school is at most once in a grouping.
    """
    if works.rows.empty or not works.tasks:
        return SKILL_DEFICITS.empty()
    found = [_deficits(works, tasks, schools, options)]
    if groups is not None and len(groups):
        for grouping, members in groups.groupby("grouping", sort=True):
            found.append(_group_deficits(works, tasks, members, str(grouping), options))
    frame = pd.concat(found, ignore_index=True)
    everywhere = frame.loc[frame["unit_level"] == "all", _SKILL]
    general = pd.MultiIndex.from_frame(everywhere)
    return SKILL_DEFICITS.conform(
        frame.assign(
            school_year=options.analysis.school_year,
            assessment_id=str(works.key),
            is_general=pd.MultiIndex.from_frame(frame[_SKILL]).isin(general),
            size_tier=_tiers(frame["participants_count"], options.analysis),
            is_metasubject=_metasubject(frame, options.metasubject_codes),
            **method_columns(DEFICITS_METHOD),
        )
    )


def _tiers(counts: pd.Series, options: AnalysisOptions) -> npt.NDArray[np.object_]:
    return np.array(SIZE_TIERS, dtype=object)[tier_places(counts.to_numpy(dtype=np.int64), options.tier_bounds)]


def _metasubject(frame: pd.DataFrame, codes: frozenset[str] | None) -> pd.Series:
    is_own = frame["skill_code"].isin(codes or frozenset())
    flags = is_own.astype("boolean").where((frame["kind"] == "requirement") & (codes is not None))
    return flags.mask(frame["kind"] == "metasubject", other=True)


def _group_deficits(
    works: Works, tasks: pd.DataFrame, members: pd.DataFrame, grouping: str, options: DeficitOptions
) -> pd.DataFrame:
    """Compute the deficits of groups of schools: to the units a group is what a municipality is."""
    own = works.rows[works.rows["school_code"].isin(members["school_code"])]
    # One class a school: classes are no question here, and every further one costs.
    rows = own.assign(class_label=pd.Series(None, index=own.index, dtype="str"))
    as_schools = pd.DataFrame(
        {
            "school_code": members["school_code"].to_numpy(),
            "municipality_code": members["group_code"].to_numpy(),
            "region_code": "00",
        }
    )
    if rows.empty:
        return _NO_DEFICITS.copy()
    found = _deficits(replace(works, rows=rows), tasks, as_schools, options)
    found = found[found["unit_level"] == "municipality"]
    return found.assign(unit_level="group", unit_code=grouping + ":" + found["unit_code"])


_OWN_COLUMNS: Final = (
    "unit_level", "unit_code", "kind", "skill_code", "skill_title", "task_codes", "tasks_count", "red_tasks_count",
    "confirmed_red_count", "evidence", "participants_count", "solved_share", "solved_low", "solved_high", "parts_count",
    "deficit_parts_count",
)  # fmt: skip
_NO_DEFICITS: Final = SKILL_DEFICITS.empty()[list(_OWN_COLUMNS)]


def _deficits(works: Works, tasks: pd.DataFrame, schools: pd.DataFrame, options: DeficitOptions) -> pd.DataFrame:
    units = build_units(works.rows, schools)
    scope = Scope(str(works.key), units, options.analysis)
    task_scores = works.task_scores()
    is_scored = pupil_facts(works, task_scores, None, None).is_scored
    profile = task_profile(works, tasks)
    scores = countable_scores(task_scores[is_scored], profile)
    class_of_work = units.class_of_work[is_scored]
    counts = count_tasks(scores, class_of_work, units, profile)
    colours = colour_places(counts, profile, options.analysis)
    results = skill_results(scope, profile, scores, class_of_work, colours)
    results = results.assign(
        confirmed_red_count=_confirmed(results, units, profile, _certain_red(counts, profile, colours, options)),
        **_parts(results, units),
    )
    kept = results[results["is_systemic"].fillna(value=False).to_numpy(dtype=bool)]
    is_confirmed = 2 * kept["confirmed_red_count"] > kept["tasks_count"]
    return kept.assign(evidence=np.where(is_confirmed, "confirmed", "possible"))[list(_OWN_COLUMNS)]


def _certain_red(
    counts: TaskCounts, profile: TaskProfile, colours: npt.NDArray[np.int8], options: DeficitOptions
) -> npt.NDArray[np.bool_]:
    """Tell which red tasks of units are red by the upper bound of their solvability as well (units × tasks)."""
    taught = counts.taught.astype(np.float64)
    maxima = np.broadcast_to(profile.maxima, taught.shape)
    interval = ratio_interval(
        RatioSums(
            pupils=taught,
            y=counts.total.astype(np.float64),
            x=taught * maxima,
            yy=counts.squares.astype(np.float64),
            xy=counts.total * maxima,
            xx=taught * maxima**2,
        )
    )
    thresholds: ColourThresholds = options.analysis.colours
    red_below = np.array([thresholds.of_level(level)[1] for level in profile.levels], dtype=np.float64)
    return (colours == RED) & (100 * interval.high < red_below)


def _unit_places(results: pd.DataFrame, units: Units) -> npt.NDArray[np.intp]:
    """Return the place in the units of each row: rows stand by unit, so it grows with every change of the unit."""
    level = pd.factorize(results["unit_level"])[0]
    code = pd.factorize(results["unit_code"])[0]
    changes = (np.diff(level, prepend=level[:1]) != 0) | (np.diff(code, prepend=code[:1]) != 0)
    return np.cumsum(changes) if len(units.levels) else np.zeros(0, dtype=np.intp)


def _confirmed(
    results: pd.DataFrame, units: Units, profile: TaskProfile, certain: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Count the certain red tasks of each row's skill."""
    texts, sets = np.unique(results["task_codes"].to_numpy(dtype=object), return_inverse=True)
    place = {code: number for number, code in enumerate(profile.codes)}
    membership = np.zeros((len(profile.codes), len(texts)), dtype=np.int64)
    for number, text in enumerate(texts):
        membership[[place[code] for code in str(text).split(";")], number] = 1
    return (certain.astype(np.int64) @ membership)[_unit_places(results, units), sets]


def _parts(results: pd.DataFrame, units: Units) -> dict[str, pd.Series]:
    """Count, for units above class, their classes (a school) or schools (all others) with a zone and with a deficit."""
    unit = _unit_places(results, units)
    skill = pd.MultiIndex.from_frame(results[_SKILL]).factorize()[0]
    told = results["is_systemic"].notna().to_numpy()
    deficit = results["is_systemic"].fillna(value=False).to_numpy(dtype=bool)
    by_unit = np.zeros((len(units.levels), int(skill.max(initial=0)) + 1, 2), dtype=np.int64)
    by_unit[unit[told], skill[told], 0] = 1
    by_unit[unit[deficit], skill[deficit], 1] = 1
    first_school = units.above_class_count - len(units.municipality_of_school)
    parts = np.zeros_like(by_unit)
    schools = by_unit[first_school : units.above_class_count]
    parts[0] = schools.sum(axis=0)
    regions = int(units.region_of_school.max(initial=-1)) + 1
    for parents, start in ((units.region_of_school, 1), (units.municipality_of_school, 1 + regions)):
        np.add.at(parts, parents[parents >= 0] + start, schools[parents >= 0])
    np.add.at(parts, first_school + units.school_of_class, by_unit[units.above_class_count :])
    is_class = unit >= units.above_class_count
    is_school_of_codes = (unit >= first_school) & ~results["kind"].isin(CLASS_KINDS).to_numpy()
    is_none = is_class | is_school_of_codes
    found = parts[unit, skill]
    return {
        "parts_count": pd.Series(pd.arrays.IntegerArray(found[:, 0].copy(), is_none), index=results.index),
        "deficit_parts_count": pd.Series(pd.arrays.IntegerArray(found[:, 1].copy(), is_none), index=results.index),
    }
