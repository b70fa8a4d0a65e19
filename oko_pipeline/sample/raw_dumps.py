"""Raw dumps of the federal system in their real layouts: autumn 2020, spring 2021, 2022 on (domain README 1.5)."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.sample.inbox import Cell
from oko_pipeline.sample.randomness import stream
from oko_pipeline.sample.results import WorkResults, World
from oko_pipeline.sample.tables import (
    DumpTable,
    journal_texts,
    present_texts,
    score_texts,
    sex_texts,
    variant_texts,
)
from oko_pipeline.sample.territory import REGION_LABEL, School

_TASK_COLUMNS_2020: Final = 40
_SUBJECTS_2017: Final = ("ru5", "ma5", "hist5", "bio5", "4kl", "gg11", "hi11", "fi11", "hist11", "bi11")
_OLD_SUBJECTS: Final = (
    *("rus4", "math4", "okr4", "rus5", "math5", "bio5", "hist5", "rus6", "math6", "geo6", "bio6", "hist6", "obsh6"),
    *("rus7", "math7", "bio7", "geo7", "hist7", "obsh7", "fiz7", "eng7"),
)
_NEW_SUBJECTS: Final = (
    *("ma4", "ru4", "okr4", "ma5", "ru5", "bi5", "is5", "ma6", "ru6", "bi6", "gg6", "is6", "ob6", "ma7", "ru7", "bi7"),
    *("gg7", "is7", "ob7", "fi7", "en7", "de7", "ma8", "ru8", "bi8", "gg8", "is8", "ob8", "fi8", "hi8"),
    *("en11", "geo10", "geo11", "hi11", "is11", "fi11", "bi11"),
)
_HEADER_2021: Final = [
    "логин школы", "регион", "номер обучающегося", "код обучающегося", "отметка за предыдущую четверть/триместр", "пол",
    "класс", "вариант", "всего баллов",
]  # fmt: skip
_HEADER_2022: Final = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки"]
_TAIL_2022: Final = ["Наименование класса", "Пол", "Отметка за предыдущий триместр/ четверть/полугодие", "Итого баллов"]
_CLASSES_2022: Final = [
    *_HEADER_2022,
    'Буква (цифра) класса. Введите "нет" - если отсутствует',
    "Основной учебник по предмету",
    "Другое (автор учебника)",
    "Другое (название учебника)",
]


def tags_2020(world: World, school: School) -> str:
    """Return the list of tags of a school as it stands in `groups`: two kilobytes, the municipality among them."""
    code = world.territory.municipality_of(school).code
    rng = stream(world.options.seed, "tags", school.digits)
    extras = [f"vpr2019.{subject}" for subject in _OLD_SUBJECTS if rng.random() < 0.8]
    current = [f"vpr2020.{subject}" for subject in _NEW_SUBJECTS if rng.random() < 0.97]
    tags = [
        "99-RU-EDU", "EAST", "VPR_22", "vpr_msk_3", "vpr_ma_var_9-10", f"reg99_vpr_{code}", f"reg99_vpr.2017.{code}",
        "vpr.2017.r99", *(f"vpr.2017.r99.{subject}.{code}" for subject in _SUBJECTS_2017),
        "reg99_vpr.2017.anketa", f"reg99_vpr_{code}.anketa2017_corr", "vpr.20171012.r.r99", f"vpr.20171012.r99.{code}",
        *extras, "active_reg99", "uchastniki_vpr2020", *current,
    ]  # fmt: skip
    return ",".join(tags)


def dump_2020(world: World, results: WorkResults) -> DumpTable:
    """Return the dump of autumn 2020: Latin headers, `Учебник` in the midst of the task columns."""
    tasks = len(results.paper.tasks)
    header = ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum"]
    header += [f"a-{number}-grade" for number in range(1, _TASK_COLUMNS_2020 + 1)]
    header[10 + tasks] = "Учебник"
    cells = np.full((len(results), len(header)), None, dtype=object)
    schools = world.territory.schools
    cells[:, 0] = np.array([tags_2020(world, school) for school in schools], dtype=object)[results.school]
    cells[:, 1] = _logins(world, results)
    cells[:, 2] = results.list_number.astype(float)
    cells[:, 3] = results.participant_codes().astype(float)
    cells[:, 4] = journal_texts(results)
    cells[:, 5] = sex_texts(results)
    cells[:, 6] = present_texts(results, results.class_label)
    cells[:, 7] = variant_texts(results)
    cells[:, 9] = present_texts(results, results.total.astype(float))
    cells[:, 10 : 10 + tasks] = score_texts(results)
    return DumpTable("Sheet1", header, cells, 4, 5, 6, 7, 9, 10, tasks, np.arange(len(results)))


def dump_2021(world: World, results: WorkResults) -> DumpTable:
    """Return the dump of spring 2021: Russian headers, positional tasks, every cell text."""
    tasks = len(results.paper.tasks)
    header = [*_HEADER_2021, *(f"балл за {number}" for number in range(1, tasks + 1))]
    header += ["Учебник", "Др.уч. автор", "Др.уч. название"]
    cells = np.full((len(results), len(header)), None, dtype=object)
    names = [world.territory.municipality_of(school).name for school in world.territory.schools]
    cells[:, 0] = _logins(world, results)
    cells[:, 1] = np.array(names, dtype=object)[results.school]
    cells[:, 2] = results.list_number.astype(str).astype(object)
    cells[:, 3] = results.participant_codes().astype(str).astype(object)
    cells[:, 4] = journal_texts(results)
    cells[:, 5] = sex_texts(results)
    cells[:, 6] = present_texts(results, results.class_label)
    cells[:, 7] = variant_texts(results)
    cells[:, 8] = present_texts(results, results.total.astype(str))
    cells[:, 9 : 9 + tasks] = score_texts(results)
    authors = np.array([_textbook(results, school) for school in world.territory.schools], dtype=object)
    cells[:, 9 + tasks] = present_texts(results, authors[results.school])
    return DumpTable("Sheet", header, cells, 4, 5, 6, 7, 8, 9, tasks, np.arange(len(results)))


def dump_2022(world: World, results: WorkResults, uploaded_at: list[datetime]) -> tuple[DumpTable, list[list[Cell]]]:
    """Return the data sheet and the rows of sheet `Классы` of a dump from 2022 on.

    Args:
        world: the territory.
        results: who wrote what.
        uploaded_at: upload time of every school.
    """
    paper, year, schools = results.paper, results.campaign.year, world.territory.schools
    tasks = len(paper.tasks)
    header = [
        *_HEADER_2022,
        "Код",
        "Вариант",
        *(_task_header_2022(t.code, t.maximum, paper.grade) for t in paper.tasks),
    ]
    header += _TAIL_2022
    places = [_place_2022(world, school, year, uploaded_at[school.index]) for school in schools]
    cells = np.full((len(results), len(header)), None, dtype=object)
    cells[:, :6] = np.array(places, dtype=object)[results.school]
    cells[:, 6] = results.participant_codes().astype(float)
    # A third of the schools send numbers as text; the others send numbers, with `X` as text between them.
    as_text = np.array([school.index % 3 == 1 for school in schools])[results.school]
    numeric = ~as_text & results.is_present
    cells[:, 7] = variant_texts(results)
    cells[numeric, 7] = results.variant[numeric].astype(float)
    texts = score_texts(results)
    scored = numeric[:, None] & (results.scores >= 0)
    texts[scored] = results.scores[scored].astype(float)
    cells[:, 8 : 8 + tasks] = texts
    first = 8 + tasks
    labels = [
        float(text) if number and text.isdigit() else text
        for text, number in zip(results.class_label, numeric, strict=True)
    ]
    cells[:, first] = present_texts(results, labels)
    cells[:, first + 1] = sex_texts(results)
    marks = journal_texts(results)
    with_mark = numeric & (results.journal > 0)
    marks[with_mark] = results.journal[with_mark].astype(float)
    cells[:, first + 2] = marks
    cells[:, first + 3] = np.where(results.is_present, results.total, 0).astype(float)
    table = DumpTable(
        "Протокол", header, cells, first + 2, first + 1, first, 7, first + 3, 8, tasks, np.arange(len(results))
    )
    classes: list[list[Cell]] = [list(_CLASSES_2022)]
    seen = {(int(school), str(label)) for school, label in zip(results.school, results.class_label, strict=True)}
    for school, label in sorted(seen):
        classes.append([*places[school], label, _textbook(results, schools[school]), None, None])
    return table, classes


def upload_times(world: World, campaign_code: str, grade: int, subject_code: str, first: datetime) -> list[datetime]:
    """Return for every school when it uploaded its protocol: within three weeks from `first`, in working hours."""
    rng = stream(world.options.seed, "uploads", campaign_code, grade, subject_code)
    days, seconds = (
        rng.integers(0, 21, len(world.territory.schools)),
        rng.integers(0, 8 * 3600, len(world.territory.schools)),
    )
    return [
        first + timedelta(days=int(day), hours=9, seconds=int(second))
        for day, second in zip(days, seconds, strict=True)
    ]


def file_name_2021(grade: int, subject_code: str) -> str:
    """Return the name of a dump of spring 2021, the subject in the dative."""
    return f"Проведение работы по {subjects()[subject_code].dative_ru}, {grade} класс. ВПР 2021.xlsx"


def _logins(world: World, results: WorkResults) -> np.ndarray:
    year = results.campaign.year
    return np.array([school.login(year) for school in world.territory.schools], dtype=object)[results.school]


def _textbook(results: WorkResults, school: School) -> str:
    """Return an invented textbook: authors and publishers that do not exist."""
    name = subjects()[results.paper.subject_code].name_ru
    authors = (
        "Алфавитов А.Б., Буквицын В.Г.",
        "Примеров П.Р. и др.",
        "Учебникова У.Ч.,Параграфов П.П./Под ред. Тетрадиной Т.Т.",
    )
    author = authors[(school.index + results.paper.grade) % 3]
    return f'{author} {name} {results.pupil_grade} класс АО "Издательство "Образец"'


def _place_2022(world: World, school: School, year: int, uploaded_at: datetime) -> list[Cell]:
    login = school.login(year)
    municipality = world.territory.municipality_of(school)
    return [
        login,
        99.0,
        REGION_LABEL,
        municipality.label,
        f"{login} | {school.name}",
        uploaded_at.strftime("%d.%m.%Y %H:%M:%S"),
    ]


def _task_header_2022(code: str, maximum: int, grade: int) -> str:
    """Return a task's header as real dumps of 2022 spell it: `5(1) (1б)`, `11.1 (1б)`, `16 (1) (1б)`, `5(1б)`."""
    if "." in code and "К" not in code and grade != 5:
        whole, part = code.split(".", 1)
        return f"{whole} ({part}) ({maximum}б)" if grade == 8 else f"{whole}({part}) ({maximum}б)"
    if grade == 7 and code == "5":
        return f"{code}({maximum}б)"
    if code == "2" and grade == 4:
        return f"{code} ({maximum}б) "
    return f"{code} ({maximum}б)"
