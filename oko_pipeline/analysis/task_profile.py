"""Tasks of one assessment as arrays: maxima, levels, scores, and what counts in a task's difficulty."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.errors import ContractError
from oko_pipeline.works import Works

_UNKNOWN = np.iinfo(np.int8).max


@dataclass(frozen=True, slots=True)
class TaskProfile:
    """Tasks in the order of the works' columns.

    `described` has a row per task with the columns of the table `tasks`, empty where the work's description lacks the
    task. `maxima` is NaN for an unknown maximum.
    """

    positions: npt.NDArray[np.int64]
    codes: list[str]
    maxima: npt.NDArray[np.float64]
    levels: list[str | None]
    described: pd.DataFrame


def task_profile(works: Works, tasks: pd.DataFrame) -> TaskProfile:
    """Join the tasks of the works with their description; the file's own header fills what is not described.

    Args:
        works: the works, whose headers say which tasks there are.
        tasks: rows of the table `tasks`; those of other assessments are passed over.

    Raises:
        ContractError: when a position is described twice.
    """
    own = tasks.loc[tasks["assessment_id"] == str(works.key)]
    if own["position"].duplicated().any():
        raise ContractError(f"Задания {works.key}: номер позиции повторён.")
    positions = np.array([task.position for task in works.tasks], dtype=np.int64)
    described = own.assign(position=own["position"].astype("int64")).set_index("position").reindex(positions)
    maxima = described["maximum_score"].to_numpy(dtype=np.float64, na_value=np.nan)
    headers = np.array([task.maximum_score or np.nan for task in works.tasks], dtype=np.float64)
    maxima = np.where(np.isnan(maxima), headers, maxima)
    return TaskProfile(
        positions=positions,
        codes=[
            code if isinstance(code, str) else task.task_code or str(task.position)
            for code, task in zip(described["task_code"], works.tasks, strict=True)
        ],
        maxima=np.where(maxima > 0, maxima, np.nan),
        levels=[level if isinstance(level, str) else None for level in described["difficulty_level"]],
        described=described.reset_index(),
    )


def countable_scores(task_scores: npt.NDArray[np.int8], profile: TaskProfile) -> npt.NDArray[np.int8]:
    """Return the scores with every one above its task's maximum made `INVALID`: it is no score of this task.

    A reader of a positional layout cannot know maxima, so such cells arrive as plain numbers.
    """
    limits = np.where(np.isnan(profile.maxima), _UNKNOWN, profile.maxima).astype(np.int8)
    is_above = task_scores > limits
    return np.where(is_above, np.int8(TaskCode.INVALID), task_scores) if is_above.any() else task_scores
