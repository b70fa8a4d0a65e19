"""Files about exams besides protocols: tables by school with totals, essays, interviews, tables of РИС."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from oko_pipeline.sample.exam_counts import exam_counts
from oko_pipeline.sample.exam_people import RIS_MAXIMA, RIS_TASKS, essay_people, interview_people, physicists
from oko_pipeline.sample.exams import exam_code
from oko_pipeline.sample.faults import Planted
from oko_pipeline.sample.inbox import Cell, FileNote, Inbox
from oko_pipeline.sample.owners import ExamCount
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.registers import invented_names
from oko_pipeline.sample.results import World

Job = Callable[[], None]
Lines = list[list[Cell]]

YEAR: Final = "2025-2026"
_TABLE_SUBJECTS: Final = ("Русский язык, чел.", "Математика (профиль), чел.", "Физика, чел.")
_TABLE_CODES: Final = ("russian", "mathematics_profile", "physics")
_MEASURES: Final = (
    "приняло участие", "не преодолен min порог", "высокобалльники \n(80-99 баллов)", "получили 100 баллов",
    "средний балл",
)  # fmt: skip
_TABLE_HEADS: Final = 6
_FIRST_MEASURE: Final = 4
_LEAST_SCHOOLS: Final = 3
_GOOD, _BAD = "зачёт", "незачёт"
_ESSAY_DAY: Final = datetime(2025, 12, 3, 9, tzinfo=UTC)
_INTERVIEW_DAY: Final = datetime(2026, 2, 11, 9, tzinfo=UTC)
_RIS_DAY: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
_RIS_MOST: Final = 45


def exam_file_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield a job for each file."""
    yield lambda: _write_school_table(inbox, world)
    yield lambda: _write_essay(inbox, world)
    yield lambda: _write_interview(inbox, world)
    yield lambda: _write_ris(inbox, world)


def _put(lines: Lines, place: tuple[int, int], value: Cell) -> None:
    row, column = place
    lines[row][column] = value


def _save(
    inbox: Inbox,
    path: str,
    sheets: Sequence[tuple[str, Lines]],
    about: tuple[datetime, FileNote],
    faults: list[Planted],
) -> None:
    moment, note = about
    inbox.write_workbook(path, sheets, moment, note)
    inbox.truths += [fault.truth(path, YEAR) for fault in faults]


def _person(rng: np.random.Generator) -> list[Cell]:
    """Return surname, name, patronymic, series and number of somebody invented."""
    names = invented_names()
    parts: list[Cell] = [names[kind][int(rng.integers(len(names[kind])))] for kind in ("surname", "name", "patronymic")]
    return [*parts, str(rng.integers(1000, 9999)), str(rng.integers(100000, 999999))]


def _write_school_table(inbox: Inbox, world: World) -> None:
    """Write results of ЕГЭ by school: totals of the region and of municipalities agree with their schools."""
    lines = _school_table(world)
    faults = _plant_school_table(lines) if world.options.dirt else []
    note = FileNote("gia_school_table", YEAR, rows_count=len(lines) - _TABLE_HEADS)
    _save(
        inbox, "ГИА/2026/ЕГЭ по ОО 2026.xlsx", [("2026", lines)], (datetime(2026, 7, 20, 9, tzinfo=UTC), note), faults
    )


def _school_table(world: World) -> Lines:
    heads: Lines = [["Информация о результатах ЕГЭ выпускников школ в 2026 году"], []]
    heads.append(["Муниципальное образование", "Образовательная организация (школа)", "Профиль", "Всего выпускников"])
    heads.append([*[None] * 4, *(cell for subject in _TABLE_SUBJECTS for cell in (subject, *[None] * 4))])
    heads.append([*[None] * 4, *_MEASURES * len(_TABLE_SUBJECTS)])
    heads.append([1, 2, 3, 4, *[5, 6, 7, 8, 9] * len(_TABLE_SUBJECTS)])
    graduates = world.grade_counts(YEAR, 11)
    exams = exam_counts(world, YEAR, {9: world.grade_counts(YEAR, 9), 11: graduates})
    blocks: list[tuple[str, np.ndarray, Lines]] = []
    for number, municipality in enumerate(world.territory.municipalities):
        own = [one for one in world.territory.schools if one.municipality == number and graduates[one.index]]
        values = np.array([_school_values(int(graduates[one.index]), exams[one.index]) for one in own])
        values = values.reshape(len(own), 1 + len(_MEASURES) * len(_TABLE_SUBJECTS))
        rows: Lines = [[None, school.name, None, *_cells(line)] for school, line in zip(own, values, strict=True)]
        blocks.append((municipality.name, values, rows))
    whole = np.concatenate([values for _, values, _ in blocks])
    lines = [*heads, ["ВСЕГО по региону", None, "х", *_cells(_totals(whole))]]
    for name, values, rows in blocks:
        lines += [[name, None, None, *_cells(_totals(values))], *rows]
    return lines


def _school_values(graduates: int, exams: Sequence[ExamCount]) -> list[float]:
    """Return the graduates of a school and five measures a subject."""
    found: list[float] = [graduates]
    by_subject = {one.subject: one for one in exams if one.exam == "ege"}
    for subject in _TABLE_CODES:
        one = by_subject.get(subject)
        found += [0] * len(_MEASURES) if one is None else _measures(one)
    return found


def _measures(one: ExamCount) -> list[float]:
    return [one.participants, one.below, one.high, one.hundred, one.mean_score or 0.0]


def _totals(values: np.ndarray) -> np.ndarray:
    """Return sums of counts and means weighted by participants."""
    total = values.sum(axis=0)
    for start in range(1, values.shape[1], len(_MEASURES)):
        people = values[:, start].sum()
        total[start + 4] = (values[:, start] * values[:, start + 4]).sum() / people if people else 0.0
    return total


def _cells(line: np.ndarray) -> list[Cell]:
    return [float(value) if place % len(_MEASURES) == 0 and place else int(value) for place, value in enumerate(line)]


def _plant_school_table(lines: Lines) -> list[Planted]:
    """Plant a wrong total, a number among names, parts over participants, a word for a number, a row without a name."""
    first, last = _TABLE_HEADS + 2, len(lines) - 1
    people = _FIRST_MEASURE
    faults: list[Planted] = []

    def plant(rule_id: str, place: tuple[int, int], value: Cell) -> None:
        clean = lines[place[0]][place[1]]
        _put(lines, place, value)
        faults.append(Planted(rule_id, "2026", place, str(value), "" if clean is None else str(clean)))

    plant("examtable.total_mismatch", (_TABLE_HEADS, people + 10), int(str(lines[_TABLE_HEADS][people + 10])) + 2)
    plant("examtable.total_mismatch", (_TABLE_HEADS, people + 4), 12.5)
    plant("examtable.number_among_names", (_TABLE_HEADS, 1), 805)
    if last - first < _LEAST_SCHOOLS:
        return faults
    plant("examtable.value_unreadable", (last, people + 5), "много")
    # The cell told is that of the participants, whichever part is too large.
    _put(lines, (first, people + 6), 900)
    faults.append(Planted("examtable.parts_over_participants", "2026", (first, people + 5), "900"))
    plant("examtable.unit_unknown", (last - 1, 1), None)
    return faults


def _write_essay(inbox: Inbox, world: World) -> None:
    rng = stream(world.options.seed, "essay")
    head = ["№", "Код ОО", "Класс", "Фамилия", "Имя", "Отчество", "Серия", "Номер", "Требование 1", "Требование 2"]
    head += [*(f"Критерий {number}" for number in range(1, 6)), "Результат"]
    lines: Lines = [["Протокол проверки итогового сочинения"], ["20 - Сочинение 2025.12.03"], [*head]]
    for one in essay_people(world):
        criteria = [_GOOD if part else _BAD for part in one.parts]
        marks = [_GOOD, _GOOD, *criteria, _GOOD if one.is_passed else _BAD]
        lines.append([len(lines) - 2, exam_code(one.school.index, "ЕГЭ"), "11", *_person(rng), *marks])
    faults: list[Planted] = []
    if world.options.dirt and len(lines) > 8:
        other = _BAD if lines[4][15] == _GOOD else _GOOD
        wrong = (
            ("admission.verdict_mismatch", (4, 15), other),
            ("admission.verdict_missing", (5, 15), "отлично"),
            ("admission.criterion_unreadable", (6, 12), "плохо"),
            ("exam.person_missing", (7, 3), None),
            ("exam.school_missing", (3, 1), None),
        )
        for rule_id, place, value in wrong:
            _put(lines, place, value)
            if rule_id == "exam.person_missing":
                lines[place[0]][3:6] = [None] * 3
            faults.append(Planted(rule_id, "Лист1", place, str(value or "")))
    note = FileNote("essay_protocol", YEAR, rows_count=len(lines) - 3)
    _save(inbox, "ГИА/2026/Итоговое сочинение.xlsx", [("Лист1", lines)], (_ESSAY_DAY, note), faults)


def _write_interview(inbox: Inbox, world: World) -> None:
    rng = stream(world.options.seed, "interview")
    head = ["№", "Код ОО", "Класс", "Фамилия", "Имя", "Отчество", "Серия", "Номер", "Категория", "ИЧ", "ТЧ"]
    head += ["П1", "П2", "М1", "Д1", "Общий балл", "Зачёт/незачёт"]
    lines: Lines = [["Ведомость итогового собеседования 11.02.2026"], [*head]]
    for one in interview_people(world):
        code, verdict = exam_code(one.school.index, "ОГЭ"), _GOOD if one.is_passed else _BAD
        lines.append([len(lines) - 1, code, "9", *_person(rng), None, *one.parts, sum(one.parts), verdict])
    faults: list[Planted] = []
    if world.options.dirt and len(lines) > 9:
        wrong: tuple[tuple[str, tuple[int, int], Cell], ...] = (
            ("admission.sum_mismatch", (2, 15), int(str(lines[2][15])) - 1),
            ("admission.score_impossible", (3, 15), 25),
            ("admission.verdict_mismatch", (4, 16), _BAD if lines[4][16] == _GOOD else _GOOD),
            ("admission.criterion_unreadable", (5, 11), "много"),
            ("admission.verdict_missing", (6, 16), "хорошо"),
        )
        for rule_id, place, value in wrong:
            _put(lines, place, value)
            faults.append(Planted(rule_id, "Лист1", place, str(value)))
    note = FileNote("interview_protocol", YEAR, rows_count=len(lines) - 2)
    _save(inbox, "ГИА/2026/Итоговое собеседование.xlsx", [("Лист1", lines)], (_INTERVIEW_DAY, note), faults)


def _write_ris(inbox: Inbox, world: World) -> None:
    """Write a dump of РИС: ЕГЭ in physics, the test scores by the catalogue's scale."""
    rng = stream(world.options.seed, "ris")
    tests: Lines = [["HumanTestID", "ParticipantFK", "SubjectCode", "ExamDate", "StationCode", "AuditoriumCode"]]
    tests[0] += ["VariantCode", "ProcessCondition"]
    marks: Lines = [["HumanTestID", "PrimaryMark", "PercentMark", "Mark100", "Mark5", "TestResultA", "TestResultB"]]
    marks[0].append("TestResultC")
    people: Lines = [["ParticipantID", "Surname", "Name", "SecondName", "DocumentSeries", "DocumentNumber", "SchoolFK"]]
    people[0].append("pClass")
    schools: Lines = [["SchoolID", "SchoolCode", "ShortName"]]
    listed: set[int] = set()
    for one in physicists(world):
        index = one.school.index
        if index not in listed:
            listed.add(index)
            schools.append([f"s{index}", exam_code(index, "ЕГЭ"), one.school.name])
        number = len(people)
        mask = "".join("+" if right else "-" for right in one.short)
        pairs = zip(one.extended, RIS_MAXIMA, strict=True)
        answers = "".join(f"{score}({most})" for score, most in pairs)
        percent = round(one.primary / _RIS_MOST * 100)
        tests.append([f"h{number}", f"p{number}", 3, "2026-06-01", 1001, 1, 301, 6])
        marks.append([f"h{number}", one.primary, percent, one.score, None, None, mask, answers])
        people.append([f"p{number}", *_person(rng), f"s{index}", "11А"])
    faults: list[Planted] = []
    if world.options.dirt and len(marks) > 6:
        faults = _plant_ris(tests, marks)
    sheets = [("res_HumanTests", tests), ("res_Marks", marks), ("rbd_Participants", people), ("rbd_Schools", schools)]
    note = FileNote("ris_tables", YEAR, rows_count=sum(len(lines) - 1 for _, lines in sheets))
    _save(inbox, "ГИА/2026/Выгрузка РИС.xlsx", sheets, (_RIS_DAY, note), faults)


def _plant_ris(tests: Lines, marks: Lines) -> list[Planted]:
    """Plant a mark without a test, a test of nobody, an unknown subject, and a test score beside the scale."""
    marks.append(["h9999", 20, 44, 50, None, None, "+" * RIS_TASKS, "0(3)0(2)0(2)0(3)0(3)0(4)"])
    _put(tests, (1, 1), "p9999")
    _put(tests, (2, 2), 47)
    score = int(str(marks[4][3]))
    _put(marks, (4, 3), score + 1 if score < 100 else score - 1)
    return [
        Planted("ris.mark_without_test", "res_Marks", (len(marks) - 1, 0), "h9999"),
        Planted("ris.participant_unknown", "res_Marks", (1, 0), "p9999"),
        Planted("ris.subject_unknown", "res_Marks", (2, 0), "47"),
        Planted("exam.test_score_mismatch", "res_Marks", (4, 3), str(marks[4][3]), str(score)),
    ]
