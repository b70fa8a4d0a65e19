"""Descriptions of papers (ALL), codifiers of content (KS) and requirements (KT): real structure, invented words."""

from typing import Final

from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.inbox import Cell
from oko_pipeline.sample.papers import Paper

SHEET: Final = "Лист1"
_HEADER: Final = [
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
_HEADER_KS: Final = ["Код", "Проверяемые элементы содержания"]
_HEADER_KT: Final = ["Код", "Проверяемые требования к уровню подготовки"]
_METASUBJECT: Final = (
    "Умение определять понятия, обобщать, устанавливать аналогии",
    "Умение устанавливать причинно-следственные связи, делать выводы",
    "Умение читать и преобразовывать схемы, таблицы и модели",
    "Смысловое чтение",
    "Умение осознанно использовать речевые средства",
)
# Subjects whose codifier of requirements has the chapter «Метапредметные».
_WITH_METASUBJECT: Final = ("biology", "geography", "history", "social_studies", "world_around")
_VERBS: Final = ("Находить", "Объяснять", "Сравнивать", "Применять на практике", "Проверять", "Использовать")
# Four sections of content a subject, each with what pupils do (accusative) — invented, general on purpose.
_CONTENT: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "mathematics": (
        ("Числа и вычисления", "значения числовых выражений"),
        ("Текстовые задачи", "способ решения задачи в несколько действий"),
        ("Геометрические фигуры", "длины, площади и углы фигур"),
        ("Данные и диаграммы", "сведения из таблиц и диаграмм"),
    ),
    "russian": (
        ("Орфография и пунктуация", "правила правописания и знаки препинания"),
        ("Слово и его части", "морфемы и способы образования слов"),
        ("Части речи и предложение", "грамматические признаки слов и предложений"),
        ("Текст", "главную мысль и строение текста"),
    ),
    "world_around": (
        ("Человек и природа", "признаки живых существ и явлений природы"),
        ("Опыты и наблюдения", "ход и результаты простого опыта"),
        ("Человек и общество", "правила поведения и жизнь общества"),
        ("Родной край", "сведения о своём крае"),
    ),
    "biology": (
        ("Признаки живого", "свойства и процессы жизни"),
        ("Строение организмов", "части и органы организма по рисунку"),
        ("Многообразие организмов", "группы организмов по их признакам"),
        ("Организм и среда", "связи организмов со средой"),
    ),
    "history": (
        ("События и даты", "события и их порядок"),
        ("Источники", "сведения исторического источника"),
        ("Карта", "места событий на карте"),
        ("Люди и культура", "вклад людей прошлого в культуру"),
    ),
    "geography": (
        ("Карта и план", "географические объекты на карте"),
        ("Оболочки Земли", "процессы в оболочках Земли"),
        ("Природа и люди", "особенности территорий и занятий населения"),
        ("Работа с данными", "данные графиков погоды и таблиц"),
    ),
    "social_studies": (
        ("Человек и общество", "черты человека и общества"),
        ("Экономика", "экономические явления в повседневной жизни"),
        ("Право и государство", "нормы права в житейской ситуации"),
        ("Духовная культура", "понятия нравственности и культуры"),
    ),
    "physics": (
        ("Измерения", "показания приборов и погрешность"),
        ("Механика", "законы движения и взаимодействия тел"),
        ("Тепловые явления", "превращения энергии"),
        ("Электричество", "величины электрической цепи"),
    ),
    "chemistry": (
        ("Вещества и смеси", "вещества и способы разделения смесей"),
        ("Строение вещества", "строение атома и состав вещества"),
        ("Реакции", "уравнения и признаки реакций"),
        ("Вещества вокруг нас", "правила обращения с веществами"),
    ),
    "english": (
        ("Аудирование", "запрашиваемые сведения в звучащем тексте"),
        ("Чтение", "основное содержание текста"),
        ("Грамматика", "грамматические формы в связном тексте"),
        ("Говорение", "речевые средства описания"),
    ),
}
_CONTENT_OF: Final = {"german": "english"}


def content_sections(subject_code: str) -> tuple[tuple[str, str], ...]:
    """Return the sections of a subject's codifier: name, and what pupils do there in the accusative."""
    return _CONTENT[_CONTENT_OF.get(subject_code, subject_code)]


def skill(paper: Paper, position: int) -> str:
    """Return the invented skill of the task at `position` (from 0)."""
    _, what = content_sections(paper.subject_code)[position % 4]
    verb = _VERBS[(position + position // 4) % len(_VERBS)].lower()
    return f"Умение {verb} {what} ({subjects()[paper.subject_code].name_ru.lower()}, {paper.grade} класс)"


def programme_block(paper: Paper, position: int) -> str:
    """Return the invented block of the programme of the task at `position` (from 0)."""
    _, what = content_sections(paper.subject_code)[position % 4]
    learns = "получит возможность научиться" if paper.tasks[position].level == "В" else "научится"
    return f"Выпускник {learns} {_VERBS[(position + position // 4) % len(_VERBS)].lower()} {what}"


def description_all(paper: Paper) -> list[list[Cell]]:
    """Return rows of `ALL.xlsx`: a task has a row for every pair of its codes."""
    rows: list[list[Cell]] = [list(_HEADER)]
    subject_first = 2 if paper.subject_code in _WITH_METASUBJECT else 1
    for position, task in enumerate(paper.tasks):
        section = position % 4 + 1
        contents = [f"{section}.1", f"{section}.2"] if position % 3 == 0 else [f"{section}.{position % 2 + 1}"]
        requirements = [f"{subject_first}.{section}"]
        if subject_first == 2 and position % 2 == 0:
            requirements.append(f"1.{position % len(_METASUBJECT) + 1}")
        rows.extend(
            [
                task.code,
                str(position + 1),
                skill(paper, position),
                programme_block(paper, position),
                task.level,
                content,
                requirement,
                str(task.maximum),
                str(2 + task.maximum),
            ]
            for content in contents
            for requirement in requirements
        )
    return rows


def codifier_content(paper: Paper) -> list[list[Cell]]:
    """Return rows of `KS.xlsx`: whole codes are numbers, dotted ones text, as in the real files."""
    rows: list[list[Cell]] = [list(_HEADER_KS)]
    for number, (name, _) in enumerate(content_sections(paper.subject_code), start=1):
        rows.append([float(number), name])
        rows.append([f"{number}.1", f"{name}: основы"])
        rows.append([f"{number}.2", f"{name}: применение"])
    return rows


def codifier_requirements(paper: Paper) -> list[list[Cell]]:
    """Return rows of `KT.xlsx`, with the chapter «Метапредметные» where the subject's codifier has one."""
    rows: list[list[Cell]] = [list(_HEADER_KT)]
    with_metasubject = paper.subject_code in _WITH_METASUBJECT
    if with_metasubject:
        rows.append(["1", "Метапредметные"])
        rows.extend([f"1.{number}", text] for number, text in enumerate(_METASUBJECT, start=1))
    chapter = 2 if with_metasubject else 1
    rows.append([str(chapter), "Предметные"])
    for number, (_, what) in enumerate(content_sections(paper.subject_code), start=1):
        rows.append([f"{chapter}.{number}", f"{_VERBS[number % len(_VERBS)]} {what}"])
    return rows
