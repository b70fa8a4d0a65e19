"""Calibration of the judging of measures: planted measures of simulated regions, intervals, false «effective».

`python -m bench.calibration_effects [regions] [measures a cell] [samples]` prints what is promised and what came out:
of regions of two years, of the two years that `oko sample` writes (the same rows as the graph reads), of intervals.
"""

import sys
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oko_pipeline.analysis.context.conditions import nearest_answers, with_total_of_grades
from oko_pipeline.analysis.context.groups import school_groups
from oko_pipeline.analysis.context.options import GroupOptions
from oko_pipeline.analysis.context.registers import joined_answers
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.records import record_contracts
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables import SCHOOL_CONTEXT
from oko_pipeline.catalogue.tables_dynamics import SERIES_BREAKS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.effectiveness.comparison import Likeness, judge, likeness
from oko_pipeline.effectiveness.effects import EffectInputs, measure_effects
from oko_pipeline.effectiveness.measures import read_measures
from oko_pipeline.effectiveness.observations import Observation, Refusal, Sources, share_figures
from oko_pipeline.effectiveness.options import EffectOptions
from oko_pipeline.sample.cycle import CAMPAIGNS, DONE_YEAR, GRADES, cycle_rows, plan_measures
from oko_pipeline.sample.measures import RIGHT_VERDICTS, YEARS, MeasureKind, MeasuresOptions, simulate_measures
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.results import World
from oko_pipeline.statistics.intervals import Interval, wilson_interval

NOBODY = pd.DataFrame({"school_code": [], "cluster_code": [], "comparable_code": []})


@dataclass(frozen=True)
class Cell:
    """Schools, groups, schools of the measure and how they are chosen, spreads of shares, true effect (shares)."""

    title: str
    schools: int = 80
    groups: int = 3
    treated: int = 8
    chosen: str = "random"
    lasting: float = 0.09
    yearly: float = 0.04
    effect: float = 0.0
    level: float = 0.7
    sizes: tuple[int, int] = (10, 150)


CELLS = (
    Cell("8 schools at random"),
    Cell("1 school at random", treated=1),
    Cell("8 schools at random, effect 10", effect=0.1, level=0.6),
    Cell("3 schools at random, effect -10", treated=3, effect=-0.1),
    Cell("near the ceiling", level=0.88),
    Cell("14 schools in all, 1 measured", schools=14, groups=1, treated=1),
    Cell("30 schools in all, 4 measured", schools=30, groups=1, treated=4),
    Cell("8 lowest of the first year", chosen="lowest"),
    Cell("20 lowest of 300", schools=300, groups=4, treated=20, chosen="lowest"),
    Cell("5 lowest, little that lasts", treated=5, chosen="lowest", lasting=0.03, yearly=0.02),
    Cell("5 lowest, small schools", treated=5, chosen="lowest", sizes=(10, 30), schools=150),
)


def draw(cell, rng):
    """Return an observation of one indicator in two years and the places of the schools of the measure."""
    group = rng.integers(0, cell.groups, cell.schools)
    n0 = rng.integers(*cell.sizes, cell.schools)
    n1 = np.maximum(cell.sizes[0], np.round(n0 * rng.uniform(0.9, 1.1, cell.schools))).astype(int)
    own = rng.normal(0, cell.lasting, cell.schools) + cell.level + 0.05 * (group - 1)
    first, second = (rng.normal(0, cell.yearly, cell.schools) for _ in range(2))
    x0 = rng.binomial(n0, np.clip(own + first, 0.01, 0.99))
    order = rng.permutation(cell.schools) if cell.chosen == "random" else np.argsort(x0 / n0)
    treated = order[: cell.treated]
    after = own + second + 0.02
    after[treated] += cell.effect
    x1 = rng.binomial(n1, np.clip(after, 0.01, 0.99))
    interval = wilson_interval(x1, n1)
    codes = [f"s{place:03d}" for place in range(cell.schools)]
    figures = share_figures((x0, n0), (x1, n1))
    bounds = Interval(100 * interval.low, 100 * interval.high)
    people = (n0.astype(float), n1.astype(float))
    seen = Observation(codes, figures, bounds, *people, unit_ru="%", is_share=True, note_ru="", last_day="")
    alike = Likeness({code: f"g{one}" for code, one in zip(codes, group, strict=True)}, {}, {})
    return seen, [codes[place] for place in treated], alike


def naive_rise(seen, targets):
    """Tell whether a plain comparison of two shares would call the rise of the measured schools proven."""
    own = np.isin(seen.codes, targets)
    x0, x1 = (
        np.sum(value[own] * n[own]) / 100
        for value, n in ((seen.figures.before, seen.before_n), (seen.figures.after, seen.after_n))
    )
    n0, n1 = seen.before_n[own].sum(), seen.after_n[own].sum()
    pooled = (x0 + x1) / (n0 + n1)
    return x1 / n1 - x0 / n0 > 1.96 * np.sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1))


def run_cell(cell, measures, seed=1):
    """Return a row: how often the interval covers the truth, how often nothing is called something."""
    rng, options = np.random.default_rng(seed), EffectOptions.of_year(YEARS[1])
    found, naive = [], 0
    for _ in range(measures):
        seen, targets, alike = draw(cell, rng)
        judged = judge(seen, targets, targets, alike, options)
        naive += naive_rise(seen, targets)
        if not isinstance(judged, Refusal):
            found.append((judged.effect.value, judged.effect.low, judged.effect.high))
    value, low, high = np.array(found).T
    truth = 100 * cell.effect
    return {
        "cell": cell.title,
        "judged": len(found),
        "cover": float(np.mean((low <= truth) & (truth <= high))),
        "bias": float(value.mean() - truth),
        "half_width": float(np.median(high - low) / 2),
        "false_better": float(np.mean(low > 0)) if not cell.effect else float("nan"),
        "naive_better": naive / measures if not cell.effect else float("nan"),
    }


def judge_region(region):
    """Return `measure_effects` of a region's second year with the planted kind of each measure."""
    options = EffectOptions.of_year(YEARS[1])
    schools = region.schools[region.schools["school_year"] == YEARS[1]]
    made = measure_effects(
        EffectInputs(
            read_measures(region.register, schools, options.default_indicator),
            {},
            indicators(),
            Sources(INDICATOR_VALUES.empty(), region.summaries, SERIES_BREAKS.empty()),
            likeness(region.groups, NOBODY, NOBODY),
        ),
        options,
    )
    kinds = {one.number: one.kind for one in region.planted}
    return made.measure_effects.assign(kind=made.measure_effects["measure_number"].map(kinds))


EXPECTED_POINTS = 15.0
"""What the territory of the samples expects of a measure; the method's default of 5 needs more pupils than it has."""


def sample_summaries(world):
    """Return counts of marks of both years of a generated sample as `result_summary` has them."""
    codes = [school.code for school in world.territory.schools]
    parts = []
    for year, campaign_code in CAMPAIGNS.items():
        for subject_code, grades in GRADES.items():
            for grade in grades:
                results = world.results(campaign_code, grade, subject_code)
                marks = results.marks()
                counts = {
                    f"mark_{mark}_count": np.bincount(results.school[marks == mark], minlength=len(codes))
                    for mark in (2, 3, 4, 5)
                }
                frame = pd.DataFrame({"unit_code": codes, **counts, "marked_count": sum(counts.values())})
                named = {"school_year": year, "assessment_id": results.assessment_id}
                parts.append(frame[frame["marked_count"] > 0].assign(**named, unit_level="school", subgroup="all"))
    return pd.concat(parts, ignore_index=True)


def sample_register(world, planted):
    """Return the rows of `measures` of the second year as they are read back from the forms."""
    subject_of = {subject.name_ru: code for code, subject in subjects().items()}
    rows = []
    for place, municipality in enumerate(world.territory.municipalities):
        for number, row in enumerate(cycle_rows(world, planted, place, DONE_YEAR)["measures"]):
            code = row["concerned_school"]
            own = {"school_code": code, "school_key": code, "municipality_code": f"reg99_{municipality.code}"}
            own |= {"subject": subject_of[row["subject"]], "record_id": f"{row['measure_number']}-{code}"}
            own |= {name: row[name].isoformat() for name in ("starts_on", "ends_on")}
            own |= {"school_year": DONE_YEAR, "file_sha256": "0" * 64, "source_sheet": "Меры", "source_row": number + 3}
            rows.append(row | own)
    contract = record_contracts()["measures"]
    return contract.conform(pd.DataFrame(rows).reindex(columns=list(contract.column_names)))


def sample_schools(world):
    territory = world.territory
    rows = [
        (s.code, s.name, "correctional" if s.is_correctional else "general", territory.municipality_of(s).code)
        for s in territory.schools
    ]
    schools = pd.DataFrame(rows, columns=["school_code", "school_name", "school_kind", "municipality_code"])
    schools["municipality_code"] = "reg99_" + schools["municipality_code"]
    return schools.assign(school_year=DONE_YEAR, is_name_known=True, settlement_type=None)


def judge_sample(options):
    """Return `measure_effects` of the second year of a generated sample with the planted kind of each measure."""
    world = World(options)
    planted = plan_measures(world)
    summaries, schools = sample_summaries(world), sample_schools(world)
    now = summaries[summaries["school_year"] == DONE_YEAR]
    answers = joined_answers(with_total_of_grades(nearest_answers(SCHOOL_CONTEXT.empty(), DONE_YEAR, 2)), [], DONE_YEAR)
    attendance = now.groupby("unit_code")["marked_count"].median()
    groups = school_groups(schools, answers, attendance, DONE_YEAR, GroupOptions.load())
    own = EffectOptions.of_year(DONE_YEAR, {"effectiveness.verdict.expected_points": EXPECTED_POINTS})
    made = measure_effects(
        EffectInputs(
            read_measures(sample_register(world, planted), schools, own.default_indicator),
            {},
            indicators(),
            Sources(INDICATOR_VALUES.empty(), summaries, SERIES_BREAKS.empty()),
            likeness(groups, NOBODY, NOBODY),
        ),
        own,
    )
    kinds = {one.number: one.kind for one in planted}
    return made.measure_effects.assign(kind=made.measure_effects["measure_number"].map(kinds))


def print_samples(seeds):
    for schools in (60, 90):
        judged = pd.concat(judge_sample(SampleOptions(seed=2021 + one, schools=schools)) for one in range(seeds))
        print(f"\n{seeds} generated territories of {schools} schools, two years")
        print_kinds(judged)


def print_planted(regions):
    rows = []
    for seed in range(regions):
        started = time.perf_counter()
        rows.append(judge_region(simulate_measures(MeasuresOptions(seed=100 + seed))))
        if seed == 0:
            print(f"a region of 400 schools, both years and 24 measures: {time.perf_counter() - started:.1f} s")
    print_kinds(pd.concat(rows))


def print_kinds(judged):
    print(f"\n{'kind':12} {'right':>10}  {'effect':>7}  {'half-width':>10}  {'before-after':>12}  verdicts")
    for kind in sorted(set(judged["kind"]), key=list(MeasureKind).index):
        own = judged[judged["kind"] == kind]
        # To call a measure harmful that is not is as wrong as to praise it.
        is_slandered = own["is_harmful"].astype(bool) & (kind != MeasureKind.HARMFUL)
        right = (own["verdict"].isin(RIGHT_VERDICTS[kind]) & ~is_slandered).sum()
        half = ((own["effect_high"] - own["effect_low"]) / 2).median()
        print(
            f"{kind:12} {right:3} of {len(own):3}  {own['effect'].mean():7.1f}  {half:10.1f}  "
            f"{own['change_value'].mean():12.1f}  {dict(Counter(own['verdict']))}, "
            f"called harmful {own['is_harmful'].sum()}"
        )


def print_cells(measures):
    print(f"\npromised: cover 0.95, false «better» at most 0.025; {measures} measures a cell")
    print(f"{'cell':34} {'judged':>6} {'cover':>6} {'bias':>6} {'half':>6} {'false':>6} {'before-after alone':>18}")
    for cell in CELLS:
        row = run_cell(cell, measures)
        print(
            f"{row['cell']:34} {row['judged']:6} {row['cover']:6.3f} {row['bias']:6.2f} {row['half_width']:6.1f} "
            f"{row['false_better']:6.3f} {row['naive_better']:18.3f}"
        )


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    print_planted(numbers[0] if numbers else 10)
    print_samples(numbers[2] if len(numbers) > 2 else 20)
    print_cells(numbers[1] if len(numbers) > 1 else 1000)
