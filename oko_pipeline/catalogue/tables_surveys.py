"""Tables of surveys: answers of respondents (restricted) and results by question and scale."""

from typing import Final

from oko_pipeline.catalogue.columns import (
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

_QUESTIONNAIRE: Final = Column("questionnaire_code", TEXT, "Анкета по каталогу (students, parents, teachers, …)")

SURVEY_ANSWERS: Final = Table(
    name="survey_answers",
    title_ru="Ответы на анкеты",
    grain_ru="ответ: анкета респондента × вопрос × выбранный вариант",
    stage="collection",
    key=("school_year", "response_id", "question_code", "answer_code"),
    is_restricted=True,
    columns=(
        YEAR,
        FILE,
        SOURCE_SHEET,
        SOURCE_ROW,
        _QUESTIONNAIRE,
        Column(
            "response_id", TEXT, "Отпечаток анкеты: время и ответы, без сведений о человеке", privacy=Privacy.PSEUDONYM
        ),
        Column("school_code", TEXT, "Код ОО; пусто — школа не названа или не сопоставлена", nullable=True),
        Column("answered_on", DATE, "День ответа", nullable=True),
        Column("question_code", TEXT, "Вопрос анкеты"),
        Column(
            "answer_code",
            TEXT,
            "Вариант ответа; other — «другое» (текст не хранится); пусто — число",
            privacy=Privacy.PUPIL,
        ),
        Column("value", NUMBER, "Место ответа на шкале или число", nullable=True, privacy=Privacy.PUPIL),
    ),
)

SURVEY_RESULTS: Final = Table(
    name="survey_results",
    title_ru="Результаты анкетирования",
    grain_ru="анкета × вопрос или шкала × вариант ответа × единица наблюдения × группа респондентов",
    stage="analysis",
    key=(
        "school_year",
        "questionnaire_code",
        "item_kind",
        "item_code",
        "answer_code",
        "unit_level",
        "unit_code",
        "group_code",
    ),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        _QUESTIONNAIRE,
        Column("item_kind", TEXT, "Вопрос или шкала", allowed=("question", "scale")),
        Column("item_code", TEXT, "Код вопроса или шкалы"),
        Column(
            "answer_code",
            TEXT,
            "Вариант, доля выбравших который стоит в строке; favourable — доля благоприятных ответов; пусто — среднее",
        ),
        *UNIT,
        Column("group_code", TEXT, "Группа респондентов: all или «вопрос:ответ», например grade:9"),
        Column("statistic", TEXT, "Что стоит в value: доля (0–1) или среднее", allowed=("share", "mean")),
        Column(
            "respondents_count", INTEGER, "Ответили на вопрос (знаменатель); на шкалу — на достаточное число вопросов"
        ),
        SIZE_TIER,
        Column("chosen_count", INTEGER, "Выбрали вариант; пусто для средних и скрытых групп", nullable=True),
        Column("value", NUMBER, "Доля или среднее; пусто, если группа меньше допустимой", nullable=True),
        Column("value_low", NUMBER, "Нижняя граница 95 %", nullable=True),
        Column("value_high", NUMBER, "Верхняя граница 95 %", nullable=True),
        Column("sd", NUMBER, "Стандартное отклонение (n−1) для средних", nullable=True),
        Column(
            "value_percent",
            NUMBER,
            "Среднее в процентах размаха шкалы: 0 — наименьшее, 100 — наибольшее",
            nullable=True,
            unit_ru="%",
        ),
        *METHOD,
    ),
)

SURVEY_RELIABILITY: Final = Table(
    name="survey_reliability",
    title_ru="Надёжность шкал анкет",
    grain_ru="анкета × шкала (question_code пуст) или вопрос шкалы, по всем респондентам года",
    stage="analysis",
    key=("school_year", "questionnaire_code", "scale_code", "question_code"),
    columns=(
        YEAR,
        _QUESTIONNAIRE,
        Column("scale_code", TEXT, "Шкала"),
        Column("question_code", TEXT, "Вопрос шкалы; пусто — шкала целиком"),
        Column(
            "item_key",
            TEXT,
            "Ключ вопроса: direct — прямой, reverse — обратный; пусто для шкалы",
            allowed=("", "direct", "reverse"),
        ),
        Column("items_count", INTEGER, "Вопросов в шкале"),
        Column("respondents_count", INTEGER, "Ответили на все вопросы шкалы"),
        Column("alpha", NUMBER, "Альфа Кронбаха; для вопроса — альфа шкалы без него", nullable=True),
        Column("alpha_low", NUMBER, "Нижняя граница 95 % (Фельдт)", nullable=True),
        Column("alpha_high", NUMBER, "Верхняя граница 95 % (Фельдт)", nullable=True),
        Column("item_rest_correlation", NUMBER, "Корреляция вопроса с суммой остальных", nullable=True),
        Column("warning", TEXT, "Предупреждение о ключе или надёжности", nullable=True),
        *METHOD,
    ),
)

SURVEY_TABLES: Final[tuple[Table, ...]] = (SURVEY_ANSWERS, SURVEY_RESULTS, SURVEY_RELIABILITY)
