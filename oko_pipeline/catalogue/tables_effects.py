"""Tables of effects: what came of a measure, what a year concludes, with what the next year opens."""

from typing import Final

from oko_pipeline.catalogue.columns import BOOLEAN, DATE, INTEGER, JSON, METHOD, NUMBER, SCHOOL, SIZE_TIERS, TEXT, YEAR
from oko_pipeline.catalogue.contracts import Column, Table

STAGE: Final = "effectiveness"
EFFECT_VERDICTS: Final = ("effective", "partly", "not_effective", "not_enough_data")
DECISIONS: Final = ("continue", "change", "stop", "gather_data")
EFFECT_REASONS: Final = (
    "expected_reached",
    "less_than_expected",
    "no_growth",
    "harm",
    "too_wide",
    "not_carried_out",
    "started_after_data",
    "no_indicator",
    "unknown_indicator",
    "not_a_mean",
    "several_breakdowns",
    "no_direction",
    "unlinked_school",
    "no_baseline",
    "no_outcome",
    "too_few_people",
    "series_break",
    "no_comparison",
    "no_spread",
)
COMPARISON_BASES: Final = ("comparable", "cluster", "group", "mixed")
CONCLUSION_KINDS: Final = (
    "goal",
    "indicator",
    "roadmap_row",
    "measure",
    "recommendation",
)
ACTIONS: Final = ("keep", "raise", "drop", "change", "carry_over", "continue", "stop", "gather_data", "repeat")
OPENING_STATES: Final = ("waiting", "taken_up")

_INDICATOR: Final = Column("indicator_code", TEXT, "Показатель реестра")
_MEASURE: Final = Column("measure_id", TEXT, "Мера: «ОО или муниципалитет:№ меры»")
_OWNER: Final = (
    Column(
        "owner_level",
        TEXT,
        "Чья строка: муниципалитет, ОО; у рекомендаций программы — также регион, все ОО",
        allowed=("municipality", "school", "region", "all", "unknown"),
    ),
    Column("owner_code", TEXT, "Код муниципалитета или ОО"),
)
_DIRECTION: Final = Column("direction", TEXT, "Направление", nullable=True)
_CONCLUSION: Final = (
    *_OWNER,
    Column("kind", TEXT, "О чём: цель, показатель, строка плана, мера, рекомендация", allowed=CONCLUSION_KINDS),
    Column(
        "action",
        TEXT,
        "Что предложено: сохранить, поднять, снять, изменить, перенести, продолжить, прекратить, собрать данные, "
        "повторить",
        allowed=ACTIONS,
    ),
    _DIRECTION,
    Column("indicator_code", TEXT, "Показатель реестра", nullable=True),
    Column("subject_id", TEXT, "О какой строке вывод: номер строки реестра, мера или показатель"),
    Column("title", TEXT, "Название цели, строки плана, меры или рекомендации"),
    Column("previous_target", NUMBER, "Целевое значение закрываемого года", nullable=True),
    Column("proposed_target", NUMBER, "Предлагаемое целевое значение", nullable=True),
    Column("is_persons_word", BOOLEAN, "Вывод сделал человек в форме; программа его не меняет"),
    Column("text_ru", TEXT, "Вывод и его основание"),
    Column("evidence", JSON, "Строки таблиц, на которых стоит вывод: таблица и ключ"),
    *METHOD,
)

MEASURE_EFFECTS: Final = Table(
    name="measure_effects",
    title_ru="Эффективность мер",
    grain_ru="мера × целевой показатель",
    stage=STAGE,
    key=("school_year", "measure_id", "indicator_code"),
    columns=(
        YEAR,
        Column("effect_id", TEXT, "Номер вывода, неизменный при повторном прогоне"),
        _MEASURE,
        *_OWNER,
        Column("measure_number", TEXT, "№ меры в форме"),
        Column("title", TEXT, "Мера"),
        Column("decision_ref", TEXT, "№ решения", nullable=True),
        Column("recommendation_ref", TEXT, "№ рекомендации", nullable=True),
        _DIRECTION,
        Column("indicator_code", TEXT, "Целевой показатель; пусто в форме — «—»"),
        Column("subject_code", TEXT, "Предмет меры", nullable=True),
        Column("grade", INTEGER, "Класс меры", nullable=True),
        Column("before_year", TEXT, "Учебный год до меры", nullable=True),
        Column("unit_ru", TEXT, "Единица показателя; изменения долей — в процентных пунктах", nullable=True),
        Column("schools_count", INTEGER, "ОО меры"),
        Column("used_schools_count", INTEGER, "Из них ОО с данными за оба года"),
        Column("before_value", NUMBER, "До меры (ОО взвешены по точности)", nullable=True),
        Column("before_n", INTEGER, "Численность до меры", nullable=True, unit_ru="чел."),
        Column("start_value", NUMBER, "Старт без случайного: значение до меры, стянутое к группе", nullable=True),
        Column("after_value", NUMBER, "После меры", nullable=True),
        Column("after_n", INTEGER, "Численность после меры", nullable=True, unit_ru="чел."),
        Column("size_tier", TEXT, "Ступень меньшей из двух численностей", nullable=True, allowed=SIZE_TIERS),
        Column("change_value", NUMBER, "Изменение: после − до", nullable=True),
        Column(
            "comparison_change",
            NUMBER,
            "Изменение, ожидаемое без меры: как у сопоставимых ОО с тем же стартом, с возвратом к среднему",
            nullable=True,
        ),
        Column("effect", NUMBER, "Эффект: изменение − ожидаемое без меры", nullable=True),
        Column("effect_low", NUMBER, "Эффект: нижняя граница 95 %", nullable=True),
        Column("effect_high", NUMBER, "Эффект: верхняя граница 95 %", nullable=True),
        Column("freedom", NUMBER, "Степеней свободы интервала", nullable=True),
        Column("expected_change", NUMBER, "Ожидаемый эффект (в сторону улучшения)", nullable=True),
        Column("is_expected_stated", BOOLEAN, "Ожидаемый эффект назван в форме, а не взят из параметра"),
        Column("comparison_count", INTEGER, "ОО сравнения"),
        Column("comparison_basis", TEXT, "Откуда ОО сравнения", nullable=True, allowed=COMPARISON_BASES),
        Column("start_gap", NUMBER, "Средняя разность стартов с ОО сравнения", nullable=True),
        Column("is_joint", BOOLEAN, "На те же ОО и показатель направлены и другие меры: эффект общий"),
        Column("joint_with", JSON, "Эти меры"),
        Column("verdict", TEXT, "Вывод", allowed=EFFECT_VERDICTS),
        Column("is_harmful", BOOLEAN, "Показатель ухудшился больше случайного"),
        Column("reason", TEXT, "Почему такой вывод", allowed=EFFECT_REASONS),
        Column("reason_ru", TEXT, "То же словами, с числами"),
        Column("proposed_decision", TEXT, "Предлагаемое решение", allowed=DECISIONS),
        Column("stated_conclusion", TEXT, "Вывод человека в форме", nullable=True, allowed=EFFECT_VERDICTS),
        Column(
            "stated_next_step", TEXT, "Решение человека в форме", nullable=True, allowed=("continue", "change", "stop")
        ),
        Column("record_ids", JSON, "Строки реестра мер"),
        *METHOD,
    ),
)

MEASURE_EFFECT_SCHOOLS: Final = Table(
    name="measure_effect_schools",
    title_ru="ОО, по которым судят об эффекте меры",
    grain_ru="мера × показатель × ОО меры или сравнения",
    stage=STAGE,
    key=("school_year", "measure_id", "indicator_code", "school_code"),
    indexes=(("school_year", "school_code"),),
    columns=(
        YEAR,
        _MEASURE,
        _INDICATOR,
        SCHOOL,
        Column("role", TEXT, "ОО меры или сравнения", allowed=("target", "comparison")),
        Column("weight", NUMBER, "Вес ОО в своей части"),
        Column("before_value", NUMBER, "До меры"),
        Column("before_n", INTEGER, "Численность", nullable=True, unit_ru="чел."),
        Column("start_value", NUMBER, "Старт без случайного"),
        Column("own_weight", NUMBER, "Доля собственного значения ОО в старте, 0–1"),
        Column("after_value", NUMBER, "После меры"),
        Column("after_n", INTEGER, "Численность", nullable=True, unit_ru="чел."),
        *METHOD,
    ),
)

YEAR_CONCLUSIONS: Final = Table(
    name="year_conclusions",
    title_ru="Выводы года",
    grain_ru="вывод о цели, показателе, строке плана, мере или рекомендации",
    stage=STAGE,
    key=("school_year", "conclusion_id"),
    columns=(YEAR, Column("conclusion_id", TEXT, "Номер вывода, неизменный при повторном прогоне"), *_CONCLUSION),
)

NEXT_YEAR_OPENINGS: Final = Table(
    name="next_year_openings",
    title_ru="С чем открывается год",
    grain_ru="вывод прошлого года, перешедший в этот",
    stage=STAGE,
    key=("school_year", "opening_id"),
    columns=(
        YEAR,
        Column("opening_id", TEXT, "Номер строки, неизменный при повторном прогоне"),
        Column("from_year", TEXT, "Год, из которого пришёл вывод"),
        Column("conclusion_id", TEXT, "Вывод того года"),
        *_CONCLUSION,
        Column("state", TEXT, "Ждёт решения или уже есть в формах этого года", allowed=OPENING_STATES),
        Column("taken_up_by", TEXT, "Строка реестра этого года, которая его приняла", nullable=True),
        Column("due_on", DATE, "До какого числа решить"),
    ),
)

EFFECT_TABLES: Final[tuple[Table, ...]] = (
    MEASURE_EFFECTS,
    MEASURE_EFFECT_SCHOOLS,
    YEAR_CONCLUSIONS,
    NEXT_YEAR_OPENINGS,
)
