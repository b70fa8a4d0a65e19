"""Systemic deficits of skills by class, school, group of schools, municipality and region."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import Scope
from oko_pipeline.analysis.items.options import DEFICITS_METHOD
from oko_pipeline.analysis.options import AnalysisOptions, ColourThresholds
from oko_pipeline.analysis.skill_results import CLASS_KINDS, skill_results
from oko_pipeline.analysis.summaries import pupil_facts
from oko_pipeline.analysis.task_profile import TaskProfile, countable_scores, task_profile
from oko_pipeline.analysis.task_results import RED, TaskCounts, colour_places, count_tasks
from oko_pipeline.analysis.units import Units, build_units
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.methods import method_columns
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
    scored = _scored_works(works, tasks)
    units = build_units(works.rows, schools)
    results = _results(scored, units, options)
    results = results.assign(**_parts(results, units))
    found = [results]
    if groups is not None and len(groups):
        of_schools = results[(results["unit_level"] == "school") & results["is_systemic"].notna()]
        for grouping, members in groups.groupby("grouping", sort=True):
            found.append(_group_results(scored, members, str(grouping), of_schools, options))
    frame = pd.concat([_systemic(one) for one in found], ignore_index=True)
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


@dataclass(frozen=True, slots=True)
class _Scored:
    """Works with their schools and classes, the scores of those that were written, the tasks."""

    assessment_id: str
    rows: pd.DataFrame
    is_scored: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.int8]
    profile: TaskProfile


def _scored_works(works: Works, tasks: pd.DataFrame) -> _Scored:
    task_scores = works.task_scores()
    is_scored = pupil_facts(works, task_scores, None, None).is_scored
    profile = task_profile(works, tasks)
    scores = countable_scores(task_scores[is_scored], profile)
    return _Scored(str(works.key), works.rows[["school_code", "class_label"]], is_scored, scores, profile)


def _group_results(
    scored: _Scored, members: pd.DataFrame, grouping: str, of_schools: pd.DataFrame, options: DeficitOptions
) -> pd.DataFrame:
    """Compute the results of groups of schools: to the units a group is a school of one class.

    `of_schools` are the results of schools with a zone: a group counts those with a zone and with a deficit.
    """
    group_of = dict(zip(members["school_code"], members["group_code"], strict=True))
    codes, school_codes = pd.factorize(scored.rows["school_code"])
    groups = pd.array([group_of.get(code) for code in school_codes], dtype="str")
    is_member = ~pd.isna(groups)[codes]
    if not is_member.any():
        return _NO_RESULTS.copy()
    rows = pd.DataFrame({"school_code": groups.take(codes[is_member]), "class_label": None})
    taken = is_member[scored.is_scored]
    own = _Scored(scored.assessment_id, rows, scored.is_scored[is_member], scored.scores[taken], scored.profile)
    names = rows["school_code"].drop_duplicates()
    registry = pd.DataFrame({"school_code": names, "municipality_code": names, "region_code": "00"})
    found = _results(own, build_units(rows, registry), options)
    found = found[found["unit_level"] == "school"]
    told = of_schools.assign(unit_code=of_schools["unit_code"].map(group_of))
    parts = told.groupby(["unit_code", *_SKILL])["is_systemic"].agg(["size", "sum"])
    counts = parts.reindex(pd.MultiIndex.from_frame(found[["unit_code", *_SKILL]])).fillna(0).to_numpy(np.int64)
    return found.assign(
        unit_level="group",
        unit_code=grouping + ":" + found["unit_code"],
        parts_count=pd.array(counts[:, 0], dtype="Int64"),
        deficit_parts_count=pd.array(counts[:, 1], dtype="Int64"),
    )


_OWN_COLUMNS: Final = (
    "unit_level", "unit_code", "kind", "skill_code", "skill_title", "task_codes", "tasks_count", "red_tasks_count",
    "confirmed_red_count", "evidence", "participants_count", "solved_share", "solved_low", "solved_high", "parts_count",
    "deficit_parts_count",
)  # fmt: skip
_NO_RESULTS: Final = SKILL_DEFICITS.empty()[[one for one in _OWN_COLUMNS if one != "evidence"]].assign(
    is_systemic=pd.Series(dtype="boolean")
)


def _results(scored: _Scored, units: Units, options: DeficitOptions) -> pd.DataFrame:
    """Return results of skills by unit with the number of tasks that are certainly red."""
    scope = Scope(scored.assessment_id, units, options.analysis)
    profile, class_of_work = scored.profile, units.class_of_work[scored.is_scored]
    counts = count_tasks(scored.scores, class_of_work, units, profile)
    colours = colour_places(counts, profile, options.analysis)
    results = skill_results(scope, profile, scored.scores, class_of_work, colours)
    certain = _certain_red(counts, profile, colours, options)
    return results.assign(confirmed_red_count=_confirmed(results, units, profile, certain))


def _systemic(results: pd.DataFrame) -> pd.DataFrame:
    """Keep the skills in systemic deficit and tell how sure that is."""
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
    kind, code = (pd.factorize(results[name])[0] for name in _SKILL)
    skill = np.unique(kind * (int(code.max(initial=0)) + 1) + code, return_inverse=True)[1]
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
