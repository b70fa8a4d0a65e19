"""Tables about the sources themselves: links of schools, completeness, log of access and erasure."""

from typing import Final

from oko_pipeline.catalogue.columns import BOOLEAN, DATE, FILE, INTEGER, METHOD, NUMBER, SOURCE_ROW, TEXT, YEAR
from oko_pipeline.catalogue.contracts import Column, Table

SCHOOL_LINKS: Final = Table(
    name="school_links",
    title_ru="Подтверждённые соответствия ОО",
    grain_ru="строка файла соответствий: ключ ОО и срок, в который он значит эту школу",
    stage="collection",
    key=("file_sha256", "source_row"),
    slice_by=("school_year", "file_sha256"),
    columns=(
        YEAR,
        FILE,
        SOURCE_ROW,
        Column("source_key", TEXT, "Логин, код или название ОО, как в файлах"),
        Column("municipality_name", TEXT, "Муниципалитет, если название есть в нескольких", nullable=True),
        Column("school_code", TEXT, "Код ОО, которую значит ключ в этот срок"),
        Column("valid_from", DATE, "Действует с; пусто — всегда", nullable=True),
        Column("valid_to", DATE, "Действует по (включительно); пусто — бессрочно", nullable=True),
        Column(
            "change_kind",
            TEXT,
            "Вид изменения: то же название, переименование, слияние, присоединение",
            allowed=("same", "rename", "merger", "accession"),
        ),
        Column("basis", TEXT, "Акт-основание; нужен для всего, кроме иного написания", nullable=True),
        Column("confirmed_by_role", TEXT, "Должность подтвердившего"),
        Column("confirmed_on", DATE, "Дата подтверждения"),
    ),
)

SCHOOL_LINK_CANDIDATES: Final = Table(
    name="school_link_candidates",
    title_ru="Кандидаты для несопоставленных ОО",
    grain_ru="несопоставленный ключ ОО × кандидат",
    stage="collection",
    key=("school_year", "source_key", "position"),
    columns=(
        YEAR,
        Column("source_key", TEXT, "Ключ, как в файлах"),
        Column("municipality_name", TEXT, "Муниципалитет ключа, как в файлах", nullable=True),
        Column("position", INTEGER, "Место кандидата, с 1"),
        Column("school_code", TEXT, "Код ОО-кандидата"),
        Column("school_name", TEXT, "Название кандидата", nullable=True),
        Column("candidate_municipality", TEXT, "Муниципалитет кандидата", nullable=True),
        Column("score", NUMBER, "Сходство названий", unit_ru="из 100"),
        Column("why", TEXT, "Почему не принято без человека"),
        *METHOD,
    ),
)

SOURCE_COMPLETENESS: Final = Table(
    name="source_completeness",
    title_ru="Полнота источников",
    grain_ru="вид данных × раскладка или форма × ОО (муниципалитет) в учебном году",
    stage="validation",
    key=("school_year", "kind", "source_code", "unit_level", "unit_code"),
    indexes=(("school_year", "state"), ("school_year", "unit_code")),
    columns=(
        YEAR,
        Column("kind", TEXT, "Вид данных (docs/sources.md)"),
        Column("source_code", TEXT, "Раскладка или форма, которой данные пришли или ожидаются"),
        Column("unit_level", TEXT, "Кто сдаёт", allowed=("school", "municipality")),
        Column("unit_code", TEXT, "Код ОО или муниципалитета"),
        Column(
            "state",
            TEXT,
            "Состояние: ожидается, пришло (без строк), возвращено с замечаниями, принято, просрочено, не применимо",
            allowed=("expected", "received", "returned", "accepted", "late", "not_applicable"),
        ),
        Column("is_optional", BOOLEAN, "Необязательный источник: год выполняется без него"),
        Column("due_on", DATE, "Срок; пусто — срока нет", nullable=True),
        Column("received_on", DATE, "Когда пришло впервые", nullable=True),
        Column("updated_on", DATE, "Когда пришло в последний раз", nullable=True),
        Column("is_late", BOOLEAN, "Пришло после срока или не пришло к нему"),
        Column(
            "days_late", INTEGER, "На сколько дней позже срока; не пришло — на сегодня", nullable=True, unit_ru="дн."
        ),
        Column("files_count", INTEGER, "Действующих файлов"),
        Column("rows_count", INTEGER, "Строк принято"),
        Column("findings_count", INTEGER, "Ошибок, с которыми файлы возвращены"),
        Column("leaves_out", TEXT, "Чего нет, пока источник не принят", nullable=True),
        Column("reason", TEXT, "Почему не применимо", nullable=True),
    ),
)

SOURCE_TABLES: Final[tuple[Table, ...]] = (SCHOOL_LINKS, SCHOOL_LINK_CANDIDATES, SOURCE_COMPLETENESS)
