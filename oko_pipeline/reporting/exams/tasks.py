"""Tasks of exams: where a school is below its municipality; which tasks are hard, for whom, and where reserves are.

Numbers of tasks are their places in the protocol's masks. Protocols do not tell the levels of difficulty: thresholds
are those of the settings, of base tasks for short answers and of harder ones for extended and oral answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting import sections
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.document_settings import DocumentSettings
from oko_pipeline.reporting.exams import words
from oko_pipeline.reporting.exams.comparisons import MunicipalResults
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.sections import Spec

TABLE: Final = "exam_task_results"
PARTS: Final = ("short", "extended", "oral")
PARTS_RU: Final = {"short": "краткий ответ", "extended": "развёрнутый ответ", "oral": "устный ответ"}
_LETTERS: Final = {"short": "", "extended": "Р", "oral": "У"}
"""Before the place of a task: 3 has a short answer, Р3 an extended, У3 an oral one."""
_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Task:
    """A task of an exam for one unit: its row for all participants."""

    row: Row

    @property
    def place(self) -> tuple[int, int]:
        """Return the order of tasks: short answers, extended, oral."""
        return PARTS.index(str(self.row["part"])), int(self.row["position"])

    @property
    def name(self) -> str:
        """Return the task for a table or a chart: «3», «Р3»."""
        return f"{_LETTERS[str(self.row['part'])]}{self.row['position']}"

    @property
    def numbered(self) -> str:
        """Return the task for a sentence: «№ 3», «№ Р3»."""
        return f"№{ru.NBSP}{self.name}"

    def is_surely_hard(self, settings: DocumentSettings) -> bool:
        """Return whether even the upper bound of the solved share is below the threshold of the task's kind."""
        return self.row["solved_high"] is not None and float(self.row["solved_high"]) * 100 < self.threshold(settings)

    def threshold(self, settings: DocumentSettings) -> float:
        """Return the solved share in percent below which the task is a deficit."""
        return settings.base_red_percent if self.row["part"] == "short" else settings.high_red_percent


def tasks_of(data: CycleData, exam_code: str, unit: tuple[str, str], group: str = "all") -> list[Task]:
    """Return the tasks of an exam in order, for a group of participants."""
    rows = data.rows(TABLE, exam_code=exam_code, unit_level=unit[0], unit_code=unit[1], score_group=group)
    return sorted((Task(row) for row in rows), key=lambda task: task.place)


def weak_tasks_section(data: CycleData, code: str, municipal: MunicipalResults, figures: Figures) -> Spec | None:
    """Return tasks that a school solves surely worse than its municipality: the intervals do not meet."""
    tables: list[Spec | None] = []
    silent: list[str] = []
    for result in municipal.schools[code]:
        key = result.key
        if result.participants < data.settings.claim_from:
            continue
        own = tasks_of(data, str(key), ("school", code))
        whole = {task.place: task for task in tasks_of(data, str(key), ("municipality", municipal.code))}
        if not own:
            continue
        weak = [task for task in own if _is_below(task, whole.get(task.place), data.settings.claim_from)]
        if weak:
            tables.append(_weak_table(key, weak, whole, figures))
        else:
            silent.append(words.exam_dative(key))
    text = []
    if silent:
        text.append(f"Заданий, которые здесь выполняют явно хуже, чем в муниципалитете, нет: {ru.listed(silent)}.")
    return sections.section(text=text, tables=tables)


def _is_below(own: Task, whole: Task | None, claim_from: int) -> bool:
    if whole is None or own.row["participants_count"] < claim_from or own.row["solved_high"] is None:
        return False
    return whole.row["solved_low"] is not None and float(own.row["solved_high"]) < float(whole.row["solved_low"])


def _weak_table(
    key: ExamKey, weak: Sequence[Task], whole: dict[tuple[int, int], Task], figures: Figures
) -> Spec | None:
    rows = [
        sections.row(
            f"{PARTS_RU[str(task.row['part'])]}, №{ru.NBSP}{int(task.row['position'])}",
            figures.whole(task.row, "participants_count"),
            figures.share_with_interval(task.row, "solved_share", "solved_low", "solved_high"),
            figures.share_with_interval(whole[task.place].row, "solved_share", "solved_low", "solved_high"),
            figures.percent_number(task.row, "zero_share"),
        )
        for task in weak[:_MOST]
    ]
    columns = [
        ("Часть и место задания", 3.4, "text"),
        ("n", 0.8, "number"),
        ("Решаемость ОО, %", 2.4, "number"),
        ("Муниципалитет, %", 2.4, "number"),
        ("Ноль баллов, %", 1.6, "number"),
    ]
    return sections.table(
        f"{words.exam_title(key)}: задания, выполненные явно хуже, чем в муниципалитете", columns, rows
    )
