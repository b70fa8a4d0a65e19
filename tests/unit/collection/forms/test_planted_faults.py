"""Faults as people make them, one at a time, in forms and exports: each is found, in its cell, and nothing else is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.collection.forms import filled
from tests.unit.collection.forms.filled import (
    GRADES,
    MEETING,
    PASSPORT,
    TASK,
    Cells,
    Edit,
    fill,
    read_bytes,
    read_export,
    told,
)

Place = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Planted:
    """A fault: what is typed or changed in a clean form, and the findings that must come, no others."""

    name: str
    expected: list[Place]
    cells: dict[str, Cells] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    form: str = "tasks"
    owner: str = filled.SCHOOL
    path: str = "file.xlsx"


def in_task(cell: str, value: object, rule: str, *more: Place) -> Planted:
    return Planted(f"{rule} {cell} {value!r}", [(rule, "Дела", cell), *more], {"Дела": {cell: value}})


def _set(sheet: str, cell: str, value: object) -> Edit:
    def edit(book: Any) -> None:
        book[sheet][cell] = value

    return edit


def _drop(sheet: str, column: int) -> Edit:
    def edit(book: Any) -> None:
        book[sheet].delete_cols(column)

    return edit


def _swap(sheet: str, first: str, second: str) -> Edit:
    def edit(book: Any) -> None:
        page = book[sheet]
        for row in (4, 5):
            left, right = page[f"{first}{row}"], page[f"{second}{row}"]
            left.value, right.value = right.value, left.value

    return edit


def _remove(sheet: str) -> Edit:
    return lambda book: book.remove(book[sheet])


def _add(sheet: str) -> Edit:
    def edit(book: Any) -> None:
        book.create_sheet(sheet)["A1"] = "Черновик"

    return edit


def _service(name: str, value: str) -> Edit:
    def edit(book: Any) -> None:
        for row in book["_oko"].iter_rows(max_col=2):
            if row[0].value == name:
                row[1].value = value

    return edit


def _no_header(sheet: str) -> Edit:
    def edit(book: Any) -> None:
        for cell in book[sheet][4]:
            cell.value = None

    return edit


IN_FORMS = [
    in_task("A5", None, "record.required"),
    in_task("B5", None, "record.required"),
    in_task("B5", "#Н/Д", "record.formula_error"),
    in_task("C5", "помощь друзьям", "record.choice"),
    in_task("R5", "потом", "record.choice"),
    in_task("D5", "Хореография", "record.subject_unknown"),
    in_task("E5", 12, "record.grade"),
    in_task("E5", "пятый", "record.grade"),
    in_task("F5", "скоро", "record.not_a_date"),
    in_task("F5", "32.13.2025", "record.not_a_date"),
    in_task("F5", date(2052, 9, 15), "record.date_implausible"),
    in_task("G5", "20.05.2205", "record.date_implausible"),
    in_task("F5", date(2026, 6, 1), "record.part_exceeds"),
    in_task("H5", "возможно", "record.boolean"),
    in_task("H5", 2, "record.boolean"),
    in_task("I5", "сорок", "record.not_a_number"),
    in_task("I5", "40 чел.", "record.not_a_number"),
    in_task("I5", 40.5, "record.not_whole"),
    in_task("I5", -4, "record.range"),
    in_task("J5", 45, "record.part_exceeds", ("record.total_differs", "Дела", "L5")),
    in_task("L5", 36, "record.total_differs"),
    in_task("M5", 120, "record.range"),
    in_task("M5", "много", "record.not_a_number"),
    in_task("N5", -1, "record.range"),
    in_task("O5", "Р-1 (Иванов И. И.)", "record.link"),
    in_task("P5", "у секретаря", "record.link"),
    in_task("P5", "https://a.ru/1 и ещё папка", "record.link"),
    in_task("Q5", "х" * 81, "record.text_long"),
    in_task("Q5", "Вопросы по тел. 8 900 123-45-67", "record.contact_removed"),
    in_task("Q5", "Писать на zavuch@school.ru", "record.contact_removed"),
    in_task("Q5", "СНИЛС 112-233-445 95", "record.contact_removed"),
    in_task("Q5", "Паспорт 91 05 123456", "record.contact_removed"),
    in_task("Q5", "Отвечает Иванова Анна Петровна", "record.name_removed"),
    in_task("Q5", "Отвечает Иванова А. П.", "record.name_removed"),
    Planted(
        "a repeated number", [("record.repeated_key", "Дела", "A6")],
        {"Дела": {"A6": "1", "B6": "Другое дело"}},
    ),
    Planted(
        "a number repeated in other letters", [("record.repeated_key", "Дела", "A7")],
        {"Дела": {"A6": "Ё-1", "B6": "Второе дело", "A7": "е-1", "B7": "Третье дело"}},
    ),
    Planted(
        "a total row", [("form.total_row", "Дела", "A6")], {"Дела": {"A6": "Итого", "I6": 40}},
    ),
    Planted(
        "a total row with a wrong sum",
        [("form.total_row", "Дела", "A6"), ("export.total_differs", "Дела", "I6")],
        {"Дела": {"A6": "Всего", "I6": 41}},
    ),
    Planted(
        "shares for per cents", [("record.share_for_percent", "Дела", "M5")],
        {"Дела": {"M5": 0.5, **{f"{c}{r}": v for r in (6, 7) for c, v in (("A", r), ("B", "Дело"), ("M", 0.8))}}},
    ),
    Planted(
        "a meeting without its date", [("record.required", "Встречи", "B6")],
        {"Встречи": {"A6": "Тема", "C6": 3}},
    ),
    Planted("more visitors than possible", [("record.range", "Встречи", "C5")], {"Встречи": {"C5": 60000}}),
    Planted("a required column is gone", [("form.column_missing", "Дела", "B4")], edits=(_drop("Дела", 2),)),
    Planted("an optional column is gone", [("form.column_missing", "Дела", "R4")], edits=(_drop("Дела", 18),)),
    Planted("a column too many", [("form.column_unknown", "Дела", "S4")], edits=(_set("Дела", "S4", "Примечание"),)),
    Planted("a heading mistyped", [("form.column_renamed", "Дела", "I4")], edits=(_set("Дела", "I4", "Учасников"),)),
    Planted(
        "a heading replaced", [("form.column_missing", "Дела", "I4"), ("form.column_unknown", "Дела", "I4")],
        edits=(_set("Дела", "I4", "Гостей из города"),),
    ),
    Planted("a heading twice", [("form.column_repeated", "Дела", "S4")], edits=(_set("Дела", "S4", "Класс"),)),
    Planted("columns exchanged", [("form.column_moved", "Дела", "D4")], edits=(_swap("Дела", "D", "E"),)),
    Planted("headings gone", [("form.header_missing", "Встречи", "A4")], edits=(_no_header("Встречи"),)),
    Planted("a sheet gone", [("form.sheet_missing", "Встречи", None)], edits=(_remove("Встречи"),)),
    Planted("a sheet too many", [("form.sheet_unknown", "Лист1", "A1")], edits=(_add("Лист1"),)),
    Planted("another form code", [("form.code_unknown", None, None)], edits=(_service("form_code", "other"),)),
    Planted("a version to come", [("form.version_unknown", None, None)], edits=(_service("form_version", "3"),)),
    Planted("no version", [("form.version_unknown", None, None)], edits=(_service("form_version", "x"),)),
    Planted("a year that is none", [("form.year_unknown", None, None)], edits=(_service("school_year", "2025"),)),
    Planted("a year far off", [("form.year_unknown", None, None)], edits=(_service("school_year", "1999-2000"),)),
    Planted("a school that is none", [("form.school_unknown", None, None)], edits=(_service("school_code", "СОШ 5"),)),
    Planted(
        "nobody's form", [("form.school_unknown", None, None)],
        edits=(_service("school_code", ""), _service("municipality_code", "")),
    ),
    Planted("a form in another year's folder", [("form.other_year", None, None)], path="2024-2025/file.xlsx"),
    Planted(
        "an older version", [("form.older_version", "Дела", "A4")],
        edits=(_drop("Дела", 18), _service("form_version", "1")),
    ),
    Planted(
        "a part over the whole, upright", [("record.part_exceeds", "Паспорт", "B6")],
        {"Паспорт": {"B6": 501}}, form="passport",
    ),
    Planted(
        "no total, upright", [("record.required", "Паспорт", "B5")], {"Паспорт": {"B5": None}}, form="passport",
    ),
    Planted(
        "a text for a number, upright", [("record.not_a_number", "Паспорт", "B8")],
        {"Паспорт": {"B8": "трое"}}, form="passport",
    ),
    Planted(
        "a row of a line gone, upright", [("form.column_missing", "Паспорт", "A9")],
        edits=(lambda book: book["Паспорт"].delete_rows(9),), form="passport",
    ),
    Planted(
        "a preset row half filled", [("record.required", "Контингент", "C6")],
        {"Контингент": {"B6": 2}}, form="passport",
    ),
    Planted(
        "a preset grade repeated", [("record.repeated_key", "Контингент", "A6")],
        {"Контингент": {"A6": 1, "B6": 2, "C6": 40}}, form="passport",
    ),
    Planted(
        "a pupil without a name", [("record.required", "Участники", "A5")],
        {"Участники": {"A5": None}}, form="people",
    ),
    Planted(
        "nobody named", [("record.required", "Участники", "A5"), ("record.person_missing", "Участники", "A5")],
        {"Участники": {"A5": None, "B5": None, "C5": None, "D5": None}}, form="people",
    ),
    Planted(
        "a school of nobody's list", [("record.school_is_person", "Дела", "B5")],
        {"Дела": {"B5": "Иванова Анна Петровна"}}, form="tasks", owner=filled.MUNICIPALITY,
    ),
]  # fmt: skip
CLEAN = {
    "tasks": {"Дела": TASK, "Встречи": MEETING},
    "passport": {"Паспорт": PASSPORT, "Контингент": GRADES},
    "people": {
        "Участники": {
            "A5": "Иванова", "B5": "Анна", "C5": "Петровна", "D5": date(2012, 3, 4), "E5": "Физика", "F5": 7,
            "G5": 55, "H5": "победитель",
        }
    },
    "municipality": {"Дела": {"A5": "1", "B5": "edu990001 | МБОУ СОШ № 1", "C5": "Помощь школе", "I5": "да"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {}


def _blank(blank: dict[str, bytes], folder: Path, form: str, owner: str) -> bytes:
    key = f"{form} {owner}"
    if key not in blank:
        blank[key] = filled.write(folder / "forms", form, owner).read_bytes()
    return blank[key]


def _read(blank: dict[str, bytes], folder: Path, planted: Planted) -> list[Place]:
    clean = CLEAN["municipality" if planted.owner == filled.MUNICIPALITY else planted.form]
    cells = {sheet: {**own, **planted.cells.get(sheet, {})} for sheet, own in clean.items()}
    content = fill(_blank(blank, folder, planted.form, planted.owner), cells, *planted.edits)
    return told(read_bytes(folder / "inbox", content, planted.path))


@pytest.mark.parametrize("planted", IN_FORMS, ids=lambda planted: planted.name)
def test_fault_in_a_form_is_found_in_its_cell(planted: Planted, blank: dict[str, bytes], tmp_path: Path) -> None:
    assert sorted(_read(blank, tmp_path, planted), key=str) == sorted(planted.expected, key=str)


@pytest.mark.parametrize("form", ["tasks", "passport", "people", "municipality"])
def test_clean_form_has_no_findings(form: str, blank: dict[str, bytes], tmp_path: Path) -> None:
    is_municipal = form == "municipality"
    planted = Planted(
        "clean", [], form="tasks" if is_municipal else form,
        owner=filled.MUNICIPALITY if is_municipal else filled.SCHOOL,
    )  # fmt: skip
    assert _read(blank, tmp_path, planted) == []


HEADER = ["№", "Логин ОО", "Параллель", "Число классов", "Численность обучающихся", "Численность девочек"]
ROWS: list[list[object]] = [
    [1, "edu990001", 1, 2, 50, 24],
    [2, "edu990001", 2, 1, 25, 13],
    [3, "edu990002", 1, 1, 20, 9],
    ["Итого", None, None, 4, 95, 46],
]


def _grades(*changes: tuple[int, int, object], header: Sequence[object] = HEADER) -> list[list[object]]:
    rows = [list(row) for row in ROWS]
    for row, column, value in changes:
        rows[row][column] = value
    return [["Контингент на 20.09.2025"], list(header), *rows]


TALENTS = [
    ["Предмет: Физика"],
    ["Школа", "Фамилия", "Имя", "Отчество", "Дата рождения", "Телефон", "Класс участия", "Баллы участника", "Статус"],
    ["МБОУ СОШ № 1 (edu990001)", "Иванова", "Анна", "Петровна", "04.03.2012", "89001234567", 7, 55, "победитель"],
    ["МБОУ СОШ № 2 (edu990002)", "Иванова", "Анна", "Петровна", "05.03.2012", "89001234568", 7, 41, "призёр"],
]


def _talents(*changes: tuple[int, int, object]) -> list[list[object]]:
    rows = [list(row) for row in TALENTS]
    for row, column, value in changes:
        rows[row][column] = value
    return rows


@dataclass(frozen=True)
class PlantedExport:
    """A fault in an export and the findings that must come, no others."""

    name: str
    rows: list[list[object]]
    expected: list[Place]
    sheet: str = "Лист1"
    path: str = "2025-2026/export.xlsx"


def _export(name: str, rows: list[list[object]], *expected: tuple[str, str | None], **more: str) -> PlantedExport:
    sheet = more.get("sheet", "Лист1")
    return PlantedExport(name, rows, [(rule, sheet if cell else None, cell) for rule, cell in expected], **more)


IN_EXPORTS = [
    _export("a total that does not agree", _grades((3, 4, 96)), ("export.total_differs", "E6")),
    _export("two totals that do not agree", _grades((3, 3, 5), (3, 5, 45)), ("export.total_differs", "D6"),
            ("export.total_differs", "F6")),
    _export("a row without a school", _grades((1, 1, None)), ("record.school_missing", "B4")),
    _export("a person in the school's place", _grades((1, 1, "Петров Иван Ильич")), ("record.school_is_person", "B4"),
            ("record.school_missing", "B4")),
    _export("a count in words", _grades((0, 3, "два"), (3, 3, 2)), ("record.not_a_number", "D3")),
    _export("no count", _grades((0, 3, None), (3, 3, 2)), ("record.required", "D3")),
    _export("a grade that is none", _grades((0, 2, "дошкольники")), ("record.grade", "C3")),
    _export("more girls than children", _grades((2, 5, 21), (3, 5, 58)), ("record.part_exceeds", "F5")),
    _export("a parallel twice", _grades((1, 2, 1)), ("record.repeated_key", "C4")),
    _export("a formula's error", _grades((0, 5, "#REF!"), (3, 5, 22)), ("record.formula_error", "F3")),
    _export("a column of another register", _grades(header=["Площадь", *HEADER[1:]]), ("export.column_unknown", "A2")),
    _export("a heading twice", [[*r, x] for r, x in zip(_grades(), ("", "Число классов", 1, 1, 1, 1), strict=True)],
            ("export.column_repeated", "G2")),
    _export("no year anywhere", [_grades()[0][:0], *_grades()[1:]], ("file.year_unknown", None), path="export.xlsx"),
    _export("two years", [[*r, x] for r, x in zip(_grades(), ("", "Учебный год", "2024-2025", "2025-2026", "", ""),
            strict=True)], ("file.several_years", None)),
    _export("no school at all", [[r[0], *r[2:]] if len(r) > 1 else r for r in _grades()],
            ("export.school_missing", "B2"), ("file.empty", None)),
    _export("a row of one cell", [*_grades()[:3], ["Северная часть"], *_grades()[3:]], ("export.row_unknown", "A4")),
    _export("two registers alike", [["Площадка", "Мест", "Открыта"], ["Зал", 20, "01.09.2020"]],
            ("export.ambiguous", None)),
    _export("a pupil without a name", _talents((2, 1, None), (2, 2, None), (2, 3, None), (2, 4, None)),
            ("record.required", "B3"), ("record.person_missing", "B3")),
    _export("a status that is none", _talents((2, 8, "молодец")), ("record.choice", "I3")),
    _export("points over the maximum", _talents((3, 7, 141)), ("record.range", "H4")),
    _export("a pupil twice", _talents((3, 0, "edu990001"), (3, 4, "04.03.2012")), ("record.repeated_key", "A4")),
    _export("a talk too long",
            [["Тема встречи", "Дата встречи", "Пришли", "ОО"], ["я" * 501, "12.11.2025", 30, "edu990001"]],
            ("record.text_long", "A2")),
    _export("a contact in a text",
            [["Тема встречи", "Дата встречи", "Пришли", "ОО"], ["Запись a@b.ru", "12.11.2025", 30, "edu990001"]],
            ("record.contact_removed", "A2")),
]  # fmt: skip


@pytest.mark.parametrize("planted", IN_EXPORTS, ids=lambda planted: planted.name)
def test_fault_in_an_export_is_found_in_its_cell(planted: PlantedExport, tmp_path: Path) -> None:
    reading = read_export(tmp_path, {planted.sheet: planted.rows}, planted.path)
    assert sorted(told(reading), key=str) == sorted(planted.expected, key=str)


@pytest.mark.parametrize("rows", [_grades(), _talents()], ids=["grades", "talents"])
def test_clean_export_has_no_findings(rows: list[list[object]], tmp_path: Path) -> None:
    assert told(read_export(tmp_path, {"Лист1": rows})) == []


def test_all_planted_faults_are_counted(
    blank: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = found = 0
    for number, planted in enumerate(IN_FORMS):
        places = _read(blank, tmp_path / str(number), planted)
        faults += len(planted.expected)
        found += sum(place in places for place in planted.expected)
    for number, export in enumerate(IN_EXPORTS):
        reading = read_export(tmp_path / f"export{number}", {export.sheet: export.rows}, export.path)
        faults += len(export.expected)
        found += sum(place in told(reading) for place in export.expected)
    with capsys.disabled():
        print(f"\nforms and exports: planted faults found {found} of {faults}, each in its cell")  # noqa: T201
    assert found == faults >= 60


def test_date_may_be_typed_in_any_usual_way(blank: dict[str, bytes], tmp_path: Path) -> None:
    for typed in ("15.09.2025", "15.09.25", "2025-09-15", "15 сентября 2025 г.", 45915, datetime(2025, 9, 15, 10, 0)):  # noqa: DTZ001
        content = fill(_blank(blank, tmp_path, "tasks", filled.SCHOOL), {"Дела": {**TASK, "F5": typed}})
        rows = read_bytes(tmp_path / "inbox", content).reading.records["tasks"]
        assert rows["starts_on"].tolist() == ["2025-09-15"]
