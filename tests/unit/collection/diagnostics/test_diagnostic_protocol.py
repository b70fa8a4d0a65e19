"""Protocols of diagnostic works and mock exams: the works of ВПР's table, with tasks and a scale of their own."""

from datetime import date

import pandas as pd
import pytest
from openpyxl import load_workbook

from oko_pipeline.catalogue.campaigns import campaign, campaigns, diagnostic_campaign_code, diagnostic_procedures
from oko_pipeline.catalogue.tables import SCALE_BOUNDS, TASK_DESCRIPTIONS
from oko_pipeline.collection.assembly import assemble
from oko_pipeline.collection.forms_protocol import ProtocolHead, write_protocol_form
from oko_pipeline.collection.layout import Sheet, SourceContext, Workbook
from oko_pipeline.collection.layouts.diagnostic_protocol import DiagnosticProtocol
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.registry_of_layouts import recognise
from oko_pipeline.collection.tasks_build import build_assessments, build_tasks, works_info
from oko_pipeline.errors import CatalogueError, UnreadableFileError
from oko_pipeline.orchestration.file_check import check_file
from oko_pipeline.quality import column_letter
from oko_pipeline.settings import Settings
from oko_pipeline.works import TaskHeader
from tests.unit.collection.workbooks import xlsx

MUNICIPAL = "municipal_diagnostics-2025-2026-autumn-reg99_m101_1"
HEAD = {
    "Процедура": "Муниципальная диагностическая работа",
    "Учебный год": "2025-2026",
    "Предмет": "Математика",
    "Класс": "7",
    "Дата проведения": "12.11.2025",
    "Номер работы": "1",
    "Муниципалитет": "reg99_m101 | Верхнеский район",
    "Отметка «3» с балла": 3,
    "Отметка «4» с балла": 5,
    "Отметка «5» с балла": 6,
    "Максимальный балл работы": 7,
}
HEADER = ["Логин ОО", "Класс", "Код участника", "Пол", "Вариант", "1 (1б)", "2 (2б)", "3.1 (1б)", "3.2 (3б)"]
HEADER += ["Итого баллов", "Отметка", "Отметка по журналу"]
PUPILS = [
    ["edu990404", "7А", 1, "м", 1, 1, 2, 1, 3, 7, 5, 5],
    ["edu990404", "7А", 2, "ж", 2, 1, 0, "X", 2, 3, 3, 4],
    ["edu990404", "7Б", 3, "м", "отсутствовал", None, None, None, None, None, None, 3],
    ["edu990405", "7А", 1, "ж", 1, 0, 1, "не пройд.", 1, 2, 2, 3],
]
FIRST = len(HEAD) + 4


def context(path="Диагностики/протокол.xlsx", sha="a" * 64):
    return SourceContext(path, sha, "2026-01-01T00:00:00+00:00", Pseudonymiser(b"a key of the tests only"))


def rows_of(head=None, header=None, pupils=None):
    lines = [[label, value] for label, value in (HEAD | (head or {})).items() if value != "absent"]
    return [["Протокол диагностической работы"], *lines, [], list(header or HEADER), *(pupils or PUPILS)]


def read(rows, own_context=None):
    width = max(len(row) for row in rows)
    book = Workbook((Sheet("Протокол", [[*row, *[""] * (width - len(row))] for row in rows]),))
    layout = recognise(book)
    assert isinstance(layout, DiagnosticProtocol)
    return layout.read(book, own_context or context())


def cells(reading):
    return [(one.rule_id, one.cell) for one in reading.findings]


def changed(row, column, value):
    pupils = [list(pupil) for pupil in PUPILS]
    pupils[row][HEADER.index(column)] = value
    return pupils


def test_a_clean_protocol_gives_the_works_of_its_own_campaign():
    reading = read(rows_of())
    assert (reading.findings, reading.school_year) == ([], "2025-2026")
    works = reading.works.checked()
    assert str(works.key) == f"{MUNICIPAL}:7:mathematics:base"
    assert works.tasks == tuple(
        TaskHeader(n, code, maximum)
        for n, (code, maximum) in enumerate([("1", 1), ("2", 2), ("3.1", 1), ("3.2", 3)], 1)
    )
    assert works.rows["status"].tolist() == ["scored", "scored", "absent", "scored"]
    assert works.rows["class_label"].tolist() == ["А", "А", "Б", "А"]
    assert works.task_scores().tolist()[1] == [1, 0, -1, 2]
    assert works.rows["reported_mark"].dropna().tolist() == [5, 3, 2]
    assert set(reading.tables["school_mentions"]["school_code"]) == {"edu990404", "edu990405"}
    (scale,) = reading.tables["scale_bounds"].to_dict("records")
    assert (scale["minimum_3"], scale["minimum_5"], scale["maximum_score"], scale["campaign_code"]) == (
        3,
        6,
        7,
        MUNICIPAL,
    )


def head_fault(label, value, rule, told_at=None):
    """A fault of the head: the rule must name the value beside the label `told_at` (its own unless said)."""
    row = 2 + list(HEAD).index(told_at or label)
    return pytest.param({"head": {label: value}}, rule, f"B{row}", id=f"{label}: {value}")


def pupil_fault(row, column, value, rule):
    """A fault in a cell of the table."""
    cell = f"{column_letter(HEADER.index(column))}{FIRST + row}"
    return pytest.param({"pupils": changed(row, column, value)}, rule, cell, id=f"{column}: {value}")


NO_MAXIMUM = [text if text != "1 (1б)" else "1" for text in HEADER]
FAULTS = [
    head_fault("Учебный год", "2024-2025", "protocol.year_mismatch", "Дата проведения"),
    head_fault("Максимальный балл работы", 9, "protocol.maximum_mismatch"),
    head_fault("Отметка «4» с балла", 3, "protocol.scale_refused", "Отметка «3» с балла"),
    head_fault("Отметка «5» с балла", 8, "protocol.scale_refused", "Отметка «3» с балла"),
    head_fault("Отметка «3» с балла", 0, "protocol.scale_refused"),
    head_fault("Отметка «4» с балла", None, "protocol.scale_incomplete"),
    head_fault("Отметка «5» с балла", "много", "protocol.scale_incomplete"),
    pytest.param(
        {
            "header": NO_MAXIMUM,
            "head": {"Отметка «3» с балла": "absent", "Отметка «4» с балла": "absent", "Отметка «5» с балла": "absent"},
        },
        "protocol.task_maximum_missing",
        f"F{FIRST - 4}",
        id="a task without maximum",
    ),
    pupil_fault(1, "Код участника", None, "row.code_unusable"),
    pupil_fault(1, "Код участника", "Иванов", "row.code_unusable"),
    pupil_fault(0, "Логин ОО", None, "row.school_unknown"),
    pupil_fault(0, "Логин ОО", "МБОУ СОШ № 4", "row.school_unknown"),
    pupil_fault(0, "2 (2б)", 3, "cell.task_over_maximum"),
    pupil_fault(0, "3.2 (3б)", "три", "cell.task_invalid"),
    pupil_fault(0, "3.2 (3б)", "1,5", "cell.task_invalid"),
    pupil_fault(1, "1 (1б)", -1, "cell.task_invalid"),
    pupil_fault(0, "Итого баллов", "семь", "cell.total_invalid"),
    pupil_fault(0, "Отметка", 10, "cell.reported_mark_invalid"),
    pupil_fault(3, "Отметка по журналу", 7, "cell.journal_mark_invalid"),
    pupil_fault(0, "Вариант", "первый", "cell.variant_invalid"),
    pupil_fault(0, "Пол", "да", "cell.sex_invalid"),
    pupil_fault(0, "Класс", "седьмой класс", "cell.class_invalid"),
]


@pytest.mark.parametrize(("change", "rule", "cell"), FAULTS)
def test_a_planted_fault_is_found_in_its_cell_and_nothing_else(change, rule, cell):
    reading = read(rows_of(**change))
    assert cells(reading) == [(rule, cell)]
    assert reading.read_rows_count == reading.accepted_rows_count + reading.quarantined_rows_count == 4
    assert "Иванов" not in str(reading.findings)


def test_a_repeated_task_counts_once():
    header = [*HEADER[:8], "2 (2б)", *HEADER[9:]]
    reading = read(
        rows_of(
            {
                "Максимальный балл работы": 4,
                "Отметка «4» с балла": None,
                "Отметка «3» с балла": None,
                "Отметка «5» с балла": None,
            },
            header,
        )
    )
    assert cells(reading) == [("protocol.task_repeated", f"I{FIRST - 1}")]
    assert [task.task_code for task in reading.works.tasks] == ["1", "2", "3.1"]


@pytest.mark.parametrize(
    ("head", "rule"),
    [
        ({"Процедура": "Контрольный срез"}, "protocol.procedure_unknown"),
        ({"Процедура": None}, "protocol.procedure_unknown"),
        ({"Дата проведения": None}, "protocol.date_unknown"),
        ({"Дата проведения": "в ноябре"}, "protocol.date_unknown"),
        ({"Дата проведения": "12.11.1995"}, "file.year_unknown"),
        ({"Предмет": "Магия"}, "file.assessment_unknown"),
        ({"Класс": "выпускной"}, "file.assessment_unknown"),
        ({"Класс": 14}, "file.assessment_unknown"),
    ],
)
def test_a_head_that_does_not_tell_the_work_is_refused(head, rule):
    with pytest.raises(UnreadableFileError) as error:
        read(rows_of(head))
    assert error.value.rule_id == rule


def test_a_protocol_without_tasks_or_schools_is_refused():
    with pytest.raises(UnreadableFileError, match="столбца задания"):
        read(rows_of(header=[*HEADER[:5], "а", "б", "в", "г", *HEADER[9:]]))
    with pytest.raises(UnreadableFileError, match="логин школы"):
        read(rows_of(header=["№ п/п", *HEADER[1:]]))


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"Процедура": "РДР", "Номер работы": "absent"}, "regional_diagnostics-2025-2026-autumn"),
        (
            {"Процедура": "Стартовая диагностика", "Школа": "edu990404 МБОУ СОШ № 4"},
            "school_diagnostics-2025-2026-autumn-edu990404_1",
        ),
        ({"Процедура": "Пробный ОГЭ", "Дата проведения": date(2026, 2, 14)}, "mock_exams-2025-2026-winter-1"),
        (
            {"Дата проведения": "15.04.2026", "Учебный год": "2025/26"},
            "municipal_diagnostics-2025-2026-spring-reg99_m101_1",
        ),
        ({"Номер работы": "итоговая"}, None),
    ],
)
def test_procedure_season_and_work_make_the_campaign(head, code):
    found = read(rows_of(head)).works.key.campaign_code
    assert code in {found, None}
    assert found in campaigns()
    assert campaign(found).school_year == "2025-2026"


def test_the_head_may_stand_behind_colons_and_maxima_in_a_row_of_their_own():
    rows = rows_of(header=[text.split(" (")[0] for text in HEADER])
    place = len(HEAD) + 1
    rows[place] = ["", "", "", "", "Максимальный балл", 1, 2, 1, 3]
    for row in range(1, 5):
        rows[row] = [f"{rows[row][0]}: {rows[row][1]}"]
    reading = read(rows)
    assert reading.findings == []
    assert [task.maximum_score for task in reading.works.tasks] == [1, 2, 1, 3]


def test_the_blank_protocol_comes_back_by_the_reader(tmp_path):
    tasks = [TaskHeader(1, "1", 1), TaskHeader(2, "2.1", 2), TaskHeader(3, "3К1", 3)]
    head = ProtocolHead(
        "school_diagnostics",
        "2025-2026",
        "russian",
        5,
        date(2025, 9, 20),
        school="edu990404 МБОУ СОШ № 4",
        scale=(2, 4, 5),
    )
    path = tmp_path / "протокол.xlsx"
    write_protocol_form(path, head, tasks, rows=30)
    blank = load_workbook(path)
    sheet = blank["Протокол"]
    assert sheet.protection.sheet
    header = next(
        row
        for row in range(1, 40)
        if sheet.cell(row, 1).value == "Класс" and sheet.cell(row, 2).value == "Код участника"
    )
    assert sheet.cell(header + 1, 8).value.startswith("=IF(COUNT(")
    assert len(sheet.data_validations.dataValidation) == 3 + 2 + 2

    def as_book(fill):
        sheets = []
        for one in blank:
            values = [
                ["" if v is None or str(v).startswith("=") else v for v in row]
                for row in one.iter_rows(values_only=True)
            ]
            if one.title == "Протокол":
                for offset, row in enumerate(fill):
                    values[header + offset][: len(row)] = row
            sheets.append(Sheet(one.title, values))
        return Workbook(tuple(sheets))

    layout = recognise(as_book([]))
    assert isinstance(layout, DiagnosticProtocol)
    empty = layout.read(as_book([]), context())
    assert (empty.findings, empty.works, empty.read_rows_count, empty.school_year) == ([], None, 0, "2025-2026")
    filled = layout.read(
        as_book([["5А", 1, "м", 1, 1, 2, 2, 5, 5, 5], ["5А", 2, "ж", 1, 0, "X", 1, 1, "", 3]]), context()
    )
    assert filled.findings == []
    assert str(filled.works.key) == "school_diagnostics-2025-2026-autumn-edu990404:5:russian:base"
    assert filled.works.rows["school_code"].tolist() == ["edu990404"] * 2
    assert filled.works.rows["primary_score"].tolist() == [5, 1]


@pytest.mark.parametrize(
    ("head", "tasks"),
    [
        (("pisa", "2025-2026", "russian", 5), [TaskHeader(1, "1", 1)]),
        (("mock_exams", "2025-2026", "magic", 9), [TaskHeader(1, "1", 1)]),
        (("mock_exams", "2025-2026", "russian", 9), []),
        (("mock_exams", "2025-2026", "russian", 9), [TaskHeader(1, "1", None)]),
    ],
)
def test_a_blank_needs_a_known_work_and_maxima(tmp_path, head, tasks):
    with pytest.raises(CatalogueError):
        write_protocol_form(tmp_path / "x.xlsx", ProtocolHead(*head), tasks)


def vpr_scale(**fields):
    row = dict.fromkeys(SCALE_BOUNDS.column_names) | {
        "school_year": "2025-2026", "file_sha256": "v", "source_row": 2, "year": 2025, "paper_grade": 7,
        "subject_code": "mathematics", "level": "base", "minimum_3": 1, "minimum_4": 2, "minimum_5": 4,
        "maximum_score": 7, "is_refused": False,
    }  # fmt: skip
    return row | fields


def build(reading, *extra):
    works = assemble([reading.works.checked()]).works
    own = reading.tables.get("scale_bounds")
    rows = list(extra)
    if own is not None:
        rows += own.assign(school_year="2025-2026", file_sha256="a").to_dict("records")
    bounds = SCALE_BOUNDS.conform(pd.DataFrame(rows)) if rows else SCALE_BOUNDS.empty()
    info = works_info(works, "w")
    assessments, findings = build_assessments([info], bounds, "2025-2026")
    tasks, _ = build_tasks([info], _no_descriptions(), "2025-2026")
    return assessments.to_dict("records")[0], tasks, findings


def _no_descriptions():
    return TASK_DESCRIPTIONS.empty()


def test_a_diagnostic_work_has_its_own_scale_and_never_that_of_vpr():
    assessment, tasks, findings = build(read(rows_of()), vpr_scale())
    assert (assessment["procedure_code"], assessment["pupil_grade"], assessment["scale_source"]) == (
        "municipal_diagnostics",
        7,
        "inbox",
    )
    assert [assessment[f"minimum_{mark}"] for mark in (3, 4, 5)] == [3, 5, 6]
    assert assessment["maximum_score"] == 7
    assert tasks["task_code"].tolist() == ["1", "2", "3.1", "3.2"]
    assert findings == []
    bare = read(rows_of({name: None for name in HEAD if name.startswith("Отметка")}))
    assessment, _, findings = build(bare, vpr_scale())
    assert assessment["scale_source"] == "absent"
    assert "отметки не ставятся" in findings[0].message


def test_the_scale_of_a_diagnostic_work_is_not_taken_for_vpr():
    reading = read(rows_of({"Предмет": "История", "Класс": 6}))
    works = assemble([reading.works.checked()]).works
    own = reading.tables["scale_bounds"].assign(school_year="2025-2026", file_sha256="a")
    key = type(works.key)("vpr-2025-spring", 6, "history", "base")
    info = works_info(type(works)(key, works.rows, works.tasks), "w")
    assessments, _ = build_assessments([info], SCALE_BOUNDS.conform(own), "2024-2025")
    assert assessments["scale_source"].tolist() != ["inbox"]


def test_campaigns_of_diagnostics_are_known_by_code_and_not_listed():
    listed = list(campaigns())
    assert all(code.startswith("vpr-") for code in listed)
    made = campaign("mock_exams-2025-2026-winter")
    assert (made.starts_on, made.ends_on, made.grade_shift) == (date(2025, 12, 1), date(2026, 2, 28), 0)
    assert made.short_ru == "пробный экзамен, зима 2025/2026"
    assert list(campaigns()) == listed
    for code in ("mock_exams-2025-2027-winter", "mock_exams-1990-1991-winter", "pisa-2025-2026-winter", "nothing"):
        assert campaigns().get(code) is None
        with pytest.raises(CatalogueError):
            campaign(code)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 8, 31), "2025-2026-autumn"),
        (date(2025, 12, 1), "2025-2026-winter"),
        (date(2026, 2, 28), "2025-2026-winter"),
        (date(2026, 3, 1), "2025-2026-spring"),
        (date(2026, 7, 31), "2025-2026-spring"),
    ],
)
def test_a_day_belongs_to_a_season_of_a_school_year(day, expected):
    for procedure in diagnostic_procedures():
        code = diagnostic_campaign_code(procedure, day)
        assert code == f"{procedure}-{expected}"
        found = campaign(code)
        assert found.starts_on <= day <= found.ends_on


def test_a_protocol_is_checked_before_it_is_sent_by_its_own_scale(tmp_path):
    wrong = changed(1, "Отметка", 4)
    wrong[0][HEADER.index("Итого баллов")] = 6
    path = tmp_path / "протокол.xlsx"
    path.write_bytes(xlsx({"Протокол": rows_of(pupils=wrong)}))
    (checked,) = check_file(path, Settings.load(home=tmp_path / "home"))
    assert (checked.status, checked.assessment_id) == ("accepted", f"{MUNICIPAL}:7:mathematics:base")
    found = set(zip(checked.findings["rule_id"], checked.findings["cell"], strict=True))
    assert found == {
        ("work.mark_mismatch", f"K{FIRST + 1}"),
        ("work.sum_mismatch", f"J{FIRST}"),
    }
