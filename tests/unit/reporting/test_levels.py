import pytest
from scipy.stats import binomtest

from oko_pipeline.reporting.vpr.levels import (
    Level,
    Share,
    counted_level,
    difference,
    published_level,
    rest_of,
    wilson_shares,
)


def level(counts, name="школа"):
    made = counted_level(counts, name, "где-то")
    return Level(name, "где-то", made.participants, made.marked, tuple(counts), made.marks, made.base, made.good)


@pytest.mark.parametrize(
    ("own", "other", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
        ((0, 10), (0, 10), -0.2775, 0.2775),
    ],
)
def test_difference_matches_published_examples(own, other, low, high):
    (first,), (second,) = wilson_shares([own[0]], own[1]), wilson_shares([other[0]], other[1])
    gap = difference(first, second)
    assert gap.low == pytest.approx(low, abs=6e-5)
    assert gap.high == pytest.approx(high, abs=6e-5)


@pytest.mark.parametrize(("count", "n"), [(0, 12), (12, 12), (5, 22), (1, 1)])
def test_shares_match_another_library(count, n):
    (share,) = wilson_shares([count], n)
    expected = binomtest(count, n).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_clear_difference_leaves_zero_out():
    assert difference(Share(0.9, 0.8, 0.95), Share(0.5, 0.45, 0.55)).is_clear
    assert not difference(Share(0.5, 0.3, 0.7), Share(0.55, 0.35, 0.75)).is_clear


def test_unit_is_compared_with_the_others_not_with_itself():
    others = rest_of(level((5, 20, 10, 5)), level((1, 10, 5, 4)), "в остальных")
    assert others is not None
    assert others.marked == 20
    assert [round(share.value * 20) for share in others.marks] == [4, 10, 5, 1]


def test_nobody_left_gives_no_reference():
    assert rest_of(level((1, 2, 3, 4)), level((1, 2, 3, 4)), "в остальных") is None


def published(measure, item, percent, n=200):
    return {"measure": measure, "item": item, "value_percent": percent, "value_count": None, "participants_count": n}


def test_published_percentages_become_a_level():
    rows = [published("mark", str(mark), p) for mark, p in zip((2, 3, 4, 5), (10.05, 39.95, 38.0, 12.0), strict=True)]
    rows += [published("journal", k, p) for k, p in zip(("lower", "same", "higher"), (30, 60, 10), strict=True)]
    found = published_level(rows, "регион", "в регионе")
    assert found is not None
    assert found.marked == 200
    assert [share.value for share in found.marks] == pytest.approx([0.1005, 0.3995, 0.38, 0.12])
    assert found.base.value == pytest.approx(0.8995)
    assert found.journal[0].value == pytest.approx(0.3)
    expected = binomtest(60, 200).proportion_ci(method="wilson")
    assert found.journal[0].low == pytest.approx(expected.low)


def test_published_rows_without_a_mark_or_without_participants_are_no_benchmark():
    rows = [published("mark", str(mark), 25.0) for mark in (2, 3, 4)]
    assert published_level(rows, "регион", "в регионе") is None
    rows = [published("mark", str(mark), 25.0, None) for mark in (2, 3, 4, 5)]
    assert published_level(rows, "регион", "в регионе") is None


def test_rounded_percentages_above_hundred_stay_within_bounds():
    rows = [
        published("mark", str(mark), p, 3) for mark, p in zip((2, 3, 4, 5), (0.0, 33.34, 33.34, 33.34), strict=True)
    ]
    found = published_level(rows, "регион", "в регионе")
    assert found is not None
    assert found.base.value == 1.0
    assert found.base.high == 1.0
