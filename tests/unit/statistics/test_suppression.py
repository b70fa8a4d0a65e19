"""Hidden groups of public tables: checked against a linear program that tries to work them out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from oko_pipeline.statistics.suppression import (
    COMPLEMENTARY,
    EMPTY,
    ONE_SIDED,
    SHOWN,
    TOO_SMALL,
    SuppressionOptions,
    bounds,
    is_protected,
    suppress,
)

OPTIONS = SuppressionOptions()
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 15), min_size=width, max_size=width), min_size=1, max_size=9
    )
)  # fmt: skip


def attacked(counts, hidden, *, knows_sizes):
    """Bounds of the hidden cells by linear programming from the totals, the shown rows and (perhaps) the sizes."""
    inside = counts[hidden]
    groups, categories = inside.shape
    rest = inside.sum(axis=0)
    equations = [np.tile(np.eye(categories)[c], groups) for c in range(categories)]
    values = list(rest)
    if knows_sizes:
        equations += [np.repeat(np.eye(groups)[g], categories) for g in range(groups)]
        values += list(inside.sum(axis=1))
    found = np.zeros((2, groups * categories))
    for cell in range(groups * categories):
        aim = np.zeros(groups * categories)
        aim[cell] = 1
        for side, sign in enumerate((1, -1)):
            solved = linprog(sign * aim, A_eq=np.array(equations), b_eq=values, bounds=(0, None), method="highs")
            found[side, cell] = sign * solved.fun
    return found.reshape(2, groups, categories)


def test_a_lone_small_school_takes_the_next_smallest_with_it():
    counts = np.array([[1, 2, 1], [10, 20, 30], [5, 6, 9], [12, 30, 40]])
    assert suppress(counts, OPTIONS).states == (TOO_SMALL, SHOWN, COMPLEMENTARY, SHOWN)


def test_hidden_groups_that_cover_each_other_need_no_more():
    counts = np.array([[2, 3, 3], [3, 2, 4], [10, 20, 30]])
    found = suppress(counts, OPTIONS)
    assert found.states == (TOO_SMALL, TOO_SMALL, SHOWN)
    assert found.is_total_shown


def test_everybody_or_nobody_of_a_small_group_is_hidden_and_of_a_large_one_is_not():
    counts = np.array([[0, 7, 8], [0, 40, 40], [4, 5, 6], [9, 9, 9]])
    assert suppress(counts, OPTIONS).states[:2] == (ONE_SIDED, SHOWN)


def test_totals_are_hidden_where_nothing_can_cover_a_group():
    assert not suppress(np.array([[1, 2, 1], [0, 30, 30]]), OPTIONS).is_total_shown
    only = suppress(np.array([[3, 3, 3]]), OPTIONS)
    assert only.states == (TOO_SMALL,)
    assert not only.is_total_shown


def test_schools_without_participants_and_empty_tables():
    assert suppress(np.array([[0, 0], [20, 30]]), OPTIONS).states == (EMPTY, SHOWN)
    assert suppress(np.zeros((0, 3), dtype=int), OPTIONS).states == ()
    with pytest.raises(ValueError, match="отрицательное"):
        suppress(np.array([[-1, 3]]), OPTIONS)


def test_a_category_of_nobody_at_all_does_not_hide_every_school():
    counts = np.array([[0, 3, 3], [0, 4, 5], [0, 40, 50]])
    assert suppress(counts, OPTIONS).states == (TOO_SMALL, TOO_SMALL, SHOWN)


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_bounds_are_those_of_a_linear_program(table):
    counts = np.array(table)
    hidden = np.ones(len(counts), dtype=bool)
    low, high = bounds(counts.sum(axis=0), counts.sum(axis=1))
    assert np.allclose(attacked(counts, hidden, knows_sizes=True), [low, high])


@given(TABLES)
@settings(max_examples=150, deadline=None)
def test_nobody_works_out_a_hidden_cell(table):
    counts = np.array(table)
    found = suppress(counts, OPTIONS)
    sizes = counts.sum(axis=1)
    for state, row, size in zip(found.states, counts, sizes, strict=True):
        if state == SHOWN:
            assert size >= OPTIONS.minimum
            assert size >= OPTIONS.one_sided_below or (row > 0).all()
    if not found.hidden.any() or not found.is_total_shown:
        return
    low, high = attacked(counts, found.hidden, knows_sizes=True)
    used = counts.sum(axis=0) > 0
    asked = np.minimum(OPTIONS.protection, sizes[found.hidden])[:, None]
    assert (np.round(high - low, 6) >= asked)[:, used].all()
    assert sizes[found.hidden].sum() >= OPTIONS.minimum
    assert is_protected(counts, found.hidden, OPTIONS)


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_complementary_groups_are_hidden_smallest_first_and_only_while_needed(table):
    counts = np.array(table)
    found = suppress(counts, OPTIONS)
    taken = [group for group, state in enumerate(found.states) if state == COMPLEMENTARY]
    if not taken:
        return
    sizes = counts.sum(axis=1)
    largest = max(taken, key=lambda group: (sizes[group], group))
    assert all(sizes[group] >= sizes[largest] for group, state in enumerate(found.states) if state == SHOWN)
    without = found.hidden.copy()
    without[largest] = False
    assert not is_protected(counts, without, OPTIONS)
