"""Results resemble the region they are calibrated on (domain README 1.7)."""

import numpy as np
import pytest

from oko_pipeline.catalogue.task_maxima import task_maxima
from oko_pipeline.sample.options import SampleOptions
from oko_pipeline.sample.papers import (
    draw_task_scores,
    papers,
    score_distribution,
    task_difficulties,
    task_weights,
)
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import Role

# work: mean %, sd in points, marks 2–5 in %, lower and higher than the journal in %, ICC, ratio at the cut-off of «3».
PUBLISHED = {
    (4, "mathematics"): (60, 3.8, (3, 24, 46, 27), (13, 22), 0.09, 3.5),
    (4, "russian"): (65, 7.7, (8, 32, 45, 16), (19, 12), 0.10, 3.9),
    (5, "mathematics"): (48, 3.9, (15, 41, 32, 12), (35, 7), 0.09, 8.6),
    (6, "russian"): (60, 10.0, (18, 41, 32, 8), (36, 5), 0.12, 11.8),
    (7, "physics"): (37, 2.8, (14, 49, 29, 8), (35, 7), 0.22, 8.9),
    (8, "mathematics"): (44, 4.4, (14, 60, 25, 2), (35, 3), 0.17, 7.8),
}


@pytest.fixture(scope="module")
def region():
    return World(SampleOptions(region_schools=250))


@pytest.fixture(scope="module", params=sorted(PUBLISHED))
def work(request, region):
    results = region.results("vpr-2021-spring", *request.param)
    return results, PUBLISHED[request.param]


def ordinary(region, results):
    is_ordinary = np.array([school.role is Role.ORDINARY for school in region.territory.schools])
    return results.is_present & is_ordinary[results.school]


def test_mean_and_spread_of_scores(work):
    results, (mean_percent, sd_points, *_) = work
    totals = results.total[results.is_present]
    assert 100 * totals.mean() / results.paper.maximum == pytest.approx(mean_percent, abs=3)
    assert totals.std() == pytest.approx(sd_points, rel=0.15)


def test_shares_of_marks(work):
    results, (_, _, mark_percents, *_) = work
    marks = results.marks()[results.is_present]
    shares = [100 * np.mean(marks == mark) for mark in (2, 3, 4, 5)]
    assert shares == pytest.approx(mark_percents, abs=5)


def test_agreement_with_the_journal(work):
    results, (_, _, _, (lower, higher), *_) = work
    rated = results.is_present & (results.journal > 0)
    difference = results.marks()[rated] - results.journal[rated]
    assert 100 * np.mean(difference < 0) == pytest.approx(lower, abs=6)
    assert 100 * np.mean(difference > 0) == pytest.approx(higher, abs=7)
    assert 0.002 < np.mean(results.journal[results.is_present] == 2) < 0.04


def test_intraclass_correlation_of_schools(work):
    results, (*_, icc, _) = work
    assert one_way_icc(results.total[results.is_present], results.school[results.is_present]) == pytest.approx(
        icc, abs=0.05
    )


def test_heaping_at_the_cutoff_exists_without_the_planted_schools(region, work):
    results, (*_, peak) = work
    totals = results.total[ordinary(region, results)]
    cutoff = results.paper.cutoffs[0]
    ratio = np.sum(totals == cutoff) / max(1, np.sum(totals == cutoff - 1))
    assert peak / 2 < ratio < peak * 2


def test_share_of_absent_pupils(region):
    absent = [1 - region.results("vpr-2021-spring", *key).is_present.mean() for key in ((4, "russian"), (8, "russian"))]
    assert absent[0] == pytest.approx(0.065, abs=0.015)
    assert absent[1] == pytest.approx(0.11, abs=0.02)
    autumn = region.results("vpr-2020-autumn", 4, "russian")
    assert 1 - autumn.is_present.mean() > absent[0] + 0.02


def test_half_of_the_schools_are_small(region):
    results = region.results("vpr-2021-spring", 4, "mathematics")
    sizes = np.bincount(results.school[results.is_present], minlength=250)
    p10, median, p90 = np.quantile(sizes, [0.1, 0.5, 0.9])
    assert 4 <= p10 <= 8
    assert 18 <= median <= 26
    assert 75 <= p90 <= 110


def test_autumn_and_spring_are_written_by_the_same_pupils(region):
    autumn = region.results("vpr-2020-autumn", 4, "mathematics")
    spring = region.results("vpr-2021-spring", 5, "mathematics")
    assert np.array_equal(autumn.participant_codes(), spring.participant_codes())
    assert np.array_equal(autumn.is_girl, spring.is_girl)
    both = autumn.is_present & spring.is_present
    assert np.corrcoef(autumn.total[both], spring.total[both])[0, 1] > 0.7


def test_subjects_of_a_pupil_go_together(region):
    mathematics, russian = (region.results("vpr-2021-spring", 5, code) for code in ("mathematics", "russian"))
    both = mathematics.is_present & russian.is_present
    assert 0.5 < np.corrcoef(mathematics.total[both], russian.total[both])[0, 1] < 0.85


def test_easier_tasks_for_stronger_pupils(region):
    results = region.results("vpr-2021-spring", 4, "mathematics")
    points = np.where(results.scores > 0, results.scores, 0)
    marks = results.marks()
    by_mark = [points[marks == mark].mean(axis=0) / results.paper.maxima for mark in (2, 3, 4, 5)]
    assert (np.diff(by_mark, axis=0) > -0.03).all()


def test_difficulties_of_mathematics_4_are_the_published_ones(region):
    results = region.results("vpr-2021-spring", 4, "mathematics")
    points = np.where(results.scores > 0, results.scores, 0)[results.is_present]
    published = (92, 81, 83, 54, 64, 53, 93, 85, 61, 41, 52, 41, 59, 66, 13)
    assert (100 * points.mean(axis=0) / results.paper.maxima).tolist() == pytest.approx(published, abs=5)


def test_skipped_tasks_are_the_hard_ones(region):
    results = region.results("vpr-2021-spring", 8, "mathematics")
    skipped = (results.scores[results.is_present] == -1).mean(axis=0)
    difficulties = task_difficulties(results.paper)
    assert np.corrcoef(skipped, difficulties)[0, 1] < -0.7
    assert 0.02 < skipped.mean() < 0.25


def test_untaught_topics_are_those_of_whole_schools(region):
    results = region.results("vpr-2021-spring", 8, "mathematics")
    untaught = results.scores == -2
    assert untaught.any()
    for school in np.unique(results.school[untaught.any(axis=1)]):
        own = untaught[results.school == school]
        assert (own.all(axis=0) == own.any(axis=0)).all()


@pytest.mark.parametrize("key", sorted(papers()), ids=str)
def test_every_paper_has_a_distribution_and_weights_that_sum_to_its_totals(key):
    paper = papers()[key]
    distribution = score_distribution(paper)
    assert distribution.sum() == pytest.approx(1)
    assert len(distribution) == paper.maximum + 1
    totals = np.arange(paper.maximum + 1)
    scores = draw_task_scores(totals, task_weights(paper), np.random.default_rng(1))
    assert (scores.sum(axis=1) == totals).all()
    assert (scores >= 0).all()
    assert (scores <= paper.maxima).all()


def test_task_scores_follow_the_model_given_the_total():
    """Two tasks of one point with odds 1 and 3: given a total of 1, the second is solved in three cases of four."""
    weights = (np.array([1.0, 1.0]), np.array([1.0, 3.0]))
    scores = draw_task_scores(np.ones(20_000, dtype=np.int64), weights, np.random.default_rng(3))
    assert scores[:, 1].mean() == pytest.approx(0.75, abs=0.015)


def test_maxima_agree_with_the_catalogue():
    compared = 0
    for (year, grade, subject_code), paper in papers().items():
        known = task_maxima(year, grade, subject_code)
        if known:
            assert [(task.task_code, task.maximum_score) for task in known] == [
                (task.code, task.maximum) for task in paper.tasks
            ]
            compared += 1
    assert compared > 10


def one_way_icc(values, groups):
    """ICC(1) of one-way analysis of variance with unequal groups, by its textbook formula."""
    labels, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    means = np.bincount(index, weights=values) / sizes
    between = (sizes * (means - values.mean()) ** 2).sum() / (len(labels) - 1)
    within = ((values - means[index]) ** 2).sum() / (len(values) - len(labels))
    typical = (len(values) - (sizes**2).sum() / len(values)) / (len(labels) - 1)
    return (between - within) / (between + (typical - 1) * within)
