"""The list of schools with their exam codes, and the file of correspondences that a person confirmed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from oko_pipeline.sample.exams import exam_code
from oko_pipeline.sample.faults import Planted
from oko_pipeline.sample.inbox import Cell, FileNote, Inbox
from oko_pipeline.sample.registers import invented_names
from oko_pipeline.sample.results import World

Job = Callable[[], None]

YEAR: Final = "2025-2026"
_WRITTEN: Final = datetime(2025, 9, 15, 9, tzinfo=UTC)
_LIST, _LINKS = "Список ОО", "Соответствия"
_CONFIRMED: Final = ("специалист управления образования", "15.09.2025")
FORMER_NAMES: Final = ("МБОУ «Заречная школа № 90»", "МКОУ «Подгорная начальная школа № 91»", "лицей «Полёт» № 92")
"""Names of schools that were renamed or merged: the file of correspondences tells which schools they are now."""


def school_list_jobs(inbox: Inbox, world: World) -> Iterator[Job]:
    """Yield a job for the list and one for the correspondences."""
    yield lambda: _write_list(inbox, world)
    yield lambda: _write_links(inbox, world)


def _write_list(inbox: Inbox, world: World) -> None:
    lines: list[list[Cell]] = [
        ["№", "Логин ОО", "Наименование ОО", "Муниципалитет", "Код ОГЭ", "Код ЕГЭ", "Вид ОО", "Тип населённого пункта"]
    ]
    places = {2: "город", 3: "посёлок городского типа", 4: "село"}
    for number, school in enumerate(world.territory.schools, 1):
        label = world.territory.municipality_of(school).label
        codes = (exam_code(school.index, "ОГЭ"), exam_code(school.index, "ЕГЭ"))
        kind = "коррекционная" if school.is_correctional else "общеобразовательная"
        lines.append([number, school.code, school.name, label, *codes, kind, places[school.settlement]])
    faults: list[Planted] = []
    rows_count = len(lines) - 1
    if world.options.dirt:
        lines += [[len(lines), "нет логина", "МБОУ «Новая школа»", lines[1][3]], [len(lines) + 1, *lines[1][1:]]]
        faults = [
            Planted("registry.login_unknown", _LIST, (len(lines) - 2, 1), "нет логина"),
            Planted("registry.repeated_school", _LIST, (len(lines) - 1, 1), str(lines[1][1])),
        ]
    path = "Список ОО/2026/Список ОО 2026.xlsx"
    note = FileNote("school_registry", YEAR, rows_count=rows_count, expected="reference")
    inbox.write_workbook(path, [(_LIST, lines)], _WRITTEN, note)
    inbox.truths += [fault.truth(path, YEAR) for fault in faults]


def _write_links(inbox: Inbox, world: World) -> None:
    head = ["Ключ в файле", "Муниципалитет", "Код ОО", "Вид изменения", "Действует с", "Действует по"]
    head += ["Основание", "Подтвердил (должность)", "Дата подтверждения"]
    lines: list[list[Cell]] = [[*head]]
    kinds = ("переименование", "присоединение", "то же")
    for place, name in enumerate(FORMER_NAMES):
        school = world.territory.schools[place % len(world.territory.schools)]
        act: list[Cell] = ["01.09.2024", None, f"Постановление администрации № {40 + place} от 20.08.2024"]
        own = act if place < 2 else [None, None, None]
        lines.append([name, None, school.code, kinds[place], *own, *_CONFIRMED])
    faults = _plant_links(lines) if world.options.dirt else []
    path = "Соответствия/Соответствия ОО.xlsx"
    inbox.write_workbook(
        path, [(_LINKS, lines)], _WRITTEN, FileNote("school_links", rows_count=len(FORMER_NAMES), expected="reference")
    )
    inbox.truths += [fault.truth(path, "") for fault in faults]


def _plant_links(lines: list[list[Cell]]) -> list[Planted]:
    """Add correspondences that cannot be applied, one for each reason."""
    sound = lines[1]
    surname = invented_names()["surname"][4]
    wrong: tuple[tuple[str, int, Cell], ...] = (
        ("link.key_missing", 0, None),
        ("link.school_code_invalid", 2, "школа за рекой"),
        ("link.kind_unknown", 3, "переезд"),
        ("link.date_invalid", 4, "осенью"),
        ("link.basis_missing", 6, None),
        ("link.not_confirmed", 7, None),
        ("link.not_confirmed", 8, None),
        ("link.personal_data", 7, f"директор {surname} А. П."),
    )
    faults: list[Planted] = []
    for number, (rule_id, column, value) in enumerate(wrong):
        line = [f"Неведомая школа № {100 + number}", *sound[1:]]
        line[column] = value
        lines.append(line)
        written = "" if rule_id == "link.personal_data" else str(value or "")
        faults.append(Planted(rule_id, _LINKS, (len(lines) - 1, column), written))
    lines.append(list(sound))
    faults.append(Planted("link.repeated", _LINKS, (len(lines) - 1, 0)))
    return faults
