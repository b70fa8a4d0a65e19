"""The tables of the project's database. One concept, one name: table, Dagster asset and mart frame share it.

Shares are 0 to 1 (`_share`), percentages 0 to 100 (`_percent`), counts end in `_count`. A NULL statistic means that it
cannot be computed for the group (n = 0, n = 1, no variance), never zero.
"""

from typing import Final

from oko_pipeline.catalogue.columns import ASSESSMENT, SIZE_TIERS, SUBGROUP, UNIT, YEAR
from oko_pipeline.catalogue.contracts import Column, ColumnType, Privacy, Table
from oko_pipeline.catalogue.tables_context import CONTEXT_TABLES
from oko_pipeline.catalogue.tables_cycle import CYCLE_TABLES
from oko_pipeline.catalogue.tables_dynamics import DYNAMICS_TABLES
from oko_pipeline.catalogue.tables_effects import EFFECT_TABLES
from oko_pipeline.catalogue.tables_exams import EXAM_TABLES
from oko_pipeline.catalogue.tables_indicators import INDICATOR_TABLES
from oko_pipeline.catalogue.tables_items import ITEM_TABLES
from oko_pipeline.catalogue.tables_log import DATA_ACCESS_LOG
from oko_pipeline.catalogue.tables_objectivity import OBJECTIVITY_TABLES
from oko_pipeline.catalogue.tables_programmes import PROGRAMME_TABLES
from oko_pipeline.catalogue.tables_public import PUBLIC_TABLES
from oko_pipeline.catalogue.tables_sources import SOURCE_TABLES
from oko_pipeline.catalogue.tables_surveys import SURVEY_TABLES

_T, _I, _N, _B = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN
_TS, _J = ColumnType.TIMESTAMP, ColumnType.JSON

_YEAR, _ASSESSMENT = YEAR, ASSESSMENT

_UNIT = (*UNIT, SUBGROUP)

FILES: Final = Table(
    name="files",
    title_ru="Принятые файлы",
    grain_ru="версия файла входящей папки в учебном году",
    stage="collection",
    key=("school_year", "path", "file_sha256"),
    columns=(
        _YEAR,
        Column("path", _T, "Путь от корня входящей папки; для архива — архив!член"),
        Column("file_sha256", _T, "SHA-256 содержимого"),
        Column("layout_code", _T, "Распознанная форма файла; unknown — не распознана", nullable=True),
        Column("assessment_id", _T, "Работа, если файл об одной работе", nullable=True),
        Column("document_key", _T, "Документ, новая версия которого заменяет прежнюю: бланк и чей он", nullable=True),
        Column("record_tables", _T, "Реестры и протоколы, строки которых есть в файле, через «;»", nullable=True),
        Column(
            "status",
            _T,
            "Состояние версии",
            allowed=(
                "accepted",
                "superseded",
                "duplicate",
                "refused",
                "unknown",
                "empty",
                "removed",
                "archived",
                "outdated",
            ),
        ),
        Column("size_bytes", _I, "Размер", unit_ru="байт"),
        Column("modified_at", _TS, "Время изменения файла"),
        Column("stat_fingerprint", _T, "Отпечаток состояния файла на диске: не изменился — файл не открывается"),
        Column("submitted_at", _TS, "Дата загрузки по самому файлу", nullable=True),
        Column("read_rows_count", _I, "Строк данных прочитано"),
        Column("accepted_rows_count", _I, "Строк принято"),
        Column("quarantined_rows_count", _I, "Строк в карантине"),
        Column("superseded_by", _T, "SHA-256 версии, заменившей эту", nullable=True),
        Column("reader_version", _T, "Версия читателя"),
    ),
)

FILE_DIFFERENCES: Final = Table(
    name="file_differences",
    title_ru="Различия повторных файлов",
    grain_ru="ОО в работе, результаты которой пришли заново",
    stage="collection",
    key=("school_year", "assessment_id", "school_code", "old_file_sha256", "new_file_sha256"),
    columns=(
        _YEAR,
        _ASSESSMENT,
        Column("school_code", _T, "Код ОО"),
        Column("old_file_sha256", _T, "Прежняя версия"),
        Column("new_file_sha256", _T, "Новая версия"),
        Column("added_count", _I, "Работ добавлено"),
        Column("removed_count", _I, "Работ исчезло"),
        Column("changed_count", _I, "Работ изменено"),
    ),
)

SCHOOL_MENTIONS: Final = Table(
    name="school_mentions",
    title_ru="Упоминания ОО в файлах",
    grain_ru="логин (или название) ОО в одном файле",
    stage="collection",
    key=("file_sha256", "source_key"),
    slice_by=("school_year", "file_sha256"),
    columns=(
        _YEAR,
        Column("file_sha256", _T, "Файл"),
        Column("source_key", _T, "Логин или название, как в файле"),
        Column("school_code", _T, "Код ОО по логину; пусто, если логин не распознан", nullable=True),
        Column("school_name", _T, "Название ОО", nullable=True),
        Column("municipality_source", _T, "Муниципалитет, как в файле (код, название или метка)", nullable=True),
        Column("municipality_code", _T, "Код муниципалитета, если он есть в файле", nullable=True),
        Column("municipality_name", _T, "Название муниципалитета, если оно есть в файле", nullable=True),
        Column("oge_code", _T, "Код ОГЭ", nullable=True),
        Column("ege_code", _T, "Код ЕГЭ", nullable=True),
        Column("settlement_type", _T, "Тип населённого пункта", nullable=True),
        Column("rows_count", _I, "Строк с этим ключом"),
    ),
)

MUNICIPALITIES: Final = Table(
    name="municipalities",
    title_ru="Муниципалитеты",
    grain_ru="муниципалитет в учебном году",
    stage="collection",
    key=("school_year", "municipality_code"),
    columns=(
        _YEAR,
        Column("municipality_code", _T, "Код муниципалитета, например reg99_m101"),
        Column("municipality_name", _T, "Название"),
        Column("region_code", _T, "Код региона, две цифры"),
        Column("schools_count", _I, "Число ОО"),
    ),
)

SCHOOLS: Final = Table(
    name="schools",
    title_ru="Образовательные организации",
    grain_ru="ОО в учебном году",
    stage="collection",
    key=("school_year", "school_code"),
    columns=(
        _YEAR,
        Column("school_code", _T, "Код ОО: edu###### (sch и edu с теми же цифрами — одна ОО), ksh###### отдельно"),
        Column("school_name", _T, "Краткое название; пока неизвестно — код"),
        Column("is_name_known", _B, "Название взято из файла, а не заменено кодом"),
        Column("school_kind", _T, "Вид ОО", allowed=("general", "correctional", "other")),
        Column("municipality_code", _T, "Код муниципалитета"),
        Column("region_code", _T, "Код региона"),
        Column("settlement_type", _T, "Тип населённого пункта", nullable=True),
        Column("oge_code", _T, "Код ОО в ОГЭ", nullable=True),
        Column("ege_code", _T, "Код ОО в ЕГЭ", nullable=True),
    ),
)

SCHOOL_CROSSWALK: Final = Table(
    name="school_crosswalk",
    title_ru="Соответствие логинов и названий кодам ОО",
    grain_ru="ключ ОО, встреченный в файлах года",
    stage="collection",
    key=("school_year", "source_key"),
    columns=(
        _YEAR,
        Column("source_key", _T, "Логин или название, как в файлах"),
        Column("school_code", _T, "Код ОО; пусто — не сопоставлено", nullable=True),
        Column(
            "method",
            _T,
            "Как сопоставлено: подтверждено человеком, логин, код ОГЭ или ЕГЭ, название, сходство названий",
            allowed=("confirmed", "login", "login_alias", "code_oge", "code_ege", "name", "similar", "unmatched"),
        ),
        Column("files_count", _I, "В скольких файлах встречен"),
        Column("rows_count", _I, "Строк с этим ключом"),
    ),
)

ASSESSMENTS: Final = Table(
    name="assessments",
    title_ru="Работы года",
    grain_ru="работа: кампания × класс работы × предмет × уровень",
    stage="collection",
    key=("school_year", "assessment_id"),
    columns=(
        _YEAR,
        _ASSESSMENT,
        Column("campaign_code", _T, "Кампания, например vpr-2020-autumn"),
        Column("procedure_code", _T, "Процедура, например vpr"),
        Column("paper_grade", _I, "Класс, за который составлена работа"),
        Column("pupil_grade", _I, "Класс, в котором учатся участники"),
        Column("subject_code", _T, "Предмет"),
        Column("level", _T, "Уровень работы", allowed=("base", "advanced")),
        Column("task_count", _I, "Число заданий (критериев) в файлах"),
        Column("maximum_score", _I, "Максимальный первичный балл", nullable=True, unit_ru="балл"),
        Column("minimum_3", _I, "Наименьший балл отметки «3»", nullable=True, unit_ru="балл"),
        Column("minimum_4", _I, "Наименьший балл отметки «4»", nullable=True, unit_ru="балл"),
        Column("minimum_5", _I, "Наименьший балл отметки «5»", nullable=True, unit_ru="балл"),
        Column(
            "scale_source",
            _T,
            "Откуда шкала",
            allowed=("inbox", "catalogue", "confirmed", "inferred", "absent", "refused"),
        ),
        Column("rows_count", _I, "Строк протокола"),
        Column("works_sha256", _T, "Отпечаток работ: по нему пересчитывается только изменившееся"),
    ),
)

TASKS: Final = Table(
    name="tasks",
    title_ru="Задания работ",
    grain_ru="задание (критерий) работы",
    stage="collection",
    key=("school_year", "assessment_id", "position"),
    columns=(
        _YEAR,
        _ASSESSMENT,
        Column("position", _I, "Порядковый номер задания в файле, с 1"),
        Column("task_code", _T, "Номер задания в КИМ, например 12.1 или 1К2"),
        Column("maximum_score", _I, "Максимальный балл", nullable=True, unit_ru="балл"),
        Column("maximum_source", _T, "Откуда максимум", allowed=("header", "description", "catalogue", "observed")),
        Column("difficulty_level", _T, "Уровень сложности", nullable=True, allowed=("Б", "П", "В")),
        Column("skill", _T, "Проверяемое умение", nullable=True),
        Column("programme_block", _T, "Блок ПООП", nullable=True),
        Column("content_codes", _T, "Коды КЭС через «;»", nullable=True),
        Column("requirement_codes", _T, "Коды требований (КТ) через «;»", nullable=True),
        Column("is_metasubject", _B, "Есть требование из раздела «Метапредметные» КТ", nullable=True),
    ),
)

TASK_DESCRIPTIONS: Final = Table(
    name="task_descriptions",
    title_ru="Описания заданий и кодификаторы, как в файлах",
    grain_ru="строка описания: задание × КЭС × КТ (ALL) либо код кодификатора (KS, KT)",
    stage="collection",
    key=("file_path", "source_row", "block"),
    slice_by=("school_year", "file_path"),
    columns=(
        Column("school_year", _T, "Год, если файл к нему относится; «*» — ко всем годам"),
        Column("file_sha256", _T, "Файл"),
        Column(
            "file_path", _T, "Путь файла: предмет и класс берутся из него, у двух предметов кодификатор бывает один"
        ),
        Column("source_row", _I, "Строка файла"),
        Column("block", _I, "Номер блока столбцов (бывает два варианта работы рядом), с 1"),
        Column("kind", _T, "Вид", allowed=("task", "content", "requirement")),
        Column("paper_grade", _I, "Класс работы"),
        Column("subject_code", _T, "Предмет"),
        Column("position", _I, "Порядковый номер задания", nullable=True),
        Column("code", _T, "Номер задания в КИМ либо код кодификатора"),
        Column("title", _T, "Умение либо текст элемента", nullable=True),
        Column("programme_block", _T, "Блок ПООП", nullable=True),
        Column("difficulty_level", _T, "Б, П или В", nullable=True),
        Column("content_code", _T, "Код КЭС", nullable=True),
        Column("requirement_code", _T, "Код КТ", nullable=True),
        Column("maximum_score", _I, "Максимальный балл", nullable=True, unit_ru="балл"),
        Column("minutes", _N, "Примерное время", nullable=True, unit_ru="мин"),
        Column("is_metasubject", _B, "Раздел «Метапредметные»", nullable=True),
    ),
)

SCALE_BOUNDS: Final = Table(
    name="scale_bounds",
    title_ru="Шкалы перевода баллов в отметки, как в файлах",
    grain_ru="шкала работы в файле",
    stage="collection",
    key=("file_sha256", "source_row"),
    slice_by=("school_year", "file_sha256"),
    columns=(
        _YEAR,
        Column("file_sha256", _T, "Файл"),
        Column("source_row", _I, "Строка файла"),
        Column("year", _I, "Год работы, к которому относится шкала"),
        Column("paper_grade", _I, "Класс работы"),
        Column("subject_code", _T, "Предмет"),
        Column("level", _T, "Уровень", allowed=("base", "advanced")),
        Column("minimum_3", _I, "«3» с", unit_ru="балл"),
        Column("minimum_4", _I, "«4» с", unit_ru="балл"),
        Column("minimum_5", _I, "«5» с", unit_ru="балл"),
        Column("maximum_score", _I, "Максимум", unit_ru="балл"),
        Column("is_refused", _B, "Отвергнута: диапазоны пересекаются или с пропуском"),
        Column("basis", _T, "Основание (для подтверждённой человеком шкалы)", nullable=True),
        Column("campaign_code", _T, "Кампания работы со своей шкалой; пусто — шкала ВПР", nullable=True),
    ),
)

PUBLISHED_RESULTS: Final = Table(
    name="published_results",
    title_ru="Опубликованные сводные результаты (Ф3, сравнение с журналом, выполнение заданий, ориентиры)",
    grain_ru="показатель единицы наблюдения в файле",
    stage="collection",
    key=("file_sha256", "assessment_id", "unit_source", "measure", "item"),
    slice_by=("school_year", "file_sha256"),
    columns=(
        _YEAR,
        Column("file_sha256", _T, "Файл"),
        Column("source_row", _I, "Строка файла"),
        _ASSESSMENT,
        Column("unit_level", _T, "Уровень", allowed=("country", "region", "municipality", "school", "other")),
        Column("unit_source", _T, "Единица, как в файле"),
        Column(
            "unit_code", _T, "Код единицы: код ОО, муниципалитета, региона, RU; пусто — не сопоставлено", nullable=True
        ),
        Column(
            "measure",
            _T,
            "Показатель",
            allowed=("participants", "schools", "mark", "journal", "score", "task", "planned", "mean"),
        ),
        Column("item", _T, "Что именно: отметка 2–5; lower/same/higher; балл; номер задания; пусто"),
        Column("value_percent", _N, "Значение", nullable=True, unit_ru="%"),
        Column("value_count", _I, "Число (записано в файле или восстановлено по процентам)", nullable=True),
        Column("is_count_recovered", _B, "Число восстановлено по процентам и числу участников"),
        Column("participants_count", _I, "Участников в единице", nullable=True),
    ),
)

SCHOOL_CONTEXT: Final = Table(
    name="school_context",
    title_ru="Контекстные данные ОО",
    grain_ru="показатель анкеты ОО",
    stage="collection",
    key=("file_sha256", "school_code", "variable"),
    slice_by=("school_year", "file_sha256"),
    columns=(
        _YEAR,
        Column("file_sha256", _T, "Файл"),
        Column("source_row", _I, "Строка файла"),
        Column("school_code", _T, "Код ОО"),
        Column("variable", _T, "Показатель анкеты по каталогу"),
        Column("value_text", _T, "Значение текстом", nullable=True),
        Column("value_number", _N, "Значение числом", nullable=True),
    ),
)

QUALITY_FINDINGS: Final = Table(
    name="quality_findings",
    title_ru="Замечания к данным",
    grain_ru="нарушение правила в ячейке, строке, файле или таблице",
    stage="validation",
    key=("school_year", "finding_id"),
    slice_by=("school_year", "origin"),
    indexes=(("school_year", "rule_id"), ("school_year", "school_code")),
    columns=(
        _YEAR,
        Column("finding_id", _T, "Отпечаток замечания: одинаков при повторном прогоне"),
        Column("origin", _T, "Откуда: file:<sha256> — читатель; work:<работа> — проверка работы; year — проверка года"),
        Column("severity", _T, "Тяжесть", allowed=("error", "warning", "note")),
        Column("rule_id", _T, "Правило, например work.sum_mismatch"),
        Column("file_path", _T, "Файл", nullable=True),
        Column("file_sha256", _T, "SHA-256 файла", nullable=True),
        Column("sheet", _T, "Лист", nullable=True),
        Column("row", _I, "Строка листа, с 1", nullable=True),
        Column("column", _T, "Буква столбца", nullable=True),
        Column("cell", _T, "Ячейка, например Q17", nullable=True),
        Column("value", _T, "Что стоит в ячейке (без персональных данных)", nullable=True),
        Column("expected", _T, "Что ожидалось", nullable=True),
        Column("message", _T, "Что не так"),
        Column("mend", _T, "Как исправить"),
        Column("school_code", _T, "ОО", nullable=True),
        Column("assessment_id", _T, "Работа", nullable=True),
        Column("became", _T, "Чем стало значение в данных", nullable=True),
    ),
)

QUALITY_RESULTS: Final = Table(
    name="quality_results",
    title_ru="Результаты проверок по наборам правил, с историей",
    grain_ru="ожидание набора в одном прогоне",
    stage="validation",
    key=("run_id", "suite", "expectation"),
    slice_by=(),
    indexes=(("school_year", "checked_at"),),
    columns=(
        _YEAR,
        Column("run_id", _T, "Прогон"),
        Column("checked_at", _TS, "Время проверки"),
        Column("suite", _T, "Набор правил"),
        Column("table_name", _T, "Проверенная таблица"),
        Column("expectation", _T, "Имя ожидания"),
        Column("title_ru", _T, "Что проверялось"),
        Column("is_passed", _B, "Выполнено"),
        Column("is_blocking", _B, "Невыполнение блокирует отчёты"),
        Column("severity", _T, "Тяжесть", allowed=("error", "warning")),
        Column("checked_count", _I, "Проверено значений", nullable=True),
        Column("unexpected_count", _I, "Нарушений", nullable=True),
        Column("observed", _T, "Наблюдение", nullable=True),
    ),
)

COVERAGE: Final = Table(
    name="coverage",
    title_ru="Охват: кто должен был писать и кто писал",
    grain_ru="ОО в работе",
    stage="validation",
    key=("school_year", "assessment_id", "school_code"),
    columns=(
        _YEAR,
        _ASSESSMENT,
        Column("school_code", _T, "Код ОО"),
        Column("rows_count", _I, "Строк в протоколе"),
        Column("participants_count", _I, "Участников"),
        Column("absent_count", _I, "Отсутствовали"),
        Column("classes_count", _I, "Классов"),
        Column("enrolled_count", _I, "Обучающихся в параллели по контингенту", nullable=True),
        Column(
            "is_expected",
            _B,
            "ОО писала другие работы этой параллели в кампании, значит должна была писать и эту",
            nullable=True,
        ),
        Column("state", _T, "Состояние", allowed=("written", "missing", "absent_only")),
    ),
)

RESULT_SUMMARY: Final = Table(
    name="result_summary",
    title_ru="Сводные результаты работ",
    grain_ru="работа × единица наблюдения × группа участников",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "subgroup"),
    slice_by=("school_year", "assessment_id"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        _YEAR,
        _ASSESSMENT,
        *_UNIT,
        Column("participants_count", _I, "Участников с баллом"),
        Column("absent_count", _I, "Отсутствовали"),
        Column("size_tier", _T, "Ступень численности", allowed=SIZE_TIERS),
        Column("mean_score", _N, "Средний первичный балл", nullable=True, unit_ru="балл"),
        Column("sd_score", _N, "Выборочное стандартное отклонение балла (n−1)", nullable=True, unit_ru="балл"),
        Column(
            "mean_score_low", _N, "Нижняя граница 95 % интервала среднего (Стьюдент)", nullable=True, unit_ru="балл"
        ),
        Column(
            "mean_score_high", _N, "Верхняя граница 95 % интервала среднего (Стьюдент)", nullable=True, unit_ru="балл"
        ),
        Column("median_score", _N, "Медиана", nullable=True, unit_ru="балл"),
        Column("quartile_1_score", _N, "Нижняя квартиль", nullable=True, unit_ru="балл"),
        Column("quartile_3_score", _N, "Верхняя квартиль", nullable=True, unit_ru="балл"),
        Column("mean_percent", _N, "Средний процент от максимального балла", nullable=True, unit_ru="%"),
        Column("marked_count", _I, "Участников с отметкой (балл не выше максимума, шкала известна)"),
        *(Column(f"mark_{m}_count", _I, f"Получили «{m}»", nullable=True) for m in (2, 3, 4, 5)),
        *(
            column
            for m in (2, 3, 4, 5)
            for column in (
                Column(f"mark_{m}_share", _N, f"Доля «{m}»", nullable=True),
                Column(f"mark_{m}_low", _N, f"Доля «{m}»: нижняя граница Уилсона 95 %", nullable=True),
                Column(f"mark_{m}_high", _N, f"Доля «{m}»: верхняя граница Уилсона 95 %", nullable=True),
            )
        ),
        Column("base_level_share", _N, "Базовый уровень: доля «3», «4» и «5»", nullable=True),
        Column("base_level_low", _N, "Базовый уровень: нижняя граница", nullable=True),
        Column("base_level_high", _N, "Базовый уровень: верхняя граница", nullable=True),
        Column("good_level_share", _N, "Доля «4» и «5» (качество)", nullable=True),
        Column("good_level_low", _N, "Качество: нижняя граница", nullable=True),
        Column("good_level_high", _N, "Качество: верхняя граница", nullable=True),
        Column("journal_pairs_count", _I, "Участников с отметкой ВПР и отметкой по журналу"),
        Column("journal_lower_count", _I, "Отметка ВПР ниже журнальной", nullable=True),
        Column("journal_same_count", _I, "Отметки совпали", nullable=True),
        Column("journal_higher_count", _I, "Отметка ВПР выше журнальной", nullable=True),
        Column("journal_gap_2_count", _I, "Разница отметок 2 и более", nullable=True),
        *(
            column
            for k, ru in (("lower", "ниже"), ("same", "совпали"), ("higher", "выше"))
            for column in (
                Column(f"journal_{k}_share", _N, f"Доля: {ru}", nullable=True),
                Column(f"journal_{k}_low", _N, f"Доля: {ru}, нижняя граница", nullable=True),
                Column(f"journal_{k}_high", _N, f"Доля: {ru}, верхняя граница", nullable=True),
            )
        ),
        Column("over_maximum_count", _I, "Работ с баллом выше максимума (без отметки)"),
        Column("sum_mismatch_count", _I, "Работ, где сумма заданий не равна итогу"),
    ),
)

SCORE_DISTRIBUTION: Final = Table(
    name="score_distribution",
    title_ru="Распределение первичных баллов",
    grain_ru="работа × единица наблюдения (не класс) × первичный балл",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "score"),
    slice_by=("school_year", "assessment_id"),
    indexes=(("school_year", "unit_code"),),
    columns=(
        _YEAR,
        _ASSESSMENT,
        *_UNIT[:2],
        Column("score", _I, "Первичный балл", unit_ru="балл"),
        Column("participants_count", _I, "Участников с этим баллом"),
        Column("share", _N, "Доля участников"),
    ),
)

TASK_RESULTS: Final = Table(
    name="task_results",
    title_ru="Выполнение заданий",
    grain_ru="работа × единица наблюдения × задание",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "position"),
    slice_by=("school_year", "assessment_id"),
    columns=(
        _YEAR,
        _ASSESSMENT,
        *_UNIT[:2],
        Column("position", _I, "Порядковый номер задания"),
        Column("task_code", _T, "Номер задания в КИМ"),
        Column("taught_count", _I, "Участников, у которых тема пройдена (знаменатель)"),
        Column("not_attempted_count", _I, "Не приступали (X)"),
        Column("not_taught_count", _I, "Тема не пройдена"),
        Column("mean_task_score", _N, "Средний балл", nullable=True, unit_ru="балл"),
        Column("solved_share", _N, "Решаемость: сумма баллов к максимуму, доля", nullable=True),
        Column("solved_low", _N, "Решаемость: нижняя граница 95 %", nullable=True),
        Column("solved_high", _N, "Решаемость: верхняя граница 95 %", nullable=True),
        Column("zero_share", _N, "Доля нулевых баллов", nullable=True),
        Column("full_share", _N, "Доля полных баллов", nullable=True),
        Column("not_attempted_share", _N, "Доля не приступавших", nullable=True),
        Column("colour", _T, "Зона выполнения", nullable=True, allowed=("green", "yellow", "red")),
    ),
)

SKILL_RESULTS: Final = Table(
    name="skill_results",
    title_ru="Достижение планируемых результатов",
    grain_ru="работа × единица наблюдения × умение; КЭС и требования — от ОО и выше",
    stage="analysis",
    key=("school_year", "assessment_id", "unit_level", "unit_code", "kind", "skill_code"),
    slice_by=("school_year", "assessment_id"),
    columns=(
        _YEAR,
        _ASSESSMENT,
        *_UNIT[:2],
        Column("kind", _T, "Вид группы заданий", allowed=("skill", "content", "requirement", "level", "metasubject")),
        Column("skill_code", _T, "Код: номер умения, КЭС, КТ, уровень Б/П/В"),
        Column("skill_title", _T, "Название"),
        Column("task_codes", _T, "Задания через «;»"),
        Column("tasks_count", _I, "Заданий"),
        Column("red_tasks_count", _I, "Из них в красной зоне; пусто, если ни у одного задания нет зоны", nullable=True),
        Column("is_systemic", _B, "Системный дефицит: красных больше половины", nullable=True),
        Column("participants_count", _I, "Участников"),
        Column("solved_share", _N, "Решаемость: сумма баллов к сумме максимумов, доля", nullable=True),
        Column("solved_low", _N, "Нижняя граница 95 %", nullable=True),
        Column("solved_high", _N, "Верхняя граница 95 %", nullable=True),
    ),
)

DOCUMENTS: Final = Table(
    name="documents",
    title_ru="Выпущенные документы",
    grain_ru="документ: вид × единица × кампания",
    stage="reporting",
    key=("school_year", "document_id"),
    slice_by=("school_year", "document_id"),
    columns=(
        _YEAR,
        Column("document_id", _T, "Документ, например school_note:vpr-2021-spring:edu990404"),
        Column("kind", _T, "Вид документа"),
        Column("campaign_code", _T, "Кампания", nullable=True),
        Column("topic", _T, "Предмет документа, если у единицы их несколько", nullable=True),
        Column("unit_level", _T, "Уровень"),
        Column("unit_code", _T, "Код единицы"),
        Column("title_ru", _T, "Заголовок"),
        Column("profile", _T, "Для кого", allowed=("internal", "school", "public")),
        Column("is_restricted", _B, "Стоит в закрытом хранилище: содержит коды людей"),
        Column("issue_number", _I, "Выпуск, с 1; растёт, когда меняется содержание"),
        Column("path", _T, "Путь от папки отчётов (закрытого хранилища)"),
        Column("pack_path", _T, "Книга с числами документа, рядом с ним", nullable=True),
        Column("context_sha256", _T, "Отпечаток содержания: не изменился — документ не переписывается"),
        Column("file_sha256", _T, "SHA-256 файла"),
        Column("rendered_at", _TS, "Когда написан"),
        Column("code_version", _T, "Версия программы"),
        Column("inputs", _J, "Файлы-источники с отпечатками"),
    ),
)

_ISSUE: Final = Column("issue_number", _I, "Выпуск, с 1")
DOCUMENT_ISSUES: Final = Table(
    name="document_issues",
    title_ru="Выпуски документов",
    grain_ru="документ × выпуск",
    stage="reporting",
    key=("school_year", "document_id", "issue_number"),
    slice_by=("school_year", "document_id", "issue_number"),
    columns=(
        _YEAR,
        Column("document_id", _T, "Документ"),
        _ISSUE,
        Column("path", _T, "Путь от папки отчётов (закрытого хранилища)"),
        Column("context_sha256", _T, "Отпечаток содержания"),
        Column("file_sha256", _T, "SHA-256 файла: по нему видно, какой выпуск у человека на руках"),
        Column("rendered_at", _TS, "Когда написан"),
        Column("code_version", _T, "Версия программы"),
        Column("changes_count", _I, "Сколько чисел изменилось с прошлого выпуска"),
    ),
)

DOCUMENT_CHANGES: Final = Table(
    name="document_changes",
    title_ru="Изменения чисел в документах",
    grain_ru="документ × выпуск × число",
    stage="reporting",
    key=("school_year", "document_id", "issue_number", "change_number"),
    slice_by=("school_year", "document_id", "issue_number"),
    columns=(
        _YEAR,
        Column("document_id", _T, "Документ"),
        _ISSUE,
        Column("change_number", _I, "Номер изменения, с 1"),
        Column("table_name", _T, "Таблица, из которой число"),
        Column("column_name", _T, "Столбец; пусто — число строк или вычисленное"),
        Column("place", _T, "Для кого и о чём число"),
        Column("was", _T, "Было в прошлом выпуске; «—» — не было"),
        Column("became", _T, "Стало; «—» — больше нет"),
    ),
)

SLICES: Final = Table(
    name="slices",
    title_ru="Что из чего посчитано",
    grain_ru="срез таблицы",
    stage="storage",
    key=("school_year", "table_name", "slice_key"),
    slice_by=("school_year", "table_name", "slice_key"),
    columns=(
        _YEAR,
        Column("table_name", _T, "Таблица"),
        Column("slice_key", _T, "Срез: работа, файл или документ"),
        Column("input_sha256", _T, "Отпечаток входа, из которого срез получен"),
        Column("rows_count", _I, "Строк в срезе"),
        Column("written_at", _TS, "Когда записан"),
    ),
)

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        FILES,
        FILE_DIFFERENCES,
        SCHOOL_MENTIONS,
        MUNICIPALITIES,
        SCHOOLS,
        SCHOOL_CROSSWALK,
        ASSESSMENTS,
        TASKS,
        TASK_DESCRIPTIONS,
        SCALE_BOUNDS,
        PUBLISHED_RESULTS,
        SCHOOL_CONTEXT,
        QUALITY_FINDINGS,
        QUALITY_RESULTS,
        COVERAGE,
        RESULT_SUMMARY,
        SCORE_DISTRIBUTION,
        TASK_RESULTS,
        SKILL_RESULTS,
        DOCUMENTS,
        DOCUMENT_ISSUES,
        DOCUMENT_CHANGES,
        SLICES,
        DATA_ACCESS_LOG,
        *EXAM_TABLES,
        *SURVEY_TABLES,
        *SOURCE_TABLES,
        *INDICATOR_TABLES,
        *DYNAMICS_TABLES,
        *CONTEXT_TABLES,
        *OBJECTIVITY_TABLES,
        *ITEM_TABLES,
        *CYCLE_TABLES,
        *EFFECT_TABLES,
        *PROGRAMME_TABLES,
        *PUBLIC_TABLES,
    )
    if not table.is_restricted
}
RESTRICTED_TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (*EXAM_TABLES, *SURVEY_TABLES, *SOURCE_TABLES, *CONTEXT_TABLES, *OBJECTIVITY_TABLES, *ITEM_TABLES)
    if table.is_restricted
}
"""Tables about single people: Parquet in the restricted store, never in the database."""

WORK_COLUMNS: Final[tuple[Column, ...]] = (
    Column("file_sha256", _T, "Файл, из которого взята строка"),
    Column("source_row", _I, "Строка листа, с 1"),
    Column("school_code", _T, "Код ОО"),
    Column("class_label", _T, "Класс: буква или «нет», пусто — не указан", nullable=True),
    Column("sex", _T, "м или ж", nullable=True, privacy=Privacy.PUPIL),
    Column("pupil_id", _T, "Псевдоним участника (HMAC-SHA256, 32 шестнадцатеричных знака)", privacy=Privacy.PSEUDONYM),
    Column("variant", _T, "Вариант", nullable=True),
    Column(
        "status",
        _T,
        "scored — есть итог; absent — отсутствовал; no_total — писал, итога нет",
        allowed=("scored", "absent", "no_total"),
    ),
    Column("primary_score", _I, "Первичный балл по файлу", nullable=True, privacy=Privacy.PUPIL),
    Column("journal_mark", _I, "Отметка по журналу", nullable=True, privacy=Privacy.PUPIL),
    Column("reported_mark", _I, "Отметка ВПР, если она есть в файле", nullable=True, privacy=Privacy.PUPIL),
)
"""Columns of a frame of works, beside the task scores `task_01` … `task_NN` (int8: score, or a code of `TaskCode`)."""
