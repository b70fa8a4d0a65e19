"""Papers of the sample and how their results are distributed: tasks, cut-offs, calibration (domain README 1.2–1.7).

Shares of marks, agreement with the journal, means and standard deviations are those of one whole region, spring 2021. A
paper without a published mean takes the normal distribution that fits its shares of marks.
"""

import csv
import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_TASK: Final = re.compile(r"^([\d.]+(?:К\d+)?):(\d+)([БПВ]?)$")
_NORMAL: Final = NormalDist()
_LEVEL_DIFFICULTY: Final = {"Б": 0.68, "П": 0.47, "В": 0.25}
# Published task difficulties of one paper (domain README 1.7); all other profiles are invented.
_KNOWN_DIFFICULTIES: Final = {
    (2021, 4, "mathematics"): (92, 81, 83, 54, 64, 53, 93, 85, 61, 41, 52, 41, 59, 66, 13),
}
# How readily pupils leave a task out instead of failing it: formulas are left out, questions in words are answered.
_SKIPPING: Final = {"mathematics": 0.5, "physics": 0.5, "geography": 0.3, "chemistry": 0.35, "russian": 0.08}
_GRADE_4_SKIPPING: Final = 0.12
_JOURNAL_TWO_SHARE: Final = 0.01
# The correlation of the latent scales is higher than Spearman's of a score with a mark of four values.
_SPEARMAN_TO_LATENT: Final = 0.88


@dataclass(frozen=True, slots=True)
class Task:
    """A task: its code, maximum score and level."""

    code: str
    maximum: int
    level: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper with its calibration. Percentages are 0–100, mean and sd in percent of the maximum score."""

    year: int
    grade: int
    subject_code: str
    tasks: tuple[Task, ...]
    cutoffs: tuple[int, int, int] | None
    mean_percent: float
    sd_percent: float
    mark_percents: tuple[float, ...]
    lower_percent: float
    higher_percent: float
    spearman: float
    icc: float
    peak: float
    absent_percent: float

    @property
    def maximum(self) -> int:
        """Maximum primary score."""
        return sum(task.maximum for task in self.tasks)

    @property
    def maxima(self) -> IntArray:
        """Maximum scores of the tasks in order."""
        return np.array([task.maximum for task in self.tasks])


def _fit_normal(cutoffs: tuple[int, int, int], percents: tuple[float, ...], maximum: int) -> tuple[float, float]:
    """Return mean and sd (percent of the maximum) of the normal distribution with the given shares of marks."""
    cumulative = np.cumsum(percents[:3]) / 100
    z = np.array([_NORMAL.inv_cdf(float(share)) for share in cumulative])
    sd, mean = np.polyfit(z, np.array(cutoffs) - 0.5, 1)
    return 100 * float(mean) / maximum, 100 * float(sd) / maximum


def _parse(row: dict[str, str]) -> Paper:
    tasks = []
    for text in row["tasks"].split():
        match = _TASK.match(text)
        if match is None:
            raise ValueError(f"papers.csv: task {text!r}")
        tasks.append(Task(match[1], int(match[2]), match[3] or "Б"))
    maximum = sum(task.maximum for task in tasks)
    cutoffs, percents = None, (1.0, 25.0, 50.0, 24.0)
    lower, higher = 35.0, 5.0
    mean, sd = 63.0, 17.0
    if row["minimum_3"]:
        cutoffs = (int(row["minimum_3"]), int(row["minimum_4"]), int(row["minimum_5"]))
        percents = tuple(float(row[f"percent_{mark}"]) for mark in (2, 3, 4, 5))
        lower, higher = float(row["percent_lower"]), float(row["percent_higher"])
        if row["mean_percent"]:
            mean, sd = float(row["mean_percent"]), float(row["sd_percent"])
        else:
            mean, sd = _fit_normal(cutoffs, percents, maximum)
    return Paper(
        int(row["year"]),
        int(row["paper_grade"]),
        row["subject_code"],
        tuple(tasks),
        cutoffs,
        mean,
        sd,
        percents,
        lower,
        higher,
        float(row["spearman"]),
        float(row["icc"]),
        float(row["peak"]),
        float(row["absent_percent"]),
    )


@cache
def papers() -> dict[tuple[int, int, str], Paper]:
    """Return all papers by year of the model, grade and subject."""
    text = files("oko_pipeline.sample").joinpath("data", "papers.csv").read_text("utf-8")
    rows = [_parse(row) for row in csv.DictReader(text.splitlines())]
    return {(row.year, row.grade, row.subject_code): row for row in rows}


def paper_of(year: int, grade: int, subject_code: str) -> Paper:
    """Return the paper written in `year`: its own model if it had one, otherwise that of 2021."""
    known = papers()
    return known.get((year, grade, subject_code)) or known[2021, grade, subject_code]


def normal_cdf(values: npt.ArrayLike) -> FloatArray:
    """Return the standard normal distribution function of an array."""
    from scipy.special import ndtr

    return np.asarray(ndtr(np.asarray(values, dtype=np.float64)))


@cache
def score_distribution(paper: Paper) -> FloatArray:
    """Return the probabilities of primary scores 0…maximum of a whole region.

    A normal distribution cut to the scores, with the published share in the band of every mark, and a peak at each
    cut-off: at «3» the score itself is `paper.peak` times as frequent as the one just below it (domain README 1.7).
    """
    scores = np.arange(paper.maximum + 1)
    mean, sd = paper.mean_percent * paper.maximum / 100, paper.sd_percent * paper.maximum / 100
    probabilities = np.diff(normal_cdf((np.append(scores, scores[-1] + 1) - 0.5 - mean) / sd))
    probabilities = np.maximum(probabilities, 1e-9)
    if paper.cutoffs is None:
        return probabilities / probabilities.sum()
    for cutoff, ratio in zip(paper.cutoffs, (paper.peak, 1.9, 1.2), strict=True):
        step = np.sqrt(ratio * probabilities[cutoff - 1] / probabilities[cutoff])
        probabilities[cutoff] *= step
        probabilities[cutoff - 1] /= step
    _share_out(probabilities, paper)
    # Sharing out shifts the bands against each other; the peaks are mended once more within their bands.
    for cutoff, ratio in zip(paper.cutoffs, (paper.peak, 1.9, 1.2), strict=True):
        step = np.sqrt(ratio * probabilities[cutoff - 1] / probabilities[cutoff])
        probabilities[cutoff] *= step
        probabilities[cutoff - 1] /= step
    _share_out(probabilities, paper)
    return probabilities


def _share_out(probabilities: FloatArray, paper: Paper) -> None:
    starts = (0, *(paper.cutoffs or ()), paper.maximum + 1)
    total = sum(paper.mark_percents)
    for first, after, percent in zip(starts, starts[1:], paper.mark_percents, strict=False):
        probabilities[first:after] *= percent / total / probabilities[first:after].sum()


@cache
def journal_cuts(paper: Paper) -> tuple[float, tuple[float, float, float]]:
    """Return the latent correlation of journal and result, and where journal marks 3, 4, 5 begin on the latent scale.

    The cuts of «4» and «5» are those whose shares of lowered and raised marks come closest to the published ones.
    """
    from scipy.special import ndtr

    correlation = min(0.97, paper.spearman / _SPEARMAN_TO_LATENT)
    points = 600
    z = np.array([_NORMAL.inv_cdf((i + 0.5) / points) for i in range(points)])
    bounds = np.cumsum(paper.mark_percents)[:3] / sum(paper.mark_percents)
    mark = np.searchsorted(bounds, (np.arange(points) + 0.5) / points, side="right")
    grid = np.linspace(-2.5, 2.8, 120)
    below = ndtr((grid[:, None] - correlation * z) / np.sqrt(1 - correlation**2)) / points
    below_by_mark = np.stack([below[:, mark == m].sum(axis=1) for m in range(4)])
    shares = np.array([(mark == m).mean() for m in range(4)])
    two = _NORMAL.inv_cdf(_JOURNAL_TWO_SHARE)
    lower = shares[0] + (shares[1] - below_by_mark[1])[:, None] + (shares[2] - below_by_mark[2])[None, :]
    higher = below_by_mark[2][:, None] + below_by_mark[3][None, :]
    error = (lower - paper.lower_percent / 100) ** 2 + (higher - paper.higher_percent / 100) ** 2
    error = np.where(grid[:, None] < grid[None, :] - 0.3, error, np.inf)
    four, five = np.unravel_index(int(np.argmin(error)), error.shape)
    return correlation, (two, float(grid[four]), float(grid[five]))


@cache
def task_difficulties(paper: Paper) -> FloatArray:
    """Return the share of the maximum that the region reaches in every task; they sum to the mean of the paper."""
    known = _KNOWN_DIFFICULTIES.get((paper.year, paper.grade, paper.subject_code))
    if known is not None:
        wanted = np.array(known) / 100
    else:
        rng = np.random.default_rng(zlib.crc32(f"{paper.grade}{paper.subject_code}".encode()))
        base = np.array([_LEVEL_DIFFICULTY[task.level] - 0.04 * (task.maximum - 1) for task in paper.tasks])
        wanted = np.clip(base + rng.normal(0, 0.13, len(base)), 0.08, 0.95)
    logits = np.log(wanted / (1 - wanted))
    mean = float(score_distribution(paper) @ np.arange(paper.maximum + 1))
    low, high = -4.0, 4.0
    for _ in range(40):
        shift = (low + high) / 2
        sum_of_means = float((paper.maxima / (1 + np.exp(-(logits + shift)))).sum())
        low, high = (shift, high) if sum_of_means < mean else (low, shift)
    return 1 / (1 + np.exp(-(logits + low)))


@cache
def task_weights(paper: Paper) -> tuple[FloatArray, ...]:
    """Return for every task the weights of its scores 0…maximum in the partial credit model.

    Given a pupil's total, scores of tasks are drawn exactly from this model (`draw_task_scores`), so totals keep their
    distribution and difficulties come close to the wanted ones.
    """
    wanted = task_difficulties(paper)
    logits = np.log(wanted / (1 - wanted))
    cumulative = np.cumsum(score_distribution(paper))
    totals = np.searchsorted(cumulative, (np.arange(1500) + 0.5) / 1500).clip(0, paper.maximum)
    rng = np.random.default_rng(zlib.crc32(f"weights{paper.year}{paper.grade}{paper.subject_code}".encode()))
    for _ in range(5):
        reached = draw_task_scores(totals, _weights(paper, logits), rng).mean(axis=0) / paper.maxima
        reached = np.clip(reached, 0.01, 0.99)
        logits += np.log(wanted / (1 - wanted)) - np.log(reached / (1 - reached))
    return _weights(paper, logits)


def _weights(paper: Paper, logits: FloatArray) -> tuple[FloatArray, ...]:
    binomial = {1: (1, 1), 2: (1, 2, 1), 3: (1, 3, 3, 1), 4: (1, 4, 6, 4, 1), 5: (1, 5, 10, 10, 5, 1)}
    return tuple(
        np.array(binomial[task.maximum]) * np.exp(np.arange(task.maximum + 1) * logit)
        for task, logit in zip(paper.tasks, logits, strict=True)
    )


def draw_task_scores(
    totals: npt.NDArray[np.integer], weights: tuple[FloatArray, ...], rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Draw task scores that sum to `totals`, exactly from the partial credit model conditional on the total.

    Returns:
        Array of shape (pupils, tasks).
    """
    suffixes = [np.ones(1)]
    for weight in reversed(weights):
        combined = np.convolve(weight, suffixes[-1])
        suffixes.append(combined / combined.max())
    suffixes.reverse()
    remaining = np.asarray(totals, dtype=np.int64).copy()
    scores = np.empty((len(remaining), len(weights)), dtype=np.int8)
    for position, weight in enumerate(weights):
        after = suffixes[position + 1]
        table = np.zeros((len(weight) + len(after) - 1, len(weight)))
        for score, value in enumerate(weight):
            table[score : score + len(after), score] = value * after
        cumulative = np.cumsum(table, axis=1)
        cumulative /= np.maximum(cumulative[:, -1:], 1e-300)
        drawn = (rng.random(len(remaining))[:, None] >= cumulative[remaining, :-1]).sum(axis=1)
        scores[:, position] = drawn
        remaining -= drawn
    return scores


def skip_probabilities(paper: Paper) -> FloatArray:
    """Return for every task the probability that a pupil who has 0 points did not attempt it (`X`)."""
    factor = _GRADE_4_SKIPPING if paper.grade == 4 else _SKIPPING.get(paper.subject_code, 0.18)
    return np.clip(factor * 1.6 * (1 - task_difficulties(paper)) ** 1.4, 0.005, 0.7)
