"""The questionnaire «Сбор контекстных данных об ОО» in the layouts of 2021 (one sheet) and 2022 (two sheets).

Contacts are invented strings: a reader has to drop them.
"""

from datetime import datetime, timedelta
from typing import Final

from oko_pipeline.sample.inbox import Cell
from oko_pipeline.sample.pupils import cohort_of
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.results import World
from oko_pipeline.sample.territory import REGION_LABEL, Role, School

_PLACE: Final = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки", "№"]
_GENERAL_2022: Final = [
    "1. ПОЛНОЕ наименование ОО (по уставу)",
    "2.\tСОКРАЩЕННОЕ наименование ОО (при наличии) (по уставу)",
    "3.\tФИО директора (полностью)",
    "4.\tТелефон ОО (с указанием кода города)",
    "5.\tЭлектронная почта (email) ОО",
    "6.\tИНН",
    "7.\tКод ОГЭ",
    "8.\tКод ЕГЭ",
    "9.\tСтатус организации.",
    "10. У ОО есть филиалы?",
    "11. Организационно-правовая форма организации",
    "12. Индекс местонахождения ОО",
    "13. Адрес ОО (населенный пункт, улица, дом)",
    "14. Где расположена образовательная организация?",
    "15. Каков размер населенного пункта, в котором расположена ОО?",
    (
        "16. Какое из утверждений о возможности добраться общественным транспортом до ближайшего крупного города "
        "(численностью более 100 000 человек) наилучшим образом описывает положение ОО?"
    ),
]
_ACTIVITY_2022: Final = [
    "17.1. Организация осуществляет образовательную деятельность по адаптированным образовательным программам (АОП)?",
    (
        "17.2. ОО является отдельной организацией, осуществляющей образовательную деятельность по АОП (например, "
        "специальной (коррекционной) ОО?"
    ),
    "17.3. Образование обучающихся по АОП организовано в отдельных классах/группах?",
    "17.4. Образование обучающихся по АОП организовано совместно с другими обучающимися?",
    "18. На каких языках осуществляется образовательная деятельность в организации?",
    "19.1. Ведется ли в ОО углубленное изучение отдельных предметов?",
    "19.2. Есть ли предметы, углубленное изучение которых начинается с классов начальной школы (1–4 классов)?",
    "19.3. Есть ли предметы, углубленное изучение которых начинается с классов основной школы (5–9 классов)?",
    "19.4. Есть ли предметы, углубленное изучение которых начинается с классов средней школы (10–11 классов)?",
    "20. Укажите количество обучающихся в ОО в 2021/2022 учебном году (в сумме по всем классам/курсам)",
    "21. Общее количество обучающихся в 2021/2022 учебном году 2006 года рождения",
    (
        "22. Количество обучающихся в 2021/2022 учебном году 2006 г. р., обучающихся по АОП, с ограниченными "
        "возможностями здоровья и/или инвалидов (всего)"
    ),
    "23. Общее количество обучающихся в 2021/2022 учебном году 2007 года рождения",
    (
        "24. Количество обучающихся в 2021/2022 учебном году 2007 г. р., обучающихся по АОП, с ограниченными "
        "возможностями здоровья и/или инвалидов (всего)"
    ),
    "25. Сколько всего в ОО учителей/преподавателей?",
    "26. Сколько в ОО учителей, преподающих в 5–9 классах?",
    "27. Сколько всего в ОО учителей/преподавателей первой и высшей категорий?",
]
_SETTLEMENTS: Final = {
    2: "2) Город",
    3: "3) Населенный пункт городского типа (рабочий поселок, поселок городского типа и пр.)",
    4: "4) Населенный пункт сельского типа (поселок, село, деревня, станица, хутор и пр.)",
}
_SIZES: Final = (
    *("1) Менее 1 тыс. человек", "2) 1–5 тыс. человек", "3) 5–10 тыс. человек", "4) 10–50 тыс. человек"),
    *("5) 50–100 тыс. человек", "6) 100–450 тыс. человек", "7) 450–680 тыс. человек", "8) Более 680 тыс. человек"),
)
_TRANSPORT: Final = (
    "1) Регулярность сообщения и близость крупного города позволяет ежедневно ездить туда на работу, учебу",
    "2) Каждый день ездить сложно, но за день можно побывать в крупном городе и вернуться",
    "3) Поездка в крупный город и обратно занимает не менее двух дней",
    "4) Удаленность и отсутствие регулярного сообщения делают такие поездки затруднительными",
)
_SUBJECTS_2021: Final = (
    *("русского языка", "математики", "литературы", "иностранного языка", "истории", "обществознания", "географии"),
    *("физики", "химии", "биологии", "информатики", "астрономии", "технологии", "физической культуры"),
    "основ безопасности жизнедеятельности",
)
SHEET_2021: Final = "Контекстные данные"
COLUMNS_2021: Final = 95


def context_2022(world: World) -> list[tuple[str, list[list[Cell]]]]:
    """Return the two sheets of the questionnaire of February 2022, a row a school each."""
    general: list[list[Cell]] = [[*_PLACE, *_GENERAL_2022]]
    activity: list[list[Cell]] = [[*_PLACE, *_ACTIVITY_2022]]
    for school in world.territory.schools:
        place = _place(world, school, 2022, datetime(2022, 2, 3, 9))  # noqa: DTZ001  # printed as local time
        general.append([*place, *_general_answers(school)])
        activity.append([*place, *_activity_answers(world, school)])
    return [("Общая информация об ОО", general), ("ОБРАЗОВАТЕЛЬНАЯ ДЕЯТЕЛЬНОСТЬ ОО", activity)]


def context_2021(world: World) -> list[tuple[str, list[list[Cell]]]]:
    """Return the one sheet of the questionnaire of 2021: 95 columns, a row a school."""
    rows: list[list[Cell]] = []
    for school in world.territory.schools:
        answers = _answers_2021(world, school)
        if not rows:
            rows.append(list(answers))
        rows.append(list(answers.values()))
    return [(SHEET_2021, rows)]


def pupils_by_grade(world: World, school: School, school_year: str) -> list[int]:
    """Return the pupils of grades 1–9 of a school by cohorts, and of 10–11 at 45 % of them."""
    counts = []
    for grade in range(1, 12):
        cohort = world.cohort(cohort_of(school_year, grade))
        size = int((cohort.school == school.index).sum())
        senior = school.parallel >= 15 and not school.is_correctional
        counts.append(size if grade < 10 else round(0.45 * size) if senior else 0)
    return counts


def _place(world: World, school: School, year: int, first: datetime) -> list[Cell]:
    login = school.login(year)
    uploaded = first + timedelta(days=school.index % 7, minutes=17 * school.index % 420, seconds=school.index % 60)
    return [
        login,
        99.0,
        REGION_LABEL,
        world.territory.municipality_of(school).label,
        f"{login} | {school.name}",
        uploaded.strftime("%d.%m.%Y %H:%M:%S"),
        1.0,
    ]


def _general_answers(school: School) -> list[Cell]:
    number = school.index + 1
    return [
        school.name,
        school.name,
        f"Директоров Директор Директорович {number}",
        f"(999) 000-{number:04d}",
        f"school{number}@example.org",
        f"99{number:08d}",
        float(100 + number),
        float(500 + number),
        "1) Самостоятельное юридическое лицо (или головная ОО при наличии филиалов)",
        "Да" if school.index % 5 == 0 else "Нет",
        "2) Муниципальная организация",
        f"99{number:04d}",
        f"ул. Примерная, д. {number}",
        _SETTLEMENTS[school.settlement],
        _SIZES[school.settlement_size - 1],
        _TRANSPORT[school.transport - 1],
    ]


def _teachers(school: School, pupils: int) -> tuple[int, int]:
    """Return the number of teachers and of those with the first or highest category; adverse schools have few."""
    teachers = max(4, round(pupils / 14) + 4)
    share = 0.25 if school.role is Role.RESILIENT else 0.4 + 0.03 * (school.index % 8)
    return teachers, round(share * teachers)


def _activity_answers(world: World, school: School) -> list[Cell]:
    grades = pupils_by_grade(world, school, "2021-2022")
    teachers, category = _teachers(school, sum(grades))
    advanced = school.settlement == 2 and school.index % 2 == 0
    adapted = school.is_correctional or school.index % 9 != 4
    return [
        "Да" if adapted else "Нет",
        ("Да" if school.is_correctional else "Нет") if adapted else None,
        ("Да" if school.is_correctional else "Нет") if adapted else None,
        ("Нет" if school.is_correctional else "Да") if adapted else None,
        "1) Только на русском языке",
        "Да" if advanced else "Нет",
        "Нет" if advanced else None,
        "Да" if advanced and school.index % 4 == 0 else "Нет" if advanced else None,
        "Да" if advanced else None,
        float(sum(grades)),
        float(grades[8]),
        float(round(0.05 * grades[8])),
        float(grades[7]),
        float(round(0.05 * grades[7])),
        float(teachers),
        float(round(0.6 * teachers)),
        float(category),
    ]


def _answers_2021(world: World, school: School) -> dict[str, Cell]:
    grades = pupils_by_grade(world, school, "2020-2021")
    answers = _identity_2021(world, school)
    answers |= {
        "Общее количество обучающихся в ОО": float(sum(grades)),
        **{f"Количество классов в {grade} параллели": float(-(-count // 26)) for grade, count in enumerate(grades, 1)},
        "Количество классов в 12 параллели": 0.0,
        **{f"Количество обучающихся в {grade} классах": float(count) for grade, count in enumerate(grades, 1)},
        "Количество обучающихся в 12 классах": 0.0,
        "Количество обучающихся 15 лет": float(grades[8]),
        "Количество обучающихся 15 лет по АОП": float(round(0.05 * grades[8])),
    }
    answers |= _resources_2021(world, school, sum(grades))
    advanced = school.settlement == 2 and school.index % 2 == 0
    for number, subject in enumerate(_SUBJECTS_2021):
        answers[f"Углубленное изучение {subject}"] = "Да" if advanced and number % 4 == 1 else "Нет"
    answers["Дата загрузки"] = f"{3 + school.index % 20:02d}.02.2021 12:{school.index % 60:02d}:00"
    return answers


def _identity_2021(world: World, school: School) -> dict[str, Cell]:
    number = school.index + 1
    levels = {"начального": True, "основного": True, "среднего": school.parallel >= 15 and not school.is_correctional}
    return {
        "Логин ОО": school.login(2021),
        "Код региона": 99.0,
        "Регион": REGION_LABEL,
        "Муниципалитет": world.territory.municipality_of(school).label,
        "Полное наименование ОО": school.name,
        "Сокращенное наименование ОО": school.name,
        "ФИО директора": f"Директоров Директор Директорович {number}",
        "Телефон ОО": f"(999) 000-{number:04d}",
        "Электронная почта ОО": f"school{number}@example.org",
        "Сайт ОО": f"https://school{number}.example.org",
        "Статус организации": "Самостоятельное юридическое лицо",
        "Есть ли у ОО филиалы": "Да" if school.index % 5 == 0 else "Нет",
        "Организационно-правовая форма": "Муниципальная организация",
        **{f"Реализация программ {level} общего образования": "Да" if has else "Нет" for level, has in levels.items()},
        "Реализация программ среднего профессионального образования": "Нет",
        "Где расположена образовательная организация": _SETTLEMENTS[school.settlement],
        "Размер населенного пункта": _SIZES[school.settlement_size - 1],
        "Есть ли регулярное транспортное сообщение с крупным городом": "Нет" if school.transport == 4 else "Да",
        "Как часто ходит транспорт до крупного города": ("Каждый час", "Каждый день", "Раз в неделю", "Редко")[
            school.transport - 1
        ],
        "Доступность крупного города общественным транспортом": _TRANSPORT[school.transport - 1],
        "ОО является коррекционной": "Да" if school.is_correctional else "Нет",
        "ОО является вечерней": "Нет",
        "ОО является организацией закрытого типа": "Нет",
        "ОО при учреждении ФСИН": "Нет",
        "При ОО есть интернат": "Да" if school.is_correctional or school.transport == 4 else "Нет",
    }


def _resources_2021(world: World, school: School, pupils: int) -> dict[str, Cell]:
    rng = stream(world.options.seed, "resources", school.index)
    teachers, category = _teachers(school, pupils)
    rooms = max(4, round(pupils / 22))
    computers = max(3, round(pupils / 7))
    shares = ("Менее 25 %", "25–50 %", "50–75 %", "Более 75 %")
    return {
        "Общее количество учителей": float(teachers),
        "Количество учителей высшей категории": float(category // 2),
        "Количество учителей моложе 30 лет": float(round(teachers * 0.15)),
        "Количество учителей пенсионного возраста": float(round(teachers * 0.25)),
        "Количество учителей, прошедших повышение квалификации до 36 часов": float(round(teachers * 0.3)),
        "Количество учителей, прошедших повышение квалификации от 36 до 72 часов": float(round(teachers * 0.3)),
        "Количество учителей, прошедших повышение квалификации более 72 часов": float(round(teachers * 0.1)),
        "Что делают учителя после повышения квалификации": "Проводят открытые уроки",
        "Количество учебных кабинетов": float(rooms),
        "Количество кабинетов с компьютером": float(round(rooms * 0.7)),
        "Количество проекторов": float(round(rooms * 0.5)),
        "Общее количество компьютеров": float(computers),
        "Количество компьютеров старше 5 лет": float(round(computers * 0.5)),
        "Количество компьютеров с доступом в интернет": float(round(computers * 0.8)),
        "Скорость доступа в интернет": ("До 10 Мбит/с", "10–50 Мбит/с", "Более 50 Мбит/с")[int(rng.integers(3))],
        "Доля обучающихся в кружках и секциях": shares[int(rng.integers(4))],
        "Участие в проекте «Билет в будущее»": "Да" if rng.random() < 0.5 else "Нет",
        "Профориентация: экскурсии на предприятия": "Да" if rng.random() < 0.8 else "Нет",
        "Профориентация: встречи с выпускниками": "Да" if rng.random() < 0.8 else "Нет",
        "Профориентация: тестирование": "Да" if rng.random() < 0.6 else "Нет",
        "Профориентация: профильные смены": "Да" if rng.random() < 0.3 else "Нет",
        "Доля родителей на собраниях в начальной школе": shares[int(rng.integers(1, 4))],
        "Доля родителей на собраниях в основной школе": shares[int(rng.integers(1, 3))],
        "Доля родителей на собраниях в старшей школе": shares[int(rng.integers(0, 3))],
        "Доля родителей, чьи дети обучаются по АОП, на собраниях": shares[int(rng.integers(0, 4))],
    }
