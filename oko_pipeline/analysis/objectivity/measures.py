"""Measures of one grade's works in one campaign: raw signals of every school against its peers, inputs of signs.

Pupil-level work ends here: what comes out has one row a school and signal. Judging (spread between schools, false
discoveries) takes the whole year and is in `signals`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oko_pipeline.analysis.columns import repeated
from oko_pipeline.analysis.objectivity.cutoffs import cutoff_excess
from oko_pipeline.analysis.objectivity.journal import journal_correlation, journal_shares
from oko_pipeline.analysis.objectivity.measured import Measured
from oko_pipeline.analysis.objectivity.options import SignalOptions, method_columns
from oko_pipeline.analysis.objectivity.pupils import Bools, Floats, Pupils, pupils_of
from oko_pipeline.analysis.objectivity.spread_and_absence import absence, narrow_spread, weak_absent
from oko_pipeline.analysis.objectivity.task_patterns import mark_crossing, task_profile_turn
from oko_pipeline.analysis.options import ScaleBounds
from oko_pipeline.catalogue.tables_objectivity import OBJECTIVITY_MEASURES
from oko_pipeline.statistics.grouped import grouped_distinct, grouped_moments, grouped_spearman
from oko_pipeline.works import Works

SOUND_SCALES = frozenset({"inbox", "catalogue", "confirmed"})
"""Sources of scales by which marks and cut-offs may be judged: an inferred scale is made from the peaks themselves."""

RAW_COLUMNS = (
    "assessment_id",
    "school_code",
    "signal_code",
    "value",
    "reference_value",
    "smooth_value",
    "effect",
    "standard_error",
    "z_score",
    "count",
    "peers_kind",
    "peers_count",
)


@dataclass(frozen=True, slots=True)
class PeerGroups:
    """With whom a school may be compared.

    `group_of` maps a school to its group of the same context; a school without a group is compared with the region.
    `excluded` schools (special, evening, penal) are compared with nobody and nobody with them.
    """

    group_of: Mapping[str, str]
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Paper:
    """Works of an assessment with what is known of it; `scale` only where its source is a sound one."""

    works: Works
    scale: ScaleBounds | None
    maximum_score: int | None
    tasks: pd.DataFrame


@dataclass(frozen=True, slots=True)
class CampaignMeasures:
    """`measures` conforms to the table `objectivity_measures`; `raw` has the columns of `RAW_COLUMNS`."""

    measures: pd.DataFrame
    raw: pd.DataFrame


def measure_campaign(
    papers: Sequence[Paper], peers: PeerGroups, school_year: str, options: SignalOptions
) -> CampaignMeasures:
    """Measure the works that one grade wrote in one campaign; a pupil has one code in all of them.

    Signals that cannot be computed at a school make no row.
    """
    all_pupils = [pupils_of(one.works, one.scale, one.maximum_score, one.tasks) for one in papers]
    elsewhere = _elsewhere(papers, all_pupils)
    measures, raw = [], []
    for one, pupils, other in zip(papers, all_pupils, elsewhere, strict=True):
        assessment_id = str(one.works.key)
        measures.append(_measures(pupils, assessment_id, school_year))
        raw.append(_raw_signals(pupils, other, peers, options).assign(assessment_id=assessment_id))
    empty = pd.DataFrame(columns=list(RAW_COLUMNS))
    found = [frame for frame in raw if len(frame)]
    return CampaignMeasures(
        pd.concat(measures, ignore_index=True) if measures else OBJECTIVITY_MEASURES.empty(),
        pd.concat(found, ignore_index=True)[list(RAW_COLUMNS)] if found else empty,
    )


def _elsewhere(papers: Sequence[Paper], all_pupils: Sequence[Pupils]) -> list[Floats]:
    """Return for every pupil of every paper the mean standardised result in the other papers, NaN without any."""
    ids, place = _pupil_places(papers)
    sums, counts = np.zeros(ids), np.zeros(ids)
    standard: list[Floats] = []
    for pupils, own in zip(all_pupils, place, strict=True):
        score = np.where(pupils.is_scored, pupils.score, np.nan).astype(np.float64)
        spread = np.nanstd(score) if pupils.is_scored.any() else 0.0
        values = (score - np.nanmean(score)) / spread if spread > 0 else np.full(len(score), np.nan)
        known = ~np.isnan(values)
        sums += np.bincount(own[known], weights=values[known], minlength=ids)
        counts += np.bincount(own[known], minlength=ids)
        standard.append(values)
    means: list[Floats] = []
    for values, own in zip(standard, place, strict=True):
        known = ~np.isnan(values)
        others = counts[own] - known
        means.append((sums[own] - np.where(known, values, 0)) / np.where(others > 0, others, np.nan))
    return means


def _pupil_places(papers: Sequence[Paper]) -> tuple[int, list[np.ndarray]]:
    if not papers:
        return 0, []
    lengths = [len(one.works.rows) for one in papers]
    codes, found = pd.factorize(pd.concat([one.works.rows["pupil_id"] for one in papers], ignore_index=True))
    return len(found), np.split(codes, np.cumsum(lengths)[:-1])


def _measures(pupils: Pupils, assessment_id: str, school_year: str) -> pd.DataFrame:
    school = pupils.school[pupils.is_scored]
    own = grouped_moments(pupils.score[pupils.is_scored], school, pupils.schools)
    is_pair = pupils.is_scored & (pupils.journal_mark > 0)
    marks, paired = pupils.journal_mark[is_pair], pupils.school[is_pair]
    spearman = grouped_spearman(pupils.score[is_pair], marks, paired, pupils.schools)
    return OBJECTIVITY_MEASURES.conform(
        pd.DataFrame(
            {
                "school_year": repeated(school_year, pupils.schools),
                "assessment_id": repeated(assessment_id, pupils.schools),
                "school_code": pupils.school_codes,
                "participants_count": own.counts,
                "mean_score": own.mean,
                "sd_score": np.sqrt(own.variance),
                "mean_percent": own.mean / pupils.maximum_score * 100,
                "pairs_count": spearman.pairs,
                "journal_marks_count": grouped_distinct(marks, paired, pupils.schools),
                "spearman": spearman.corrected,
                "spearman_simplified": spearman.simplified,
            }
            | method_columns("journal_mismatch")
        )
    )


def _raw_signals(pupils: Pupils, elsewhere: Floats, peers: PeerGroups, options: SignalOptions) -> pd.DataFrame:
    frames = [
        _rows(measured, subset, is_judged, kind, peers_count)
        for subset, other, is_judged, kind, peers_count in _comparisons(pupils, elsewhere, peers, options)
        for measured in _signals(subset, other, options)
    ]
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(RAW_COLUMNS))


def _comparisons(
    pupils: Pupils, elsewhere: Floats, peers: PeerGroups, options: SignalOptions
) -> Iterator[tuple[Pupils, Floats, Bools, str, int]]:
    """Give sets of pupils that are peers of each other, with the schools to judge in them."""
    counts = pupils.counts
    is_compared = np.array([code not in peers.excluded for code in pupils.school_codes], dtype=bool) & (counts > 0)
    group = np.array([peers.group_of.get(code, "") for code in pupils.school_codes], dtype=object)
    is_left = is_compared.copy()
    for name in sorted({one for one in group[is_compared] if one}):
        own = is_compared & (group == name)
        if own.sum() >= options.minimum_peers and counts[own].sum() >= options.minimum_peer_works:
            is_left &= ~own
            yield (*_subset(pupils, elsewhere, own, own), "group", int(own.sum()) - 1)
    is_enough = is_compared.sum() >= options.minimum_peers and counts[is_compared].sum() >= options.minimum_peer_works
    if is_left.any() and is_enough:
        yield (*_subset(pupils, elsewhere, is_compared, is_left), "region", int(is_compared.sum()) - 1)


def _subset(pupils: Pupils, elsewhere: Floats, is_peer: Bools, is_judged: Bools) -> tuple[Pupils, Floats, Bools]:
    return pupils.of_schools(is_peer), elsewhere[is_peer[pupils.school]], is_judged[is_peer]


def _signals(pupils: Pupils, elsewhere: Floats, options: SignalOptions) -> list[Measured]:
    found = [
        cutoff_excess(pupils, options),
        journal_correlation(pupils, options),
        *journal_shares(pupils, options),
        task_profile_turn(pupils, options),
        mark_crossing(pupils, options),
        narrow_spread(pupils, options),
        absence(pupils, options),
        weak_absent(pupils, elsewhere, options),
    ]
    return [one for one in found if one is not None]


def _rows(measured: Measured, pupils: Pupils, is_judged: Bools, kind: str, peers_count: int) -> pd.DataFrame:
    kept = np.flatnonzero(is_judged & ~np.isnan(measured.z))
    smooth = np.full(pupils.schools, np.nan) if measured.smooth is None else measured.smooth
    return pd.DataFrame(
        {
            "school_code": pupils.school_codes[kept],
            "signal_code": measured.signal_code,
            "value": measured.value[kept],
            "reference_value": measured.reference[kept],
            "smooth_value": smooth[kept],
            "effect": measured.effect[kept],
            "standard_error": measured.error[kept],
            "z_score": measured.z[kept],
            "count": measured.count[kept],
            "peers_kind": kind,
            "peers_count": peers_count,
        }
    )


def sound_scale(assessment: Mapping[str, object]) -> ScaleBounds | None:
    """Return the scale of an assessment's row if it may be judged by, else None."""
    bounds = [assessment[name] for name in ("minimum_3", "minimum_4", "minimum_5", "maximum_score")]
    if assessment["scale_source"] not in SOUND_SCALES or any(pd.isna(bound) for bound in bounds):  # pyright: ignore[reportArgumentType,reportCallIssue]
        return None
    return ScaleBounds(*(int(bound) for bound in bounds))  # pyright: ignore[reportArgumentType]
