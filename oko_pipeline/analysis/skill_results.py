"""Results of groups of tasks by unit: skills, content elements (КЭС), requirements (КТ), levels, metasubject."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.columns import Scope, picked, ratio, unit_columns
from oko_pipeline.analysis.options import AnalysisOptions
from oko_pipeline.analysis.task_profile import TaskProfile
from oko_pipeline.analysis.task_results import RED
from oko_pipeline.analysis.units import Units, sum_rows
from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.catalogue.tables import SKILL_RESULTS
from oko_pipeline.statistics.intervals import RatioSums, ratio_interval

LEVEL_TITLES: Final = {"Б": "Базовый уровень", "П": "Повышенный уровень", "В": "Высокий уровень"}


CLASS_KINDS: Final = ("skill", "level", "metasubject")
"""Kinds that a class has rows of. A content element or requirement of one class rests on a task or two of some twenty
pupils: such rows would be half of the table and tell nothing that the class's tasks do not."""


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """A group of tasks that shows one skill; `members` are places of tasks in the profile."""

    kind: str
    code: str
    title: str
    members: tuple[int, ...]


def task_groups(profile: TaskProfile, options: AnalysisOptions) -> list[TaskGroup]:
    """Return the groups of tasks: skills by order of tasks, then codes, requirements, levels, metasubject."""
    groups = [
        TaskGroup("skill", str(number), text, members)
        for number, (text, members) in enumerate(_members(profile.described["skill"], ()).items(), start=1)
    ]
    for kind, column in (("content", "content_codes"), ("requirement", "requirement_codes")):
        found = _members(profile.described[column], (";",))
        groups += [
            TaskGroup(kind, code, options.code_titles.get((kind, code), code), found[code])
            for code in sorted(found, key=_natural)
        ]
    by_level = _members(pd.Series(profile.levels, dtype="str"), ())
    groups += [
        TaskGroup("level", level, title, by_level[level]) for level, title in LEVEL_TITLES.items() if level in by_level
    ]
    is_metasubject = profile.described["is_metasubject"].fillna(value=False).to_numpy(dtype=bool)
    if is_metasubject.any():
        members = tuple(int(place) for place in np.flatnonzero(is_metasubject))
        groups.append(TaskGroup("metasubject", "metasubject", "Метапредметные умения", members))
    return groups


def _members(texts: pd.Series, separators: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Return the places of tasks by text (by each of its parts when it is a list), in the order of first mention."""
    found: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        for part in _parts(text, separators):
            if place not in found.setdefault(part, []):
                found[part].append(place)
    return {part: tuple(places) for part, places in found.items()}


def _parts(text: object, separators: tuple[str, ...]) -> Iterator[str]:
    if isinstance(text, str):
        for part in re.split("|".join(separators), text) if separators else [text]:
            if cleaned := " ".join(part.split()):
                yield cleaned


def _natural(code: str) -> list[tuple[int, str]]:
    """Return a sorting key that puts 2.10 after 2.9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", code)]


def skill_results(
    scope: Scope,
    profile: TaskProfile,
    scores: npt.NDArray[np.int8],
    class_of_work: npt.NDArray[np.intp],
    colours: npt.NDArray[np.int8],
) -> pd.DataFrame:
    """Return `skill_results`: assessment × unit × group of tasks (for classes the groups of `CLASS_KINDS`).

    Args:
        scope: assessment, units, options.
        profile: the tasks.
        scores: scores and codes of the scored works (works × tasks).
        class_of_work: class of each of these works.
        colours: units × tasks, places in `COLOURS` or −1 (see `colour_places`).
    """
    groups = task_groups(profile, scope.options)
    if not groups:
        return SKILL_RESULTS.empty()
    membership = np.zeros((len(profile.codes), len(groups)), dtype=np.int64)
    for place, group in enumerate(groups):
        membership[list(group.members), place] = 1
    # КЭС, КТ and skill often name the same tasks: each distinct set of tasks is computed once.
    distinct, set_of_group = np.unique(membership, axis=1, return_inverse=True)
    sums = _ratio_sums(scores, class_of_work, scope.units, distinct * np.isfinite(profile.maxima)[:, None], profile)
    interval = ratio_interval(sums)
    share = ratio(sums.y, sums.x)
    red = (colours == RED).astype(np.int64) @ membership
    told = (colours >= 0).astype(np.int64) @ membership
    sizes = membership.sum(axis=0)
    units = len(colours)
    is_class_kind = np.array([group.kind in CLASS_KINDS for group in groups])
    is_kept = np.ones((units, len(groups)), dtype=bool)
    is_kept[scope.units.above_class_count :] = is_class_kind
    unit_of_row, group_of_row = np.nonzero(is_kept)
    cell = (unit_of_row, set_of_group.ravel()[group_of_row])
    is_untold = (told == 0)[is_kept]
    columns: dict[str, object] = {
        **unit_columns(scope, unit_of_row),
        "kind": picked([group.kind for group in groups], group_of_row),
        "skill_code": picked([group.code for group in groups], group_of_row),
        "skill_title": picked([group.title for group in groups], group_of_row),
        "task_codes": picked([";".join(profile.codes[m] for m in group.members) for group in groups], group_of_row),
        "tasks_count": sizes[group_of_row],
        "red_tasks_count": pd.arrays.IntegerArray(red[is_kept], is_untold),
        "is_systemic": pd.arrays.BooleanArray((2 * red > sizes)[is_kept], is_untold.copy()),
        "participants_count": sums.pupils[cell].astype(np.int64),
        "solved_share": share[cell],
        "solved_low": interval.low[cell],
        "solved_high": interval.high[cell],
    }
    return SKILL_RESULTS.conform(pd.DataFrame(columns))


def _ratio_sums(
    scores: npt.NDArray[np.int8],
    class_of_work: npt.NDArray[np.intp],
    units: Units,
    task_sets: npt.NDArray[np.int64],
    profile: TaskProfile,
) -> RatioSums:
    """Return the sums of pupils' scores y and reachable maxima x for units × sets of tasks."""
    order = np.argsort(class_of_work, kind="stable")
    scores, class_of_work = scores[order], class_of_work[order]
    weights = task_sets.astype(np.float64)
    is_counted = (scores >= 0) | (scores == TaskCode.NOT_ATTEMPTED)
    y = np.maximum(scores, 0).astype(np.float64) @ weights
    x = is_counted.astype(np.float64) @ (weights * np.nan_to_num(profile.maxima)[:, None])

    def summed(moment: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return units.roll_up(sum_rows(moment, class_of_work, units.class_count))

    return RatioSums(
        pupils=summed((x > 0).astype(np.float64)),
        y=summed(y),
        x=summed(x),
        yy=summed(y * y),
        xy=summed(x * y),
        xx=summed(x * x),
    )
