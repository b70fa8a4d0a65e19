"""Reference files of the inbox that are no workbooks of pupils: the printed scales and the region's benchmarks."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.papers import Paper, journal_cuts, normal_cdf, papers, score_distribution

_PRINTED_OVERLAP: Final = {("geography", 8): "0-12 13-26 27-35 35-40"}
_REGION_PARTICIPANTS: Final = {4: 24900, 5: 23700, 6: 11900, 7: 21300, 8: 6500}
_CORE_PARTICIPANTS: Final = {6: 23400, 8: 19000}


def scales_csv() -> bytes:
    """Return the printed scales of 2021, the overlapping row of grade 8 geography among them as it is printed."""
    rows: list[list[object]] = []
    for paper in _scaled_papers():
        low, middle, high = paper.cutoffs or (0, 0, 0)
        printed = f"0-{low - 1} {low}-{middle - 1} {middle}-{high - 1} {high}-{paper.maximum}"
        raw = _PRINTED_OVERLAP.get((paper.subject_code, paper.grade), printed)
        five = int(raw.split()[-1].split("-")[0])
        rows.append([paper.grade, _name(paper), low, middle, five, paper.maximum, raw])
    return _csv(["grade", "subject", "min3", "min4", "min5", "max", "raw"], rows)


def benchmarks_csv() -> bytes:
    """Return shares of marks and of agreement with the journal in the whole region, spring 2021."""
    header = [
        *("level", "campaign", "paper_grade", "subject", "participants"),
        *("percent_2", "percent_3", "percent_4", "percent_5"),
        *("percent_lower_than_journal", "percent_same", "percent_higher"),
    ]
    rows: list[list[object]] = []
    for paper in _scaled_papers():
        core = paper.subject_code in ("russian", "mathematics")
        participants = (_CORE_PARTICIPANTS if core else {}).get(paper.grade, _REGION_PARTICIPANTS[paper.grade])
        marks = _percents_of_counts(expected_mark_percents(paper), participants)
        agreement = _percents_of_counts(agreement_percents(paper), participants)
        rows.append(["region", "spring 2021", paper.grade, _name(paper), participants, *marks, *agreement])
    return _csv(header, rows)


def expected_mark_percents(paper: Paper) -> list[float]:
    """Return the shares of marks 2–5 in a large population, in percent with two decimals that sum to 100."""
    distribution = score_distribution(paper)
    starts = (0, *(paper.cutoffs or ()), paper.maximum + 1)
    percents = [round(100 * float(distribution[first:after].sum()), 2) for first, after in pairwise(starts)]
    percents[1] = round(100 - sum(percents) + percents[1], 2)
    return percents


def agreement_percents(paper: Paper) -> tuple[float, float, float]:
    """Return percent of marks lower than, equal to and higher than the journal's in the calibrated model."""
    correlation, cuts = journal_cuts(paper)
    z = np.linspace(-4, 4, 801)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    cumulative = np.cumsum(score_distribution(paper))
    totals = np.searchsorted(cumulative, normal_cdf(z)).clip(0, paper.maximum)
    mark = np.searchsorted(np.array(paper.cutoffs), totals, side="right")
    below = normal_cdf((np.array(cuts)[:, None] - correlation * z) / np.sqrt(1 - correlation**2))
    journal_at_most = np.vstack([below, np.ones(len(z))])
    columns = np.arange(len(z))
    at_most_same = journal_at_most[mark, columns]
    at_most_lower = np.where(mark > 0, journal_at_most[np.maximum(mark - 1, 0), columns], 0.0)
    lower = round(100 * float(weight @ (1 - at_most_same)), 2)
    higher = round(100 * float(weight @ at_most_lower), 2)
    return lower, round(100 - lower - higher, 2), higher


def _percents_of_counts(percents: Sequence[float], participants: int) -> list[float]:
    """Return the percentages nearest to `percents` that whole numbers of participants can give."""
    counts = [round(participants * percent / 100) for percent in percents]
    counts[1] += participants - sum(counts)
    return [round(100 * count / participants, 2) for count in counts]


def _scaled_papers() -> list[Paper]:
    # The printed scales and benchmarks have no row for German: few write it.
    found = [
        paper
        for paper in papers().values()
        if paper.year == 2021 and paper.cutoffs is not None and paper.subject_code != "german"
    ]
    return sorted(found, key=lambda paper: (paper.grade, _name(paper)))


def _name(paper: Paper) -> str:
    return subjects()[paper.subject_code].name_ru


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue().encode()
