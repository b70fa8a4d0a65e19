"""Files of exams in every layout, with invented people, and planting of one value into one cell."""

import re

from tests.unit.collection.workbooks import read, xlsx

NAMES = (
    ("Яблокова", "Анна", "Ильинична", "0111", "000001"),
    ("Грушин", "Пётр", "Олегович", "0111", "000002"),
    ("Сливина", "Ольга", "Юрьевна", "0111", "000003"),
    ("Вишнев", "Семён", "", "0111", "000004"),
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def place(cell):
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", cell).groups()
    column = 0
    for letter in letters:
        column = column * 26 + LETTERS.index(letter) + 1
    return int(digits) - 1, column - 1


def planted(rows, cell, value):
    """Return the rows with `value` in `cell`; the cell exists already or the row is filled up to it."""
    row, column = place(cell)
    copied = [list(line) for line in rows]
    copied[row] += [""] * (column + 1 - len(copied[row]))
    copied[row][column] = value
    return copied


def csv_bytes(rows, encoding="utf-8-sig"):
    def text(value):
        shown = "" if value is None else str(value)
        return f'"{shown}"' if ";" in shown else shown

    width = max(map(len, rows))
    lines = [";".join(text(value) for value in [*row, *[""] * (width - len(row))]) for row in rows]
    return "\r\n".join(lines).encode(encoding)


def sparse(row):
    """Return a row as a report server exports it: every value in the first of two merged columns."""
    return [cell for value in row for cell in (value, "")]


def ege_sparse():
    """ЕГЭ in physics 2026: 20 short tasks, six extended with maxima 3, 2, 2, 3, 3, 4; heads at row 6, pupils from 7."""
    head = ["№", "Код МСУ", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Серия", "Номер"]
    head += ["Задания с кратким ответом", "Задания с развёрнутым ответом", "Первичный балл", "Тестовый балл"]
    scores = (("+" * 20, "1(3)1(2)0(2)0(3)0(3)0(4)", 22, 61), ("-" * 20, "0(3)0(2)0(2)0(3)0(3)0(4)", 0, 0))
    scores += (
        ("22" + "+" * 18, "3(3)2(2)2(2)3(3)3(3)4(4)", 39, 88),
        ("+" * 8 + "-" * 12, "Х(3)-(2)0(2)0(3)0(3)0(4)", 8, 36),
    )
    body = [
        sparse([number, 101, 111001, "11А", 1001, "0001", *name, *score])
        for number, (name, score) in enumerate(zip(NAMES, scores, strict=True), 1)
    ]
    titles = [["Протокол проверки результатов единого государственного экзамена"], ["20 - Край"], []]
    footer = [
        ["Средние", *[""] * 25, 17, "", 46],
        ["Минимальная граница", *[""] * 25, 36],
        ["Всего участников", *[""] * 25, 4],
    ]
    return [*titles, ["03 - Физика 2026.06.01"], [], sparse(head), *body, *footer, ["Страница 1 из 1"]]


def ege_compact():
    """ЕГЭ in mathematics 2026 as CSV: 12 short tasks, seven extended; heads at row 2."""
    head = ["№", "Код ППЭ", "Код ОО", "Класс", "Код ООП", "Профиль", "Фамилия", "Имя", "Отчество", "Вариант"]
    head += ["Код участника", "№ бланка", "Ответы в краткой форме", "Ответы в развернутой форме", "Первичный балл"]
    zero = "0(2)0(3)0(2)0(2)0(3)0(4)0(4)"
    scores = (("+" * 12, zero, 12, 70), ("+" * 5 + "-" * 7, zero, 5, 27), ("+" * 12, "2(2)" + zero[4:], 14, 74))
    body = [
        [number, 100, 111001, "11", 101, 102, *name[:3], 301, f"00000{number}", f"77000{number}", *score]
        for number, (name, score) in enumerate(zip(NAMES, scores, strict=False), 1)
    ]
    return [["02 - Математика профильная 2026.05.27"], [*head, "Итоговый балл"], *body]


def oge_mathematics():
    """ОГЭ in mathematics 2026: 19 short tasks, six extended (2 points each); geometry is 15–19 and the last three."""
    head = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Код МСУ", "Фамилия", "Имя", "Отчество"]
    head += ["Задания с кратким ответом", "Задания с развёрнутым ответом", "Первичный балл", "Оценка"]
    zero = "0(2)" * 6
    scores = (
        ("+" * 19, zero, 19, 4),
        ("+" * 8 + "-" * 11, zero, 8, 2),
        ("+" * 12 + "-" * 5 + "++", zero, 14, 3),
        ("+" * 19, "2(2)2(2)0(2)0(2)0(2)0(2)", 23, 5),
    )
    body = [
        [number, 111001, "9Б", 1001, 7, 101, *name[:3], *score]
        for number, (name, score) in enumerate(zip(NAMES, scores, strict=True), 1)
    ]
    return [
        ["Протокол проверки результатов ОГЭ"],
        ["02 - Математика 2026.06.02"],
        head,
        *body,
        ["Председатель ГЭК ________"],
    ]


def oge_russian():
    """ОГЭ in Russian 2026, dense: literacy (ГК1–ГК4) is the four criteria before the last."""
    head = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Код регистрации/Гос номер", "Фамилия", "Имя", "Отчество"]
    head += ["Серия", "Номер", "Ответы в краткой форме", "Ответы в развернутой форме", "Первичный балл", "Оценка"]
    essay = "2(2)3(3)1(1)2(2)2(2)1(1)1(1){}2(2)"
    scores = (
        ("+" * 11, essay.format("3(3)3(3)3(3)1(3)"), 0, 5),
        ("+" * 11, essay.format("1(3)1(3)1(3)2(3)"), 0, 3),
        ("++" + "-" * 9, essay.format("0(3)0(3)0(3)0(3)"), 0, 3),
    )
    scores = tuple((short, extended, total(short, extended), mark) for short, extended, _, mark in scores)
    body = [
        [number, 111001, "9", 1001, 3, 200 + number, *name, *score]
        for number, (name, score) in enumerate(zip(NAMES, scores, strict=False), 1)
    ]
    return [["Протокол проверки результатов ОГЭ"], ["01 - Русский язык 2026.06.09"], head, *body]


def total(short, extended):
    return short.count("+") + sum(int(score) for score in re.findall(r"(\d+)\(", extended))


def oge_english_heads():
    """ОГЭ in chemistry as a normalised table; subject and day stand in the file's name alone."""
    head = "SchoolCode ClassCode StationCode AuditoriumCode GovernmentCell SurnameCell NameCell SecondNameCell"
    head += " DocumentSeriesCode DocumentNumberCode TestResultBCell TestResultCCell PrimaryMark Mark5"
    scores = (("+" * 19, "2(3)3(3)0(4)", 24, 4), ("-" * 19, "0(3)0(3)0(4)", 0, 2), ("+" * 19, "3(3)3(3)4(4)", 29, 4))
    body = [["111001", "9А", "1001", "7", "101", *name, *score] for name, score in zip(NAMES, scores, strict=False)]
    return [head.split(), *body]


def foreign_language():
    """ЕГЭ in English 2022 with an oral part; until 2022 the test score is the primary one."""
    head = ["№", "Код МСУ", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Документ"]
    head += ["Часть с кратким ответом", "Часть с развёрнутым ответом", "Устная часть", "Первичный балл устной части"]
    head += ["Первичный балл письм. части", "Первичный балл", "Тестовый балл"]
    scores = (("56+-", "1(2)2(3)", "1(1)4(5)", 5, 15, 20, 20), ("+++-", "0(2)0(3)", "0(1)0(5)", 0, 3, 3, 3))
    body = [
        [number, 101, 111001, "11", "п:1001 у:1002", "п:1 у:2", *name[:3], f"{name[3]} {name[4]}", *score]
        for number, (name, score) in enumerate(zip(NAMES, scores, strict=False), 1)
    ]
    return [["Английский язык п.: 2022.06.14, у.: 2022.06.16"], head, *body]


def base_mathematics():
    """ЕГЭ in mathematics of base level 2022: 21 tasks, a mark."""
    head = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Серия", "Номер"]
    head += ["Задания с кратким ответом", "Первичный балл", "Оценка"]
    scores = (("+" * 13 + "-" * 8, 13, 4), ("+" * 6 + "-" * 15, 6, 2), ("+" * 21, 21, 5))
    body = [
        [number, 111001, "11", 1001, 1, *name, *score]
        for number, (name, score) in enumerate(zip(NAMES, scores, strict=False), 1)
    ]
    return [
        ["22 - Математика базовая 2022.06.02"],
        head,
        *body,
        ["Средние", *[""] * 10, 13, 4],
        ["Всего участников", *[""] * 10, 3],
    ]


def gve_mathematics():
    """ГВЭ-9 in mathematics 2023 with two series of variants: 100 up to 14 points, 200 up to 12."""
    head = [
        "№",
        "Код ОО",
        "Класс",
        "Фамилия",
        "Имя",
        "Отчество",
        "Вариант",
        "Категория участника",
        "Первичный балл",
        "Оценка",
    ]
    scores = ((101, "Участник с ОВЗ", 14, 5), (203, "Участник с ОВЗ", 12, 5), (102, "Участник с ОВЗ", 3, 2))
    body = [
        [number, 111001, "9", *name[:3], *score]
        for number, (name, score) in enumerate(zip(NAMES, scores, strict=False), 1)
    ]
    return [["Протокол результатов ГВЭ"], ["52 - Математика 2023.06.06"], head, *body]


def stacked():
    """Two exams in one sheet, heads repeated on a page, furniture between."""
    first, second = ege_sparse()[:-1], ege_compact()
    return [*first[:8], ["Страница 1 из 2"], first[5], *first[8:], ["12.07.2026"], *second]


def appeals():
    """Appeals with heads in two rows, the exam above; and the school's own exam cell in `appeals_one_row`."""
    head = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Документ"]
    head += [
        "Тип апелляции / перепроверки",
        "Состояние",
        "Дата изменений",
        "Балл до изменения",
        "Текущие",
        "",
        "Разница",
    ]
    below = [""] * 13 + ["Первичный балл", "Балл", ""]
    people = [f"{name[3]} {name[4]}" for name in NAMES]
    return [
        ["03 - Физика 2026.06.01"],
        head,
        below,
        [
            1,
            111001,
            "11А",
            1001,
            1,
            *NAMES[0][:3],
            people[0],
            "Апелляция",
            "Апелляция удовлетворена",
            "05.07.2026",
            61,
            23,
            62,
            1,
        ],
        [
            2,
            111001,
            "11А",
            1001,
            1,
            *NAMES[1][:3],
            people[1],
            "Апелляция",
            "Апелляция отклонена",
            "05.07.2026",
            0,
            0,
            0,
            0,
        ],
    ]


def appeals_one_row():
    head = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Экзамен"]
    head += ["Состояние апелляции", "Первичный балл", "Оценка"]
    row = [1, 111001, "9Б", 1001, 7, *NAMES[2][:3], "Математика(2026.06.02)", "Удовлетворена", 15, 4]
    return [["Апелляции ОГЭ"], head, row]


def school_table():
    """Results of ЕГЭ by school in two years: a total row, two municipalities, three schools; heads in two rows."""
    measures = ["приняло участие", "не преодолен min порог", "высокобалльники \n(80-99 баллов)", "получили 100 баллов"]
    measures += ["средний балл"]
    subjects = ("Русский язык, чел.", "Математика (профиль), чел.", "Физика, чел.")

    def sheet(year):
        heads = [[f"Информация о результатах ЕГЭ выпускников школ в {year} году"], []]
        heads += [
            [
                "Муниципальное образование",
                "Образовательная организация (школа)",
                "Профиль",
                "Всего выпускников",
                "из них",
            ]
        ]
        heads += [["", "", "", "", *[cell for subject in subjects for cell in (subject, "", "", "", "")]]]
        heads += [["", "", "", "", *measures * 3], [1, 2, 3, 4, *[5, 6, 7, 8, 9] * 3]]
        totals = [30, 3, 4, 1, 60.0, 20, 2, 1, "", 50.0, 10, "", "", "", 40.0]
        city = [20, 2, 4, 1, 65.0, 15, 1, 1, 0, 52.0, 10, 0, 0, 0, 40.0]
        village = [10, 1, 0, 0, 50.0, 5, 1, 0, 0, 44.0, 0, 0, 0, 0, 0]
        return [
            *heads,
            ["ВСЕГО по региону", "", "х", 30, *totals],
            ["город Верхний", "", "", 20, *city],
            ["", 'МБОУ "СОШ № 1"', "", 12, 12, 1, 4, 1, 70.0, 10, "", 1, "", 55.0, 6, "", "", "", 42.0],
            ["", 'МБОУ "СОШ № 2"', "", 8, 8, 1, "", "", 57.5, 5, 1, "", "", 46.0, 4, "", "", "", 37.0],
            ["Нижний район", "", "", 10, *village],
            ["", 'МБОУ "СОШ № 1"', "", 10, 10, 1, "", "", 50.0, 5, 1, "", "", 44.0, "", "", "", "", ""],
        ]

    return {"2023": sheet(2023), "2022": sheet(2022)}


def ris_tables():
    """Tables of РИС: two results, one absence, a school."""
    return {
        "res_HumanTests": [
            [
                "HumanTestID",
                "ParticipantFK",
                "SubjectCode",
                "ExamDate",
                "StationCode",
                "AuditoriumCode",
                "VariantCode",
                "ProcessCondition",
            ],
            ["h1", "p1", 3, "2026-06-01", 1001, 1, 301, 6],
            ["h2", "p2", 3, "2026-06-01", 1001, 1, 302, 6],
            ["h3", "p3", 22, "2026-06-02", 1001, 1, 303, 4],
        ],
        "res_Marks": [
            [
                "HumanTestID",
                "PrimaryMark",
                "PercentMark",
                "Mark100",
                "Mark5",
                "TestResultA",
                "TestResultB",
                "TestResultC",
            ],
            ["h1", 22, 49, 61, "", "", "+" * 20, "1(3)1(2)0(2)0(3)0(3)0(4)"],
            ["h2", 0, 0, 0, "", "", "-" * 20, "0(3)0(2)0(2)0(3)0(3)0(4)"],
        ],
        "rbd_Participants": [
            [
                "ParticipantID",
                "Surname",
                "Name",
                "SecondName",
                "DocumentSeries",
                "DocumentNumber",
                "SchoolFK",
                "pClass",
            ],
            *[[f"p{k}", *name, "s1", "11А"] for k, name in enumerate(NAMES[:3], 1)],
        ],
        "rbd_Schools": [["SchoolID", "SchoolCode", "ShortName"], ["s1", "111001", "СОШ № 1"]],
        "dats_Borders": [["SubjectCode", "ExamYear", "PrimaryMark", "ScaleMark"], [3, 2026, 1, 5], [3, 2026, 2, 9]],
    }


def flat_dump():
    head = [
        "SchoolCode",
        "Surname",
        "Name",
        "SecondName",
        "DocumentSeries",
        "DocumentNumber",
        "SubjectCode",
        "ExamDate",
    ]
    return [
        [*head, "pClass", "ProcessCondition", "PrimaryMark", "Mark100", "Mark5"],
        ["111001", *NAMES[0], 3, "2026-06-01", "11А", 6, 22, 61, ""],
        ["111001", *NAMES[1], 2, "2026-06-02", "9Б", 6, 16, "", 4],
    ]


def essay():
    head = ["№", "Код ОО", "Класс", "Фамилия", "Имя", "Отчество", "Серия", "Номер", "Требование 1", "Требование 2"]
    head += [*(f"Критерий {k}" for k in range(1, 6)), "Результат"]
    good, bad = "зачёт", "незачёт"
    rows = (
        (good, good, good, good, good, bad, bad, good),
        (good, good, bad, good, good, good, good, bad),
        (good, good, good, good, bad, bad, bad, bad),
    )
    body = [[k, 111001, "11", *name, *row] for k, (name, row) in enumerate(zip(NAMES, rows, strict=False), 1)]
    body.append([4, 111001, "11", *NAMES[3], *[""] * 7, "не явился"])
    return [
        ["Протокол проверки итогового сочинения"],
        ["20 - Сочинение 2025.12.03"],
        head,
        *body,
        ["Ответственный ______"],
    ]


def interview():
    head = ["№", "Код ОО", "Класс", "Фамилия", "Имя", "Отчество", "Серия", "Номер", "Категория", "ИЧ", "ТЧ"]
    head += ["П1", "П2", "М1", "Д1", "Общий балл", "Зачёт/незачёт"]
    rows = (
        ("", 1, 1, 2, 2, 3, 3, 12, "зачёт"),
        ("", 1, 0, 2, 2, 2, 2, 9, "незачёт"),
        ("ОВЗ", 1, 1, 1, 1, 1, 1, 6, "зачёт"),
        ("", 2, 2, 4, 4, 4, 4, 20, "зачёт"),
    )
    body = [[k, 111001, "9", *name, *row] for k, (name, row) in enumerate(zip(NAMES, rows, strict=True), 1)]
    return [["Ведомость итогового собеседования 11.02.2026"], head, *body]


def wide_scale():
    heads = [["Соответствие первичных и тестовых баллов ЕГЭ 2024 года"], ["Первичный балл", "Физика", "Химия"]]
    return [*heads, [0, 0, 0], [1, 5, 4], [2, 9, 7], [3, 14, "–"]]


def mark_scale():
    head = ["Предмет", "Максимальный балл", "«2»", "«3»", "«4»", "«5»"]
    return [
        ["Шкала ОГЭ 2024 года"],
        head,
        ["Русский язык", 33, "0–14", "15–22", "23–28", "29–33"],
        ["Математика", 31, "0–7", "8–14", "15–21", "22–31"],
    ]


def read_rows(root, name, rows):
    """Read rows as a file of the name's kind: .csv (UTF-8 with a mark), .xlsx of one sheet or of several by name."""
    if name.endswith(".csv"):
        return read(root, name, csv_bytes(rows))
    return read(root, name, xlsx(rows if isinstance(rows, dict) else {"Page 1": rows}))
