"""The data dictionary page, generated from the table contracts."""

import sys
from pathlib import Path

from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.contracts import Column, Privacy, Table
from oko_pipeline.catalogue.tables import WORK_COLUMNS

_TYPES_RU = {
    "text": "текст",
    "integer": "целое",
    "number": "число",
    "boolean": "да/нет",
    "date": "дата",
    "timestamp": "время",
    "json": "JSON",
}
_WORKS_NOTE = (
    "Файлы Parquet, по одному на работу; кроме перечисленных столбцов — `task_01` … `task_NN`: балл за задание либо "
    "код (−1 не приступал, −2 тема не пройдена, −3 пусто, −4 недопустимое значение)."
)
_PRIVACY_RU = {Privacy.NONE: "", Privacy.PSEUDONYM: "псевдоним", Privacy.PUPIL: "сведение об участнике"}


def _row(column: Column, key: tuple[str, ...]) -> str:
    notes = [_PRIVACY_RU[column.privacy], "значения: " + ", ".join(column.allowed) if column.allowed else ""]
    cells = (
        f"`{column.name}`" + (" 🔑" if column.name in key else ""),
        _TYPES_RU[column.type] + (f", {column.unit_ru}" if column.unit_ru else ""),
        "да" if column.nullable else "нет",
        column.description_ru + "".join(f"; {note}" for note in notes if note),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _section(table: Table) -> list[str]:
    return [
        f"## {table.name} — {table.title_ru}",
        "",
        f"Строка: {table.grain_ru}. Этап: {table.stage}.",
        "",
        "| столбец | тип | может быть пусто | что это |",
        "| --- | --- | --- | --- |",
        *(_row(column, table.key) for column in table.columns),
        "",
    ]


def dictionary_page() -> str:
    """Return the data dictionary as Markdown."""
    lines = [
        "# Словарь данных",
        "",
        "Страница создана программой из договоров таблиц (`make docs`); править её руками не нужно. 🔑 — ключ.",
        "",
    ]
    for table in all_tables().values():
        lines += _section(table)
    lines += [
        "## Закрытое хранилище: работы участников",
        "",
        _WORKS_NOTE,
        "",
        "| столбец | тип | может быть пусто | что это |",
        "| --- | --- | --- | --- |",
        *(_row(column, ()) for column in WORK_COLUMNS),
        "",
        "# Закрытое хранилище: таблицы о людях",
        "",
        "Файлы Parquet, по одному на таблицу и учебный год; вместо имён — псевдонимы. В базе данных этих таблиц нет.",
        "",
    ]
    for table in restricted_tables().values():
        lines += _section(table)
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dictionary_page(), "utf-8")
