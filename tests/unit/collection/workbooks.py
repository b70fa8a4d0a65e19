"""Builders of workbooks in the real layouts, with invented pupils, and a short way to read them."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter
import xlwt

from oko_pipeline.collection.archives import ReadLimits
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions, SourceReading, read_source

KEY = b"a key of the tests only"
SCHOOL = "sch990001"
GROUPS = "99-RU-EDU,VPR_22,reg99_vpr_m101,reg99_vpr.2017.m999,vpr2020.ma4"
FORM_NAME = "edu990001/Форма сбора результатов Математика 4 класс ВПР 2026.xlsx"
F1_NAME = "Ф1.xlsx"


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row_index, row in enumerate(rows):
            for column_index, value in enumerate(row):
                if value is not None and value != "":
                    sheet.write(row_index, column_index, value)
    book.close()
    return stream.getvalue()


def xls(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for row_index, row in enumerate(rows):
            for column_index, value in enumerate(row):
                if value is not None and value != "":
                    sheet.write(row_index, column_index, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def rows_2020(*pupils: Sequence[object], tasks: int = 3) -> list[list[object]]:
    """Pupils: user, code, otc, gender, klass, var-1, var-2, sum, then the tasks."""
    columns = [f"a-{k}-grade" for k in range(1, tasks + 1)]
    after = [f"a-{k}-grade" for k in range(tasks + 2, tasks + 4)]
    header = ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum"]
    body = [[GROUPS, pupil[0], number, *pupil[1:], "Учебник А", "", ""] for number, pupil in enumerate(pupils, 1)]
    return [[*header, *columns, "Учебник", *after], *body]


def rows_2021(*pupils: Sequence[object], tasks: int = 3) -> list[list[object]]:
    """Pupils: login, code, mark, sex, class, variant, total, then the tasks."""
    header = ["логин школы", "регион", "номер обучающегося", "код обучающегося"]
    header += ["отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов"]
    header += [f"балл за {k}" for k in range(1, tasks + 1)]
    body = [[pupil[0], "город Верхний", str(n), *pupil[1:], "Учебник", "", ""] for n, pupil in enumerate(pupils, 1)]
    return [[*header, "Учебник", "Др.уч. автор", "Др.уч. название"], *body]


GOOD_2021 = (SCHOOL, "40001", "4", "ж", "а", "1", "5", "1", "2", "2")


def book_2021(*pupils: Sequence[object], tasks: int = 3) -> bytes:
    return xlsx({"Sheet": rows_2021(*pupils, tasks=tasks)})


def rows_2022(*pupils: Sequence[object]) -> list[list[object]]:
    """Pupils: login, upload time, code, variant, three tasks (maxima 1, 2, 3), class, sex, mark, total."""
    header = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки", "Код", "Вариант"]
    header += ["1 (1б)", "5(1) (2б)", "1K1 (3б) ", "Наименование класса", "Пол"]
    header += ["Отметка за предыдущий триместр/ четверть/полугодие", "Итого баллов"]
    body = []
    for login, uploaded, *rest in pupils:
        place = [99, "reg990000 | Край", "reg99_m101 | город Верхний", f"{login} | МБОУ СОШ № 1"]
        body.append([login, *place, uploaded, *rest])
    return [header, *body]


def form_rows(*pupils: Sequence[object], prefilled: int = 30) -> list[list[object]]:
    """Pupils: code, variant, three tasks (maxima 1, 2, 3), class number, mark, total; lists hide in columns L and M."""
    header = ["Код участника", "Вариант", "1 (1б)", "2 (2б)", "3К1 (3б)", "Порядковый номер класса"]
    header += ["Отметка за предыдущий триместр/ четверть/полугодие", "Итого баллов"]
    lists = [0, 1, 2, 3, "X"]
    rows: list[list[object]] = [header]
    for number in range(max(prefilled, len(pupils))):
        row: list[object] = list(pupils[number]) if number < len(pupils) else ["", "", "", "", "", "", "", 0]
        hidden = [lists[number], 5 - number] if number < len(lists) else ["", ""]
        rows.append([*row, "", "", "", *hidden])
    return rows


def form_book(*pupils: Sequence[object]) -> bytes:
    return xlsx(
        {
            "Протокол": form_rows(*pupils),
            "Служебный": [["1", "2", "отсутствовал"], [1, 0, "X"]],
            "Порядковый номер класса": [[number] for number in range(1, 51)],
        }
    )


def f1_rows(*groups: tuple[str, int, Sequence[Sequence[object]]]) -> list[list[object]]:
    """Groups: login, stated number, pupils (code, class, variant, three tasks, score, mark, journal mark)."""
    header = ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант", "1 (1б)", "2 (2б)", "3К1 (3б)"]
    rows: list[list[object]] = [
        ["Индивидуальные результаты"],
        [],
        ["ВПР 2026 Математика 4 класс"],
        ["Предмет:", "Математика"],
        ["Максимальный первичный балл:", 6],
        ["Дата:", "20.04.2026"],
        ["", "", "", "Уровень сложности задания", "", "", "Б", "П", "П"],
        [*header, "Первичный балл", "Отметка", "Отметка по журналу"],
    ]
    for login, stated, pupils in groups:
        rows.append([f"МБОУ СОШ № 1({login})", f"Кол-во участников: {stated}"])
        rows += [[login, "город Верхний(reg99_m101)", "МБОУ СОШ № 1", *pupil] for pupil in pupils]
    return rows


def f1_book(*groups: tuple[str, int, Sequence[Sequence[object]]]) -> bytes:
    return xlsx({"МА 4 Индивидуальные результаты": f1_rows(*groups)})


def read(root: Path, name: str, data: bytes, limits: ReadLimits | None = None) -> SourceReading:
    """Put one file into an inbox of its own and read it; archives must hold exactly one member."""
    target = root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    (file,) = [entry for entry in scan_inbox(root) if entry.archive_path == name]
    return read_source(root, file, ReadOptions(KEY, limits or ReadLimits()))


def rule_cells(reading: SourceReading) -> set[tuple[str, str | None]]:
    return {(finding.rule_id, finding.cell) for finding in reading.reading.findings}
