"""Codes that stand in a cell of task scores in place of a score. They are negative, so a score is any value >= 0."""

from enum import IntEnum


class TaskCode(IntEnum):
    """Why a task has no score. The sum of a work counts each of them as 0."""

    NOT_ATTEMPTED = -1
    """`X` in any spelling: the pupil did not attempt the task. Counts as 0, kept apart."""
    NOT_TAUGHT = -2
    """«не пройд.»: the topic was not taught. 0 for the mark, left out of the task's difficulty."""
    BLANK = -3
    """An empty cell. Counts as 0 in the sum; left out of the task's difficulty."""
    INVALID = -4
    """A cell that is no score (`?`, `H`, above the maximum): 0 in the sum, a finding names the cell."""
