import pytest

from oko_pipeline.collection.layouts.task_descriptions import TaskDescriptions, clean_text, codifier_code
from oko_pipeline.errors import UnreadableFileError

HEADER = [
    "№ КИМ",
    "№",
    "Умения, виды деятельности (в соответствии с ФГОС)",
    "Блоки ПООП НОО: выпускник научится / получит возможность научиться",
    "Уровень сложности",
    "Код КЭС",
    "Код КТ",
    "Максимальный балл за выполнение задания",
    "Примерное время выполнения задания обучающимся (в минутах)",
]


def row(code, maximum=1, level="Б", kes="2", kt="2.1"):
    return [code, 1, "Умение выполнять арифмети- ческие   действия", "Блок", level, kes, kt, maximum, "2"]


def tasks(reading):
    return reading.tables["task_descriptions"]


def test_a_task_has_a_row_a_code_and_one_position(read):
    rows = [HEADER, row("1K1", 4), row("1K1", 4, kes="2.10"), row("5(1)", 2.0, "Б"), row(2.0, "1", "B", kes="2.1.4 ")]
    reading = read(rows, "descriptions/4/Математика/ALL.xlsx", "task_descriptions")
    table = tasks(reading)
    assert table["code"].tolist() == ["1К1", "1К1", "5.1", "2"]
    assert table["position"].tolist() == [1, 1, 2, 3]
    assert table["content_code"].tolist() == ["2", "2.10", "2", "2.1.4"]
    assert table["difficulty_level"].tolist() == ["Б", "Б", "Б", "В"]
    assert table["maximum_score"].tolist() == [4, 4, 2, 1]
    assert table["minutes"].tolist() == [2.0] * 4
    assert set(table["title"]) == {"Умение выполнять арифметические действия"}
    assert set(zip(table["paper_grade"], table["subject_code"], strict=True)) == {(4, "mathematics")}
    assert reading.school_year is None
    assert reading.findings == []


def test_two_variants_side_by_side_are_two_blocks(read):
    rows = [
        ["Описание работы"],
        [*HEADER, None, None, *HEADER],
        [*row("1"), None, None, *row("1", 3)],
        [None] * 11 + row("2", 5),
    ]
    table = tasks(read(rows, "5/Русский язык/ALL.xlsx", "task_descriptions"))
    assert list(zip(table["block"], table["code"], table["maximum_score"], strict=True)) == [
        (1, "1", 1),
        (2, "1", 3),
        (2, "2", 5),
    ]


def test_an_empty_second_block_gives_nothing(read):
    reading = read([[*HEADER, None, *HEADER], row("1")], "5/Русский язык/ALL.xlsx", "task_descriptions")
    assert tasks(reading)["block"].tolist() == [1]
    assert reading.findings == []


def test_faults_name_their_cells(read):
    rows = [HEADER, row("1"), row("1", 3), row("итого"), row("2", "много", "Г", "см. выше")]
    reading = read(rows, "4/Математика/ALL.xlsx", "task_descriptions")
    assert [(f.rule_id, f.cell) for f in reading.findings] == [
        ("description.maximum_conflict", "H3"),
        ("description.task_unknown", "A4"),
        ("description.bad_value", "E5"),
        ("description.bad_value", "H5"),
        ("description.bad_value", "F5"),
    ]
    assert reading.quarantined_rows_count == 1


def test_codifier_of_requirements_marks_the_metasubject_chapter(read):
    rows = [
        ["Код", None, "Проверяемые требования к уровню подготовки"],
        [1.0, "Метапредметные", None],
        ["1.1", "умение осознанно строить речевое высказывание"],
        ["1.10", "смысловое чтение"],
        ["2", "Предметные"],
        ["2.1", "владение", "всеми", "видами"],
    ]
    table = tasks(read(rows, "4/Окружающий мир/KT.xlsx", "task_descriptions"))
    assert set(table["kind"]) == {"requirement"}
    assert table["code"].tolist() == ["1", "1.1", "1.10", "2", "2.1"]
    assert table["is_metasubject"].tolist() == [True, True, True, False, False]
    assert table["title"].iloc[-1] == "владение всеми видами"


def test_codifier_of_content(read):
    rows = [["Код ", "Элементы содержания, проверяемые ВПР"], ["1", "Арифметика"], ["1.1", None], [None, "продолжение"]]
    table = tasks(read(rows, "4/Математика/KS.xlsx", "task_descriptions"))
    assert set(table["kind"]) == {"content"}
    assert table["is_metasubject"].isna().all()
    assert table["title"].tolist() == ["Арифметика", "продолжение"]


def test_a_codifier_headed_as_content_is_taken_by_its_lines(read):
    rows = [
        ["Код", "Проверяемые элементы содержания"],
        ["1", "Умение определять понятия"],
        ["1.1", "Различать явления"],
    ]
    reading = read(rows, "8/Физика/KT.xlsx", "task_descriptions")
    assert set(tasks(reading)["kind"]) == {"requirement"}
    assert [(f.rule_id, f.cell) for f in reading.findings] == [("description.kind_mismatch", "B1")]


def test_a_path_without_grade_or_subject_is_refused(opened, context_of):
    with pytest.raises(UnreadableFileError, match="класс и предмет"):
        TaskDescriptions().read(opened([HEADER, row("1")]), context_of("ALL.xlsx"))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (
            "числового выра- жения (содержащего 2–3 ариф-\nметических)",
            "числового выражения (содержащего 2–3 арифметических)",
        ),
        ("научно- популярный", "научно-популярный"),
        ("знаково\xadсимволические средства", "знаково-символические средства"),
        ("основных хими\x02ческих понятий", "основных химических понятий"),
        ("комму\x02никативно\x02эстетических", "коммуникативно-эстетических"),
        ("законо\x02дательством, деятельно\x02сти", "законодательством, деятельности"),
        ("научно\x02популярный текст", "научно-популярный текст"),
        ("аудио- и видеозаписи", "аудио- и видеозаписи"),
        ("монолог- рассуждение", "монолог-рассуждение"),
        ("закон Джоуля- Ленца", "закон Джоуля-Ленца"),
        ("глаголы на -ся и суффикс -ива- глаголов", "глаголы на -ся и суффикс -ива- глаголов"),
        ("во- просный знак", "вопросный знак"),
        ("помо- щью", "помощью"),
        (None, ""),
    ],
)
def test_traces_of_line_breaks(text, cleaned):
    assert clean_text(text) == cleaned


@pytest.mark.parametrize(
    ("value", "code"), [("2.1.4 ", "2.1.4"), (2.0, "2"), ("1,2", "1.2"), ("3.", "3"), ("", None), ("К1", None)]
)
def test_codifier_codes(value, code):
    assert codifier_code(value) == code
