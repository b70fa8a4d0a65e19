"""Tables that compare like with like: clusters, comparable schools, contextual results, low and high results."""

from dataclasses import replace
from typing import Final

from oko_pipeline.catalogue.columns import IS_COMPARABLE, METHOD, SCHOOL, SIZE_TIER, YEAR
from oko_pipeline.catalogue.contracts import Column, ColumnType, Table

_T, _I, _N, _B = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN

SCHOOL_TYPES: Final = ("advanced", "secondary", "basic", "unknown", "correctional", "evening", "closed", "penal")
PLACES: Final = ("city", "town", "village", "unknown")
SIZE_CLASSES: Final = ("size_1", "size_2", "size_3", "size_4", "unknown")
SCOPE_KINDS: Final = ("all", "subject", "assessment")
VERDICTS: Final = ("above", "expected", "below", "insufficient")

_CONTEXT_YEAR = Column("context_year", _T, "Учебный год анкеты, из которой взяты условия", nullable=True)
_SCOPE = (
    Column("campaign_code", _T, "Кампания"),
    Column("scope_kind", _T, "О чём результат: все работы, предмет, работа", allowed=SCOPE_KINDS),
    Column("scope_code", _T, "all, код предмета или код работы"),
)
_RULE = Column("rule_code", _T, "Набор правил (catalogue/data/low_result_rules.yaml)")

SCHOOL_GROUPS: Final = Table(
    name="school_groups",
    title_ru="Группы сопоставимых ОО по правилам",
    grain_ru="ОО в учебном году",
    stage="analysis",
    key=("school_year", "school_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column(
            "school_type",
            _T,
            "Тип: повышенного уровня (лицей, гимназия, УИОП), СОШ, ООШ и малокомплектная, коррекционная, вечерняя, "
            "закрытого типа, при ФСИН",
            allowed=SCHOOL_TYPES,
        ),
        Column(
            "type_source",
            _T,
            "Откуда тип: реестр условий, анкета, название, логин (ksh…); неизвестно",
            allowed=("register", "questionnaire", "name", "login", "unknown"),
        ),
        Column("place", _T, "Место: город, посёлок городского типа, село", allowed=PLACES),
        Column("size_class", _T, "Ступень числа обучающихся", allowed=SIZE_CLASSES),
        Column("pupils_count", _I, "Обучающихся", nullable=True),
        Column(
            "size_source",
            _T,
            "Откуда численность: контингент, анкета, оценка по участникам работ",
            allowed=("register", "questionnaire", "works", "unknown"),
        ),
        Column("is_excluded", _B, "Не сравнивается с другими (специальная, вечерняя, закрытого типа, при ФСИН)"),
        Column("cell_code", _T, "Ячейка до объединения: тип|место|численность"),
        Column("group_code", _T, "Группа после объединения; пусто — вне сравнений", nullable=True),
        Column("group_title_ru", _T, "Название группы", nullable=True),
        Column("merged_by", _T, "По какому признаку объединена; none — не объединялась", nullable=True),
        Column("group_schools_count", _I, "ОО в группе", nullable=True),
        Column("is_sufficient", _B, "В группе не меньше ОО, чем требует метод"),
        Column("note_ru", _T, "Оговорка: чего не хватило", nullable=True),
        _CONTEXT_YEAR,
        *METHOD,
    ),
)

SCHOOL_CLUSTERS: Final = Table(
    name="school_clusters",
    title_ru="Статистические кластеры ОО",
    grain_ru="ОО в учебном году",
    stage="analysis",
    key=("school_year", "school_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column(
            "state",
            _T,
            "Состояние: в кластере; вне сравнений; мало данных об условиях; мало ОО; нет структуры",
            allowed=("clustered", "excluded", "missing_data", "too_few_schools", "no_structure"),
        ),
        Column("cluster_code", _T, "Кластер года", nullable=True),
        Column("silhouette", _N, "Силуэт ОО: от −1 до 1", nullable=True),
        Column("distance", _N, "Расстояние до центра своего кластера, стандартных отклонений", nullable=True),
        Column("second_cluster_code", _T, "Ближайший другой кластер", nullable=True),
        Column("distance_margin", _N, "Запас: насколько другой центр дальше своего, доля", nullable=True),
        Column("is_borderline", _B, "ОО на границе кластеров", nullable=True),
        Column("membership_share", _N, "Доля повторных выборок, где ОО в том же кластере", nullable=True),
        Column("missing_share", _N, "Доля неизвестных свойств"),
        Column("imputed_ru", _T, "Свойства, заменённые медианой, через «;»", nullable=True),
        _CONTEXT_YEAR,
        *METHOD,
    ),
)

CLUSTER_PROFILES: Final = Table(
    name="cluster_profiles",
    title_ru="Портреты кластеров: центры, устойчивость",
    grain_ru="кластер × свойство",
    stage="analysis",
    key=("school_year", "cluster_code", "property_code"),
    columns=(
        YEAR,
        Column("cluster_code", _T, "Кластер"),
        Column("property_code", _T, "Свойство (catalogue/data/context_features.yaml)"),
        Column("property_title_ru", _T, "Название свойства"),
        Column("schools_count", _I, "ОО в кластере"),
        Column("centroid", _N, "Среднее по кластеру в единицах свойства"),
        Column("centroid_standard", _N, "То же в стандартных отклонениях от среднего всех ОО"),
        Column("overall_mean", _N, "Среднее всех ОО"),
        Column("overall_sd", _N, "Стандартное отклонение всех ОО (n−1)"),
        Column("missing_share", _N, "Доля ОО кластера с неизвестным свойством (заменено медианой)"),
        Column("cluster_silhouette", _N, "Средний силуэт кластера"),
        Column("jaccard", _N, "Устойчивость: средний наибольший индекс Жаккара по повторным выборкам", nullable=True),
        Column("stability", _T, "Устойчивость словом", allowed=("stable", "doubtful", "unstable", "unknown")),
        *METHOD,
    ),
)

CLUSTER_CHOICES: Final = Table(
    name="cluster_choices",
    title_ru="Выбор числа кластеров",
    grain_ru="испытанное число кластеров",
    stage="analysis",
    key=("school_year", "clusters_count"),
    columns=(
        YEAR,
        Column("clusters_count", _I, "Число кластеров"),
        Column("silhouette", _N, "Средний силуэт; пусто — не строилось", nullable=True),
        Column("smallest_count", _I, "ОО в наименьшем кластере"),
        Column("is_chosen", _B, "Выбрано"),
        Column("adjusted_rand", _N, "Средний исправленный индекс Рэнда по повторным выборкам", nullable=True),
        Column("schools_count", _I, "ОО, по которым строилось"),
        *METHOD,
    ),
)

COMPARABLE_SCHOOLS: Final = Table(
    name="comparable_schools",
    title_ru="Сопоставимые ОО",
    grain_ru="ОО × сопоставимая с ней ОО",
    stage="analysis",
    key=("school_year", "school_code", "comparable_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column("comparable_code", _T, "Код сопоставимой ОО"),
        Column("distance", _N, "Расстояние: среднеквадратичное, в стандартных отклонениях"),
        *METHOD,
    ),
)

COMPARABLE_SUMMARY: Final = Table(
    name="comparable_summary",
    title_ru="Нашлись ли сопоставимые ОО",
    grain_ru="ОО в учебном году",
    stage="analysis",
    key=("school_year", "school_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column(
            "state",
            _T,
            "Найдены; найдены, но условия не уравновешены; нет сопоставимых; мало данных; вне сравнений",
            allowed=("matched", "unbalanced", "no_match", "missing_data", "excluded"),
        ),
        Column("comparable_count", _I, "Сопоставимых ОО"),
        Column("candidates_count", _I, "Других ОО в группе"),
        Column("nearest_distance", _N, "Расстояние до ближайшей ОО группы", nullable=True),
        Column("largest_difference", _N, "Наибольшая по модулю стандартизованная разность свойств", nullable=True),
        Column("explanation_ru", _T, "Пояснение"),
        *METHOD,
    ),
)

COMPARABLE_BALANCE: Final = Table(
    name="comparable_balance",
    title_ru="Насколько условия сопоставимых ОО похожи",
    grain_ru="ОО × свойство",
    stage="analysis",
    key=("school_year", "school_code", "property_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column("property_code", _T, "Свойство"),
        Column("property_title_ru", _T, "Название свойства"),
        Column("comparable_count", _I, "Сопоставимых ОО"),
        Column("value", _N, "Значение у ОО", nullable=True),
        Column("comparable_mean", _N, "Среднее у сопоставимых", nullable=True),
        Column("standardised_difference", _N, "Разность в стандартных отклонениях всех ОО", nullable=True),
        Column("is_imputed", _B, "Значение неизвестно и заменено медианой"),
        *METHOD,
    ),
)

CONTEXTUAL_RESULTS: Final = Table(
    name="contextual_results",
    title_ru="Результаты с поправкой на условия",
    grain_ru="кампания × все работы, предмет или работа × ОО",
    stage="analysis",
    key=("school_year", "campaign_code", "scope_kind", "scope_code", "school_code"),
    indexes=(("school_year", "school_code"),),
    columns=(
        YEAR,
        *_SCOPE,
        SCHOOL,
        Column("unit", _T, "Единица: percent — % от максимума; sd — стандартные отклонения участников"),
        Column("participants_count", _I, "Участников (по всем работам охвата — наибольшее по параллелям, сложенное)"),
        SIZE_TIER,
        Column("results_count", _I, "Результатов (параллелей) в оценке"),
        Column("observed", _N, "Наблюдаемый результат", nullable=True),
        Column("predicted", _N, "Ожидаемый в таких условиях", nullable=True),
        Column("residual", _N, "Разность, стянутая к нулю по надёжности", nullable=True),
        Column("residual_low", _N, "Нижняя граница 95 %", nullable=True),
        Column("residual_high", _N, "Верхняя граница 95 %", nullable=True),
        Column("raw_residual", _N, "Разность без стягивания", nullable=True),
        Column("reliability", _N, "Надёжность: доля разброса между ОО, 0–1", nullable=True),
        Column("residual_sigma", _N, "Стянутая разность в долях разброса между ОО (σ)", nullable=True),
        Column("verdict", _T, "Выше, как ожидается, ниже ожидаемого; недостаточно данных", allowed=VERDICTS),
        IS_COMPARABLE,
        Column("note_ru", _T, "Почему недостаточно данных", nullable=True),
        *METHOD,
    ),
)

CONTEXTUAL_MODELS: Final = Table(
    name="contextual_models",
    title_ru="Модели ожидаемых результатов",
    grain_ru="кампания × охват × член модели",
    stage="analysis",
    key=("school_year", "campaign_code", "scope_kind", "scope_code", "term"),
    columns=(
        YEAR,
        *_SCOPE,
        Column("term", _T, "intercept, свойство, between_variance, within_variance, explained_share"),
        Column("title_ru", _T, "Название члена"),
        Column("estimate", _N, "Оценка (свойства — на одно стандартное отклонение)", nullable=True),
        Column("standard_error", _N, "Стандартная ошибка", nullable=True),
        Column("low", _N, "Нижняя граница 95 %", nullable=True),
        Column("high", _N, "Верхняя граница 95 %", nullable=True),
        Column("schools_count", _I, "ОО в модели"),
        *METHOD,
    ),
)

HIGH_RESULT_BASE: Final = Table(
    name="high_result_base",
    title_ru="ОО с высокими результатами в своих условиях",
    grain_ru="ОО × основание",
    stage="analysis",
    key=("school_year", "school_code", "basis"),
    columns=(
        YEAR,
        SCHOOL,
        Column(
            "basis",
            _T,
            "Основание: выше ожидаемого в году; повторно выше; резильентная",
            allowed=("above_context", "above_repeatedly", "resilient"),
        ),
        Column("years_count", _I, "Лет с данными из рассмотренных"),
        Column("years_above_count", _I, "Из них лет, когда условие выполнено"),
        Column("social_third", _I, "Треть индекса социального благополучия: 1 — нижняя", nullable=True),
        Column("residual_sigma", _N, "Разность года в σ", nullable=True),
        Column("evidence_ru", _T, "Данные, на которых стоит вывод"),
        *METHOD,
    ),
)

LEARNING_PAIRS: Final = Table(
    name="learning_pairs",
    title_ru="У кого учиться: пары ОО в сходных условиях",
    grain_ru="ОО с низкими результатами × ОО с результатами выше ожидаемых",
    stage="analysis",
    key=("school_year", "school_code", "partner_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column("partner_code", _T, "Код ОО, у которой учиться; none — такой не нашлось"),
        Column("within", _T, "В чём сходны: кластер, группа; none", allowed=("cluster", "group", "none")),
        Column("partner_basis", _T, "Основание партнёра", nullable=True),
        Column("distance", _N, "Расстояние по условиям", nullable=True),
        Column("explanation_ru", _T, "Пояснение"),
        *METHOD,
    ),
)

LOW_RESULT_FLAGS: Final = Table(
    name="low_result_flags",
    title_ru="ОО с низкими результатами",
    grain_ru="набор правил × ОО",
    stage="analysis",
    key=("school_year", "rule_code", "school_code"),
    columns=(
        YEAR,
        _RULE,
        Column("rule_version", _T, "Версия набора правил"),
        SCHOOL,
        Column("computed", _B, "Признана по правилам; пусто — данных недостаточно", nullable=True),
        Column("official_list", _B, "Есть в официальном перечне; пусто — перечня нет", nullable=True),
        Column("is_excluded", _B, "Специальная, вечерняя, закрытого типа, при ФСИН: сравнение условно"),
        Column("procedures_count", _I, "Процедур года с достаточной численностью"),
        Column("small_count", _I, "Процедур года с недостаточной численностью"),
        Column("failed_count", _I, "Процедур года с долей не ниже порога"),
        Column("certain_count", _I, "Из них доля выше порога и по нижней границе 95 %"),
        Column("repeated_count", _I, "Процедур, где порог достигнут столько лет подряд, сколько требует правило"),
        Column("years_count", _I, "Лет с данными из нужных правилу"),
        Column("failed_ru", _T, "Какие процедуры, через «;»", nullable=True),
        Column("not_applicable_ru", _T, "Процедуры, которые к ОО неприменимы", nullable=True),
        Column("explanation_ru", _T, "Пояснение"),
        *METHOD,
    ),
)

LOW_RESULT_PROCEDURES: Final = Table(
    name="low_result_procedures",
    title_ru="Доля ниже минимума по процедурам",
    grain_ru="набор правил × ОО × процедура",
    stage="analysis",
    key=("school_year", "rule_code", "school_code", "procedure_unit"),
    indexes=(("school_year", "school_code"),),
    columns=(
        YEAR,
        _RULE,
        SCHOOL,
        Column("procedure_unit", _T, "Процедура правила, одинаковая в разных годах: vpr:spring:4:mathematics:base"),
        Column("participants_count", _I, "Участников", nullable=True),
        Column("below_minimum_count", _I, "Ниже минимума", nullable=True),
        Column("below_minimum_share", _N, "Доля ниже минимума", nullable=True),
        Column("below_minimum_low", _N, "Нижняя граница Уилсона 95 %", nullable=True),
        Column("below_minimum_high", _N, "Верхняя граница Уилсона 95 %", nullable=True),
        replace(SIZE_TIER, nullable=True),
        Column(
            "state",
            _T,
            "Порог достигнут; не достигнут; мало участников; неприменимо",
            allowed=("failed", "passed", "small", "not_applicable"),
        ),
        *METHOD,
    ),
)

LOW_RESULT_SENSITIVITY: Final = Table(
    name="low_result_sensitivity",
    title_ru="Чувствительность перечня ШНОР к порогам",
    grain_ru="набор правил × порог × наименьшая численность × набор работ",
    stage="analysis",
    key=("school_year", "rule_code", "share_threshold", "minimum_n", "works_set"),
    columns=(
        YEAR,
        _RULE,
        Column("share_threshold", _N, "Порог доли"),
        Column("minimum_n", _I, "Наименьшая численность"),
        Column("works_set", _T, "Набор работ; rule — как в правиле"),
        Column("works_set_title_ru", _T, "Название набора"),
        Column("assessed_count", _I, "ОО, о которых правило говорит"),
        Column("computed_count", _I, "ОО, признанных по правилу"),
        Column("computed_share", _N, "Их доля", nullable=True),
        Column("both_count", _I, "Из них в официальном перечне", nullable=True),
        Column("only_official_count", _I, "В перечне, но не признаны", nullable=True),
        Column("only_computed_count", _I, "Признаны, но не в перечне", nullable=True),
        Column("is_rule", _B, "Это само правило, без отступлений"),
        *METHOD,
    ),
)

SOCIAL_INDEX: Final = Table(
    name="social_index",
    title_ru="Индекс социального благополучия ОО",
    grain_ru="индекс × ОО",
    stage="analysis",
    key=("school_year", "index_code", "school_code"),
    columns=(
        YEAR,
        Column("index_code", _T, "Индекс (catalogue/data/social_index.yaml)"),
        Column("index_version", _T, "Версия списка и весов"),
        SCHOOL,
        Column("is_main", _B, "Индекс, которым пользуются в этом году"),
        Column("is_proxy", _B, "Замена: построен по анкете, без социального паспорта"),
        Column("value", _N, "Индекс: среднее 50, стандартное отклонение 10; больше — благополучнее", nullable=True),
        Column("third", _I, "Треть: 1 — нижняя (неблагополучные условия), 3 — верхняя", nullable=True),
        Column("official_list", _B, "Есть в официальном перечне ШНСУ; пусто — перечня нет", nullable=True),
        Column("known_weight_share", _N, "Доля веса известных переменных"),
        Column("known_count", _I, "Известных переменных"),
        Column("missing_ru", _T, "Неизвестные переменные через «;»", nullable=True),
        Column(
            "state",
            _T,
            "Посчитан; мало данных; вне сравнений; нет разброса",
            allowed=("computed", "missing_data", "excluded", "no_variance"),
        ),
        _CONTEXT_YEAR,
        *METHOD,
    ),
)

RISK_PROFILE: Final = Table(
    name="risk_profile",
    title_ru="Рисковый профиль школы",
    grain_ru="ОО × фактор",
    stage="analysis",
    key=("school_year", "school_code", "factor_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column("factor_code", _T, "Фактор (catalogue/data/risk_factors.yaml)"),
        Column("factor_title_ru", _T, "Название фактора"),
        Column(
            "significance",
            _T,
            "Значимость: высокая, средняя, низкая; неизвестна",
            allowed=("high", "medium", "low", "unknown"),
        ),
        Column("signs_count", _I, "Признаков с данными"),
        Column("signs_total_count", _I, "Признаков всего"),
        Column("evidence_ru", _T, "Данные, на которых стоит вывод, или чего не хватает"),
        *METHOD,
    ),
)

SUPPORT_MONITORING: Final = Table(
    name="support_monitoring",
    title_ru="Мониторинг программ поддержки: план и факт",
    grain_ru="ОО × показатель × этап",
    stage="analysis",
    key=("school_year", "school_code", "programme_code", "indicator_code", "round"),
    columns=(
        YEAR,
        SCHOOL,
        Column("programme_code", _T, "Программа; main — единственная"),
        Column("indicator_code", _T, "Показатель"),
        Column("round", _T, "Этап: входной, промежуточный, итоговый", allowed=("input", "interim", "final")),
        Column("is_higher_better", _B, "Больше — лучше"),
        Column("planned_value", _N, "План", nullable=True),
        Column("actual_value", _N, "Факт", nullable=True),
        Column("plan_gap", _N, "Факт минус план, со знаком: плюс — лучше плана", nullable=True),
        Column(
            "plan_state", _T, "План выполнен; не выполнен; нечего сравнить", allowed=("reached", "missed", "unknown")
        ),
        Column("change", _N, "Изменение от предыдущего известного этапа, плюс — лучше", nullable=True),
        Column("change_from_input", _N, "Изменение от входного этапа, плюс — лучше", nullable=True),
        Column(
            "dynamics",
            _T,
            "Динамика от входного этапа: положительная, отрицательная, без изменений, неизвестна, неприменимо",
            allowed=("positive", "negative", "none", "unknown", "not_applicable"),
        ),
        Column(
            "outcome",
            _T,
            "Итог этапа: улучшила; по-прежнему низкие; неизвестно; неприменимо",
            allowed=("improved", "still_low", "unknown", "not_applicable"),
        ),
        Column("explanation_ru", _T, "Пояснение"),
        *METHOD,
    ),
)

CONTEXT_TABLES: Final[tuple[Table, ...]] = (
    SCHOOL_GROUPS,
    SCHOOL_CLUSTERS,
    CLUSTER_PROFILES,
    CLUSTER_CHOICES,
    COMPARABLE_SCHOOLS,
    COMPARABLE_SUMMARY,
    COMPARABLE_BALANCE,
    CONTEXTUAL_RESULTS,
    CONTEXTUAL_MODELS,
    HIGH_RESULT_BASE,
    LEARNING_PAIRS,
    LOW_RESULT_FLAGS,
    LOW_RESULT_PROCEDURES,
    LOW_RESULT_SENSITIVITY,
    SOCIAL_INDEX,
    RISK_PROFILE,
    SUPPORT_MONITORING,
)
