"""Exports of the systems that nobody hands forms out for: ОО-1, journals, staff lists, olympiads, lists, studies.

Headings are those that the systems print; names, telephones and addresses stand in the files, as they do in real ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from oko_pipeline.catalogue.records import RecordColumn, RecordTable, record_tables
from oko_pipeline.sample.faults import Planted, shown, slips
from oko_pipeline.sample.inbox import Cell, FileNote, Inbox
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.registers import RegisterWorld, Row, invented_names, register_rows
from oko_pipeline.sample.results import World
from oko_pipeline.sample.school_lists import FORMER_NAMES
from oko_pipeline.sample.territory import Role, School

Job = Callable[[], None]

YEAR: Final = "2025-2026"
_EXPORTED: Final = datetime(2026, 6, 10, 10, tzinfo=UTC)
_STRICTER: Final = 0.12
_PEOPLE: Final = 12
_PUPILS: Final = 18
_SUBJECTS: Final = ("Русский язык", "Математика", "История", "Биология", "Английский язык", "Физкультура")
_POSITIONS: Final = ("учитель", "учитель математики", "учитель начальных классов", "педагог-психолог", "директор")
_CRITERIA: Final = ("openness_score", "comfort_score", "accessibility_score", "kindness_score", "satisfaction_score")
_LISTED: Final = {
    Role.INFLATING: ("признаки необъективности", "ФИОКО"),
    Role.LOW_RESULT: ("низкие результаты (ШНОР)", "регион"),
    Role.RESILIENT: ("сложные социальные условия (ШНСУ)", "регион"),
}
_OLYMPIADS: Final = (
    ("school", "школьного этапа", "школьный этап", "mathematics", "Математика", 35),
    ("municipal", "муниципального этапа", "муниципальный этап", "physics", "Физика", 50),
    ("regional", "регионального этапа", "региональный этап", "history", "История", 100),
)


@dataclass(slots=True)
class _Export:
    """One table of a file: titles above it, its columns with the headings printed, its rows by column."""

    path: str
    sheet: str
    table: RecordTable
    titles: list[str]
    columns: tuple[tuple[str, str], ...]
    rows: list[dict[str, Cell]]
    school_code: str = ""
    faults: list[Planted] = field(default_factory=list)
    rule_id: str = ""
    expected: str = "accepted"
    footer: list[Cell] = field(default_factory=list)

    @property
    def header(self) -> int:
        """Index of the row of headings."""
        return len(self.titles)

    def place(self, row: int, column: str) -> tuple[int, int]:
        """Return where a cell stands in the sheet."""
        names = [name for name, _ in self.columns]
        return self.header + 1 + row, names.index(column)

    def lines(self) -> list[list[Cell]]:
        """Return the sheet."""
        headings: list[Cell] = [heading for _, heading in self.columns]
        body = [[row.get(name) for name, _ in self.columns] for row in self.rows]
        return [*([title] for title in self.titles), headings, *body, *([self.footer] if self.footer else ())]


def export_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield a job for each export of a school and each of the whole territory."""
    for make in (_noko, _external_lists, _study_results, _diagnostics, _observers, _rechecks):
        yield lambda make=make: _write_whole(inbox, world, make(world))
    for place in range(len(_OLYMPIADS)):
        yield lambda place=place: _write_whole(inbox, world, _olympiad(world, place))
    for school in world.territory.schools:
        yield lambda school=school: _write_school(inbox, world, school)
    if world.options.dirt:
        yield lambda: _write_unreadable(inbox, world)


def _write_whole(inbox: Inbox, world: World, export: _Export) -> None:
    """Write a file about all schools; it bears every fault that its columns allow, a row each."""
    if world.options.dirt and not export.faults:
        _plant_people(export, _plant_slips(export))
    _write(inbox, export)


def _write_school(inbox: Inbox, world: World, school: School) -> None:
    for place, make in enumerate((_oo1, _staff, _marks, _attendance, _summary)):
        export = make(world, school)
        if world.options.dirt and (school.index + place) % 2 == 0:
            _plant_one(export, school.index + 5 * place)
        _write(inbox, export)


def _write(inbox: Inbox, export: _Export) -> None:
    rows_count = len(export.rows) if export.expected == "accepted" else 0
    note = FileNote("record_export", YEAR, rows_count=rows_count, expected=export.expected, rule_id=export.rule_id)
    inbox.write_workbook(export.path, [(export.sheet, export.lines())], _EXPORTED, note)
    inbox.truths += [fault.truth(export.path, YEAR, export.school_code) for fault in export.faults]


def _plain(value: object, column: RecordColumn) -> Cell:
    """Return a value as an export prints it."""
    if column.choices:
        return column.choices[str(value)]
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    return value if isinstance(value, str | int | float) else None


def _heading(column: RecordColumn) -> str:
    return column.headings[0] if column.headings else column.title_ru


def _columns(table: RecordTable, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _heading(table.column(name))) for name in names)


def _printed(table: RecordTable, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Cell]]:
    return [{name: _plain(value, table.column(name)) for name, value in row.items()} for row in rows]


def _invented(world: World, table: RecordTable, school: School, people: int = _PEOPLE) -> list[Row]:
    return register_rows(table, RegisterWorld(world.options.seed, YEAR, school.code, school.name, people))


def _people(rng: np.random.Generator, count: int) -> list[str]:
    """Return full names, no two alike."""
    names = invented_names()
    found: dict[str, None] = {}
    while len(found) < count:
        found[" ".join(names[kind][int(rng.integers(len(names[kind])))] for kind in names)] = None
    return list(found)


def phone(rng: np.random.Generator) -> str:
    """Return a telephone number that nobody has."""
    return f"+7 900 {rng.integers(100, 999)}-{rng.integers(10, 99)}-{rng.integers(10, 99)}"


def _noko(world: World) -> _Export:
    table = record_tables()["noko"]
    rng = stream(world.options.seed, "noko")
    names = (
        "school_name",
        "assessed_year",
        *_CRITERIA,
        "total_score",
        "respondents_count",
        "consumers_count",
        "operator",
    )
    rows: list[dict[str, Cell]] = []
    pupils = [world.grade_counts(YEAR, grade) for grade in range(1, 12)]
    for number, school in enumerate(world.territory.schools):
        scores = [round(float(rng.uniform(62, 100)), 1) for _ in _CRITERIA]
        consumers = sum(int(counts[school.index]) for counts in pupils)
        asked = max(10, round(consumers * float(rng.uniform(0.3, 0.5))))
        # The operator's list is old: some schools stand there under names that the file of correspondences explains.
        name = FORMER_NAMES[number] if number < len(FORMER_NAMES) else school.name
        row: dict[str, Cell] = {"school_name": name, "assessed_year": 2025}
        row |= dict(zip(_CRITERIA, scores, strict=True))
        row |= {
            "total_score": round(sum(scores) / 5, 2),
            "respondents_count": asked,
            "consumers_count": max(consumers, asked),
        }
        rows.append(row | {"operator": "ООО «Оценщик»"})
    titles = ["Результаты независимой оценки качества условий, 2025-2026 учебный год"]
    return _Export(f"НОКО/{YEAR}/НОКО 2025.xlsx", "НОКО", table, titles, _columns(table, names), rows)


def _external_lists(world: World) -> _Export:
    table = record_tables()["external_lists"]
    names = ("login", "municipality_name", "list_kind", "list_year", "source", "act")
    listed = [(one, _LISTED[one.role]) for one in world.territory.schools if one.role in _LISTED]
    listed = listed or [(world.territory.schools[0], _LISTED[Role.INFLATING])]
    rows: list[dict[str, Cell]] = [
        {
            "login": school.code,
            "municipality_name": world.territory.municipality_of(school).name,
            "list_kind": kind,
            "list_year": 2025,
            "source": source,
            "act": f"Письмо № {100 + place} от 01.09.2025",
        }
        for place, (school, (kind, source)) in enumerate(listed)
    ]
    titles = ["Перечень образовательных организаций", f"{YEAR} учебный год"]
    columns = _columns(table, names)
    export = _Export(f"Списки/{YEAR}/Перечень ОО.xlsx", "Список", table, titles, columns, rows)
    if world.options.dirt:
        # Such lists really come with every row twice.
        for row in list(rows):
            export.rows.append(dict(row))
            place = export.place(len(export.rows) - 1, "list_kind")
            export.faults.append(Planted("record.repeated_key", export.sheet, place))
    return export


def _study_results(world: World) -> _Export:
    table = record_tables()["study_results"]
    rng = stream(world.options.seed, "study results")
    names = (
        *("study", "study_year", "domain", "grade", "unit_level", "unit_name", "measure", "value"),
        *("standard_error", "schools_count", "participants_count"),
    )
    units = [("страна", "Россия"), ("регион", "Примерный край")]
    units += [("муниципалитет", one.name) for one in world.territory.municipalities[:8]]
    works = (("НИКО", "История", 6), ("оценка по модели PISA", "Читательская грамотность", 9))
    works += (("PISA", "Математическая грамотность", 9), ("функциональная грамотность", "Финансовая грамотность", 8))
    rows: list[dict[str, Cell]] = [
        {
            "study": study,
            "study_year": 2025,
            "domain": domain,
            "grade": grade,
            "unit_level": level,
            "unit_name": name,
            "measure": measure,
            "value": round(float(rng.normal(480, 20) if measure == "средний балл" else rng.uniform(5, 40)), 1),
            "standard_error": round(float(rng.uniform(1, 6)), 2),
            "schools_count": int(rng.integers(5, 40)),
            "participants_count": int(rng.integers(100, 900)),
        }
        for study, domain, grade in works
        for level, name in units
        for measure in ("средний балл", "доля ниже порога")
    ]
    titles = ["Результаты выборочных исследований качества образования", f"{YEAR} учебный год"]
    path = f"Исследования/{YEAR}/НИКО и PISA.xlsx"
    return _Export(path, "Результаты", table, titles, _columns(table, names), rows)


def _diagnostics(world: World) -> _Export:
    table = record_tables()["teacher_diagnostics_results"]
    names = (
        *("full_name", "email", "school_name", "round", "competence", "method", "tested_subject", "tested_on"),
        *("score", "maximum_score", "level"),
    )
    rows: list[dict[str, Cell]] = []
    for school in world.territory.schools:
        made = _printed(table, _invented(world, table, school, 6))
        rows += [row | {"school_name": school.code, "email": f"u{place}@example.org"} for place, row in enumerate(made)]
    titles = ["Диагностика профессиональных дефицитов", f"{YEAR} учебный год"]
    path = f"Кадры/{YEAR}/Диагностика педагогов.xlsx"
    return _Export(path, "Диагностика", table, titles, _columns(table, names), rows)


def _observers(world: World) -> _Export:
    table = record_tables()["observer_assignments"]
    names = (
        *("full_name", "phone", "school_name", "assigned_role", "observer_status", "procedure", "assigned_subject"),
        *("grade", "held_on", "trained_on", "has_relative"),
    )
    rows: list[dict[str, Cell]] = []
    for school in world.territory.schools:
        rows += [row | {"school_name": school.code} for row in _printed(table, _invented(world, table, school, 4))]
    titles = ["Распределение общественных наблюдателей", f"{YEAR} учебный год"]
    path = f"Кадры/{YEAR}/Наблюдатели.xlsx"
    return _Export(path, "Назначения", table, titles, _columns(table, names), rows)


def _rechecks(world: World) -> _Export:
    table = record_tables()["recheck_scores"]
    rng = stream(world.options.seed, "recheck scores")
    names = (
        *("pupil_code", "school_name", "procedure", "recheck_subject", "grade", "task_number", "maximum_score"),
        *("original_score", "first_score", "second_score", "final_score"),
    )
    rows: list[dict[str, Cell]] = []
    for school in world.territory.schools[:6]:
        for code in range(50001, 50004):
            for task in range(1, 5):
                original = int(rng.integers(0, 3))
                first, second = (max(0, original - int(rng.random() < _STRICTER)) for _ in range(2))
                row: dict[str, Cell] = {"pupil_code": str(code), "school_name": school.code, "procedure": "ВПР"}
                row |= {"recheck_subject": "Математика", "grade": 5, "task_number": str(task), "maximum_score": 2}
                row |= {"original_score": original, "first_score": first, "second_score": second}
                rows.append(row | {"final_score": max(first, second)})
    titles = ["Протокол перепроверки работ", f"{YEAR} учебный год"]
    path = f"Перепроверка/{YEAR}/Перепроверка ВПР.xlsx"
    return _Export(path, "Перепроверка", table, titles, _columns(table, names), rows)


def _olympiad(world: World, place: int) -> _Export:
    stage, stage_of, stage_ru, _, subject_ru, maximum = _OLYMPIADS[place]
    table = record_tables()["olympiad_results"]
    rng = stream(world.options.seed, "olympiad", stage)
    names = ("participant_code", "full_name", "school_name", "grade", "paper_grade", "points", "status", "teacher")
    rows: list[dict[str, Cell]] = []
    share = (3, 2, 1)[place]
    for school in world.territory.schools:
        for person in _people(rng, share):
            grade = int(rng.integers(7, 12))
            points = round(float(rng.uniform(0, maximum)) * 2) / 2
            status = "победитель" if points > 0.85 * maximum else "призёр" if points > 0.6 * maximum else "участник"
            row: dict[str, Cell] = {"participant_code": f"{subject_ru[0]}-{grade}-{len(rows) + 1:02d}"}
            row |= {"full_name": person, "school_name": school.name, "grade": grade, "paper_grade": grade}
            rows.append(row | {"points": points, "status": status, "teacher": _people(rng, 1)[0]})
    titles = [
        f"Протокол {stage_of} всероссийской олимпиады школьников 2025/2026 учебного года",
        f"Предмет: {subject_ru}",
    ]
    titles += [f"Этап: {stage_ru}", f"Максимальный балл: {maximum}"]
    path = f"Олимпиады/{YEAR}/{subject_ru}, {stage_ru}.xlsx"
    return _Export(path, "Протокол", table, titles, _columns(table, names), rows)


def _folder(school: School, system: str) -> str:
    return f"{system}/{YEAR}/{school.code}"


def _oo1(world: World, school: School) -> _Export:
    table = record_tables()["oo1_values"]
    names = ("section", "row_code", "row_title", "column_code", "column_title", "value")
    rows: list[dict[str, Cell]] = []
    for grade in range(1, 12):
        count = int(world.grade_counts(YEAR, grade)[school.index])
        for column, title, value in (("3", "Классов", -(-count // 26)), ("4", "Обучающихся", count)):
            row: dict[str, Cell] = {"section": "2.1.1", "row_code": f"{grade:02d}", "row_title": f"{grade} класс"}
            rows.append(row | {"column_code": column, "column_title": title, "value": value})
    titles = [
        "Форма федерального статистического наблюдения № ОО-1",
        f"{YEAR} учебный год",
        f"Организация: {school.code}",
    ]
    path = f"{_folder(school, 'ОО-1')}/ОО-1.xlsx"
    return _Export(path, "ОО-1", table, titles, _columns(table, names), rows, school.code)


def _staff(world: World, school: School) -> _Export:
    table = record_tables()["staff_list"]
    names = (
        *("full_name", "birth_date", "insurance_number", "phone", "email", "address", "position_title"),
        *("taught_subject", "age_years", "education", "total_years", "teaching_years", "category", "category_on"),
        *("training_on", "training_hours", "weekly_hours", "is_part_time"),
    )
    names = tuple(name for name in names if any(column.name == name for column in table.columns))
    rows: list[dict[str, Cell]] = []
    for place, row in enumerate(_printed(table, _invented(world, table, school))):
        own: dict[str, Cell] = {"email": f"teacher{place}@example.org", "address": f"ул. Примерная, д. {place + 1}"}
        own |= {"position_title": _POSITIONS[place % len(_POSITIONS)], "taught_subject": _SUBJECTS[place % 6]}
        rows.append(row | own)
    titles = [f"Список сотрудников, {YEAR} учебный год", f"Организация: {school.code}"]
    path = f"{_folder(school, 'Кадры')}/Сотрудники.xlsx"
    return _Export(path, "Сотрудники", table, titles, _columns(table, names), rows, school.code)


def _marks(world: World, school: School) -> _Export:
    """Return marks with the subjects across: a column a subject, so `rows` are by heading."""
    table = record_tables()["journal_marks"]
    rng = stream(world.options.seed, "journal marks", school.index)
    rows: list[dict[str, Cell]] = []
    for person in _people(rng, _PUPILS):
        marks = {subject: int(rng.choice([2, 3, 4, 5], p=[0.04, 0.3, 0.42, 0.24])) for subject in _SUBJECTS}
        row: dict[str, Cell] = {"full_name": person, **marks, "mean_mark": round(sum(marks.values()) / len(marks), 2)}
        if rng.random() < 0.1:
            row["Физкультура"] = "осв"
        rows.append(row)
    titles = ["Итоги успеваемости класса за учебный период", f"Учебный год: {YEAR}", f"Школа: {school.code}"]
    titles += ["Класс: 5А", "Учебный период: год"]
    columns = (("full_name", "ФИО обучающегося"), *((one, one) for one in _SUBJECTS), ("mean_mark", "Средний балл"))
    path = f"{_folder(school, 'Журнал')}/Отметки 5А.xlsx"
    return _Export(path, "Лист1", table, titles, columns, rows, school.code)


def _attendance(world: World, school: School) -> _Export:
    table = record_tables()["journal_attendance"]
    rng = stream(world.options.seed, "journal attendance", school.index)
    names = (
        *("full_name", "lessons_planned_count", "lessons_missed_count", "missed_illness_count", "missed_reason_count"),
        *("missed_no_reason_count", "days_missed_count"),
    )
    rows: list[dict[str, Cell]] = []
    for person in _people(rng, _PUPILS):
        parts = [int(rng.integers(0, most)) for most in (40, 12, 5)]
        row: dict[str, Cell] = {"full_name": person, "lessons_planned_count": 480, "lessons_missed_count": sum(parts)}
        row |= dict(zip(names[3:6], parts, strict=True))
        rows.append(row | {"days_missed_count": sum(parts) // 6})
    titles = ["Отчёт о посещаемости класса", f"Учебный год: {YEAR}", f"Школа: {school.code}", "Класс: 7Б"]
    titles.append("Период: 1 полугодие")
    path = f"{_folder(school, 'Журнал')}/Посещаемость 7Б.xlsx"
    return _Export(path, "Пропуски", table, titles, _columns(table, names), rows, school.code)


def _summary(world: World, school: School) -> _Export:
    table = record_tables()["journal_summary"]
    rng = stream(world.options.seed, "journal summary", school.index)
    marks = ("mark_5_count", "mark_4_count", "mark_3_count", "mark_2_count")
    names = ("class_label", "mark_subject", "teacher", "pupils_count", *marks, "not_attested_count", "mean_mark")
    rows: list[dict[str, Cell]] = []
    for grade in (5, 6, 7):
        for subject in _SUBJECTS[:4]:
            pupils = int(rng.integers(12, 28))
            counts = [int(count) for count in rng.multinomial(pupils, [0.2, 0.4, 0.35, 0.05])]
            mean = round(sum(count * mark for count, mark in zip(counts, (5, 4, 3, 2), strict=True)) / pupils, 2)
            row: dict[str, Cell] = {"class_label": f"{grade}А", "mark_subject": subject, "teacher": _people(rng, 1)[0]}
            row |= {"pupils_count": pupils, **dict(zip(marks, counts, strict=True))}
            rows.append(row | {"not_attested_count": 0, "mean_mark": mean})
    titles = ["Сводный отчёт об успеваемости", f"Учебный год: {YEAR}", f"Школа: {school.code}", "Период: 3 четверть"]
    path = f"{_folder(school, 'Журнал')}/Успеваемость.xlsx"
    return _Export(path, "Успеваемость", table, titles, _columns(table, names), rows, school.code)


def _asked(export: _Export) -> list[RecordColumn]:
    known = {column.name for column in export.table.columns}
    return [export.table.column(name) for name, _ in export.columns if name in known]


def _typed(export: _Export) -> list[Row]:
    """Return the rows as values that tell what may go wrong: numbers stay numbers."""
    return [{name: value for name, value in row.items() if value is not None} for row in export.rows]


def _plant_slips(export: _Export) -> int:
    """Plant every slip that the columns allow, each into a row of its own; return the first row that is left sound."""
    last = len(export.rows)
    known = {column.name for column in export.table.columns}
    wanted = [one for one in slips(export.table, _asked(export), _typed(export)) if one.column in known]
    for row, slip in enumerate(wanted[:last]):
        # The row that is repeated stays sound itself.
        _spoil(export, slip.rule_id, row, slip.column, slip.value, is_new=slip.is_new_row)
    return min(len(wanted), last)


def _spoil(export: _Export, rule_id: str, row: int, column: str, value: object, *, is_new: bool = False) -> None:
    if is_new:
        export.rows.append(dict(export.rows[row]))
        place = export.place(len(export.rows) - 1, column)
        export.faults.append(Planted(rule_id, export.sheet, place))
        return
    clean = export.rows[row].get(column)
    if rule_id == "record.part_exceeds":
        whole = export.rows[row].get(export.table.column(column).at_most or "")
        if not isinstance(whole, int | float):
            return
        value = whole + 1
    export.rows[row][column] = f"{value:%d.%m.%Y}" if isinstance(value, date) else value  # type: ignore[assignment]
    export.faults.append(Planted(rule_id, export.sheet, export.place(row, column), shown(value), shown(clean)))


def _plant_people(export: _Export, first: int) -> None:
    """Plant a row that names no school, one that names a person in its place, and one without a person."""
    school = next((column for column in _asked(export) if column.school), None)
    person = next((column for column in _asked(export) if column.personal in {"full_name", "code"}), None)
    surname = invented_names()["surname"][1]
    wanted: list[tuple[str, str, str | None]] = []
    if school is not None and not school.required:
        wanted.append(("record.school_missing", school.name, None))
    if school is not None:
        wanted.append(("record.school_is_person", school.name, f"{surname} Анна Петровна"))
    if person is not None and not person.required:
        wanted.append(("record.person_missing", person.name, None))
    for row, (rule_id, column, value) in enumerate(wanted, first):
        if row >= len(export.rows):
            return
        export.rows[row][column] = value
        export.faults.append(Planted(rule_id, export.sheet, export.place(row, column), "имя" if value else ""))


def _plant_one(export: _Export, number: int) -> None:
    """Plant one fault into a school's file: another for each school."""
    possible: list[Callable[[], None]] = []
    if export.table.name == "journal_marks":
        possible = [
            lambda: _spoil_mark(export, "record.range", 7),
            lambda: _spoil_mark(export, "record.choice", "пять"),
        ]
    else:
        made = slips(export.table, _asked(export), _typed(export))
        possible = [
            lambda slip=slip: _spoil(export, slip.rule_id, slip.row, slip.column, slip.value, is_new=slip.is_new_row)
            for slip in made
        ]
        possible.append(lambda: _repeat_column(export))
    if export.table.name == "journal_summary":
        possible.append(lambda: _wrong_total(export))
    if export.table.person is not None:
        possible.append(lambda: _nobody(export))
    possible[number % len(possible)]()


def _spoil_mark(export: _Export, rule_id: str, value: Cell) -> None:
    export.rows[3]["Биология"] = value
    export.faults.append(Planted(rule_id, export.sheet, export.place(3, "Биология"), str(value)))


def _repeat_column(export: _Export) -> None:
    export.columns = (*export.columns, (export.columns[-1][0], export.columns[-1][1]))
    export.faults.append(
        Planted("export.column_repeated", export.sheet, (export.header, len(export.columns) - 1), export.columns[-1][1])
    )


def _nobody(export: _Export) -> None:
    column = next(column for column in _asked(export) if column.personal == "full_name")
    others = [one.name for one in _asked(export) if one.personal in {"document", "code", "birth_date"}]
    export.rows[2] |= dict.fromkeys((column.name, *others))
    rule_id = "record.required" if column.required else "record.person_missing"
    export.faults.append(Planted(rule_id, export.sheet, export.place(2, column.name)))


def _wrong_total(export: _Export) -> None:
    right = sum(int(str(row["pupils_count"])) for row in export.rows)
    names = [name for name, _ in export.columns]
    export.footer = [None] * len(names)
    export.footer[0] = "Итого"
    export.footer[names.index("pupils_count")] = right + 5
    place = export.place(len(export.rows), "pupils_count")
    export.faults.append(Planted("export.total_differs", export.sheet, place, str(right + 5), str(right)))


def _write_unreadable(inbox: Inbox, world: World) -> None:
    """Write files that cannot be read as a whole: without a needed column, without a school, without a year."""
    school = world.territory.schools[0]
    lacking = _noko(world)
    place = next(place for place, (name, _) in enumerate(lacking.columns) if name == "kindness_score")
    columns = list(lacking.columns)
    columns[place] = ("", "Впечатления")
    lacking.columns, lacking.path = tuple(columns), lacking.path.replace("НОКО 2025", "НОКО без столбца")
    lacking.expected, lacking.rule_id = "empty", "export.column_missing"
    lacking.faults = [Planted("export.column_missing", lacking.sheet, (lacking.header, 0))]
    _write(inbox, lacking)
    nobodys = _attendance(world, school)
    nobodys.titles, nobodys.path = (
        [nobodys.titles[0], nobodys.titles[1], *nobodys.titles[3:]],
        f"Журнал/{YEAR}/Чьё-то.xlsx",
    )
    nobodys.expected, nobodys.rule_id = "empty", "export.school_missing"
    nobodys.faults = [Planted("export.school_missing", nobodys.sheet, (nobodys.header, 0))]
    _write(inbox, nobodys)
    undated = _external_lists(world)
    undated.rows, undated.titles = undated.rows[:3], ["Перечень образовательных организаций"]
    undated.columns = tuple(pair for pair in undated.columns if pair[0] != "list_year")
    undated.expected = "refused"
    undated.path, undated.rule_id = "Списки/Перечень без года.xlsx", "file.year_unknown"
    undated.faults = [Planted("file.year_unknown", "", None)]
    _write(inbox, undated)
