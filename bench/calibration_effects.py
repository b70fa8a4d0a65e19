"""Calibration of the judging of measures: planted measures of simulated regions, intervals, false «effective».

`python -m bench.calibration_effects [regions]` prints what is promised and what came out.
"""

import sys
import time
from collections import Counter

import pandas as pd

from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.tables_dynamics import SERIES_BREAKS
from oko_pipeline.catalogue.tables_indicators import INDICATOR_VALUES
from oko_pipeline.effectiveness.comparison import likeness
from oko_pipeline.effectiveness.effects import EffectInputs, measure_effects
from oko_pipeline.effectiveness.measures import read_measures
from oko_pipeline.effectiveness.observations import Sources
from oko_pipeline.effectiveness.options import EffectOptions
from oko_pipeline.sample.measures import RIGHT_VERDICTS, YEARS, MeasureKind, MeasuresOptions, simulate_measures

NOBODY = pd.DataFrame({"school_code": [], "cluster_code": [], "comparable_code": []})


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


def planted(regions):
    rows = []
    for seed in range(regions):
        started = time.perf_counter()
        judged = judge_region(simulate_measures(MeasuresOptions(seed=100 + seed)))
        rows.append(judged.assign(seed=seed))
        if seed == 0:
            print(f"region of {400} schools, both years: {time.perf_counter() - started:.1f} s")
    judged = pd.concat(rows)
    print(f"\n{'kind':12} {'right':>9}  effect  half-width  before-after rise  verdicts")
    for kind in MeasureKind:
        own = judged[judged["kind"] == kind]
        right = own["verdict"].isin(RIGHT_VERDICTS[kind]).sum()
        half = ((own["effect_high"] - own["effect_low"]) / 2).median()
        print(
            f"{kind:12} {right:4} of {len(own):3} {own['effect'].mean():6.1f} {half:10.1f} "
            f"{own['change_value'].mean():16.1f}    {dict(Counter(own['verdict']))}"
        )
    return judged


if __name__ == "__main__":
    judged = planted(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
