"""Central selection of classes and works for re-checking, and scoring of what the re-check found.

Selection is by SHA-256 of the seed and the unit's own code: anyone with the seed repeats it, nobody foresees it
without, and adding a school changes no other school's draw.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.columns import picked
from oko_pipeline.analysis.objectivity.measures import sound_scale
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, RecheckOptions, method_columns
from oko_pipeline.analysis.units import NO_CLASS
from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.tables_objectivity import RECHECK_RESULTS, RECHECK_SELECTION, RECHECK_WORKS, WHOLE_YEAR
from oko_pipeline.statistics.intervals import mean_interval, wilson_interval
from oko_pipeline.statistics.size_tiers import tier_places
from oko_pipeline.works import Works

_CODE_LENGTH: Final = 12
_BY_SIGNALS: Final = frozenset({"средний", "высокий"})


@dataclass(frozen=True, slots=True)
class Stratum:
    """Schools among which some are drawn: by signals, or at random within a municipality."""

    basis: str
    name: str
    schools: tuple[str, ...]
    selected: tuple[str, ...]


def draw_order(seed: int, *unit: object) -> str:
    """Return the hexadecimal digest by which a unit is drawn: smaller comes first."""
    return hashlib.sha256("|".join(map(str, (seed, *unit))).encode()).hexdigest()


def draw(codes: Iterable[str], count: int, seed: int, *scope: object) -> list[str]:
    """Return `count` of the codes, those with the smallest digests, in the order of codes."""
    order = sorted(codes, key=lambda code: draw_order(seed, *scope, code))
    return sorted(order[:count])


def select_schools(cards: pd.DataFrame, municipality_of: Mapping[str, str], options: RecheckOptions) -> list[Stratum]:
    """Draw the schools of the control group from the year's cards.

    A stratum of schools with evidence «средний» or «высокий», of which `signal_share` are drawn, and one stratum a
    municipality of all other schools with data, of which `random_share` are (rounded up: a municipality is never out
    of reach, and so drawing by signals gives no school away).
    """
    known = cards[cards["evidence_level"] != "нет данных"]
    is_marked = known["evidence_level"].isin(_BY_SIGNALS)
    strata = [
        _stratum("signals", "по сигналам", known.loc[is_marked, "school_code"], options.signal_share, cards, options)
    ]
    others = known.loc[~is_marked, "school_code"]
    places = np.array([municipality_of.get(code) or "" for code in others], dtype=object)
    for place, codes in others.groupby(places):
        strata.append(
            _stratum(
                "random", f"случайно, {place or 'без муниципалитета'}", codes, options.random_share, cards, options
            )
        )
    return [stratum for stratum in strata if stratum.schools]


def _stratum(
    basis: str, name: str, codes: pd.Series, share: float, cards: pd.DataFrame, options: RecheckOptions
) -> Stratum:
    schools = tuple(sorted(codes))
    year = str(cards["school_year"].iloc[0]) if len(cards) else ""
    count = int(np.ceil(share * len(schools)))
    return Stratum(basis, name, schools, tuple(draw(schools, count, options.seed, year)))


def select_classes(
    works: Works, school_year: str, strata: Sequence[Stratum], options: RecheckOptions
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw classes and works of one assessment in the schools of the control group.

    Returns:
        Rows of `recheck_selection` and of `recheck_works` (restricted). Works are named by a hash of their pseudonym;
        file and row lead the school to the work without a name.
    """
    assessment_id = str(works.key)
    stratum_of = {code: stratum for stratum in strata for code in stratum.selected}
    rows = works.rows
    is_used = (rows["status"] == "scored") & rows["primary_score"].notna() & rows["school_code"].isin(list(stratum_of))
    if not is_used.any() or (works.key.paper_grade, works.key.subject_code) not in options.papers:
        return RECHECK_SELECTION.empty(), RECHECK_WORKS.empty()
    # A pupil listed twice is one work to re-check.
    own = rows[is_used].drop_duplicates("pupil_id")
    own = own.assign(
        class_label=own["class_label"]
        .fillna(NO_CLASS)
        .str.strip()
        .str.lower()
        .replace({"": NO_CLASS, "нет": NO_CLASS}),
        work_code=[work_code(options.seed, assessment_id, pupil_id) for pupil_id in own["pupil_id"]],
    )
    selection, chosen = [], []
    for school_code, in_school in own.groupby("school_code", sort=True):
        labels = draw(
            in_school["class_label"].unique(), options.classes_per_school, options.seed, assessment_id, school_code
        )
        stratum = stratum_of[str(school_code)]
        for label in labels:
            in_class = in_school[in_school["class_label"] == label]
            codes = draw(in_class["work_code"], options.works_per_class, options.seed, assessment_id, school_code)
            chosen.append(in_class[in_class["work_code"].isin(codes)])
            selection.append(
                {
                    "school_code": school_code,
                    "class_label": label,
                    "basis": stratum.basis,
                    "stratum": stratum.name,
                    "stratum_schools_count": len(stratum.schools),
                    "stratum_selected_count": len(stratum.selected),
                    "works_count": len(in_class),
                    "selected_count": len(codes),
                }
            )
    fixed: dict[str, str] = {
        "school_year": school_year,
        "assessment_id": assessment_id,
        **method_columns("recheck_selection"),
    }
    table = pd.DataFrame(selection).assign(seed=options.seed, **fixed)
    picked_works = pd.concat(chosen).rename(columns={"primary_score": "original_score"}).assign(**fixed)
    picked_works = picked_works.sort_values(["school_code", "class_label", "work_code"], ignore_index=True)
    return (
        RECHECK_SELECTION.conform(table[list(RECHECK_SELECTION.column_names)]),
        RECHECK_WORKS.conform(picked_works[list(RECHECK_WORKS.column_names)]),
    )


def work_code(seed: int, assessment_id: str, pupil_id: str) -> str:
    """Return the code by which a work is named at re-checking: a hash of the pseudonym, equal after a reload."""
    return draw_order(seed, assessment_id, pupil_id)[:_CODE_LENGTH]


RECHECKED_COLUMNS: Final = ("school_code", "assessment_id", "original_score", "rechecked_score")
"""Columns of re-checked works: a row a work; an empty `rechecked_score` — selected and not re-checked yet."""


@dataclass(frozen=True, slots=True)
class RecheckInputs:
    """What is scored: `works` with `RECHECKED_COLUMNS`, the control group (`recheck_selection`), `assessments`."""

    school_year: str
    works: pd.DataFrame
    selection: pd.DataFrame
    assessments: pd.DataFrame


def rechecked_by_codes(selected: pd.DataFrame, rechecked: Mapping[str, float]) -> pd.DataFrame:
    """Return `RECHECKED_COLUMNS` of the works of `recheck_works` and new scores by work code."""
    found = selected.assign(rechecked_score=selected["work_code"].map(rechecked).astype("float64"))
    return found[list(RECHECKED_COLUMNS)]


def score_recheck(inputs: RecheckInputs, options: ObjectivityOptions) -> pd.DataFrame:
    """Return `recheck_results`: of all works, by basis of selection, and by school; by assessment and over all.

    `selected_count` is that of the control group, or the number of works where the group is not known.
    """
    if inputs.works.empty and inputs.selection.empty:
        return RECHECK_RESULTS.empty()
    facts, selected = _facts(inputs), _selected(inputs)
    rows: list[dict[str, object]] = []
    for level, code, assessment_id in _units(facts, selected):
        result = _result(facts[_is_of(facts, level, code, assessment_id)], options)
        planned = int(selected.loc[_is_of(selected, level, code, assessment_id), "selected_count"].sum())
        unit = {"unit_level": level, "unit_code": code, "assessment_id": assessment_id}
        rows.append(result | unit | {"selected_count": max(planned, int(str(result["rechecked_count"])))})
    frame = pd.DataFrame(rows).assign(school_year=inputs.school_year, **method_columns("recheck_scoring"))
    frame["size_tier"] = picked(SIZE_TIERS, tier_places(frame["rechecked_count"].to_numpy(), options.tier_bounds))
    return RECHECK_RESULTS.conform(frame[list(RECHECK_RESULTS.column_names)])


def _units(facts: pd.DataFrame, selected: pd.DataFrame) -> list[tuple[str, str, str]]:
    both = pd.concat(
        [facts[["school_code", "basis", "assessment_id"]], selected[["school_code", "basis", "assessment_id"]]]
    )
    found = {
        (level, str(code), str(assessment_id))
        for level, codes in (("all", ["all"] * len(both)), ("basis", both["basis"]), ("school", both["school_code"]))
        for assessments in (both["assessment_id"], [WHOLE_YEAR] * len(both))
        for code, assessment_id in zip(codes, assessments, strict=True)
    }
    return sorted(found)


def _is_of(rows: pd.DataFrame, level: str, code: str, assessment_id: str) -> pd.Series:
    is_own = pd.Series(data=True, index=rows.index)
    if level != "all":
        is_own &= rows["basis" if level == "basis" else "school_code"] == code
    return is_own if assessment_id == WHOLE_YEAR else is_own & (rows["assessment_id"] == assessment_id)


def _selected(inputs: RecheckInputs) -> pd.DataFrame:
    return inputs.selection[["school_code", "basis", "assessment_id", "selected_count"]].reset_index(drop=True)


def _facts(inputs: RecheckInputs) -> pd.DataFrame:
    works = inputs.works.reset_index(drop=True)
    basis = inputs.selection.drop_duplicates("school_code").set_index("school_code")["basis"]
    original, rechecked = works["original_score"].astype("float64"), works["rechecked_score"].astype("float64")
    marks = {
        str(row["assessment_id"]): [float(row[f"minimum_{mark}"]) for mark in (3, 4, 5)]
        for row in ({str(name): value for name, value in one.items()} for one in inputs.assessments.to_dict("records"))
        if sound_scale(row) is not None
    }
    changed = [
        np.nan if np.isnan(new) or key not in marks else float(_mark(old, marks[key]) != _mark(new, marks[key]))
        for key, old, new in zip(works["assessment_id"], original, rechecked, strict=True)
    ]
    # Works that the selection did not name (a regional list, a complaint) are no random sample.
    return works.assign(
        basis=works["school_code"].map(basis).astype(object).fillna("signals"),
        shift=rechecked - original,
        is_mark_changed=np.array(changed, dtype=np.float64),
    )


def _mark(score: float, bounds: Sequence[float]) -> int:
    return 2 + sum(score >= bound for bound in bounds)


def _result(group: pd.DataFrame, options: ObjectivityOptions) -> dict[str, object]:
    shift = group["shift"].dropna().to_numpy()
    n, same = len(shift), int((shift == 0).sum())
    objective = int((np.abs(shift) <= options.recheck.tolerance).sum())
    same_interval, objective_interval = wilson_interval([same], [n]), wilson_interval([objective], [n])
    mean = float(shift.mean()) if n else np.nan
    deviation = float(shift.std(ddof=1)) if n > 1 else np.nan
    around = mean_interval([mean], [deviation], [n])
    changed = group["is_mark_changed"].dropna()
    low, high = float(objective_interval.low[0]), float(objective_interval.high[0])
    verdict = "undecided"
    if not n:
        verdict = "no_data"
    elif low >= options.recheck.reference:
        verdict = "reached"
    elif high < options.recheck.reference:
        verdict = "not_reached"
    return {
        "rechecked_count": n,
        "same_count": same,
        "same_share": same / n if n else np.nan,
        "same_low": float(same_interval.low[0]),
        "same_high": float(same_interval.high[0]),
        "objective_share": objective / n if n else np.nan,
        "objective_low": low,
        "objective_high": high,
        "mean_shift": mean,
        "shift_low": float(around.low[0]),
        "shift_high": float(around.high[0]),
        "mark_changed_count": int(changed.sum()) if len(changed) else None,
        "verdict": verdict,
    }
