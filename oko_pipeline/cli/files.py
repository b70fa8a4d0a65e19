"""Commands about files: check before sending, hand out forms, list the sources."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from oko_pipeline.cli.screen import (
    EXIT_FAILED,
    EXIT_FILE_ERRORS,
    SEVERITY_TITLES,
    STATUS_TITLES,
    Home,
    console,
    marked,
    rule_title,
)
from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings


def check(
    files: Annotated[list[Path], typer.Argument(help="Файлы для проверки", exists=True, dir_okay=False)],
    annotate: Annotated[bool, typer.Option("--annotate", help="Записать рядом копию с отмеченными ячейками")] = False,
    rows: Annotated[int, typer.Option(help="Сколько замечаний показать", min=1)] = 50,
) -> None:
    """Проверить файлы до отправки: что это за форма и что в ней не так. База данных не нужна."""
    from oko_pipeline.orchestration.file_check import check_file  # noqa: PLC0415

    settings = Settings.load()
    has_errors = False
    for path in files:
        parts = check_file(path, settings)
        if not parts:
            told = " — временный или скрытый файл, данных в нём нет: не читается."
            console.print(marked(path.name, "bold", told))
        for found in parts:
            _show_file(found, rows)
            has_errors |= bool((found.findings["severity"] == "error").any()) or found.status in {"refused", "unknown"}
            if annotate and len(found.findings) and found.status != "refused":
                _write_annotated(found)
    if has_errors:
        raise typer.Exit(EXIT_FILE_ERRORS)


def _show_file(found: object, rows: int) -> None:
    from oko_pipeline.orchestration.file_check import FileCheck  # noqa: PLC0415

    if not isinstance(found, FileCheck):
        raise TypeError(found)
    counts = (
        f"строк: {found.read_rows_count}, принято: {found.accepted_rows_count}, "
        f"в карантине: {found.quarantined_rows_count}"
    )
    state = STATUS_TITLES.get(found.status, found.status)
    console.print(marked(found.path.name, "bold", f" — {found.layout_ru}; {state}; {counts}"))
    if found.assessment_id:
        console.print(
            f"Работа: {found.assessment_id}, учебный год {found.school_year or 'не определён'}", highlight=False
        )
    if found.findings.empty:
        console.print("Замечаний нет.")
        return
    gravity = found.findings["severity"].map({severity: place for place, severity in enumerate(SEVERITY_TITLES)})
    ordered = found.findings.assign(gravity=gravity).sort_values(["gravity", "rule_id", "row"], kind="stable")
    table = Table(show_edge=False)
    for title in ("Ячейка", "Что не так", "Стоит", "Ожидалось"):
        table.add_column(title, overflow="fold")
    has_sheets = ordered["sheet"].nunique() > 1
    for row in ordered.head(rows).itertuples():
        place = f"{row.sheet}, {row.cell}" if has_sheets and isinstance(row.cell, str) else row.cell
        cells = (place, row.message, row.value, row.expected)
        table.add_row(*("" if not isinstance(cell, str) else cell for cell in cells))
    console.print(table)
    console.print("Как исправить:")
    for rule_id, group in ordered.groupby("rule_id", sort=False):
        for mend in group["mend"].unique():
            console.print(f"  • {rule_title(str(rule_id))}: {mend}", highlight=False)
    if len(ordered) > rows:
        console.print(f"Показано {rows} из {len(ordered)} замечаний; остальные — с ключом --rows {len(ordered)}.")


def _write_annotated(found: object) -> None:
    from oko_pipeline.orchestration.file_check import FileCheck  # noqa: PLC0415
    from oko_pipeline.validation.annotate import annotate_workbook  # noqa: PLC0415

    if not isinstance(found, FileCheck):
        raise TypeError(found)
    target = found.path.with_name(f"{found.path.stem} — замечания.xlsx")
    target.write_bytes(annotate_workbook(found.path, found.findings))
    console.print(f"Копия с замечаниями: {target}", highlight=False, soft_wrap=True)


def forms(
    year: Annotated[str, typer.Option("--year", help="Учебный год, например 2025-2026")],
    school: Annotated[list[str] | None, typer.Option(help="Логин ОО; можно повторить. По умолчанию — все")] = None,
    out: Annotated[Path | None, typer.Option(help="Куда писать; по умолчанию forms/<год> в папке данных")] = None,
    home: Home = None,
) -> None:
    """Выписать формы для ОО и муниципалитетов: всё, чего не выгружает ни одна система."""
    from oko_pipeline.orchestration.forms_issue import issue_year_forms  # noqa: PLC0415

    issued = issue_year_forms(Settings.load(home=home), year, school or (), out)
    console.print(f"Формы: {issued.folder}, файлов: {len(issued.written.paths)}.", highlight=False, soft_wrap=True)
    if issued.schools_year != year:
        console.print(f"Список ОО взят за {issued.schools_year}: за {year} его ещё нет.", highlight=False)
    if issued.unlinked_count:
        console.print(f"Ждут подтверждения соответствий ОО: {issued.unlinked_count} (файл «Соответствия ОО»).")
    for old, new in issued.written.kept.items():
        console.print(f"Уже заполнена и не тронута: {old}; новая — {new.name}.", highlight=False, soft_wrap=True)


def protocol(
    procedure: Annotated[str, typer.Argument(help="Процедура: municipal_diagnostics, school_diagnostics, …")],
    subject: Annotated[str, typer.Argument(help="Предмет, например «Математика»")],
    grade: Annotated[int, typer.Argument(help="Класс", min=1, max=11)],
    maxima: Annotated[list[int], typer.Argument(help="Максимальные баллы заданий по порядку", min=1)],
    year: Annotated[str, typer.Option("--year", help="Учебный год, например 2025-2026")],
    out: Annotated[Path, typer.Option(help="Куда писать")] = Path("Протокол.xlsx"),
    school: Annotated[str | None, typer.Option(help="Логин и название ОО; без них ОО указываются в строках")] = None,
    scale: Annotated[str | None, typer.Option(help="Наименьшие баллы отметок «3», «4», «5» через запятую")] = None,
) -> None:
    """Выписать пустой протокол диагностической работы или пробного экзамена."""
    from oko_pipeline.catalogue.keys import check_school_year  # noqa: PLC0415
    from oko_pipeline.catalogue.subjects import find_subject  # noqa: PLC0415
    from oko_pipeline.collection.forms_protocol import ProtocolHead  # noqa: PLC0415
    from oko_pipeline.orchestration.forms_issue import issue_protocol  # noqa: PLC0415

    found = find_subject(subject)
    if found is None:
        raise OkoError(f"Предмета «{subject}» нет в каталоге.")
    bounds = _bounds(scale)
    head = ProtocolHead(procedure, check_school_year(year), found.subject_code, grade, school=school, scale=bounds)
    issue_protocol(out, head, maxima)
    console.print(f"Протокол: {out}", highlight=False, soft_wrap=True)


def _bounds(scale: str | None) -> tuple[int, int, int] | None:
    if scale is None:
        return None
    parts = scale.split(",")
    if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
        raise OkoError(f"Шкала «{scale}»: ожидались три числа через запятую, например 7,11,15.")
    low, middle, high = (int(part) for part in parts)
    return low, middle, high


def sources() -> None:
    """Показать источники: вид данных, откуда он, файл или форма, таблица, кто использует."""
    from oko_pipeline.orchestration.sources_page import print_sources  # noqa: PLC0415

    if not print_sources(console):
        raise typer.Exit(EXIT_FAILED)
