"""Rows of `measure_effects` and `measure_effect_schools` of a school year."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.catalogue.indicators import Indicator
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_effects import MEASURE_EFFECT_SCHOOLS, MEASURE_EFFECTS
from oko_pipeline.effectiveness.comparison import Judged, Likeness, judge
from oko_pipeline.effectiveness.measures import Measure
from oko_pipeline.effectiveness.observations import Refusal, Sources, observe
from oko_pipeline.effectiveness.options import SAME_START, EffectOptions
from oko_pipeline.effectiveness.verdicts import Verdict, better_side, expected_effect, judge_effect, not_enough
from oko_pipeline.statistics.size_tiers import tier_places

NO_INDICATOR = "—"


class EffectTables(NamedTuple):
    """Frames of the tables of the same names, in the form of their contracts."""

    measure_effects: pd.DataFrame
    measure_effect_schools: pd.DataFrame


@dataclass(frozen=True, slots=True)
class EffectInputs:
    """What the effects of a year are judged by.

    `measures` are those of the year; `earlier` those of the years before by school year: schools of a measure with the
    same target since the year of the start are no comparison either.
    """

    measures: Sequence[Measure]
    earlier: Mapping[str, Sequence[Measure]]
    registry: Mapping[str, Indicator]
    sources: Sources
    alike: Likeness


def measure_effects(inputs: EffectInputs, options: EffectOptions) -> EffectTables:
    """Return the effects of all measures of a year; an empty register gives empty tables."""
    rows: list[dict[str, object]] = []
    parts: list[pd.DataFrame] = []
    for measure in inputs.measures:
        joint = [
            one.measure_id
            for one in inputs.measures
            if one.measure_id != measure.measure_id
            and one.is_carried_out
            and measure.is_carried_out
            and one.overlaps(measure)
            and set(one.school_codes) & set(measure.school_codes)
        ]
        judged, verdict = _judge(measure, inputs, options)
        rows.append(_row(measure, judged, verdict, joint, options))
        if judged is not None:
            parts.append(_schools(measure, judged, options))
    return EffectTables(
        MEASURE_EFFECTS.conform(pd.DataFrame(rows)) if rows else MEASURE_EFFECTS.empty(),
        MEASURE_EFFECT_SCHOOLS.conform(pd.concat(parts, ignore_index=True))
        if parts
        else MEASURE_EFFECT_SCHOOLS.empty(),
    )


def _judge(measure: Measure, inputs: EffectInputs, options: EffectOptions) -> tuple[Judged | None, Verdict]:
    refusal = _refusal(measure, inputs.registry)
    if refusal is not None:
        return None, not_enough(*refusal)
    indicator = inputs.registry[str(measure.indicator_code)]
    seen = observe(measure, indicator, measure.before_year(options), inputs.sources, options)
    if isinstance(seen, Refusal):
        return None, not_enough(seen.reason, seen.text_ru)
    if measure.starts_on is not None and measure.starts_on > seen.last_day:
        return None, not_enough("started_after_data", f"мера начата {_day_ru(measure.starts_on)}, после сбора данных")
    judged = judge(seen, measure.school_codes, _treated(measure, inputs, options), inputs.alike, options)
    if isinstance(judged, Refusal):
        return None, not_enough(judged.reason, judged.text_ru)
    side = better_side(measure, indicator)
    if side == 0:
        return judged, not_enough("no_direction", "неизвестно, что лучше — больше или меньше, и ожидаемое не указано")
    return judged, judge_effect(judged, side, expected_effect(measure, judged, side, options))


def _treated(measure: Measure, inputs: EffectInputs, options: EffectOptions) -> set[str]:
    """Return the schools of all measures with the same target that were carried out since the start."""
    before = measure.before_year(options)
    since = [one for year, found in inputs.earlier.items() if before < year < options.school_year for one in found]
    rivals = [one for one in (*inputs.measures, *since) if one.is_carried_out and one.overlaps(measure)]
    return {code for one in rivals for code in one.school_codes}


def _refusal(measure: Measure, registry: Mapping[str, Indicator]) -> tuple[str, str] | None:
    """Return why nothing can be told before any figure is looked at."""
    if not measure.is_carried_out:
        return "not_carried_out", "мера не проведена"
    if measure.indicator_code is None:
        return "no_indicator", "целевой показатель не указан"
    if measure.indicator_code not in registry:
        return "unknown_indicator", f"показателя «{measure.indicator_code}» нет в реестре"
    if not measure.school_codes:
        return "unlinked_school", "ОО меры не опознаны"
    return None


def _row(
    measure: Measure, judged: Judged | None, verdict: Verdict, joint: Sequence[str], options: EffectOptions
) -> dict[str, object]:
    text = verdict.text_ru
    if judged is not None and judged.observation.note_ru:
        text = text.removesuffix(".") + f"{judged.observation.note_ru}."
    if joint and judged is not None:
        text += " На те же ОО и показатель направлены и другие меры: эффект у них общий."
    if measure.unlinked:
        text += f" Не опознаны ОО: {len(measure.unlinked)}."
    indicator_code = measure.indicator_code or NO_INDICATOR
    return {
        "school_year": options.school_year,
        "effect_id": f"effect:{options.school_year}:{measure.measure_id}:{indicator_code}",
        "measure_id": measure.measure_id,
        "owner_level": measure.owner_level,
        "owner_code": measure.owner_code,
        "measure_number": measure.number,
        "title": measure.title,
        "decision_ref": measure.decision_ref,
        "recommendation_ref": measure.recommendation_ref,
        "direction": measure.direction,
        "indicator_code": indicator_code,
        "subject_code": measure.subject_code,
        "grade": pd.NA if measure.grade is None else measure.grade,
        "before_year": measure.before_year(options),
        "schools_count": len(measure.school_codes),
        **_figures(judged, options),
        "expected_change": verdict.expected,
        "is_expected_stated": verdict.is_expected_stated,
        "is_joint": bool(joint),
        "joint_with": json.dumps(sorted(joint), ensure_ascii=False),
        "verdict": verdict.verdict,
        "is_harmful": verdict.is_harmful,
        "reason": verdict.reason,
        "reason_ru": text,
        "proposed_decision": verdict.decision(measure, options.school_year),
        "stated_conclusion": measure.conclusion,
        "stated_next_step": measure.next_step,
        "record_ids": json.dumps(list(measure.record_ids)),
        **method_columns(SAME_START),
    }


_NO_FIGURES = {
    "unit_ru": None,
    "used_schools_count": 0,
    "before_value": np.nan,
    "before_n": pd.NA,
    "start_value": np.nan,
    "after_value": np.nan,
    "after_n": pd.NA,
    "size_tier": None,
    "change_value": np.nan,
    "comparison_change": np.nan,
    "effect": np.nan,
    "effect_low": np.nan,
    "effect_high": np.nan,
    "freedom": np.nan,
    "comparison_count": 0,
    "comparison_basis": None,
    "start_gap": np.nan,
}


def _figures(judged: Judged | None, options: EffectOptions) -> dict[str, object]:
    if judged is None:
        return dict(_NO_FIGURES)
    seen, weights, effect = judged.observation, judged.weights, judged.effect
    own = weights > 0
    share = weights[own]
    before, start, after = (
        float(share @ values[own]) for values in (seen.figures.before, judged.starts.start, seen.figures.after)
    )
    counts = [n[own].sum() for n in (seen.before_n, seen.after_n)]
    people = [pd.NA if np.isnan(count) else round(count) for count in counts]
    smaller = min(counts)
    tier = None if np.isnan(smaller) else SIZE_TIERS[int(tier_places(smaller, options.tier_bounds))]
    return {
        "unit_ru": seen.unit_ru,
        "used_schools_count": int(own.sum()),
        "before_value": before,
        "before_n": people[0],
        "start_value": start,
        "after_value": after,
        "after_n": people[1],
        "size_tier": tier,
        "change_value": after - before,
        "comparison_change": effect.expected - before,
        "effect": effect.value,
        "effect_low": effect.low,
        "effect_high": effect.high,
        "freedom": float(effect.freedom),
        "comparison_count": int((weights < 0).sum()),
        "comparison_basis": judged.basis,
        "start_gap": judged.start_gap,
    }


def _schools(measure: Measure, judged: Judged, options: EffectOptions) -> pd.DataFrame:
    seen, weights = judged.observation, judged.weights
    used = np.flatnonzero(weights)
    return pd.DataFrame(
        {
            "school_year": options.school_year,
            "measure_id": measure.measure_id,
            "indicator_code": measure.indicator_code,
            "school_code": [seen.codes[place] for place in used],
            "role": np.where(weights[used] > 0, "target", "comparison"),
            "weight": np.abs(weights[used]),
            "before_value": seen.figures.before[used],
            "before_n": pd.array(np.round(seen.before_n[used])).astype("Int64"),
            "start_value": judged.starts.start[used],
            "own_weight": judged.starts.weight[used],
            "after_value": seen.figures.after[used],
            "after_n": pd.array(np.round(seen.after_n[used])).astype("Int64"),
            **method_columns(SAME_START),
        }
    )


def _day_ru(date: str) -> str:
    year, month, day = date[:10].split("-")
    return f"{day}.{month}.{year}"
