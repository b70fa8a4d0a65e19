"""Exam protocols of the sample: ОГЭ and ЕГЭ of invented graduates in the layouts of the regional system.

A protocol's mask agrees with its primary score, and the score with the test score or mark of the year's scale. What is
planted (a wrong sum, a second sitting, an appeal) is listed in the truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from oko_pipeline.sample.inbox import Cell, FileNote, Inbox, Truth
from oko_pipeline.sample.pupils import cohort_of
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.registers import invented_names
from oko_pipeline.sample.results import World

_HEADER: Final = (
    "№", "Код МСУ", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Серия", "Номер",
    "Задания с кратким ответом", "Задания с развёрнутым ответом", "Первичный балл",
)  # fmt: skip
_LETTERS: Final = "АБ"
_PRIMARY: Final = 13
_SPOILED: Final = 8
"""Index of the row whose primary score is made to disagree with its mask."""


@dataclass(frozen=True, slots=True)
class SampleExam:
    """An exam: its place in protocols, its tasks, and what a primary score becomes.

    `short` is the number of tasks with a short answer, `extended` the maxima of the others. `outcome` holds the test
    score of each primary score, or for ОГЭ the smallest primary scores of the marks «3», «4», «5».
    """

    kind: str
    title: str
    day: date
    grade: int
    share: float
    short: int
    extended: tuple[int, ...]
    outcome: tuple[int, ...]

    @property
    def maximum(self) -> int:
        """Return the largest primary score."""
        return self.short + sum(self.extended)

    def result(self, primary: int) -> int:
        """Return the test score (ЕГЭ) or the mark (ОГЭ) of a primary score."""
        if self.kind == "ОГЭ":
            return 2 + sum(primary >= bound for bound in self.outcome)
        return self.outcome[primary]


_PROFILE_SCALE: Final = (
    0, 6, 11, 17, 22, 27, 34, 40, 46, 52, 58, 64, 70, 72, 74, 76, 78, 80, 82, 84, 86, 88, 90, 92, 94, 95, 96, 97, 98,
    99, 100, 100, 100,
)  # fmt: skip
EXAMS: Final = (
    SampleExam(
        "ЕГЭ", "02 - Математика профильная", date(2026, 6, 8), 11, 0.55, 12, (2, 3, 2, 2, 3, 4, 4), _PROFILE_SCALE
    ),
    SampleExam("ОГЭ", "12 - Обществознание", date(2026, 6, 4), 9, 0.6, 15, (2, 2, 4, 4, 3, 2, 3, 2), (14, 24, 32)),
    SampleExam("ОГЭ", "03 - Физика", date(2026, 6, 2), 9, 0.2, 19, (3, 3, 3, 3, 2, 3, 3), (10, 20, 30)),
)
"""Exams of summer 2026; the ЕГЭ scale is in the catalogue with its source, as are the marks of ОГЭ."""


def write_exams(inbox: Inbox, world: World) -> Iterator[str]:
    """Write a protocol an exam; yields the path of each written file."""
    for exam in EXAMS:
        rows = [
            (f"Протокол проверки результатов {exam.kind}",),
            (f"{exam.title} {exam.day:%Y.%m.%d}",),
            (*_HEADER, "Оценка" if exam.kind == "ОГЭ" else "Балл"),
            *_participants(exam, world),
        ]
        path = f"ГИА/2026/{exam.kind} {exam.title} {exam.day:%Y.%m.%d}.xlsx"
        if len(rows) > _SPOILED and world.options.dirt:
            rows[_SPOILED] = _with_wrong_sum(rows[_SPOILED])
            wrong, right = str(rows[_SPOILED][_PRIMARY]), str(int(str(rows[_SPOILED][_PRIMARY])) - 1)
            cell = {"row": _SPOILED + 1, "cell": f"N{_SPOILED + 1}", "written": wrong, "clean": right}
            inbox.truths.append(Truth("exam_sum", "2025-2026", "", exam.title, "", path, "Page 1", **cell))
        moment = datetime.combine(exam.day, datetime.min.time(), UTC) + timedelta(days=12, hours=9)
        note = FileNote("gia_protocol", "2025-2026", rows_count=len(rows) - 3)
        inbox.write_workbook(path, [("Page 1", rows)], moment, note)
        yield path


def _participants(exam: SampleExam, world: World) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of an exam's participants; a mask, a primary score and a result always agree."""
    rng = stream(world.options.seed, "exam", exam.title)
    cohort = world.cohort(cohort_of("2025-2026", exam.grade))
    share = exam.share * (0.5 if exam.grade == 11 else 1.0)
    row = 0
    for school in world.territory.schools:
        pupils = np.flatnonzero(cohort.school == school.index)
        chosen = pupils[rng.random(len(pupils)) < (0 if school.is_correctional else share)]
        for number, pupil in enumerate(chosen):
            level = 0.55 + 0.08 * school.advantage + 0.16 * float(cohort.common[pupil])
            short = rng.random(exam.short) < np.clip(level + 0.15, 0.03, 0.97)
            extended = [int(rng.binomial(maximum, np.clip(level - 0.2, 0.02, 0.95))) for maximum in exam.extended]
            primary = int(short.sum()) + sum(extended)
            row += 1
            place = (str(row), "101", exam_code(school.index, exam.kind), f"{exam.grade}{_LETTERS[number % 2]}")
            masks = (
                "".join("+" if right else "-" for right in short),
                "".join(f"{score}({maximum})" for score, maximum in zip(extended, exam.extended, strict=True)),
            )
            person = (*_name(rng), str(rng.integers(1000, 9999)), str(rng.integers(100000, 999999)))
            room = ("1018", str(1 + number // 15))
            yield (*place, *room, *person, *masks, str(primary), str(exam.result(primary)))


def _name(rng: np.random.Generator) -> tuple[str, ...]:
    names = invented_names()
    return tuple(names[kind][int(rng.integers(len(names[kind])))] for kind in ("surname", "name", "patronymic"))


def _with_wrong_sum(row: Sequence[Cell]) -> tuple[Cell, ...]:
    return (*row[:_PRIMARY], str(int(str(row[_PRIMARY])) + 1), *row[_PRIMARY + 1 :])


def exam_code(index: int, kind: str) -> str:
    """Return a school's code in ОГЭ or ЕГЭ, as its questionnaire states it."""
    return str((101 if kind == "ОГЭ" else 501) + index)
