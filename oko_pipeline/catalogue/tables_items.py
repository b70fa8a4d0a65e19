"""Tables of tasks and skills in depth, of links between procedures, and of pupils who need help (restricted)."""

from typing import Final

from oko_pipeline.catalogue.columns import (
    ASSESSMENT,
    BOOLEAN,
    INTEGER,
    IS_COMPARABLE,
    METHOD,
    NUMBER,
    SCHOOL,
    SIZE_TIER,
    TEXT,
    UNIT,
    UNIT_LEVELS,
    YEAR,
)
from oko_pipeline.catalogue.contracts import Column, Privacy, Table

_POSITION: Final = Column("position", INTEGER, "Порядковый номер задания")
_TASK_CODE: Final = Column("task_code", TEXT, "Номер задания в КИМ")
_MARKS: Final = (2, 3, 4, 5)
_DEFICIT_LEVELS: Final = (*UNIT_LEVELS, "group")
_SKILL_KINDS: Final = ("skill", "content", "requirement", "level", "metasubject")


def _interval(name: str, title: str) -> tuple[Column, Column]:
    return (
        Column(f"{name}_low", NUMBER, f"{title}: нижняя граница 95 %", nullable=True),
        Column(f"{name}_high", NUMBER, f"{title}: верхняя граница 95 %", nullable=True),
    )


TASK_QUALITY: Final = Table(
    name="task_quality",
    title_ru="Качество заданий",
    grain_ru="работа × единица наблюдения (не класс; с достаточным числом работ) × задание",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "position"),
    slice_by=("school_year", "assessment_id"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        ASSESSMENT,
        *UNIT,
        _POSITION,
        _TASK_CODE,
        Column("works_count", INTEGER, "Работ без пропусков, по которым посчитано (решаемость — в task_results)"),
        SIZE_TIER,
        Column("discrimination", NUMBER, "Корреляция балла задания с суммой остальных заданий", nullable=True),
        *_interval("discrimination", "Корреляция задания с остальными"),
        Column(
            "upper_lower_index",
            NUMBER,
            "Решаемость у сильнейших 27 % минус решаемость у слабейших 27 %",
            nullable=True,
        ),
        Column("upper_lower_count", NUMBER, "Работ в каждой из двух групп (доля от числа работ)", nullable=True),
        Column("alpha_if_deleted", NUMBER, "Альфа Кронбаха работы без этого задания", nullable=True),
        Column(
            "not_reached_share",
            NUMBER,
            "Доля не дошедших: не приступали к этому заданию и ко всем следующим",
            nullable=True,
        ),
        *(
            column
            for mark in _MARKS
            for column in (
                Column(f"mark_{mark}_count", INTEGER, f"Получили «{mark}»", nullable=True),
                Column(
                    f"mark_{mark}_solved_share",
                    NUMBER,
                    f"Решаемость у получивших «{mark}»; пусто, если их меньше порога",
                    nullable=True,
                ),
                *_interval(f"mark_{mark}_solved", f"Решаемость у получивших «{mark}»"),
            )
        ),
        Column(
            "crossing_gap",
            NUMBER,
            "Наибольшее падение решаемости от группы с меньшей отметкой к группе с большей; 0 — падений нет",
            nullable=True,
        ),
        Column("crossing_marks", TEXT, "Между какими отметками падение, например 3>4", nullable=True),
        Column("is_weak", BOOLEAN, "Слабо различает: верхняя граница корреляции ниже порога", nullable=True),
        Column(
            "is_possibly_miskeyed",
            BOOLEAN,
            "Возможна ошибка ключа или критериев: корреляция отрицательна вместе с верхней границей",
            nullable=True,
        ),
        Column("is_crossing", BOOLEAN, "Линии групп по отметкам пересекаются больше, чем случайно", nullable=True),
        *METHOD,
    ),
)

TEST_RELIABILITY: Final = Table(
    name="test_reliability",
    title_ru="Надёжность работ",
    grain_ru="работа × единица наблюдения (не класс; с достаточным числом работ)",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code"),
    slice_by=("school_year", "assessment_id"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        ASSESSMENT,
        *UNIT,
        Column("works_count", INTEGER, "Работ без пропусков, по которым посчитано"),
        Column("scored_count", INTEGER, "Работ с баллом всего"),
        SIZE_TIER,
        Column("tasks_count", INTEGER, "Заданий в расчёте"),
        Column("left_out_tasks", TEXT, "Задания вне расчёта: не пройдены у многих участников", nullable=True),
        Column("mean_score", NUMBER, "Средняя сумма баллов этих заданий", nullable=True, unit_ru="балл"),
        Column("sd_score", NUMBER, "Стандартное отклонение суммы (n−1)", nullable=True, unit_ru="балл"),
        Column("alpha", NUMBER, "Альфа Кронбаха", nullable=True),
        *_interval("alpha", "Альфа Кронбаха (Фельдт)"),
        Column("sem_score", NUMBER, "Стандартная ошибка измерения балла участника", nullable=True, unit_ru="балл"),
        *METHOD,
    ),
)

TASK_DIF: Final = Table(
    name="task_dif",
    title_ru="Различное функционирование заданий",
    grain_ru="работа × единица наблюдения × пара сравниваемых групп × задание",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "grouping", "focal_group", "position"),
    slice_by=("school_year", "assessment_id"),
    columns=(
        YEAR,
        ASSESSMENT,
        *UNIT,
        Column("grouping", TEXT, "Чем группы различаются: пол или вариант", allowed=("sex", "variant")),
        Column("reference_group", TEXT, "Опорная группа"),
        Column("focal_group", TEXT, "Сравниваемая группа"),
        _POSITION,
        _TASK_CODE,
        Column(
            "statistic",
            TEXT,
            "Чем измерено: Δ Мантеля — Хензеля (балл 0/1) или стандартизованная разность средних (балл больше 1)",
            allowed=("mh_delta", "smd"),
        ),
        Column("reference_count", INTEGER, "Работ опорной группы в сравнимых слоях"),
        Column("focal_count", INTEGER, "Работ сравниваемой группы в сравнимых слоях"),
        SIZE_TIER,
        Column("effect", NUMBER, "Δ (логиты × −2,35) или разность средних в долях σ; минус — труднее", nullable=True),
        *_interval("effect", "Размер различия"),
        Column("chi_square", NUMBER, "χ² Мантеля — Хензеля или Мантеля, 1 степень свободы", nullable=True),
        Column("p_value", NUMBER, "p", nullable=True),
        Column("q_value", NUMBER, "p с поправкой Бенджамини — Хохберга по заданиям работы и пары групп", nullable=True),
        Column(
            "dif_class", TEXT, "Класс ETS: A — нет, B — умеренное, C — большое", nullable=True, allowed=tuple("ABC")
        ),
        Column("is_dif", BOOLEAN, "Класс B или C, и q не выше уровня", nullable=True),
        Column(
            "purified_tasks", TEXT, "Задания, исключённые из критерия сравнения (класс C первого шага)", nullable=True
        ),
        *METHOD,
    ),
)

SKILL_DEFICITS: Final = Table(
    name="skill_deficits",
    title_ru="Системные дефициты умений",
    grain_ru="работа × единица наблюдения (и группа ОО) × умение в системном дефиците",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "kind", "skill_code"),
    slice_by=("school_year", "assessment_id"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        ASSESSMENT,
        Column(
            "unit_level",
            TEXT,
            "Уровень: все ОО / регион / муниципалитет / группа ОО / ОО / класс",
            allowed=_DEFICIT_LEVELS,
        ),
        Column("unit_code", TEXT, "Код единицы; у группы ОО — «признак:значение»"),
        Column("kind", TEXT, "Вид группы заданий", allowed=_SKILL_KINDS),
        Column("skill_code", TEXT, "Код: номер умения, КЭС, КТ, уровень Б/П/В, metasubject"),
        Column("skill_title", TEXT, "Название"),
        Column(
            "is_metasubject", BOOLEAN, "Требование из раздела «Метапредметные» КТ или их совокупность", nullable=True
        ),
        Column("task_codes", TEXT, "Задания через «;»"),
        Column("tasks_count", INTEGER, "Заданий"),
        Column("red_tasks_count", INTEGER, "Из них в красной зоне (больше половины)"),
        Column("confirmed_red_count", INTEGER, "Из них красные вместе с верхней границей решаемости"),
        Column(
            "evidence",
            TEXT,
            "confirmed — красных больше половины и с учётом погрешности; possible — только по точечным значениям",
            allowed=("confirmed", "possible"),
        ),
        Column("participants_count", INTEGER, "Участников"),
        SIZE_TIER,
        Column("solved_share", NUMBER, "Решаемость: сумма баллов к сумме максимумов, доля", nullable=True),
        *_interval("solved", "Решаемость"),
        Column("parts_count", INTEGER, "Частей единицы с известной зоной: классов в ОО, ОО выше", nullable=True),
        Column("deficit_parts_count", INTEGER, "Из них с тем же системным дефицитом", nullable=True),
        Column("is_general", BOOLEAN, "Тот же дефицит системный и у всех ОО вместе"),
        *METHOD,
    ),
)

SKILL_DYNAMICS: Final = Table(
    name="skill_dynamics",
    title_ru="Одни и те же умения в разные годы",
    grain_ru="работа × более ранняя работа × единица наблюдения × умение с тем же кодом и текстом",
    stage="analysis",
    key=(
        "school_year",
        "assessment_id",
        "earlier_assessment_id",
        "unit_level",
        "unit_code",
        "kind",
        "skill_code",
    ),
    slice_by=("school_year", "assessment_id"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        ASSESSMENT,
        Column("earlier_assessment_id", TEXT, "Более ранняя работа"),
        Column(
            "view",
            TEXT,
            "Что сравнивается: та же работа у следующих участников / те же участники позже",
            allowed=("same_paper", "cohort"),
        ),
        *UNIT,
        Column("kind", TEXT, "Вид группы заданий", allowed=("skill", "content", "requirement")),
        Column("skill_code", TEXT, "Код в этой работе"),
        Column("skill_title", TEXT, "Текст кодификатора, одинаковый в обеих работах"),
        Column("participants_count", INTEGER, "Участников"),
        Column("earlier_participants_count", INTEGER, "Участников более ранней работы"),
        SIZE_TIER,
        Column("solved_share", NUMBER, "Решаемость, доля"),
        Column("earlier_solved_share", NUMBER, "Решаемость в более ранней работе, доля"),
        Column("difference", NUMBER, "Разность решаемостей"),
        *_interval("difference", "Разность"),
        Column(
            "verdict",
            TEXT,
            "Вывод по интервалу; у несопоставимых строк вывода нет",
            allowed=("higher", "lower", "no_evidence", "not_comparable"),
        ),
        IS_COMPARABLE,
        Column("comparability_ru", TEXT, "Почему сопоставимо или нет"),
        *METHOD,
    ),
)

RESULT_LINKS: Final = Table(
    name="result_links",
    title_ru="Связи результатов",
    grain_ru="пара показателей × уровень наблюдений × статистика (у регрессии — член модели)",
    stage="analysis",
    key=(
        "school_year",
        "link_group",
        "observation",
        "statistic",
        "left_measure",
        "right_measure",
        "unit_level",
        "unit_code",
    ),
    slice_by=("school_year", "link_group"),
    columns=(
        YEAR,
        Column("link_group", TEXT, "Расчёт: schools, pupils:<кампания>:<класс> или model:<работа>"),
        Column("observation", TEXT, "Что сопоставлено: ОО или участники", allowed=("school", "pupil")),
        Column(
            "statistic",
            TEXT,
            "spearman — ранговая корреляция; difference — разница результата на единицу признака (регрессия, ошибки "
            "по ОО)",
            allowed=("spearman", "difference"),
        ),
        Column("left_measure", TEXT, "Первый показатель"),
        Column("right_measure", TEXT, "Второй показатель"),
        Column("left_title_ru", TEXT, "Первый показатель словами"),
        Column("right_title_ru", TEXT, "Второй показатель словами"),
        *UNIT,
        Column("estimate", NUMBER, "Значение", nullable=True),
        *_interval("estimate", "Значение"),
        Column("p_value", NUMBER, "p", nullable=True),
        Column("q_value", NUMBER, "p с поправкой Бенджамини — Хохберга внутри расчёта", nullable=True),
        Column("observations_count", INTEGER, "Наблюдений с обоими показателями"),
        Column("schools_count", INTEGER, "ОО с обоими показателями"),
        Column("missing_count", INTEGER, "Наблюдений, где известен лишь один показатель"),
        SIZE_TIER,
        Column(
            "strength",
            TEXT,
            "Сила связи; у различия — только not_shown",
            nullable=True,
            allowed=("strong", "moderate", "weak", "not_shown", "too_few"),
        ),
        Column("statement_ru", TEXT, "Вывод словами, без слов о причинах"),
        IS_COMPARABLE,
        *METHOD,
    ),
)

EXPERT_AGREEMENT: Final = Table(
    name="expert_agreement",
    title_ru="Согласованность экспертов",
    grain_ru="процедура × задание (и все задания вместе)",
    stage="analysis",
    key=("school_year", "procedure", "task"),
    columns=(
        YEAR,
        Column("procedure", TEXT, "Процедура или работа, где оценивали два эксперта"),
        Column("task", TEXT, "Задание (критерий); all — все вместе"),
        Column("works_count", INTEGER, "Оценок, выставленных двумя экспертами"),
        Column("missing_count", INTEGER, "Оценок, где нет балла одного из экспертов"),
        SIZE_TIER,
        Column("exact_share", NUMBER, "Доля полных совпадений", nullable=True),
        *_interval("exact", "Доля полных совпадений (Уилсон)"),
        Column("within_one_share", NUMBER, "Доля расхождений не больше балла", nullable=True),
        *_interval("within_one", "Доля расхождений не больше балла (Уилсон)"),
        Column("kappa", NUMBER, "Взвешенная каппа (квадратичные веса)", nullable=True),
        *_interval("kappa", "Взвешенная каппа"),
        Column("mean_difference", NUMBER, "Средняя разность: второй минус первый", nullable=True, unit_ru="балл"),
        *_interval("mean_difference", "Средняя разность (Стьюдент)"),
        *METHOD,
    ),
)

PUPILS_SUPPORT: Final = Table(
    name="pupils_support",
    title_ru="Обучающиеся, которым нужна помощь",
    grain_ru="обучающийся (псевдоним) в кампании",
    stage="analysis",
    key=("school_year", "campaign_code", "pupil_id"),
    slice_by=("school_year", "campaign_code"),
    is_restricted=True,
    columns=(
        YEAR,
        Column("campaign_code", TEXT, "Кампания"),
        SCHOOL,
        Column("pupil_grade", INTEGER, "Класс, в котором учится"),
        Column("class_label", TEXT, "Буква класса", nullable=True),
        Column("pupil_id", TEXT, "Псевдоним участника", privacy=Privacy.PSEUDONYM),
        Column("file_sha256", TEXT, "Файл первой работы участника", nullable=True),
        Column("source_row", INTEGER, "Строка этого файла: по ней ОО узнаёт участника", nullable=True),
        Column(
            "need",
            TEXT,
            "Нужда в помощи",
            allowed=("persistent", "single", "prone"),
            privacy=Privacy.PUPIL,
        ),
        Column("works_count", INTEGER, "Работ с отметкой", privacy=Privacy.PUPIL),
        Column("low_count", INTEGER, "Из них ниже порога «3»", privacy=Privacy.PUPIL),
        Column("near_count", INTEGER, "Из них чуть выше порога, в пределах погрешности", privacy=Privacy.PUPIL),
        Column("low_assessments", TEXT, "Работы ниже порога через «;»", nullable=True, privacy=Privacy.PUPIL),
        Column("near_assessments", TEXT, "Работы у порога через «;»", nullable=True, privacy=Privacy.PUPIL),
        Column("mean_percent", NUMBER, "Средний процент выполнения", nullable=True, unit_ru="%", privacy=Privacy.PUPIL),
        Column(
            "earlier_low_count",
            INTEGER,
            "Ниже порога в прежних кампаниях; пусто — коды не связаны",
            nullable=True,
            privacy=Privacy.PUPIL,
        ),
        Column(
            "is_persistent_over_campaigns",
            BOOLEAN,
            "Низкие результаты и в прежней кампании",
            nullable=True,
            privacy=Privacy.PUPIL,
        ),
        *METHOD,
    ),
)

SUPPORT_COUNTS: Final = Table(
    name="support_counts",
    title_ru="Сколько обучающихся нуждается в помощи",
    grain_ru="кампания × ОО × класс обучения; малые числа скрываются в документах",
    stage="analysis",
    key=("school_year", "campaign_code", "school_code", "pupil_grade"),
    slice_by=("school_year", "campaign_code"),
    columns=(
        YEAR,
        Column("campaign_code", TEXT, "Кампания"),
        SCHOOL,
        Column("pupil_grade", INTEGER, "Класс, в котором учатся"),
        Column("pupils_count", INTEGER, "Обучающихся хотя бы с одной отмеченной работой"),
        Column("several_works_count", INTEGER, "Из них с двумя работами и более"),
        SIZE_TIER,
        Column("persistent_count", INTEGER, "Устойчиво низкие результаты"),
        Column("single_count", INTEGER, "Низкий результат в отдельных работах"),
        Column("prone_count", INTEGER, "У порога"),
        Column("persistent_share", NUMBER, "Доля устойчиво низких среди писавших две работы и более", nullable=True),
        *_interval("persistent", "Доля устойчиво низких (Уилсон)"),
        *METHOD,
    ),
)

ITEM_TABLES: Final[tuple[Table, ...]] = (
    TASK_QUALITY,
    TEST_RELIABILITY,
    TASK_DIF,
    SKILL_DEFICITS,
    SKILL_DYNAMICS,
    RESULT_LINKS,
    EXPERT_AGREEMENT,
    PUPILS_SUPPORT,
    SUPPORT_COUNTS,
)
