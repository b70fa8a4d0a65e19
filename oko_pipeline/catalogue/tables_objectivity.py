"""Tables of signs of bias: official signs, independent signals, cards of schools, re-checks."""

from typing import Final

from oko_pipeline.catalogue.columns import ASSESSMENT, IS_COMPARABLE, METHOD, SCHOOL, SIZE_TIER, YEAR
from oko_pipeline.catalogue.contracts import Column, ColumnType, Privacy, Table

_T, _I, _N, _B = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN

SIGN_STATES: Final = ("sign", "no_sign", "insufficient", "no_data")
SIGNAL_STATES: Final = ("signal", "no_signal", "insufficient", "not_applicable")
SIGNAL_CODES: Final = (
    "cutoff_excess",
    "journal_correlation",
    "journal_higher",
    "journal_lower",
    "task_profile",
    "mark_crossing",
    "narrow_spread",
    "absence",
    "weak_absent",
    "exam_unconfirmed",
    "olympiad_gap",
    "external_list",
)
SIGNAL_FAMILIES: Final = ("cutoffs", "journal", "tasks", "spread", "attendance", "procedures", "lists")
EVIDENCE_LEVELS: Final = ("нет данных", "нет признаков", "низкий", "средний", "высокий")
WHOLE_YEAR: Final = "all"
"""`assessment_id` of signals that sum up all works of a school's year."""

OBJECTIVITY_MEASURES: Final = Table(
    name="objectivity_measures",
    title_ru="Исходные величины признаков объективности",
    grain_ru="работа × ОО",
    stage="analysis",
    key=("school_year", "assessment_id", "school_code"),
    slice_by=("school_year", "assessment_id"),
    columns=(
        YEAR,
        ASSESSMENT,
        SCHOOL,
        Column("participants_count", _I, "Участников с баллом (не выше максимума)"),
        Column("mean_score", _N, "Средний первичный балл", nullable=True, unit_ru="балл"),
        Column("sd_score", _N, "Выборочное стандартное отклонение (n−1)", nullable=True, unit_ru="балл"),
        Column("mean_percent", _N, "Средний процент от максимума", nullable=True, unit_ru="%"),
        Column("pairs_count", _I, "Пар «балл — отметка журнала»"),
        Column("journal_marks_count", _I, "Разных отметок журнала в парах"),
        Column("spearman", _N, "Корреляция Спирмена с поправкой на связки", nullable=True),
        Column("spearman_simplified", _N, "Корреляция Спирмена по упрощённой формуле", nullable=True),
        *METHOD,
    ),
)

OBJECTIVITY_SIGNS: Final = Table(
    name="objectivity_signs",
    title_ru="Официальные признаки необъективности (ФИОКО, 14 признаков)",
    grain_ru="ОО × признак × учебный год",
    stage="analysis",
    key=("school_year", "school_code", "sign_number"),
    columns=(
        YEAR,
        SCHOOL,
        Column("sign_number", _I, "Номер признака по методике, 1–14"),
        Column(
            "sign_kind",
            _T,
            "Вид: завышенный средний балл, несоответствие журналу, возрастание и падение когорты",
            allowed=("high_mean", "journal_mismatch", "cohort_rise", "cohort_drop"),
        ),
        Column("sign_title_ru", _T, "Признак словами"),
        Column("assessment_id", _T, "Работа (у когорты — более поздняя); пусто — не проводилась", nullable=True),
        Column("earlier_assessment_id", _T, "Более ранняя работа той же когорты", nullable=True),
        Column("state", _T, "Есть признак; нет; недостаточно данных; нет данных", allowed=SIGN_STATES),
        Column("is_strict_sign", _B, "Признак по букве методики (m ≥ 2, s > 0), без наименьшего числа", nullable=True),
        Column("value", _N, "Величина: нижняя граница среднего ОО; r; K", nullable=True),
        Column("threshold", _N, "Порог: верхняя граница региона; 0; граница выброса", nullable=True),
        Column("school_mean", _N, "Средний балл ОО", nullable=True, unit_ru="балл"),
        Column("reference_mean", _N, "Средний балл региона", nullable=True, unit_ru="балл"),
        Column("value_simplified", _N, "r по упрощённой формуле", nullable=True),
        Column("count", _I, "Участников или пар (у когорты — меньшее из двух)"),
        Column("reference_count", _I, "Участников или ОО, по которым построен порог"),
        SIZE_TIER,
        IS_COMPARABLE,
        Column("note_ru", _T, "Пояснение", nullable=True),
        *METHOD,
    ),
)

OBJECTIVITY_INDEX: Final = Table(
    name="objectivity_index",
    title_ru="Индекс объективности региона",
    grain_ru="регион (и все ОО) × правило",
    stage="analysis",
    key=("school_year", "unit_level", "unit_code", "rule"),
    columns=(
        YEAR,
        Column("unit_level", _T, "Уровень", allowed=("all", "region")),
        Column("unit_code", _T, "Код региона; all — все ОО"),
        Column(
            "rule", _T, "official — по букве методики; guarded — с наименьшим числом", allowed=("official", "guarded")
        ),
        Column("schools_count", _I, "ОО, у которых посчитан хотя бы один признак"),
        Column("marked_count", _I, "Из них ОО хотя бы с одним признаком"),
        Column("marked_share", _N, "Доля таких ОО", nullable=True),
        Column("marked_low", _N, "Нижняя граница Уилсона 95 %", nullable=True),
        Column("marked_high", _N, "Верхняя граница Уилсона 95 %", nullable=True),
        Column("index_value", _N, "Индекс: 100 − % ОО с признаком", nullable=True),
        Column("signs_count", _I, "Признаков из 14, которые можно было посчитать"),
        Column("unknown_ru", _T, "Какие признаки посчитать нельзя и почему", nullable=True),
        *METHOD,
    ),
)

OBJECTIVITY_SIGNALS: Final = Table(
    name="objectivity_signals",
    title_ru="Независимые сигналы объективности",
    grain_ru="работа (или все работы года) × ОО × сигнал",
    stage="analysis",
    key=("school_year", "assessment_id", "school_code", "signal_code"),
    indexes=(("school_year", "school_code"),),
    columns=(
        YEAR,
        Column("assessment_id", _T, "Работа; all — все работы года вместе"),
        SCHOOL,
        Column("signal_code", _T, "Сигнал", allowed=SIGNAL_CODES),
        Column("family", _T, "Семейство независимых свидетельств", allowed=SIGNAL_FAMILIES),
        Column("state", _T, "Есть сигнал; нет; мало данных; неприменим", allowed=SIGNAL_STATES),
        Column("value", _N, "Величина у ОО", nullable=True),
        Column("reference_value", _N, "Ожидание по сопоставимым ОО", nullable=True),
        Column("smooth_value", _N, "Ожидание по гладкому распределению (только границы отметок)", nullable=True),
        Column("effect", _N, "Разность между ОО и ожиданием", nullable=True),
        Column("effect_low", _N, "Нижняя граница 95 %", nullable=True),
        Column("effect_high", _N, "Верхняя граница 95 %", nullable=True),
        Column("standard_error", _N, "Стандартная ошибка разности", nullable=True),
        Column("z_score", _N, "Стандартизованная разность в сторону сигнала, без обычного различия ОО", nullable=True),
        Column("p_value", _N, "p с учётом обычного различия ОО", nullable=True),
        Column("q_value", _N, "Доля ложных открытий (Бенджамини — Хохберг) за год", nullable=True),
        Column("count", _I, "Работ (пар, отсутствовавших, участников), по которым посчитано"),
        Column("works_count", _I, "Работ года (предметов и классов), вошедших в строку"),
        Column("peers_kind", _T, "С кем сравнивалась ОО", nullable=True, allowed=("group", "region")),
        Column("peers_count", _I, "Сопоставимых ОО"),
        SIZE_TIER,
        IS_COMPARABLE,
        Column("note_ru", _T, "Почему не посчитано; источник перечня", nullable=True),
        *METHOD,
    ),
)

OBJECTIVITY_CARDS: Final = Table(
    name="objectivity_cards",
    title_ru="Карточки объективности ОО",
    grain_ru="ОО в учебном году",
    stage="analysis",
    key=("school_year", "school_code"),
    columns=(
        YEAR,
        SCHOOL,
        Column("evidence_level", _T, "Уровень доказательности", allowed=EVIDENCE_LEVELS),
        Column("basis_ru", _T, "Почему такой уровень"),
        Column("official_signs_count", _I, "Официальных признаков"),
        Column("official_computed_count", _I, "Официальных признаков, которые удалось посчитать"),
        Column("signals_count", _I, "Независимых сигналов (за год или по отдельной работе)"),
        Column("signals_computed_count", _I, "Независимых сигналов, которые удалось посчитать"),
        Column("families", _T, "Семейства с сигналом через «;»", nullable=True),
        Column("families_count", _I, "Семейств с сигналом"),
        Column("persistent_families", _T, "Семейства, повторившиеся за последние годы, через «;»", nullable=True),
        Column("years", _T, "Учебные годы, по которым есть данные, через «;»"),
        Column("participants_count", _I, "Работ ОО за год"),
        SIZE_TIER,
        IS_COMPARABLE,
        Column("group_code", _T, "Группа сопоставимых ОО", nullable=True),
        Column("group_schools_count", _I, "ОО в группе с данными"),
        Column("group_signal_share", _N, "Доля ОО группы хотя бы с одним сигналом", nullable=True),
        Column("group_signal_low", _N, "Нижняя граница Уилсона 95 %", nullable=True),
        Column("group_signal_high", _N, "Верхняя граница Уилсона 95 %", nullable=True),
        Column("evidence_ru", _T, "Свидетельства словами, с числами", nullable=True),
        Column("unknown_ru", _T, "Что неизвестно", nullable=True),
        Column("reply_ru", _T, "Ответ ОО", nullable=True),
        Column("wording_ru", _T, "Как об этом говорить"),
        *METHOD,
    ),
)

RECHECK_SELECTION: Final = Table(
    name="recheck_selection",
    title_ru="Контрольная группа: классы для перепроверки",
    grain_ru="работа × класс ОО",
    stage="analysis",
    key=("school_year", "assessment_id", "school_code", "class_label"),
    columns=(
        YEAR,
        ASSESSMENT,
        SCHOOL,
        Column("class_label", _T, "Класс: буква, «—» — не указан"),
        Column("basis", _T, "Основание: по сигналам или случайно", allowed=("signals", "random")),
        Column("stratum", _T, "Слой отбора"),
        Column("stratum_schools_count", _I, "ОО в слое"),
        Column("stratum_selected_count", _I, "Из них отобрано"),
        Column("works_count", _I, "Работ в классе"),
        Column("selected_count", _I, "Работ на перепроверку"),
        Column("seed", _I, "Зерно отбора"),
        *METHOD,
    ),
)

RECHECK_WORKS: Final = Table(
    name="recheck_works",
    title_ru="Работы на перепроверку",
    grain_ru="работа участника",
    stage="analysis",
    key=("school_year", "assessment_id", "work_code"),
    columns=(
        YEAR,
        ASSESSMENT,
        SCHOOL,
        Column("class_label", _T, "Класс"),
        Column("work_code", _T, "Код работы: 12 знаков хеша, по нему работу называют при перепроверке"),
        Column("file_sha256", _T, "Файл протокола"),
        Column("source_row", _I, "Строка протокола: по ней школа находит работу без имени"),
        Column("original_score", _I, "Исходный первичный балл", privacy=Privacy.PUPIL, unit_ru="балл"),
        *METHOD,
    ),
    is_restricted=True,
)

RECHECK_RESULTS: Final = Table(
    name="recheck_results",
    title_ru="Итоги перепроверки",
    grain_ru="единица (ОО, основание отбора, все) × работа (или все)",
    stage="analysis",
    key=("school_year", "unit_level", "unit_code", "assessment_id"),
    columns=(
        YEAR,
        Column("unit_level", _T, "Единица", allowed=("all", "basis", "school")),
        Column("unit_code", _T, "Код ОО; signals, random; all"),
        Column("assessment_id", _T, "Работа; all — все"),
        Column("selected_count", _I, "Работ отобрано"),
        Column("rechecked_count", _I, "Работ перепроверено"),
        Column("same_count", _I, "Балл совпал"),
        Column("same_share", _N, "Доля совпавших", nullable=True),
        Column("same_low", _N, "Нижняя граница Уилсона 95 %", nullable=True),
        Column("same_high", _N, "Верхняя граница Уилсона 95 %", nullable=True),
        Column("objective_share", _N, "Доля работ с расхождением в пределах допуска", nullable=True),
        Column("objective_low", _N, "Нижняя граница Уилсона 95 %", nullable=True),
        Column("objective_high", _N, "Верхняя граница Уилсона 95 %", nullable=True),
        Column("mean_shift", _N, "Средний сдвиг: перепроверка − исходный", nullable=True, unit_ru="балл"),
        Column("shift_low", _N, "Нижняя граница 95 % (Стьюдент)", nullable=True, unit_ru="балл"),
        Column("shift_high", _N, "Верхняя граница 95 % (Стьюдент)", nullable=True, unit_ru="балл"),
        Column("mark_changed_count", _I, "Работ, где изменилась отметка", nullable=True),
        Column(
            "verdict",
            _T,
            "Ориентир доли объективно оценённых: достигнут, не достигнут, по данным не решить",
            allowed=("reached", "not_reached", "undecided", "no_data"),
        ),
        SIZE_TIER,
        *METHOD,
    ),
)

OBJECTIVITY_TABLES: Final[tuple[Table, ...]] = (
    OBJECTIVITY_MEASURES,
    OBJECTIVITY_SIGNS,
    OBJECTIVITY_INDEX,
    OBJECTIVITY_SIGNALS,
    OBJECTIVITY_CARDS,
    RECHECK_SELECTION,
    RECHECK_WORKS,
    RECHECK_RESULTS,
)
