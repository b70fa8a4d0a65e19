"""Tables of state exams (ОГЭ, ЕГЭ, ГВЭ), final essay and final interview: protocols, summaries, scales, minima."""

from typing import Final

from oko_pipeline.catalogue.columns import (
    BOOLEAN,
    DATE,
    FILE,
    INTEGER,
    METHOD,
    NUMBER,
    SIZE_TIER,
    SOURCE_ROW,
    SOURCE_SHEET,
    TEXT,
    UNIT,
    YEAR,
)
from oko_pipeline.catalogue.contracts import Column, Privacy, Table
from oko_pipeline.catalogue.exams import EXAM_KINDS, EXAM_LEVELS

RESULT_STATUSES: Final = ("valid", "absent", "annulled", "removed", "not_finished", "pending")
"""Действителен, не явился, аннулирован, удалён, не завершил, не обработан."""
APPEAL_STATES: Final = ("satisfied", "rejected", "withdrawn", "pending")
ADMISSION_PROCEDURES: Final = ("essay", "statement", "interview")
PARTICIPANT_CATEGORIES: Final = ("graduate", "college", "previous", "special", "other", "unknown")
"""ВТГ СОО, ВТГ СПО, ВПЛ, участник с ОВЗ, иная, не указана."""

_EXAM: Final = Column("exam_code", TEXT, "Экзамен: вид, год, предмет, уровень (ege:2022:mathematics:base)")
_PERSON: Final = Column("pupil_id", TEXT, "Псевдоним участника: HMAC имени и документа", privacy=Privacy.PSEUDONYM)
_SCHOOL_KEY: Final = Column("school_key", TEXT, "ОО, как в файле: код ОГЭ или ЕГЭ, логин, название", nullable=True)
_SCHOOL_CODE: Final = Column("school_code", TEXT, "Код ОО; пусто — не сопоставлена", nullable=True)
_CATEGORY: Final = Column("category", TEXT, "Категория участника", allowed=("all", *PARTICIPANT_CATEGORIES))


def _pupil(name: str, description_ru: str, kind: type = int) -> Column:
    column_type = {int: INTEGER, float: NUMBER, str: TEXT}[kind]
    return Column(name, column_type, description_ru, nullable=True, privacy=Privacy.PUPIL)


def _share(name: str, description_ru: str) -> tuple[Column, Column, Column]:
    return (
        Column(f"{name}_share", NUMBER, description_ru, nullable=True),
        Column(f"{name}_low", NUMBER, "Нижняя граница 95 %", nullable=True),
        Column(f"{name}_high", NUMBER, "Верхняя граница 95 %", nullable=True),
    )


EXAM_RESULTS: Final = Table(
    name="exam_results",
    title_ru="Результаты экзаменов ГИА",
    grain_ru="участие обучающегося в экзамене в один день",
    stage="collection",
    key=("school_year", "exam_code", "pupil_id", "exam_date", "file_sha256", "source_sheet", "source_row"),
    columns=(
        YEAR,
        _EXAM,
        Column("exam_kind", TEXT, "Вид экзамена", allowed=EXAM_KINDS),
        Column("exam_year", INTEGER, "Год экзамена"),
        Column("subject_code", TEXT, "Предмет"),
        Column("exam_level", TEXT, "Уровень: основной, базовый, профильный", allowed=EXAM_LEVELS),
        Column("exam_date", DATE, "Дата экзамена (письменной части)", nullable=True),
        _PERSON,
        _SCHOOL_CODE,
        _SCHOOL_KEY,
        Column("class_label", TEXT, "Класс, как в протоколе", nullable=True),
        Column("category", TEXT, "Категория участника", allowed=PARTICIPANT_CATEGORIES),
        Column("variant", TEXT, "Вариант или серия вариантов", nullable=True),
        Column("station_code", TEXT, "Код ППЭ", nullable=True),
        Column("auditorium_code", TEXT, "Аудитория", nullable=True),
        Column("status", TEXT, "Состояние результата", allowed=RESULT_STATUSES),
        _pupil(
            "task_scores",
            "Баллы заданий: краткие|развёрнутые|устные, через «;», балл или балл/максимум; буква — выбранный ответ",
            str,
        ),
        _pupil("written_score", "Первичный балл письменной части"),
        _pupil("oral_score", "Первичный балл устной части"),
        _pupil("primary_score", "Первичный балл (после апелляции)"),
        _pupil("test_score", "Тестовый балл (после апелляции)"),
        _pupil("mark", "Отметка (после апелляции)"),
        _pupil("year_mark", "Годовая отметка, если она есть в файле"),
        _pupil("primary_score_before", "Первичный балл до апелляции, если она его изменила"),
        _pupil("test_score_before", "Тестовый балл до апелляции, если она его изменила"),
        Column("sitting", INTEGER, "Какое по счёту участие в этом экзамене, с 1"),
        Column("is_final", BOOLEAN, "Участие, результат которого засчитан"),
        Column("is_appealed", BOOLEAN, "Результат изменён апелляцией или перепроверкой"),
        FILE,
        SOURCE_SHEET,
        SOURCE_ROW,
    ),
    is_restricted=True,
)

EXAM_APPEALS: Final = Table(
    name="exam_appeals",
    title_ru="Апелляции и перепроверки",
    grain_ru="апелляция или перепроверка результата",
    stage="collection",
    key=("school_year", "file_sha256", "source_sheet", "source_row"),
    columns=(
        YEAR,
        _EXAM,
        Column("exam_date", DATE, "Дата экзамена", nullable=True),
        _PERSON,
        _SCHOOL_CODE,
        _SCHOOL_KEY,
        Column("appeal_kind", TEXT, "Апелляция или перепроверка", nullable=True, allowed=("appeal", "recheck")),
        Column("state", TEXT, "Состояние", allowed=APPEAL_STATES),
        Column("changed_at", DATE, "Дата изменения", nullable=True),
        _pupil("score_before", "Балл до изменения"),
        _pupil("primary_score", "Текущий первичный балл"),
        _pupil("test_score", "Текущий тестовый балл"),
        _pupil("mark", "Текущая отметка"),
        Column("is_applied", BOOLEAN, "Изменение внесено в результат"),
        FILE,
        SOURCE_SHEET,
        SOURCE_ROW,
    ),
    is_restricted=True,
)

ADMISSION_WORKS: Final = Table(
    name="admission_works",
    title_ru="Итоговое сочинение и итоговое собеседование",
    grain_ru="участие обучающегося в допуске к ГИА в один день",
    stage="collection",
    key=("school_year", "procedure", "pupil_id", "held_on", "file_sha256", "source_sheet", "source_row"),
    columns=(
        YEAR,
        Column("procedure", TEXT, "Сочинение, изложение, собеседование", allowed=ADMISSION_PROCEDURES),
        Column("held_on", DATE, "Дата проведения", nullable=True),
        _PERSON,
        _SCHOOL_CODE,
        _SCHOOL_KEY,
        Column("class_label", TEXT, "Класс", nullable=True),
        Column("status", TEXT, "Состояние результата", allowed=RESULT_STATUSES),
        _pupil("criteria_scores", "Критерии через «;»: баллы или 1 — зачёт, 0 — незачёт", str),
        _pupil("total_score", "Сумма баллов собеседования"),
        Column("is_passed", BOOLEAN, "Зачёт", nullable=True, privacy=Privacy.PUPIL),
        Column("is_final", BOOLEAN, "Участие, результат которого засчитан"),
        FILE,
        SOURCE_SHEET,
        SOURCE_ROW,
    ),
    is_restricted=True,
)

EXAM_SCHOOL_RESULTS: Final = Table(
    name="exam_school_results",
    title_ru="ЕГЭ по ОО и предметам из готовых таблиц",
    grain_ru="единица наблюдения × предмет × год в одном файле",
    stage="collection",
    key=("school_year", "exam_code", "unit_level", "unit_name", "municipality_name", "file_sha256"),
    columns=(
        YEAR,
        _EXAM,
        Column("exam_year", INTEGER, "Год экзамена"),
        Column("subject_code", TEXT, "Предмет; all — все участники ЕГЭ"),
        Column("unit_level", TEXT, "Уровень строки таблицы", allowed=("region", "municipality", "school")),
        Column("unit_name", TEXT, "Название единицы, как в файле"),
        Column("municipality_name", TEXT, "Муниципалитет, под которым стоит строка; у региона — «—»"),
        _SCHOOL_CODE,
        Column("counted", TEXT, "Что считает таблица: участников или заявления", allowed=("results", "applications")),
        Column("participants_count", INTEGER, "Участников (или заявлений)", nullable=True),
        Column("below_minimum_count", INTEGER, "Не преодолели минимальный порог", nullable=True),
        Column("score_80_99_count", INTEGER, "Получили 80–99 баллов", nullable=True),
        Column("score_100_count", INTEGER, "Получили 100 баллов", nullable=True),
        Column("mean_test_score", NUMBER, "Средний тестовый балл", nullable=True),
        FILE,
        SOURCE_SHEET,
        SOURCE_ROW,
    ),
)

EXAM_CROSS_FOOT: Final = Table(
    name="exam_cross_foot",
    title_ru="Сверка итоговых строк таблиц ЕГЭ",
    grain_ru="итог (строка × столбец), который не сходится с суммой своих строк",
    stage="collection",
    key=("school_year", "file_sha256", "source_sheet", "cell", "parts_level"),
    columns=(
        YEAR,
        _EXAM,
        Column("unit_level", TEXT, "Уровень итога", allowed=("region", "municipality")),
        Column("unit_name", TEXT, "Итоговая строка"),
        Column("parts_level", TEXT, "Чем проверен: муниципалитеты или ОО", allowed=("municipality", "school")),
        Column("measure", TEXT, "Показатель"),
        Column("cell", TEXT, "Ячейка итога"),
        Column("stated", NUMBER, "Напечатано", nullable=True),
        Column("computed", NUMBER, "Получается из строк", nullable=True),
        Column("difference", NUMBER, "Разница", nullable=True),
        FILE,
        SOURCE_SHEET,
        SOURCE_ROW,
    ),
)

EXAM_SCALES: Final = Table(
    name="exam_scales",
    title_ru="Шкалы экзаменов",
    grain_ru="первичный балл в шкале одного источника",
    stage="collection",
    key=("school_year", "exam_code", "series", "source", "primary_score"),
    columns=(
        YEAR,
        _EXAM,
        Column("series", TEXT, "Серия вариантов ГВЭ; пусто — одна на экзамен"),
        Column("source", TEXT, "Источник шкалы"),
        Column("evidence", TEXT, "Основание: S — источник, C — посчитано, K — практика, I — вывод"),
        Column("primary_score", INTEGER, "Первичный балл"),
        Column("test_score", INTEGER, "Тестовый балл", nullable=True),
        Column("mark", INTEGER, "Отметка", nullable=True),
        Column("is_contested", BOOLEAN, "Другой источник даёт другое значение"),
    ),
)

EXAM_SUMMARY: Final = Table(
    name="exam_summary",
    title_ru="Итоги экзаменов ГИА",
    grain_ru="экзамен × единица наблюдения × категория участников",
    stage="analysis",
    key=("school_year", "exam_code", "unit_level", "unit_code", "category"),
    slice_by=("school_year", "exam_code"),
    columns=(
        YEAR,
        _EXAM,
        *UNIT,
        _CATEGORY,
        Column("participants_count", INTEGER, "Участников с засчитанным результатом"),
        Column("not_valid_count", INTEGER, "Не явились, удалены, не завершили, аннулированы"),
        SIZE_TIER,
        Column("mean_primary", NUMBER, "Средний первичный балл", nullable=True),
        Column("mean_test", NUMBER, "Средний тестовый балл", nullable=True),
        Column("sd_test", NUMBER, "Стандартное отклонение тестового балла", nullable=True),
        Column("mean_test_low", NUMBER, "Нижняя граница 95 %", nullable=True),
        Column("mean_test_high", NUMBER, "Верхняя граница 95 %", nullable=True),
        Column("median_test", NUMBER, "Медиана тестового балла", nullable=True),
        Column("minimum_score", INTEGER, "Минимальный балл, с которым сравнивали", nullable=True),
        Column("below_minimum_count", INTEGER, "Ниже минимального балла", nullable=True),
        *_share("below_minimum", "Доля ниже минимального балла"),
        Column("minimum_60_count", INTEGER, "От минимального до 60 баллов", nullable=True),
        Column("score_61_80_count", INTEGER, "61–80 баллов", nullable=True),
        Column("score_81_100_count", INTEGER, "81–100 баллов", nullable=True),
        *_share("score_81_100", "Доля 81–100 баллов"),
        Column("score_80_99_count", INTEGER, "80–99 баллов", nullable=True),
        Column("score_100_count", INTEGER, "100 баллов", nullable=True),
        Column("mean_mark", NUMBER, "Средняя отметка", nullable=True),
        *(Column(f"mark_{mark}_count", INTEGER, f"Отметок «{mark}»", nullable=True) for mark in (2, 3, 4, 5)),
        *_share("success", "Успеваемость: доля «3», «4» и «5»"),
        *_share("quality", "Качество: доля «4» и «5»"),
        Column("year_mark_pairs_count", INTEGER, "Участников с отметкой экзамена и годовой отметкой"),
        Column("year_mark_lower_count", INTEGER, "Отметка экзамена ниже годовой", nullable=True),
        Column("year_mark_same_count", INTEGER, "Отметка экзамена равна годовой", nullable=True),
        Column("year_mark_higher_count", INTEGER, "Отметка экзамена выше годовой", nullable=True),
        *METHOD,
    ),
    indexes=(("unit_code",),),
)

EXAM_TASK_RESULTS: Final = Table(
    name="exam_task_results",
    title_ru="Выполнение заданий экзаменов",
    grain_ru="экзамен × единица наблюдения × задание × группа по баллам",
    stage="analysis",
    key=("school_year", "exam_code", "unit_level", "unit_code", "part", "position", "score_group"),
    slice_by=("school_year", "exam_code"),
    columns=(
        YEAR,
        _EXAM,
        *UNIT,
        Column("part", TEXT, "Часть работы", allowed=("short", "extended", "oral")),
        Column("position", INTEGER, "Место задания (критерия) в своей части, с 1"),
        Column(
            "score_group",
            TEXT,
            "Группа участников по результату",
            allowed=(
                "all",
                "below_minimum",
                "minimum_60",
                "score_61_80",
                "score_81_100",
                "mark_2",
                "mark_3",
                "mark_4",
                "mark_5",
            ),
        ),
        Column("maximum_score", INTEGER, "Максимум задания: из маски или наибольший полученный", nullable=True),
        Column("is_maximum_stated", BOOLEAN, "Максимум напечатан в маске, а не найден по результатам"),
        Column("participants_count", INTEGER, "Участников с баллом за задание"),
        SIZE_TIER,
        Column("solved_share", NUMBER, "Решаемость: сумма баллов к сумме возможных", nullable=True),
        Column("solved_low", NUMBER, "Нижняя граница 95 %", nullable=True),
        Column("solved_high", NUMBER, "Верхняя граница 95 %", nullable=True),
        Column("zero_share", NUMBER, "Доля получивших 0", nullable=True),
        Column("full_share", NUMBER, "Доля получивших максимум", nullable=True),
        *METHOD,
    ),
)

EXAM_FORM_SHARES: Final = Table(
    name="exam_form_shares",
    title_ru="Формы экзамена: основная и ГВЭ",
    grain_ru="уровень образования × единица наблюдения",
    stage="analysis",
    key=("school_year", "education_level", "unit_level", "unit_code"),
    columns=(
        YEAR,
        Column("education_level", TEXT, "9 — ОГЭ и ГВЭ-9, 11 — ЕГЭ и ГВЭ-11", allowed=("9", "11")),
        *UNIT,
        Column("participants_count", INTEGER, "Участников ГИА"),
        Column("main_form_count", INTEGER, "Хотя бы один экзамен в форме ОГЭ или ЕГЭ"),
        Column("gve_count", INTEGER, "Хотя бы один экзамен в форме ГВЭ"),
        SIZE_TIER,
        *_share("gve", "Доля сдававших ГВЭ"),
        *METHOD,
    ),
)

ADMISSION_RESULTS: Final = Table(
    name="admission_results",
    title_ru="Допуск к ГИА: сочинение и собеседование",
    grain_ru="процедура × единица наблюдения",
    stage="analysis",
    key=("school_year", "procedure", "unit_level", "unit_code"),
    columns=(
        YEAR,
        Column("procedure", TEXT, "Сочинение, изложение, собеседование", allowed=ADMISSION_PROCEDURES),
        *UNIT,
        Column("participants_count", INTEGER, "Участников с результатом"),
        Column("passed_count", INTEGER, "Зачёт"),
        Column("failed_count", INTEGER, "Незачёт"),
        Column("not_valid_count", INTEGER, "Не явились, удалены, не завершили, аннулированы"),
        Column("repeated_count", INTEGER, "Участвовали больше одного раза"),
        SIZE_TIER,
        *_share("passed", "Доля «зачёт»"),
        Column("mean_score", NUMBER, "Средний балл собеседования", nullable=True),
        *METHOD,
    ),
)

MEDALLIST_RESULTS: Final = Table(
    name="medallist_results",
    title_ru="ЕГЭ медалистов",
    grain_ru="экзамен × единица наблюдения",
    stage="analysis",
    key=("school_year", "exam_code", "unit_level", "unit_code"),
    columns=(
        YEAR,
        _EXAM,
        *UNIT,
        Column("medallists_count", INTEGER, "Медалистов с результатом экзамена"),
        SIZE_TIER,
        Column("mean_test", NUMBER, "Средний тестовый балл", nullable=True),
        Column("threshold_score", INTEGER, "Балл, ниже которого результат требует внимания"),
        Column("below_threshold_count", INTEGER, "Ниже этого балла"),
        *_share("below_threshold", "Доля ниже этого балла"),
        *METHOD,
    ),
)

EXAM_TABLES: Final[tuple[Table, ...]] = (
    EXAM_RESULTS,
    EXAM_APPEALS,
    ADMISSION_WORKS,
    EXAM_SCHOOL_RESULTS,
    EXAM_CROSS_FOOT,
    EXAM_SCALES,
    EXAM_SUMMARY,
    EXAM_TASK_RESULTS,
    EXAM_FORM_SHARES,
    ADMISSION_RESULTS,
    MEDALLIST_RESULTS,
)
