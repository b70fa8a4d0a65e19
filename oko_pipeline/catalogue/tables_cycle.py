"""Tables of the management cycle: findings, recommendations, a person's word about them, links, drafts of decisions."""

from typing import Final

from oko_pipeline.catalogue.columns import (
    BOOLEAN,
    DATE,
    INTEGER,
    JSON,
    METHOD,
    NUMBER,
    SIZE_TIERS,
    TEXT,
    TIMESTAMP,
    UNIT_LEVELS,
    YEAR,
)
from oko_pipeline.catalogue.contracts import Column, Table

STRENGTHS: Final = ("weak", "moderate", "strong")
ORIGINS: Final = ("rule", "person")
STATES: Final = ("proposed", "waiting", "accepted", "edited", "rejected")
BASIS_STATES: Final = ("current", "changed", "gone", "none")
ANSWERS: Final = ("accepted", "edited", "rejected", "waiting")
NODE_KINDS: Final = ("finding", "recommendation", "decision", "measure", "event")
DRAFT_KINDS: Final = ("order", "plan")

_UNIT: Final = (
    Column("unit_level", TEXT, "Уровень: все ОО / регион / муниципалитет / ОО", allowed=UNIT_LEVELS),
    Column("unit_code", TEXT, "Код единицы наблюдения; у уровня all — «all»"),
)
_MUNICIPALITY: Final = Column("municipality_code", TEXT, "Муниципалитет единицы", nullable=True)
_RECOMMENDATION: Final = Column("recommendation_id", TEXT, "Номер рекомендации, неизменный при повторном прогоне")
_FORM: Final = (
    Column("file_sha256", TEXT, "Файл формы с ответом человека", nullable=True),
    Column("source_sheet", TEXT, "Лист файла", nullable=True),
    Column("source_row", INTEGER, "Строка листа, с 1", nullable=True),
)

FINDINGS: Final = Table(
    name="findings",
    title_ru="Выводы",
    grain_ru="правило × единица наблюдения × предмет вывода",
    stage="recommendations",
    key=("school_year", "unit_level", "unit_code", "finding_id"),
    indexes=(("school_year", "finding_id"), ("school_year", "rule_id")),
    columns=(
        YEAR,
        *_UNIT,
        Column("finding_id", TEXT, "Номер вывода, неизменный при повторном прогоне"),
        _MUNICIPALITY,
        Column("rule_id", TEXT, "Правило (catalogue/data/finding_rules)"),
        Column("rule_version", INTEGER, "Версия правила"),
        Column("direction", TEXT, "Направление"),
        Column("topic", TEXT, "О чём вывод: значения столбцов темы через «|»"),
        Column("title_ru", TEXT, "Вид вывода словами"),
        Column("text_ru", TEXT, "Вывод словами, с числами"),
        Column("refutation_ru", TEXT, "Что опровергло бы вывод"),
        Column("indicator_code", TEXT, "Показатель", nullable=True),
        Column("metric", TEXT, "Величина: таблица и столбец"),
        Column("assessment_id", TEXT, "Работа, если вывод об одной", nullable=True),
        Column("subject_code", TEXT, "Предмет", nullable=True),
        Column("paper_grade", INTEGER, "Класс работы", nullable=True),
        Column("n_count", INTEGER, "Численность группы, о которой вывод", nullable=True),
        Column("size_tier", TEXT, "Ступень численности группы", nullable=True, allowed=SIZE_TIERS),
        Column("value", NUMBER, "Значение", nullable=True),
        Column("value_low", NUMBER, "Нижняя граница 95 %", nullable=True),
        Column("value_high", NUMBER, "Верхняя граница 95 %", nullable=True),
        Column("reference_value", NUMBER, "С чем сравнивалось", nullable=True),
        Column("value_unit", TEXT, "Единица значения", nullable=True),
        Column("rows_count", INTEGER, "Строк, на которых стоит вывод"),
        Column("titles", JSON, "Что названо в выводе: умения, факторы, источники"),
        Column("strength", TEXT, "Сила", allowed=STRENGTHS),
        Column("confidence_ru", TEXT, "Уверенность словами"),
        Column("evidence_table", TEXT, "Таблица, на строках которой стоит вывод"),
        Column("evidence", JSON, "Ключи этих строк"),
        *METHOD,
    ),
)

RECOMMENDATIONS: Final = Table(
    name="recommendations",
    title_ru="Адресные рекомендации",
    grain_ru="рекомендация: правило × единица × адресат; или внесённая человеком",
    stage="recommendations",
    key=("school_year", "unit_level", "unit_code", "recommendation_id"),
    indexes=(("school_year", "recommendation_id"),),
    columns=(
        YEAR,
        *_UNIT,
        _RECOMMENDATION,
        _MUNICIPALITY,
        Column("origin", TEXT, "Откуда: правило или человек", allowed=ORIGINS),
        Column("rule_id", TEXT, "Правило (catalogue/data/recommendation_rules)", nullable=True),
        Column("rule_version", INTEGER, "Версия правила", nullable=True),
        Column("direction", TEXT, "Направление"),
        Column("addressee", TEXT, "Адресат"),
        Column("responsible_role", TEXT, "Кто отвечает за исполнение (должность)", nullable=True),
        Column("title_ru", TEXT, "Вид рекомендации словами"),
        Column("text_ru", TEXT, "Действующий текст: слово человека, если оно есть"),
        Column("rule_text_ru", TEXT, "Текст по правилу и данным; пусто — правило больше не срабатывает", nullable=True),
        Column("basis_ru", TEXT, "Основание: выводы словами", nullable=True),
        Column("causes", JSON, "Возможные причины — предположения, их проверяет адресат"),
        Column("control_metric", TEXT, "По чему проверят: код показателя или таблица.столбец", nullable=True),
        Column("control_ru", TEXT, "То же словами", nullable=True),
        Column("control_value", NUMBER, "Значение главного вывода сейчас", nullable=True),
        Column("expected_ru", TEXT, "Ожидаемый результат", nullable=True),
        Column("due_on", DATE, "Срок", nullable=True),
        Column("strength", TEXT, "Сила самого сильного основания", nullable=True, allowed=STRENGTHS),
        Column("urgency", INTEGER, "Срочность: 3 — сначала", nullable=True),
        Column("reach_count", INTEGER, "Скольких касается: наибольшая численность или число ОО", nullable=True),
        Column("findings_count", INTEGER, "Выводов в основании"),
        Column("finding_ids", JSON, "Номера выводов"),
        Column("subjects", TEXT, "Предметы через «;»", nullable=True),
        Column("state", TEXT, "Состояние", allowed=STATES),
        Column("basis_state", TEXT, "Основание: прежнее, изменилось, исчезло, нет", allowed=BASIS_STATES),
        Column("is_held_back", BOOLEAN, "Отложена: не предлагается, но и не потеряна"),
        Column("held_back_ru", TEXT, "Почему отложена", nullable=True),
        Column("held_for_id", TEXT, "Какой рекомендации уступила", nullable=True),
        Column("answered_on", DATE, "Дата ответа", nullable=True),
        Column("answered_role", TEXT, "Кто ответил (должность)", nullable=True),
        Column("answer_reason", TEXT, "Причина изменения или отказа", nullable=True),
        *_FORM,
        *METHOD,
    ),
)  # fmt: skip

RECOMMENDATION_WORDS: Final = Table(
    name="recommendation_words",
    title_ru="Ответы людей на рекомендации",
    grain_ru="ответ: номер рекомендации × содержание ответа; прежние ответы сохраняются",
    stage="recommendations",
    key=("school_year", "word_id"),
    columns=(
        YEAR,
        Column("word_id", TEXT, "Отпечаток ответа"),
        _RECOMMENDATION,
        Column("school_code", TEXT, "ОО, к которой относится ответ", nullable=True),
        Column("municipality_code", TEXT, "Муниципалитет, если строка его", nullable=True),
        Column("answer", TEXT, "Ответ: принята, изменена, отклонена, рассматривается", allowed=ANSWERS),
        Column("offered_ru", TEXT, "Текст, на который отвечал человек"),
        Column("text_ru", TEXT, "Текст, который он оставил"),
        Column("reason_ru", TEXT, "Причина", nullable=True),
        Column("answered_on", DATE, "Дата ответа", nullable=True),
        Column("answered_role", TEXT, "Кто ответил (должность)", nullable=True),
        *_FORM,
        Column("recorded_at", TIMESTAMP, "Когда программа впервые увидела ответ"),
        Column("is_current", BOOLEAN, "Действует; прежние и отозванные ответы остаются в журнале"),
    ),
)

CYCLE_LINKS: Final = Table(
    name="cycle_links",
    title_ru="Связи цикла: вывод → рекомендация → решение → мера → мероприятие",
    grain_ru="ссылка одной записи на другую",
    stage="recommendations",
    key=("school_year", "from_kind", "from_id", "to_kind", "to_number"),
    indexes=(("school_year", "to_kind", "to_id"),),
    columns=(
        YEAR,
        Column("from_kind", TEXT, "Откуда", allowed=NODE_KINDS),
        Column("from_id", TEXT, "Запись: номер вывода или рекомендации, ключ строки реестра"),
        Column("from_number", TEXT, "Её номер для людей"),
        Column("to_kind", TEXT, "Куда", allowed=NODE_KINDS),
        Column("to_id", TEXT, "Запись; пусто — такой нет", nullable=True),
        Column("to_number", TEXT, "Её номер для людей"),
        Column("unit_code", TEXT, "ОО или муниципалитет, чья запись ссылается", nullable=True),
        Column("is_broken", BOOLEAN, "Ссылка в никуда"),
        *_FORM,
    ),
)

DECISION_DRAFTS: Final = Table(
    name="decision_drafts",
    title_ru="Проекты приказа и плана мер по принятым рекомендациям",
    grain_ru="вид проекта × единица × пункт",
    stage="recommendations",
    key=("school_year", "unit_level", "unit_code", "draft_kind", "point_number"),
    columns=(
        YEAR,
        *_UNIT,
        Column("draft_kind", TEXT, "Приказ или план мер", allowed=DRAFT_KINDS),
        Column("point_number", INTEGER, "Номер пункта, с 1"),
        Column("text_ru", TEXT, "Пункт"),
        Column("direction", TEXT, "Направление"),
        Column("addressee", TEXT, "Адресат"),
        Column("responsible_role", TEXT, "Исполнитель (должность)"),
        Column("control_role", TEXT, "Кто контролирует (должность)"),
        Column("due_on", DATE, "Срок", nullable=True),
        Column("control_metric", TEXT, "По чему проверят", nullable=True),
        Column("control_ru", TEXT, "То же словами", nullable=True),
        Column("expected_ru", TEXT, "Ожидаемый результат", nullable=True),
        _RECOMMENDATION,
        Column("is_decided", BOOLEAN, "По рекомендации уже есть решение"),
    ),
)

CYCLE_TABLES: Final[tuple[Table, ...]] = (
    FINDINGS,
    RECOMMENDATIONS,
    RECOMMENDATION_WORDS,
    CYCLE_LINKS,
    DECISION_DRAFTS,
)
