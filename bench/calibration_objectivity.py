"""Planted truths of a simulated region: hits and false alarms of every detector of objectivity, levels of cards, speed.

    python bench/calibration_objectivity.py [--schools 600] [--seeds 3] [--years 3]

Tables on standard output:
1. detectors of a year (all works together, false discoveries held at 5 %): hits at planted schools, false alarms at
   ordinary ones, share of false ones among all signals;
2. the same detectors in a region without any bias: share of p ≤ 0.05 and p ≤ 0.01, signals, coverage of the 95 %
   interval of the effect (only where ordinary schools do not differ in the model: the true effect is zero);
3. official signs by role; 4. levels of evidence by role over three years; 5. seconds and works.
"""

import argparse
import time

import numpy as np
import pandas as pd

from oko_pipeline.analysis.objectivity.cards import CardInputs, objectivity_cards
from oko_pipeline.analysis.objectivity.measures import Paper, PeerGroups, measure_campaign, sound_scale
from oko_pipeline.analysis.objectivity.official import SignInputs, objectivity_signs
from oko_pipeline.analysis.objectivity.options import objectivity_options
from oko_pipeline.analysis.objectivity.other_procedures import exam_signals
from oko_pipeline.analysis.objectivity.signals import YearSignals, judge_year
from oko_pipeline.sample.region import Region, RegionOptions, simulate_region
from oko_pipeline.sample.region_roles import RegionRole

OPTIONS = objectivity_options()
NOBODY = PeerGroups({})
CAUSES = {
    "cutoff_excess": {"bunching"},
    "journal_correlation": {"detached"},
    "journal_higher": {"inflated"},
    "journal_lower": {"low_result"},
    "task_profile": {"prompted", "crossed"},
    "mark_crossing": {"crossed"},
    "narrow_spread": {"narrow", "copied"},
    "absence": {"absentees"},
    "weak_absent": {"absentees"},
    "exam_unconfirmed": {"inflated"},
}
"""Roles that a detector is made for; at all other planted schools it may be silent or not."""
ALIKE = ("cutoff_excess", "task_profile", "narrow_spread", "weak_absent", "absence")


def judge(region: Region) -> dict[str, tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """Return by year: signals, signs, cards."""
    made, signals, measures = {}, [], []
    for year in region.options.school_years:
        assessments = region.assessments[region.assessments["school_year"] == year]
        raw, own = [], []
        for _, rows in assessments.groupby(["campaign_code", "pupil_grade"]):
            papers = [
                Paper(
                    region.works(year, row["assessment_id"]), sound_scale(row), int(row["maximum_score"]), region.tasks
                )
                for row in rows.to_dict("records")
            ]
            measured = measure_campaign(papers, NOBODY, year, OPTIONS.signals)
            raw.append(measured.raw)
            own.append(measured.measures)
        now = pd.concat(own, ignore_index=True)
        measures.append(now)
        exams = region.exam_results(year)
        extra = exam_signals(now, assessments, exams, NOBODY, OPTIONS.signals)
        facts = YearSignals(
            year, region.arrays.codes.tolist(), frozenset(), is_scale_known=True, extra=extra, listed={}
        )
        signals.append(judge_year(pd.concat(raw, ignore_index=True), facts, OPTIONS))
        schools = region.schools[region.schools["school_year"] == year]
        signs = objectivity_signs(SignInputs(year, pd.concat(measures), region.assessments, schools, exams), OPTIONS)
        counts = now.groupby("school_code")["participants_count"].sum().to_dict()
        inputs = CardInputs(year, signs, pd.concat(signals), NOBODY, counts, {}, ())
        made[year] = (signals[-1], signs, objectivity_cards(inputs, OPTIONS))
    return made


def whole_year(signals: pd.DataFrame, region: Region) -> pd.DataFrame:
    rows = signals[(signals["assessment_id"] == "all") & signals["p_value"].notna()]
    rows = rows.merge(region.truth.schools, on="school_code", validate="many_to_one")
    return rows.assign(is_signal=rows["state"] == "signal")


def detector_table(rows: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for code, causes in CAUSES.items():
        own = rows[rows["signal_code"] == code]
        planted, ordinary = own[own["role"].isin(causes)], own[own["role"] == "ordinary"]
        signals = int(planted["is_signal"].sum() + ordinary["is_signal"].sum())
        lines.append(
            {
                "detector": code,
                "made for": ", ".join(sorted(causes)),
                "planted": len(planted),
                "hits %": 100 * planted["is_signal"].mean(),
                "ordinary": len(ordinary),
                "false alarms %": 100 * ordinary["is_signal"].mean(),
                "p<=.05 %": 100 * (ordinary["p_value"] <= 0.05).mean(),
                "false among signals %": 100 * ordinary["is_signal"].sum() / max(1, signals),
            }
        )
    return pd.DataFrame(lines)


def coverage(rows: pd.DataFrame, code: str) -> float:
    own = rows[(rows["signal_code"] == code) & rows["z_score"].notna()]
    covered = (own["effect_low"] <= 0) & (own["effect_high"] >= 0)
    return 100 * covered.mean() if code in ALIKE else np.nan


def null_table(rows: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for code, own in rows.groupby("signal_code"):
        lines.append(
            {
                "detector": code,
                "tests": len(own),
                "p<=.05 %": 100 * (own["p_value"] <= 0.05).mean(),
                "p<=.01 %": 100 * (own["p_value"] <= 0.01).mean(),
                "signals": int(own["is_signal"].sum()),
                "coverage, work %": coverage(works, code),
                "coverage, year %": coverage(rows, code),
            }
        )
    return pd.DataFrame(lines)


def show(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}\n{table.to_string(index=False, float_format=lambda value: f'{value:.1f}')}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schools", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--years", type=int, default=3)
    arguments = parser.parse_args()
    years = ("2020-2021", "2021-2022", "2022-2023")[: arguments.years]
    planted, signs, cards, nulls, null_works = [], [], [], [], []
    seconds, works = 0.0, 0
    for seed in range(1, arguments.seeds + 1):
        region = simulate_region(RegionOptions(seed=seed, schools=arguments.schools, school_years=years))
        started = time.perf_counter()
        made = judge(region)
        seconds += time.perf_counter() - started
        works += int(region.assessments["rows_count"].sum())
        planted.append(whole_year(made[years[0]][0], region))
        last = made[years[-1]]
        signs.append(last[1].merge(region.truth.schools, on="school_code"))
        cards.append(last[2].merge(region.truth.schools, on="school_code"))
        clean = RegionOptions(
            seed=seed + 100, schools=arguments.schools, school_years=years[:1], shares={}, heaping_spread=0.0
        )
        region = simulate_region(clean)
        signals = judge(region)[years[0]][0]
        nulls.append(whole_year(signals, region))
        null_works.append(signals[signals["assessment_id"] != "all"])
    show("1. One year, planted truths", detector_table(pd.concat(planted)))
    show("2. A region without bias", null_table(pd.concat(nulls), pd.concat(null_works)))
    together = pd.concat(signs)
    together = together.assign(is_sign=100.0 * (together["state"] == "sign"))
    table = together.pivot_table(index="role", columns="sign_number", values="is_sign").reset_index()
    show(f"3. Official signs, % of schools, {years[-1]}", table)
    levels = pd.concat(cards)
    shares = pd.crosstab(levels["role"], levels["evidence_level"], normalize="index").mul(100).reset_index()
    show(f"4. Levels of evidence, % of schools, {years[-1]}", shares)
    ordinary = levels[levels["role"] == str(RegionRole.ORDINARY)]
    raised = ordinary["evidence_level"].isin(["средний", "высокий"]).mean()
    print(f"\nOrdinary schools at «средний» or «высокий»: {100 * raised:.2f} % of {len(ordinary)}")
    print(f"\n5. {works} works in {seconds:.1f} s, simulation included: {1e6 * seconds / works:.1f} s a million")


if __name__ == "__main__":
    main()
