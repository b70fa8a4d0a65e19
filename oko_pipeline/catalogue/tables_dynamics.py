"""Tables of change over years and of risk zones."""

from typing import Final

from oko_pipeline.catalogue.columns import (
    ASSESSMENT,
    BOOLEAN,
    INTEGER,
    IS_COMPARABLE,
    JSON,
    METHOD,
    NUMBER,
    SCHOOL,
    SIZE_TIER,
    SUBGROUP,
    TEXT,
    YEAR,
)
from oko_pipeline.catalogue.contracts import Column, Table

SERIES_LEVELS: Final = ("all", "region", "municipality", "group", "school")
VIEWS: Final = ("grade", "cohort")
VERDICTS: Final = ("better", "worse", "no_evidence", "insufficient")
BREAK_KINDS: Final = ("campaign", "maximum", "tasks", "scale", "contingent")
COMPARISONS: Final = ("all", "group", "benchmark", "norm")
FLAGS: Final = ("none", "outside_95", "outside_998")
ZONES: Final = ("none", "watch", "risk", "unknown")

_UNIT: Final = (
    Column("unit_level", TEXT, "Уровень: все ОО / регион / муниципалитет / группа ОО / ОО", allowed=SERIES_LEVELS),
    Column("unit_code", TEXT, "Код единицы наблюдения; у уровня all — «all»"),
)
_PAPER: Final = (
    Column("paper_grade", INTEGER, "Класс работы"),
    Column("pupil_grade", INTEGER, "Класс, в котором учатся участники"),
    Column("subject_code", TEXT, "Предмет"),
)
_INDICATOR: Final = Column("indicator_code", TEXT, "Показатель, например base_level_share")
_UNIT_RU: Final = Column("value_unit", TEXT, "Единица значения", allowed=("share", "percent", "deviation"))
_VALUE: Final = (
    Column("value", NUMBER, "Значение", nullable=True),
    Column("low", NUMBER, "Нижняя граница 95 %", nullable=True),
    Column("high", NUMBER, "Верхняя граница 95 %", nullable=True),
)

RESULT_DYNAMICS: Final = Table(
    name="result_dynamics",
    title_ru="Динамика результатов",
    grain_ru="точка ряда: взгляд × работа × единица наблюдения × группа участников × показатель",
    stage="analysis",
    key=("school_year", "view", "assessment_id", "unit_level", "unit_code", "subgroup", "indicator_code"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        Column(
            "view",
            TEXT,
            "Взгляд: grade — одна и та же параллель из года в год; cohort — одни и те же дети от класса к классу",
            allowed=VIEWS,
        ),
        ASSESSMENT,
        *_PAPER,
        Column("series_code", TEXT, "Ряд: процедура, предмет, уровень и класс работы либо год поступления в 1-й класс"),
        *_UNIT,
        SUBGROUP,
        _INDICATOR,
        _UNIT_RU,
        Column("n_count", INTEGER, "Участников в знаменателе"),
        Column("schools_count", INTEGER, "ОО в единице наблюдения"),
        SIZE_TIER,
        *_VALUE,
        Column("previous_assessment_id", TEXT, "Предыдущая сопоставимая точка ряда", nullable=True),
        Column("previous_n", INTEGER, "Участников в ней", nullable=True),
        Column("previous_value", NUMBER, "Её значение", nullable=True),
        IS_COMPARABLE,
        Column("break_ru", TEXT, "Почему сравнение не проводится или через что проведено", nullable=True),
        Column(
            "change_value",
            NUMBER,
            "Изменение; у положения (deviation) — по ОО, писавшим обе работы, поэтому может отличаться от разности",
            nullable=True,
        ),
        Column("change_low", NUMBER, "Изменение: нижняя граница 95 %", nullable=True),
        Column("change_high", NUMBER, "Изменение: верхняя граница 95 %", nullable=True),
        Column("p_value", NUMBER, "p-значение изменения, двустороннее", nullable=True),
        Column(
            "q_value",
            NUMBER,
            "q-значение Бенджамини — Хохберга среди изменений этого показателя, взгляда и уровня за год",
            nullable=True,
        ),
        Column(
            "verdict",
            TEXT,
            "Вывод: лучше / хуже / нет доказательств / мало данных; пусто — сравнивать не с чем",
            nullable=True,
            allowed=VERDICTS,
        ),
        Column("is_confirmed", BOOLEAN, "Изменение остаётся и с учётом числа сравнений (q не выше заданного)"),
        *METHOD,
    ),
)

RESULT_MULTIYEAR: Final = Table(
    name="result_multiyear",
    title_ru="Результаты за несколько лет: свод, сглаживание, тренд",
    grain_ru="ряд, продолжившийся в этом учебном году: работа × единица наблюдения × группа участников × показатель",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "subgroup", "indicator_code"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        ASSESSMENT,
        *_PAPER,
        *_UNIT,
        SUBGROUP,
        _INDICATOR,
        _UNIT_RU,
        Column("first_school_year", TEXT, "Первый учебный год свода"),
        Column("points_count", INTEGER, "Сопоставимых точек в своде"),
        Column("n_count", INTEGER, "Участников за все годы свода"),
        Column("effective_n", NUMBER, "Равновзвешенных участников, говорящих столько же"),
        SIZE_TIER,
        Column("pooled_value", NUMBER, "Взвешенный по годам свод", nullable=True),
        Column("pooled_low", NUMBER, "Свод: нижняя граница 95 %", nullable=True),
        Column("pooled_high", NUMBER, "Свод: верхняя граница 95 %", nullable=True),
        Column("group_code", TEXT, "Группа ОО, к которой притянута оценка; all — вся совокупность", nullable=True),
        Column("group_schools_count", INTEGER, "ОО в этой группе", nullable=True),
        Column("group_value", NUMBER, "Среднее группы", nullable=True),
        Column("own_weight", NUMBER, "Доля собственного результата ОО в сглаженной оценке", nullable=True),
        Column("shrunk_value", NUMBER, "Сглаженная оценка", nullable=True),
        Column("shrunk_low", NUMBER, "Сглаженная: нижняя граница 95 %", nullable=True),
        Column("shrunk_high", NUMBER, "Сглаженная: верхняя граница 95 %", nullable=True),
        Column("trend_points_count", INTEGER, "Сопоставимых точек тренда"),
        Column("trend_per_year", NUMBER, "Тренд: изменение за год", nullable=True),
        Column("trend_low", NUMBER, "Тренд: нижняя граница 95 %", nullable=True),
        Column("trend_high", NUMBER, "Тренд: верхняя граница 95 %", nullable=True),
        Column("p_value", NUMBER, "p-значение тренда", nullable=True),
        Column("q_value", NUMBER, "q-значение среди трендов показателя и уровня за год", nullable=True),
        Column(
            "verdict", TEXT, "Вывод о тренде; пусто — меньше трёх сопоставимых точек", nullable=True, allowed=VERDICTS
        ),
        IS_COMPARABLE,
        *METHOD,
    ),
)

SERIES_BREAKS: Final = Table(
    name="series_breaks",
    title_ru="Разрывы рядов",
    grain_ru="взгляд × работа × вид разрыва с предыдущей точкой ряда",
    stage="analysis",
    key=("school_year", "view", "assessment_id", "kind"),
    columns=(
        YEAR,
        Column("view", TEXT, "Взгляд: параллель или когорта", allowed=VIEWS),
        ASSESSMENT,
        Column("previous_assessment_id", TEXT, "Предыдущая точка ряда"),
        Column("previous_school_year", TEXT, "Её учебный год"),
        Column("kind", TEXT, "Что изменилось", allowed=BREAK_KINDS),
        Column("before_ru", TEXT, "Было"),
        Column("after_ru", TEXT, "Стало"),
        Column("breaks_percent", BOOLEAN, "Нельзя сравнивать средний процент"),
        Column("breaks_marks", BOOLEAN, "Нельзя сравнивать доли отметок и согласие с журналом"),
        Column("breaks_position", BOOLEAN, "Нельзя сравнивать положение относительно всех ОО"),
        Column("break_ru", TEXT, "Объяснение"),
        *METHOD,
    ),
)

RISK_SIGNALS: Final = Table(
    name="risk_signals",
    title_ru="Отклонения результатов ОО (воронкообразные графики)",
    grain_ru="ОО × работа × показатель × с чем сравнивается",
    stage="analysis",
    key=("school_year", "assessment_id", "school_code", "indicator_code", "comparison"),
    indexes=(("school_year", "school_code"),),
    columns=(
        YEAR,
        Column("signal_id", TEXT, "Номер сигнала, неизменный при повторном прогоне"),
        ASSESSMENT,
        Column("subject_code", TEXT, "Предмет"),
        Column("paper_grade", INTEGER, "Класс работы"),
        SCHOOL,
        Column("municipality_code", TEXT, "Код муниципалитета", nullable=True),
        _INDICATOR,
        _UNIT_RU,
        Column(
            "comparison",
            TEXT,
            "С чем: all — все ОО, group — группа ОО, benchmark — опубликованный ориентир, norm — норма",
            allowed=COMPARISONS,
        ),
        Column("reference_code", TEXT, "Код группы или ориентира; all — все ОО"),
        Column("reference_schools_count", INTEGER, "ОО в совокупности сравнения", nullable=True),
        Column("n_count", INTEGER, "Участников в знаменателе"),
        SIZE_TIER,
        *_VALUE,
        Column("target_value", NUMBER, "Ожидаемое значение"),
        Column("limit_95_low", NUMBER, "Воронка 95 %: нижний предел", nullable=True),
        Column("limit_95_high", NUMBER, "Воронка 95 %: верхний предел", nullable=True),
        Column("limit_998_low", NUMBER, "Воронка 99,8 %: нижний предел", nullable=True),
        Column("limit_998_high", NUMBER, "Воронка 99,8 %: верхний предел", nullable=True),
        Column(
            "dispersion_factor", NUMBER, "φ: разброс ОО относительно случайного; пусто, где не оценён", nullable=True
        ),
        Column("between_sd", NUMBER, "τ: разброс между ОО сверх случайного, в шкале метода", nullable=True),
        Column("z_score", NUMBER, "Отклонение в стандартных ошибках с учётом разброса между ОО", nullable=True),
        Column("p_value", NUMBER, "p-значение, двустороннее; для нормы — одностороннее", nullable=True),
        Column(
            "q_value", NUMBER, "q-значение Бенджамини — Хохберга по всем проверкам года этого сравнения", nullable=True
        ),
        Column("flag", TEXT, "За каким пределом воронки", allowed=FLAGS),
        Column("is_signal", BOOLEAN, "Отклонение подтверждено с учётом числа проверок"),
        Column(
            "direction",
            TEXT,
            "Сторона отклонения",
            allowed=("adverse", "favourable", "none"),
        ),
        Column("tested_years_count", INTEGER, "Лет окна, в которые показатель проверялся, считая этот"),
        Column("outside_years_count", INTEGER, "Из них лет за пределом 95 % с той же стороны"),
        Column("is_persistent", BOOLEAN, "За пределом 95 % с той же стороны не менее заданного числа лет, считая этот"),
        Column("is_sufficient", BOOLEAN, "Участников достаточно для вывода"),
        IS_COMPARABLE,
        *METHOD,
    ),
)

RISK_CARDS: Final = Table(
    name="risk_cards",
    title_ru="Карточки зон риска ОО",
    grain_ru="ОО в учебном году",
    stage="analysis",
    key=("school_year", "school_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column("municipality_code", TEXT, "Код муниципалитета", nullable=True),
        Column("group_code", TEXT, "Группа сходных ОО", nullable=True),
        Column(
            "zone",
            TEXT,
            "Зона: none — отклонений нет; watch — отдельные; risk — подтверждённые повторяющиеся или в нескольких "
            "предметах; unknown — проверить нечего",
            allowed=ZONES,
        ),
        Column("tests_count", INTEGER, "Проверок проведено"),
        Column("adverse_count", INTEGER, "Подтверждённых неблагоприятных сигналов"),
        Column("favourable_count", INTEGER, "Подтверждённых благоприятных сигналов"),
        Column("persistent_count", INTEGER, "Неблагоприятных отклонений, повторяющихся по годам"),
        Column("adverse_subjects_count", INTEGER, "Предметов с неблагоприятными сигналами"),
        Column("factors", JSON, "Факторы: предмет, показатель, классы, с чем сравнение, повторяемость, текст"),
        Column("evidence", JSON, "Номера сигналов, на которых стоит карточка"),
        Column(
            "unknown", JSON, "Чего мы не знаем: не писали, мало участников, нет отметок, нет кампании, источник опоздал"
        ),
        *METHOD,
    ),
)

DYNAMICS_TABLES: Final[tuple[Table, ...]] = (
    RESULT_DYNAMICS,
    RESULT_MULTIYEAR,
    SERIES_BREAKS,
    RISK_SIGNALS,
    RISK_CARDS,
)
