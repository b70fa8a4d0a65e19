"""Exam protocols of the sample: ОГЭ and ЕГЭ of invented graduates in the layouts of the regional system.

A protocol's mask agrees with its primary score, and the score with the test score or mark of the year's scale. What is
planted (a wrong sum, a second sitting, an appeal) is listed in the truth.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from oko_pipeline.sample.faults import Planted
from oko_pipeline.sample.inbox import Cell, FileNote, Inbox
from oko_pipeline.sample.pupils import cohort_of, exam_strength, senior_pupils
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.registers import invented_names
from oko_pipeline.sample.results import World

Job = Callable[[], None]

_HEADER: Final = (
    "№", "Код МСУ", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Серия", "Номер",
    "Задания с кратким ответом", "Задания с развёрнутым ответом", "Первичный балл",
)  # fmt: skip
_LETTERS: Final = "АБ"
_APPEALS: Final = (
    "№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Документ",
    "Тип апелляции / перепроверки", "Состояние", "Дата изменений", "Балл до изменения",
)  # fmt: skip
_NAMES: Final = (6, 7, 8)
_SHORT, _EXTENDED, _PRIMARY, _RESULT = 11, 12, 13, 14
_SHEET: Final = "Page 1"
_ABOVE: Final = 3
"""Rows above the first participant."""
_LEAST: Final = 30
_LEVEL: Final = {"ЕГЭ": 0.55, "ОГЭ": 0.68}
"""Share of points that a usual participant gets."""


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
EXAMS_YEAR: Final = "2025-2026"
EXAMS: Final = (
    SampleExam(
        "ЕГЭ", "02 - Математика профильная", date(2026, 6, 8), 11, 0.55, 12, (2, 3, 2, 2, 3, 4, 4), _PROFILE_SCALE
    ),
    SampleExam("ОГЭ", "12 - Обществознание", date(2026, 6, 4), 9, 0.6, 15, (2, 2, 4, 4, 3, 2, 3, 2), (14, 24, 32)),
    SampleExam("ОГЭ", "03 - Физика", date(2026, 6, 2), 9, 0.2, 19, (3, 3, 3, 3, 2, 3, 3), (10, 20, 30)),
)
"""Exams of summer 2026; the ЕГЭ scale is in the catalogue with its source, as are the marks of ОГЭ."""


def exam_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield a job for each protocol, one for the appeals against the first exam, and one for files without an exam."""
    for exam in EXAMS:
        yield lambda exam=exam: _write_protocol(inbox, world, exam)
    yield lambda: _write_appeals(inbox, world, EXAMS[0])
    if world.options.dirt:
        yield lambda: _write_unknown(inbox, world, EXAMS[1])


def _write_protocol(inbox: Inbox, world: World, exam: SampleExam) -> None:
    people = [list(row) for row in participants(exam, world)]
    path = f"ГИА/2026/{exam.kind} {exam.title} {exam.day:%Y.%m.%d}.xlsx"
    faults = _plant(exam, people) if world.options.dirt else []
    rows = [
        [f"Протокол проверки результатов {exam.kind}"],
        [f"{exam.title} {exam.day:%Y.%m.%d}"],
        [*_HEADER, "Оценка" if exam.kind == "ОГЭ" else "Балл"],
        *people,
        ["Всего участников", *[""] * (_PRIMARY - 1), len(people) + (1 if faults else 0)],
    ]
    if faults:
        faults.append(Planted("exam.footer_count", _SHEET, (len(rows) - 1, _PRIMARY), str(len(people) + 1)))
    note = FileNote("gia_protocol", "2025-2026", rows_count=len(people))
    inbox.write_workbook(path, [(_SHEET, rows)], _checked_at(exam), note)
    inbox.truths += [fault.truth(path, "2025-2026", assessment_id=exam.title) for fault in faults]


def _checked_at(exam: SampleExam) -> datetime:
    return datetime.combine(exam.day, datetime.min.time(), UTC) + timedelta(days=12, hours=9)


def _plant(exam: SampleExam, people: list[list[Cell]]) -> list[Planted]:
    """Plant a fault into each second row, from the second on, while there are rows."""
    found: list[Planted] = []
    is_marked = exam.kind == "ОГЭ"
    free = iter(range(1, len(people) - 2, 2))
    for rule_id, column, spoil in _SLIPS:
        row = next(free, None)
        if row is None:
            break
        rule = "exam.mark_mismatch" if rule_id == "exam.test_score_mismatch" and is_marked else rule_id
        clean = people[row][column]
        people[row][column] = spoil(people[row], exam)
        written = "" if column in _NAMES else str(people[row][column])
        found.append(Planted(rule, _SHEET, (row + _ABOVE, column), written, "" if column in _NAMES else str(clean)))
    if len(people) > _LEAST:
        people.append([str(len(people) + 1), *people[0][1:]])
        found.append(Planted("exam.pupil_repeated", _SHEET, (len(people) - 1 + _ABOVE, _NAMES[0])))
    return found


def _result_beside(row: list[Cell], exam: SampleExam) -> str:
    """Return a result that the scale does not give: a mark or test score one away, still a possible one."""
    result = int(str(row[_RESULT]))
    if exam.kind == "ОГЭ":
        return str(result - 1 if result > 2 else result + 1)
    return str(result + 1 if result < 100 else result - 1)


_SLIPS: Final[tuple[tuple[str, int, Callable[[list[Cell], SampleExam], Cell]], ...]] = (
    ("exam.mask_length", _SHORT, lambda row, _: str(row[_SHORT])[:-1]),
    ("exam.mask_unreadable", _SHORT, lambda row, _: f"*{str(row[_SHORT])[1:]}"),
    ("exam.task_over_maximum", _EXTENDED, lambda row, _: f"9{str(row[_EXTENDED])[1:]}"),
    ("exam.sum_mismatch", _PRIMARY, lambda row, _: str(max(int(str(row[_PRIMARY])) - 1, 1))),
    ("exam.test_score_mismatch", _RESULT, _result_beside),
    ("exam.primary_over_maximum", _PRIMARY, lambda _, exam: str(exam.maximum + 40)),
    ("exam.score_unreadable", _PRIMARY, lambda *_: "восемь"),
    ("exam.score_missing", _PRIMARY, lambda *_: None),
    ("exam.score_impossible", _RESULT, lambda *_: "161"),
    ("exam.school_missing", 2, lambda *_: None),
    ("exam.person_missing", _NAMES[0], lambda *_: None),
    ("exam.mask_maxima", _EXTENDED, lambda row, _: re.sub(r"\((\d)\)$", "(7)", str(row[_EXTENDED]))),
)
"""Faults of a participant's row: rule, column, and what is written there instead."""


def _write_appeals(inbox: Inbox, world: World, exam: SampleExam) -> None:
    """Write the appeals."""
    people = appellants(exam, list(participants(exam, world)))
    rows: list[list[Cell]] = [
        [f"{exam.title} {exam.day:%Y.%m.%d}"],
        [*_APPEALS, "Текущие", None, "Разница"],
        [*[None] * len(_APPEALS), "Первичный балл", "Балл", None],
    ]
    for number, (person, is_satisfied) in enumerate(people, 1):
        primary, before = int(str(person[_PRIMARY])), int(str(person[_RESULT]))
        now = primary + is_satisfied
        place = [str(number), *person[2:6]]
        who = [*person[6:9], f"{person[9]} {person[10]}"]
        state = "Апелляция удовлетворена" if is_satisfied else "Апелляция отклонена"
        after = exam.result(now)
        rows.append([*place, *who, "Апелляция", state, "05.07.2026", before, now, after, after - before])
    path = f"ГИА/2026/Апелляции {exam.kind} {exam.title}.xlsx"
    faults: list[Planted] = []
    if world.options.dirt and len(people) > 3:
        faults = _plant_appeals(rows)
    moment = _checked_at(exam) + timedelta(days=20)
    note = FileNote("gia_appeals", "2025-2026", rows_count=len(people))
    inbox.write_workbook(path, [(_SHEET, rows)], moment, note)
    inbox.truths += [fault.truth(path, "2025-2026", assessment_id=exam.title) for fault in faults]


def appellants(exam: SampleExam, people: Sequence[tuple[Cell, ...]]) -> list[tuple[tuple[Cell, ...], bool]]:
    """Return every sixteenth participant: one whose appeal is satisfied, one whose is rejected, in turn."""
    return [
        (person, number % 2 == 0 and int(str(person[_PRIMARY])) < exam.maximum)
        for number, person in enumerate(people[4::16])
    ]


def _plant_appeals(rows: list[list[Cell]]) -> list[Planted]:
    """Plant a wrong difference, an odd state, and an appeal of somebody who took no exam (told at assembly)."""
    difference, state, name = len(_APPEALS) + 2, 10, 5
    surname = invented_names()["surname"][2]
    rows[3][difference] = int(str(rows[3][difference])) + 3
    rows[4][state] = "непонятно"
    rows[5][name : name + 4] = [surname, "Никто", "Нигдеевич", "0000 000000"]
    return [
        Planted("appeal.difference_mismatch", _SHEET, (3, difference), str(rows[3][difference])),
        Planted("appeal.state_unknown", _SHEET, (4, state), "непонятно"),
        Planted("appeal.without_result", _SHEET, (5, None), detail="assembly"),
    ]


def _write_unknown(inbox: Inbox, world: World, exam: SampleExam) -> None:
    """Write a protocol of a subject that is in no list of exams, and one whose code and name contradict."""
    people = list(participants(exam, world))[:3]
    header = [*_HEADER, "Оценка"]
    title = f"Протокол проверки результатов {exam.kind}"
    day = f"{exam.day:%Y.%m.%d}"
    path = f"ГИА/2026/{exam.kind} 77 - Рисование {day}.xlsx"
    note = FileNote("gia_protocol", "2025-2026", expected="refused", rule_id="exam.exam_unknown")
    inbox.write_workbook(
        path, [(_SHEET, [[title], [f"77 - Рисование {day}"], header, *people])], _checked_at(exam), note
    )
    inbox.truths.append(Planted("exam.exam_unknown", "", None, "Рисование").truth(path, "2025-2026"))
    path = f"ГИА/2026/{exam.kind} 03 - Обществознание {day}.xlsx"
    rows = [[title], [f"03 - Обществознание {day}"], header, *people]
    inbox.write_workbook(path, [(_SHEET, rows)], _checked_at(exam), FileNote("gia_protocol", "2025-2026", rows_count=3))
    fault = Planted("exam.code_contradicts_name", _SHEET, (1, 0), "03 - Обществознание")
    inbox.truths.append(fault.truth(path, "2025-2026"))


def participants(exam: SampleExam, world: World) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of an exam's participants; a mask, a primary score and a result always agree."""
    rng = stream(world.options.seed, "exam", exam.title)
    cohort = world.cohort(cohort_of(EXAMS_YEAR, exam.grade))
    is_graduate = np.ones(len(cohort), dtype=bool)
    if exam.grade == 11:
        is_graduate = senior_pupils(world.options.seed, world.territory, cohort)
    row = 0
    for school in world.territory.schools:
        pupils = np.flatnonzero(is_graduate & (cohort.school == school.index))
        chosen = pupils[rng.random(len(pupils)) < (0 if school.is_correctional else exam.share)]
        for number, pupil in enumerate(chosen):
            level = _LEVEL[exam.kind] + 0.08 * exam_strength(school) + 0.16 * float(cohort.common[pupil])
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


def exam_code(index: int, kind: str) -> str:
    """Return a school's code in ОГЭ or ЕГЭ, as its questionnaire states it."""
    return str((101 if kind == "ОГЭ" else 501) + index)
