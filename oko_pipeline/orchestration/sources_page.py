"""The table of sources: kind of data → where it comes from → file or form → table → who uses it.

For `oko sources` and for `docs/sources.md`; both are made from the catalogue and from the layouts that exist.
"""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from oko_pipeline.catalogue.records import RecordForm, record_forms
from oko_pipeline.catalogue.sources import (
    PRIVACY_RU,
    ExistingParts,
    SourceKind,
    Way,
    covered_kinds,
    due_of,
    existing_parts,
    needed_kinds,
    register_needs,
    source_kinds,
    users_of,
    ways_in,
)
from oko_pipeline.collection.registry_of_layouts import LAYOUTS
from oko_pipeline.reporting.russian import counted

_HEADS: Final = ("Вид данных", "Откуда", "Файл или форма", "Таблица", "Кто использует")
_DIRECTIONS_RU: Final = {
    "attainment": "подготовка",
    "low_results": "ШНОР и ШНСУ",
    "talents": "таланты",
    "career": "профориентация",
    "objectivity": "объективность",
    "heads": "руководители",
    "teacher_development": "педагоги",
    "methodical_work": "методработа",
    "upbringing": "воспитание",
    "cross": "общее",
}
_ROWS: Final = ("строка", "строки", "строк")
_WIDTHS: Final = (3, 5, 5, 4, 4)
_PIPE_WIDTH: Final = 160
_EXPECTED_RU: Final = {"every": "все", "listed": "по графику, списку или выборке", "if_any": "если есть"}
_INTRODUCTION: Final = """# Источники данных

Страница составлена по каталогу (папка `oko_pipeline/catalogue/data`: `sources.yaml`, `records`, `questionnaires`) и по
раскладкам, которые программа читает. То же печатает команда `oko sources`. Путь, для которого нет раскладки, формы или
таблицы, здесь не показан; вид данных без единого пути считается непокрытым.
"""


def source_parts() -> ExistingParts:
    """Return what exists in this program: its layouts, forms, questionnaires and tables."""
    return existing_parts([layout.code for layout in LAYOUTS])


def coverage_line(parts: ExistingParts) -> str:
    """Return the last line of `oko sources`: how many of the needed kinds have a way in."""
    return f"covered {len(covered_kinds(parts))} of {len(needed_kinds())}"


def print_sources(console: Console) -> bool:
    """Print the table of sources and the line of coverage; tell whether every kind has a way in."""
    parts = source_parts()
    covered = covered_kinds(parts)
    # Without a terminal (a file, a pipe) nothing limits the width, and narrow columns would only break the words.
    console = console if console.is_terminal else Console(file=console.file, width=_PIPE_WIDTH)
    table = Table(title="Источники данных", title_justify="left", show_lines=True, expand=True)
    for head, width in zip(_HEADS, _WIDTHS, strict=True):
        table.add_column(head, overflow="fold", ratio=width)
    for kind in _in_order():
        table.add_row(*_cells(kind, covered.get(kind.slug, ()), "\n"))
    console.print(table)
    for kind in _in_order():
        for way in ways_in(kind, parts):
            if not way.is_open:
                console.print(f"Путь закрыт: {kind.title_ru} — {way.obstacle_ru}.", highlight=False, soft_wrap=True)
    for slug in needed_kinds():
        if slug not in covered:
            console.print(f"Нет пути: {_title(slug)}.", highlight=False, soft_wrap=True)
    console.print(coverage_line(parts), highlight=False)
    return len(covered) == len(needed_kinds())


def sources_page() -> str:
    """Return the text of `docs/sources.md`."""
    parts = source_parts()
    covered = covered_kinds(parts)
    return "\n".join(
        (
            _INTRODUCTION,
            f"Видов данных с путём: **{len(covered)} из {len(needed_kinds())}**.",
            f"Строк программ, которым они нужны: {len(register_needs())}.",
            "",
            "## Вид данных → таблица",
            "",
            *_markdown(_HEADS, (_cells(kind, covered.get(kind.slug, ()), "<br>") for kind in _in_order())),
            "",
            "## Сроки, персональные данные, что без них",
            "",
            "Срок — последний день приёма в учебном году. Источник, который не пришёл, год не останавливает:",
            "отмечается, чего из-за него нет.",
            "",
            *_markdown(
                ("Вид данных", "Срок", "Кто сдаёт", "Персональные данные", "Чему служит", "Без него"),
                (_term_cells(kind) for kind in _in_order()),
            ),
            "",
            "## Формы и выгрузки",
            "",
            "Форму выписывает `oko forms`, проверяет до отправки `oko check`. Выгрузку системы никто не заполняет: она",
            "узнаётся по заголовкам столбцов.",
            "",
            *_markdown(
                ("Форма", "Кто", "Срок", "Листы → таблицы", "Откуда"), (_form_cells(f) for f in _forms_in_order())
            ),
            "",
        )
    )


def _in_order() -> list[SourceKind]:
    kinds = source_kinds()
    return [*kinds.values()]


def _forms_in_order() -> list[RecordForm]:
    return sorted(record_forms().values(), key=lambda form: (not form.is_handed_out, form.title_ru))


def _title(slug: str) -> str:
    kind = source_kinds().get(slug)
    return slug if kind is None else kind.title_ru


def _cells(kind: SourceKind, ways: tuple[Way, ...], newline: str) -> tuple[str, ...]:
    tables = dict.fromkeys(table for way in ways for table in way.tables)
    return (
        kind.title_ru,
        kind.origin_ru,
        newline.join(_way_ru(way) for way in ways) or "нет пути",
        newline.join(tables),
        _users_ru(kind.slug),
    )


def _way_ru(way: Way) -> str:
    if way.way == "form":
        form = record_forms()[way.code]
        return f"{'форма' if form.is_handed_out else 'выгрузка'}: {form.title_ru}"
    titles = {layout.code: layout.title_ru for layout in LAYOUTS}
    return f"файл: {titles.get(way.code, way.code)}"


def _users_ru(slug: str) -> str:
    users = users_of(slug)
    rows = sum(users.values())
    named = ", ".join(f"{_DIRECTIONS_RU.get(code, code)} {count}" for code, count in users.items())
    return f"{counted(rows, _ROWS)}: {named}"


def _term_cells(kind: SourceKind) -> tuple[str, ...]:
    unit = {"school": "ОО", "municipality": "муниципалитет", "both": "ОО и муниципалитет"}[kind.per]
    return (
        kind.title_ru,
        _due_ru(due_of(kind)),
        f"{unit}: {_EXPECTED_RU[kind.expected]}" + ("; необязательный" if kind.optional else ""),
        PRIVACY_RU[kind.privacy],
        kind.serves_ru,
        kind.without_ru,
    )


def _form_cells(form: RecordForm) -> tuple[str, ...]:
    levels = {"school": "ОО", "municipality": "муниципалитет"}
    return (
        f"{form.title_ru} (`{form.form_code}`, версия {form.version})" + ("" if form.is_handed_out else ", выгрузка"),
        ", ".join(levels[level] for level in form.levels),
        _due_ru(form.due),
        "<br>".join(f"{table.sheet_ru} → `{table.name}`" for table in form.tables),
        form.origin_ru,
    )


def _due_ru(due: str | None) -> str:
    if due is None:
        return "без срока"
    if due == "schedule":
        return "по графику процедуры"
    month, day = due.split("-")
    return f"до {day}.{month}"


def _markdown(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return lines + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
