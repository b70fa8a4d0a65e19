"""Agreement of results with the journal: rank correlation, and marks of ВПР above and below the journal's."""

import numpy as np

from oko_pipeline.analysis.objectivity.measured import Measured, compare_shares
from oko_pipeline.analysis.objectivity.options import SignalOptions
from oko_pipeline.analysis.objectivity.pupils import Floats, Ints, Places, Pupils
from oko_pipeline.statistics.grouped import grouped_distinct, grouped_moments, grouped_spearman

_NEARLY_ONE = 0.995
_PRIOR_DEGREES = 4.0


def journal_correlation(pupils: Pupils, options: SignalOptions) -> Measured:
    """Compare each school's correlation of score and journal mark with its peers'; z is positive where it is weaker.

    `effect` is the difference of Fisher's z; its error is that of Bonett and Wright at the peers' correlation.
    """
    is_pair = pupils.is_scored & (pupils.journal_mark > 0)
    school, marks = pupils.school[is_pair], pupils.journal_mark[is_pair]
    found = grouped_spearman(pupils.score[is_pair], marks, school, pupils.schools)
    is_enough = (
        (found.pairs >= max(4, options.minimum_n))
        & (grouped_distinct(marks, school, pupils.schools) >= 2)
        & ~np.isnan(found.corrected)
    )
    fisher = np.arctanh(np.clip(found.corrected, -_NEARLY_ONE, _NEARLY_ONE))
    weight = np.where(is_enough, found.pairs - 3.0, 0.0)
    n_others, sum_others = weight.sum() - weight, np.nansum(weight * fisher) - np.nan_to_num(weight * fisher)
    reference = sum_others / np.where(n_others > 0, n_others, np.nan)
    reference = np.arctanh(
        _restricted(np.tanh(reference), _spread_ratio(pupils.score[is_pair], school, pupils.schools))
    )
    r2 = np.tanh(reference) ** 2
    spread = 1 / np.where(weight > 0, weight, np.nan) + 1 / np.where(n_others > 0, n_others, np.nan)
    error = np.sqrt((1 + r2 / 2) * spread)
    effect = fisher - reference
    measured = Measured(
        "journal_correlation", found.corrected, np.tanh(reference), effect, error, -effect / error, found.pairs
    )
    return measured.where(is_enough)


def _spread_ratio(score: Ints, school: Places, schools: int) -> Floats:
    """Return each school's standard deviation to the pooled one; that of few pupils is drawn to 1."""
    own = grouped_moments(score, school, schools)
    degrees = np.maximum(own.counts - 1.0, 0)
    squares = np.nan_to_num(own.variance) * degrees
    pooled = squares.sum() / max(1.0, float(degrees.sum()))
    if pooled <= 0:
        return np.ones(schools)
    return np.sqrt((squares / pooled + _PRIOR_DEGREES) / (degrees + _PRIOR_DEGREES))


def _restricted(correlation: Floats, ratio: Floats) -> Floats:
    """Return the correlation expected where scores spread `ratio` times as far: r·u/√(1 − r² + r²u²).

    Thorndike 1949, case 2: where pupils are alike, ranks agree less without any bias; spread is a signal of its own.
    """
    return correlation * ratio / np.sqrt(1 - correlation**2 + (correlation * ratio) ** 2)


def journal_shares(pupils: Pupils, options: SignalOptions) -> list[Measured]:
    """Compare the shares of marks above and below the journal's with the peers'; nothing without a sound scale."""
    if pupils.cutoffs is None:
        return []
    is_pair = (pupils.mark > 0) & (pupils.journal_mark > 0)
    school = pupils.school[is_pair]
    difference = pupils.mark[is_pair] - pupils.journal_mark[is_pair]
    pairs = np.bincount(school, minlength=pupils.schools)
    return [
        compare_shares(code, np.bincount(school[flags], minlength=pupils.schools), pairs).where(
            pairs >= options.minimum_n
        )
        for code, flags in (("journal_higher", difference > 0), ("journal_lower", difference < 0))
    ]
