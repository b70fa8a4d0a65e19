"""Results of ВПР beside other procedures: exams and olympiads. Frames are optional; without them there are no rows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.objectivity.measured import compare_shares
from oko_pipeline.analysis.objectivity.measures import RAW_COLUMNS, PeerGroups
from oko_pipeline.analysis.objectivity.options import SignalOptions
from oko_pipeline.analysis.objectivity.pupils import Floats

OLYMPIAD_COLUMNS: Final = ("school_code", "participants_count", "winners_count")
"""Columns of the optional frame of olympiads: a row a school; winners and prize-winners among participants."""
_THIRDS: Final = 3


@dataclass(frozen=True, slots=True)
class _Level:
    """Results of schools in standard deviations of pupils, with their variances."""

    value: Floats
    variance: Floats


def exam_signals(
    measures: pd.DataFrame, assessments: pd.DataFrame, exams: pd.DataFrame, peers: PeerGroups, options: SignalOptions
) -> pd.DataFrame:
    """Compare exams with what schools of the same group and such results of ВПР get; raw rows by subject.

    Regression of the exam's mean on the result of ВПР in the subject and the group, weighted by examinees. `value` and
    `reference_value` are the exam's mean and its expectation in the exam's points.

    Args:
        measures: `objectivity_measures` of the year.
        assessments: `assessments` of the year.
        exams: frame with `official.EXAM_COLUMNS`.
        peers: groups of comparable schools.
        options: parameters.
    """
    rows = [
        _exam_rows(own, str(subject), measures, assessments, peers, options).assign(
            assessment_id=f"{procedure}:{subject}"
        )
        for (procedure, subject), own in exams.groupby(["procedure_code", "subject_code"])
    ]
    rows = [frame for frame in rows if len(frame)]
    return pd.concat(rows, ignore_index=True)[list(RAW_COLUMNS)] if rows else _nothing()


def olympiad_signals(
    measures: pd.DataFrame,
    assessments: pd.DataFrame,
    olympiads: pd.DataFrame,
    peers: PeerGroups,
    options: SignalOptions,
) -> pd.DataFrame:
    """Compare shares of winners with those of schools in the same third by ВПР; raw rows of z for a two-sided test."""
    own = olympiads[~olympiads["school_code"].isin(peers.excluded)].sort_values("school_code", ignore_index=True)
    level = _level(measures, assessments, own["school_code"], None).value
    own, level = own[~np.isnan(level)].reset_index(drop=True), level[~np.isnan(level)]
    if len(own) < options.minimum_peers:
        return _nothing()
    third = pd.qcut(pd.Series(level).rank(method="first"), _THIRDS, labels=False).to_numpy()
    frames = []
    for number in range(_THIRDS):
        part = own[third == number]
        trials = part["participants_count"].to_numpy(dtype=np.int64)
        found = compare_shares("olympiad_gap", part["winners_count"].to_numpy(dtype=np.int64), trials)
        found = found.where(trials >= options.minimum_n)
        frames.append(
            _raw(part["school_code"], "olympiad_gap", (found.value, found.reference, found.error, found.z), trials)
        )
    return pd.concat(frames, ignore_index=True).assign(assessment_id="olympiads")[list(RAW_COLUMNS)]


def _exam_rows(
    exams: pd.DataFrame,
    subject_code: str,
    measures: pd.DataFrame,
    assessments: pd.DataFrame,
    peers: PeerGroups,
    options: SignalOptions,
) -> pd.DataFrame:
    own = exams[~exams["school_code"].isin(peers.excluded) & (exams["participants_count"] >= options.minimum_n)]
    own = own.sort_values("school_code", ignore_index=True)
    level = _level(measures, assessments, own["school_code"], subject_code)
    is_used = ~np.isnan(level.value) & own["sd_score"].notna().to_numpy()
    if is_used.sum() < options.minimum_peers:
        return _nothing()
    own = own[is_used]
    x, x_variance = level.value[is_used], level.variance[is_used]
    n = own["participants_count"].to_numpy(dtype=np.float64)
    y, deviation = own["mean_score"].to_numpy(dtype=np.float64), own["sd_score"].to_numpy(dtype=np.float64)
    groups = np.array([peers.group_of.get(code, "") for code in own["school_code"]], dtype=object)
    design, slope = _design(x, groups, options.minimum_peers)
    weights = np.sqrt(n)
    solution = np.linalg.lstsq(design * weights[:, None], y * weights, rcond=None)[0]
    expected = design @ solution
    error = np.sqrt(deviation**2 / n + solution[slope] ** 2 * x_variance)
    return _raw(
        own["school_code"], "exam_unconfirmed", (y, expected, error, (expected - y) / error), n.astype(np.int64)
    )


def _design(x: Floats, groups: np.ndarray, fewest: int) -> tuple[Floats, int]:
    """Return the columns intercept, result, groups of enough schools; and the place of the result."""
    names, counts = np.unique(groups.astype(str), return_counts=True)
    kept = [name for name, count in zip(names, counts, strict=True) if name and count >= fewest]
    # One group less than there are: the rest is the base, also where every school has a group.
    shown = kept[1:] if sum(counts[names == name][0] for name in kept) == len(groups) else kept
    columns = [np.ones(len(x)), x, *((groups == name).astype(np.float64) for name in shown)]
    return np.column_stack(columns), 1


def _level(measures: pd.DataFrame, assessments: pd.DataFrame, codes: pd.Series, subject_code: str | None) -> _Level:
    """Return the results of schools in ВПР over the works of grades from 5 on of a subject, or of all works."""
    chosen = assessments[assessments["procedure_code"] == "vpr"]
    if subject_code is not None:
        chosen = chosen[(chosen["subject_code"] == subject_code) & (chosen["paper_grade"] >= 5)]
    rows = measures[measures["assessment_id"].isin(chosen["assessment_id"]) & (measures["participants_count"] > 0)]
    if rows.empty:
        return _Level(np.full(len(codes), np.nan), np.full(len(codes), np.nan))
    n = rows["participants_count"].astype("float64")
    assessment = rows["assessment_id"]
    mean = (n * rows["mean_score"]).groupby(assessment).sum() / n.groupby(assessment).sum()
    off = rows["mean_score"] - assessment.map(mean)
    squares = (n - 1) * rows["sd_score"].fillna(0) ** 2 + n * off**2
    variance = squares.groupby(assessment).sum() / n.groupby(assessment).sum()
    standard = off / assessment.map(variance.where(variance > 0)) ** 0.5
    by_school = pd.DataFrame({"n": n, "weighted": n * standard}).groupby(rows["school_code"]).sum()
    by_school = by_school.reindex(codes)
    works = by_school["n"].to_numpy(dtype=np.float64)
    total = np.where(works > 0, works, np.nan)
    return _Level(by_school["weighted"].to_numpy(dtype=np.float64) / total, 1 / total)


def _raw(
    codes: pd.Series, signal_code: str, found: tuple[Floats, Floats, Floats, Floats], count: np.ndarray
) -> pd.DataFrame:
    value, reference, error, z = found
    frame = pd.DataFrame(
        {
            "school_code": codes.to_numpy(),
            "signal_code": signal_code,
            "value": value,
            "reference_value": reference,
            "smooth_value": np.nan,
            "effect": value - reference,
            "standard_error": error,
            "z_score": z,
            "count": count,
            "peers_kind": "group" if signal_code == "olympiad_gap" else "region",
            "peers_count": len(codes) - 1,
        }
    )
    return frame[frame["z_score"].notna()]


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=list(RAW_COLUMNS))
