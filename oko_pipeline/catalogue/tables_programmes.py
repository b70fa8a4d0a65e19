"""Tables of programmes: how each duty is executed, reminders, directions, self-assessment, load and conflicts."""

from typing import Final

from oko_pipeline.catalogue.columns import BOOLEAN, DATE, INTEGER, METHOD, NUMBER, SCHOOL, TEXT, UNIT, YEAR
from oko_pipeline.catalogue.contracts import Column, Table

EXECUTION_STATES: Final = ("served", "done", "partly", "overdue", "not_due", "not_applicable")
LOAD_RULES: Final = ("subject_gap", "same_day", "week_share", "year_share", "edge_lesson", "short_work")
CONFLICTS: Final = ("own_school", "own_class", "relative", "two_places", "stated", "too_few_observers")
VERDICTS: Final = ("confirmed", "unconfirmed", "contradicted", "known", "not_met", "not_applicable", "no_data")

_DUTY: Final = (
    Column("programme", TEXT, "Программа"),
    Column("duty_id", TEXT, "Строка программы"),
)

ROADMAP_EXECUTION: Final = Table(
    name="roadmap_execution",
    title_ru="Исполнение программ",
    grain_ru="строка программы × ОО или муниципалитет в учебном году",
    stage="analysis",
    key=("school_year", "duty_id", "unit_level", "unit_code"),
    indexes=(("school_year", "unit_level", "unit_code"), ("school_year", "state")),
    columns=(
        YEAR,
        *_DUTY,
        *UNIT,
        Column("section", TEXT, "Раздел программы"),
        Column("direction", TEXT, "Направление"),
        Column("stage", TEXT, "Этап цикла"),
        Column("kind", TEXT, "Что делает программа: данные, показатель, анализ, документ, правило, учёт работы"),
        Column(
            "due_on",
            DATE,
            "Ближайший срок года (или последний прошедший); пусто — срока в этом году нет",
            nullable=True,
        ),
        Column(
            "state",
            TEXT,
            "Обслужено программой, сделано людьми, частично, просрочено, срок не наступил, не применимо",
            allowed=EXECUTION_STATES,
        ),
        Column(
            "served_by",
            TEXT,
            "Чем обслужено или где подтверждение: ассет, таблица, показатель, документ",
            nullable=True,
        ),
        Column("served_on", DATE, "Когда посчитано или сделано", nullable=True),
        Column("served_from", TEXT, "Из каких видов данных", nullable=True),
        Column("missing", TEXT, "Каких видов данных или записей не хватает", nullable=True),
        Column("evidence_count", INTEGER, "Сколько записей людей подтверждают"),
        Column("evidence_ref", TEXT, "Номер записи-подтверждения", nullable=True),
        Column("evidence_link", TEXT, "Ссылка на подтверждение", nullable=True),
        Column("reason", TEXT, "Почему не применимо, частично или без срока", nullable=True),
        *METHOD,
    ),
)

ROADMAP_LEVELS: Final = Table(
    name="roadmap_levels",
    title_ru="Исполнение программ: муниципалитет и его ОО рядом",
    grain_ru="строка программы × муниципалитет в учебном году",
    stage="analysis",
    key=("school_year", "duty_id", "municipality_code"),
    columns=(
        YEAR,
        *_DUTY,
        Column("municipality_code", TEXT, "Муниципалитет"),
        Column("title", TEXT, "Обязанность"),
        Column("term", TEXT, "Срок словами"),
        Column("responsible", TEXT, "Исполнители (роли)"),
        Column("document", TEXT, "Отчётный документ", nullable=True),
        Column(
            "municipal_state",
            TEXT,
            "Состояние у муниципалитета; пусто — обязанность только ОО",
            nullable=True,
            allowed=EXECUTION_STATES,
        ),
        Column("municipal_on", DATE, "Когда сделано муниципалитетом", nullable=True),
        Column("schools_count", INTEGER, "ОО, к которым относится; 0 — обязанность только муниципалитета"),
        Column("schools_done_count", INTEGER, "ОО, где обслужено или сделано"),
        Column("schools_partly_count", INTEGER, "ОО, где сделано частично"),
        Column("schools_overdue_count", INTEGER, "ОО, где просрочено"),
        Column("schools_not_applicable_count", INTEGER, "ОО, где не применимо"),
    ),
)

ROADMAP_REMINDERS: Final = Table(
    name="roadmap_reminders",
    title_ru="Напоминания о сроках",
    grain_ru="строка программы × ОО или муниципалитет, срок которой близок или прошёл",
    stage="analysis",
    key=("school_year", "duty_id", "unit_level", "unit_code"),
    columns=(
        YEAR,
        *_DUTY,
        *UNIT,
        Column("title", TEXT, "Обязанность"),
        Column("due_on", DATE, "Срок"),
        Column("days_left", INTEGER, "Дней до срока; меньше нуля — просрочено", unit_ru="дн."),
        Column("state", TEXT, "Состояние", allowed=EXECUTION_STATES),
        Column("responsible", TEXT, "Исполнители (роли)"),
        Column("document", TEXT, "Отчётный документ", nullable=True),
        Column("where_to_note", TEXT, "Где отметить исполнение: форма и лист"),
        *METHOD,
    ),
)

DIRECTION_CHECKLIST: Final = Table(
    name="direction_checklist",
    title_ru="Девять направлений: контрольный лист",
    grain_ru="направление × этап × критерий × ОО или муниципалитет",
    stage="analysis",
    key=("school_year", "unit_level", "unit_code", "direction", "stage", "criterion"),
    columns=(
        YEAR,
        *UNIT,
        Column("direction", TEXT, "Направление"),
        Column("stage", TEXT, "Элемент механизма: цели, показатели, …, эффективность"),
        Column("criterion", TEXT, "Критерий"),
        Column("criterion_title", TEXT, "Критерий словами"),
        Column("answer", TEXT, "1 — есть, 0 — нет, na — не применимо", allowed=("1", "0", "na")),
        Column("evidence_count", INTEGER, "Сколько подтверждений"),
        Column("evidence_on", DATE, "Дата последнего подтверждения", nullable=True),
        Column("evidence_ref", TEXT, "Где подтверждение: таблица и номер записи", nullable=True),
        Column("evidence_link", TEXT, "Ссылка", nullable=True),
        Column("comment", TEXT, "Пояснение", nullable=True),
        *METHOD,
    ),
)

SELF_ASSESSMENT: Final = Table(
    name="self_assessment",
    title_ru="Самооценка по 17 критериям",
    grain_ru="критерий × ОО или муниципалитет",
    stage="analysis",
    key=("school_year", "unit_level", "unit_code", "criterion"),
    columns=(
        YEAR,
        *UNIT,
        Column("criterion", INTEGER, "Номер критерия"),
        Column("criterion_title", TEXT, "Критерий"),
        Column("is_negative", BOOLEAN, "Критерий о том, чего быть не должно"),
        Column(
            "answer", TEXT, "Ответ в форме: 1, 0, na; пусто — не заполнено", nullable=True, allowed=("1", "0", "na")
        ),
        Column("has_document", BOOLEAN, "К ответу дана запись реестра документов, решение или ссылка"),
        Column(
            "known",
            TEXT,
            "Что знает сама программа: 1, 0; пусто — судить не по чему",
            nullable=True,
            allowed=("1", "0"),
        ),
        Column("facts", TEXT, "На чём основано знание программы", nullable=True),
        Column(
            "is_met",
            BOOLEAN,
            "Критерий выполнен (у отрицательного — нарушений нет); пусто — не известно",
            nullable=True,
        ),
        Column(
            "verdict",
            TEXT,
            "Подтверждён ли ответ документом и данными, известен ли по данным, не выполнен ли",
            allowed=VERDICTS,
        ),
        Column("assessed_on", DATE, "Дата самооценки", nullable=True),
        Column("evidence_link", TEXT, "Ссылка на подтверждение", nullable=True),
        *METHOD,
    ),
)

PROCEDURE_LOAD: Final = Table(
    name="procedure_load",
    title_ru="Нагрузка оценочными процедурами",
    grain_ru="ОО × класс × правило нагрузки (× предмет, день или неделя)",
    stage="analysis",
    key=("school_year", "school_code", "grade", "class_letter", "rule", "place"),
    columns=(
        YEAR,
        SCHOOL,
        Column("grade", INTEGER, "Класс (параллель)"),
        Column("class_letter", TEXT, "Буква; «все» — вся параллель"),
        Column(
            "rule",
            TEXT,
            "Правило: промежуток по предмету, день, неделя, доля года, крайний урок, короткая работа",
            allowed=LOAD_RULES,
        ),
        Column("place", TEXT, "К чему относится: предмет, день, неделя, год"),
        Column("observed", NUMBER, "Наблюдается"),
        Column("limit_value", NUMBER, "Предел"),
        Column("unit", TEXT, "В чём измерено"),
        Column("is_exceeded", BOOLEAN, "Предел нарушен"),
        Column("procedures", TEXT, "Какие процедуры графика (номера)"),
        Column("message", TEXT, "Что не так или что соблюдено"),
        *METHOD,
    ),
)

CONFLICT_OF_INTEREST: Final = Table(
    name="conflict_of_interest",
    title_ru="Конфликт интересов и нехватка наблюдателей",
    grain_ru="ОО × процедура × предмет × класс × дата × роль × причина",
    stage="analysis",
    key=("school_year", "place_code", "procedure", "subject", "grade", "held_on", "role", "conflict"),
    columns=(
        YEAR,
        Column("place_code", TEXT, "Код ОО, где процедура; муниципалитет или название, если ОО не сопоставлена"),
        Column("procedure", TEXT, "Процедура"),
        Column("subject", TEXT, "Предмет"),
        Column("grade", INTEGER, "Класс; 0 — не назван"),
        Column("held_on", TEXT, "Дата; пусто в сводных сведениях — «за год»"),
        Column("role", TEXT, "В качестве кого"),
        Column(
            "conflict",
            TEXT,
            "Причина: своя ОО, свой класс, родственник, два места сразу, заявлен, мало наблюдателей",
            allowed=CONFLICTS,
        ),
        Column("people_count", INTEGER, "Сколько человек"),
        Column("message", TEXT, "Что не так и что сделать"),
        *METHOD,
    ),
)

PROGRAMME_TABLES: Final[tuple[Table, ...]] = (
    ROADMAP_EXECUTION,
    ROADMAP_LEVELS,
    ROADMAP_REMINDERS,
    DIRECTION_CHECKLIST,
    SELF_ASSESSMENT,
    PROCEDURE_LOAD,
    CONFLICT_OF_INTEREST,
)
