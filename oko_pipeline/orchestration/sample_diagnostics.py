"""Protocols of diagnostic works in the sample: the blanks that the pipeline issues, filled in with invented results."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.collection.forms.filling import Typed, type_into
from oko_pipeline.collection.forms_protocol import ProtocolHead, write_protocol_form
from oko_pipeline.collection.layouts.diagnostic_protocol import LABELS
from oko_pipeline.sample.faults import Planted
from oko_pipeline.sample.inbox import FileNote, Inbox
from oko_pipeline.sample.pupils import cohort_of, exam_strength
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import School
from oko_pipeline.works import TaskHeader

Job = Callable[[], None]
Places = dict[tuple[int, int], Typed]

YEAR: Final = "2025-2026"
_SHEET: Final = "Протокол"
_HEADER: Final = len(LABELS) + 3
_MAXIMA: Final = (1, 1, 2, 2, 1, 3, 2, 1)
_SCALE: Final = (5, 8, 11)
_BEFORE: Final = 5
"""Columns before the tasks in a protocol with schools in its rows; one less in a school's own."""
_LEAST_FAULTY: Final = 14


@dataclass(frozen=True, slots=True)
class _Work:
    """A diagnostic work: procedure, subject, grade, day; `of_school` when one school holds it by itself."""

    procedure: str
    title: str
    subject: str
    grade: int
    day: date
    of_school: bool = False


WORKS: Final = (
    _Work("regional_diagnostics", "Региональная диагностика", "mathematics", 8, date(2025, 10, 15)),
    _Work("municipal_diagnostics", "Муниципальная диагностика", "russian", 7, date(2025, 12, 10)),
    _Work("school_diagnostics", "Школьная диагностика", "mathematics", 5, date(2025, 9, 18), of_school=True),
    _Work("mock_exams", "Пробный экзамен", "mathematics", 9, date(2026, 2, 18)),
)


def diagnostic_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield a job for each protocol: one a municipality of every work, some schools' own, one that is unreadable."""
    for work in WORKS:
        if work.of_school:
            for school in world.territory.schools[:3]:
                yield lambda work=work, school=school: _write(inbox, world, work, [school])
            continue
        for number in range(len(world.territory.municipalities)):
            own = [one for one in world.territory.schools if one.municipality == number and not one.is_correctional]
            if own:
                yield lambda work=work, own=own: _write(inbox, world, work, own)
    if world.options.dirt:
        yield lambda: _write_undated(inbox, world)


def _head(world: World, work: _Work, schools: list[School]) -> ProtocolHead:
    school = schools[0]
    return ProtocolHead(
        work.procedure,
        YEAR,
        work.subject,
        work.grade,
        work.day,
        municipality=world.territory.municipality_of(school).label,
        school=f"{school.code} {school.name}" if work.of_school else None,
        scale=_SCALE,
    )


def _tasks() -> list[TaskHeader]:
    return [TaskHeader(number, str(number), maximum) for number, maximum in enumerate(_MAXIMA, 1)]


def _path(world: World, work: _Work, schools: list[School]) -> str:
    owner = schools[0].code if work.of_school else world.territory.municipality_of(schools[0]).code
    return f"Диагностика/{YEAR}/{work.title}, {subjects()[work.subject].name_ru}, {work.grade} класс, {owner}.xlsx"


def _write(inbox: Inbox, world: World, work: _Work, schools: list[School]) -> None:
    rows = _rows(world, work, schools)
    before = _BEFORE - work.of_school
    typed: Places = {
        (_HEADER + 1 + row, column): value for row, cells in enumerate(rows) for column, value in enumerate(cells)
    }
    faults = _plant(typed, before, work) if world.options.dirt and len(rows) > _LEAST_FAULTY else []
    path = _path(world, work, schools)
    moment = datetime.combine(work.day, datetime.min.time(), UTC) + timedelta(days=14, hours=10)
    note = FileNote("diagnostic_protocol", YEAR, rows_count=len(rows))
    inbox.write_bytes(path, type_into(_blank(_head(world, work, schools), len(rows)), {_SHEET: typed}), moment, note)
    code = schools[0].code if work.of_school else ""
    inbox.truths += [fault.truth(path, YEAR, code) for fault in faults]


def _blank(head: ProtocolHead, rows: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blank.xlsx"
        write_protocol_form(path, head, _tasks(), rows)
        return path.read_bytes()


def _rows(world: World, work: _Work, schools: list[School]) -> list[list[Typed]]:
    """Return the rows of participants: scores by ability, totals, marks by the scale of the work."""
    rng = stream(world.options.seed, "diagnostics", work.procedure, schools[0].code)
    cohort = world.cohort(cohort_of(YEAR, work.grade))
    maxima = np.array(_MAXIMA)
    found: list[list[Typed]] = []
    for school in schools:
        pupils = np.flatnonzero(cohort.school == school.index)
        for number, pupil in enumerate(pupils.tolist(), 1):
            level = np.clip(0.55 + 0.08 * exam_strength(school) + 0.16 * cohort.common[pupil], 0.05, 0.95)
            scores = rng.binomial(maxima, level)
            total = int(scores.sum())
            mark = 2 + sum(total >= bound for bound in _SCALE)
            place: list[Typed] = [] if work.of_school else [school.code]
            who: list[Typed] = [f"{work.grade}А", work.grade * 10000 + number, "ж" if cohort.is_girl[pupil] else "м"]
            variant = int(rng.integers(1, 3))
            tasks = [int(score) for score in scores]
            found.append([*place, *who, variant, *tasks, total, mark, int(np.clip(mark + rng.integers(0, 2), 2, 5))])
    return found


def _plant(typed: Places, before: int, work: _Work) -> list[Planted]:
    """Plant wrong cells into rows of participants, one a row, and a maximum in the head that the tasks do not give."""
    total = before + len(_MAXIMA)
    code = before - 3
    wrong: list[tuple[str, int, Typed]] = [
        ("cell.task_over_maximum", before + 2, 7),
        ("cell.task_invalid", before + 3, "да"),
        ("cell.total_invalid", total, "семь"),
        ("cell.reported_mark_invalid", total + 1, 9),
        ("cell.journal_mark_invalid", total + 2, 7),
        ("cell.sex_invalid", before - 2, "да"),
        ("row.code_unusable", code, None),
    ]
    if not work.of_school:
        wrong.append(("row.school_unknown", 0, "школа за рекой"))
    faults: list[Planted] = []
    for row, (rule_id, column, value) in enumerate(wrong, _HEADER + 2):
        clean = typed.get((row, column))
        typed[row, column] = value
        faults.append(Planted(rule_id, _SHEET, (row, column), str(value or ""), str(clean)))
    row = 1 + list(LABELS).index("maximum")
    typed[row, 1] = sum(_MAXIMA) + 4
    faults.append(Planted("protocol.maximum_mismatch", _SHEET, (row, 1), str(typed[row, 1]), str(sum(_MAXIMA))))
    return faults


def _write_undated(inbox: Inbox, world: World) -> None:
    """Write protocols that cannot be read: without the day, of an unknown procedure."""
    school = world.territory.schools[0]
    work = WORKS[2]
    for rule_id, label, value in (
        ("protocol.date_unknown", "held_on", "осенью"),
        ("protocol.procedure_unknown", "procedure", "Проверка на дорогах"),
    ):
        typed: Places = {(1 + list(LABELS).index(label), 1): value}
        rows = _rows(world, work, [school])
        typed |= {
            (_HEADER + 1 + row, place): cell for row, cells in enumerate(rows) for place, cell in enumerate(cells)
        }
        path = _path(world, work, [school]).replace(work.title, value)
        content = type_into(_blank(_head(world, work, [school]), len(rows)), {_SHEET: typed})
        moment = datetime(2025, 10, 2, 9, tzinfo=UTC)
        note = FileNote("diagnostic_protocol", YEAR, expected="refused", rule_id=rule_id)
        inbox.write_bytes(path, content, moment, note)
        inbox.truths.append(Planted(rule_id, "", None, value).truth(path, YEAR, school.code))
