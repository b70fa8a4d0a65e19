"""Tables of what everybody may see: results with the groups hidden that are too small or would give others away."""

from typing import Final

from oko_pipeline.catalogue.columns import INTEGER, METHOD, NUMBER, TEXT, YEAR
from oko_pipeline.catalogue.contracts import Column, Table

PUBLIC_PROCEDURES: Final = ("vpr", "oge", "ege")
PUBLIC_LEVELS: Final = ("municipality", "school")
PUBLIC_CATEGORIES: Final = ("low", "base", "good")
STATES: Final = ("shown", "empty", "too_small", "one_sided", "complementary", "total")

PUBLIC_CELLS: Final = Table(
    name="public_cells",
    title_ru="Результаты для публикации",
    grain_ru="работа или экзамен × муниципалитет × единица × ступень результата",
    stage="analysis",
    key=("school_year", "result_id", "unit_level", "unit_code", "category"),
    slice_by=("school_year",),
    indexes=(("school_year", "unit_code"),),
    columns=(
        YEAR,
        Column("result_id", TEXT, "Работа (assessment_id) или экзамен (exam_code)"),
        Column("procedure", TEXT, "Процедура", allowed=PUBLIC_PROCEDURES),
        Column("municipality_code", TEXT, "Муниципалитет, внутри которого скрывались малые группы"),
        Column("unit_level", TEXT, "Уровень", allowed=PUBLIC_LEVELS),
        Column("unit_code", TEXT, "Код единицы"),
        Column(
            "category",
            TEXT,
            "Ступень: low — «2» или ниже минимума, base — «3» или от минимума до 80, good — «4» и «5» или 81–100",
            allowed=PUBLIC_CATEGORIES,
        ),
        Column(
            "state",
            TEXT,
            "Показано, нет участников, скрыто: мала, все или никто, закрывает другую, итог раскрыл бы малую",
            allowed=STATES,
        ),
        Column("participants_count", INTEGER, "Участников с результатом; пусто — скрыто", nullable=True),
        Column("people_count", INTEGER, "Из них на этой ступени; пусто — скрыто", nullable=True),
        Column("share", NUMBER, "Доля ступени; пусто — скрыто", nullable=True),
        Column("share_low", NUMBER, "Нижняя граница Уилсона 95 %", nullable=True),
        Column("share_high", NUMBER, "Верхняя граница Уилсона 95 %", nullable=True),
        *METHOD,
    ),
)

PUBLIC_TABLES: Final = (PUBLIC_CELLS,)
