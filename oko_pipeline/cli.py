"""`oko`: the command line, with messages in Russian.

Exit codes: 0 well, 1 failed, 2 wrong call, 3 the year is blocked, 4 a file has errors. Heavy libraries are imported
inside the commands, so that `oko --help` answers at once.
"""

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings

EXIT_FAILED = 1
EXIT_BLOCKED = 3
EXIT_FILE_ERRORS = 4

app = typer.Typer(
    help="ОКО: годовой цикл оценки качества образования — от файлов с результатами до справок.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
complaints = Console(stderr=True)

Home = Annotated[Path | None, typer.Option(help="Папка данных (по умолчанию OKO_HOME или var)")]
Inbox = Annotated[Path | None, typer.Option(help="Входящая папка (по умолчанию OKO_INBOX или inbox в папке данных)")]

STEP_TITLES = {
    "result_files": "Чтение файлов",
    "works": "Сборка работ",
    "schools": "ОО и муниципалитеты",
    "assessments_and_tasks": "Работы и задания",
    "quality_findings": "Проверка данных",
    "quality_results": "Наборы правил",
    "result_tables": "Анализ",
    "municipality_notes": "Справки муниципалитетов",
    "school_notes": "Справки ОО",
    "annotated_workbooks": "Книги с замечаниями",
}
SEVERITY_TITLES = {"error": "ошибки", "warning": "предупреждения", "note": "к сведению"}
KIND_TITLES = {
    "municipality_note": "Аналитические справки муниципалитетов",
    "school_note": "Справки ОО",
    "annotated_workbook": "Книги с замечаниями для ОО",
}
STATUS_TITLES = {
    "accepted": "принято",
    "superseded": "заменено новой версией",
    "duplicate": "копии",
    "refused": "отвергнуто",
    "unknown": "не распознано",
    "empty": "пустых форм",
    "removed": "убрано из папки",
}


def main() -> None:
    """Run the command line; an error that a user can mend is told in Russian, without a traceback."""
    try:
        app()
    except OkoError as error:
        complaints.print(f"[red]Ошибка.[/red] {error}", highlight=False, soft_wrap=True)
        sys.exit(EXIT_FAILED)


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=complaints, transient=True,
    )  # fmt: skip


@app.command()
def sample(
    target: Annotated[Path | None, typer.Argument(help="Куда писать; по умолчанию входящая папка")] = None,
    schools: Annotated[int, typer.Option(help="Число ОО в муниципалитете", min=1)] = 12,
    municipalities: Annotated[int, typer.Option(help="Число муниципалитетов", min=1)] = 1,
    region_schools: Annotated[
        int | None, typer.Option(help="Целый регион из стольких ОО вместо муниципалитета", min=1, max=2000)
    ] = None,
    seed: Annotated[int, typer.Option(help="Зерно: одно и то же зерно даёт одни и те же файлы")] = 2021,
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Ничего не делать, если папка не пуста")] = False,
    home: Home = None,
) -> None:
    """Создать учебный пример: вымышленный муниципалитет в настоящих формах файлов."""
    from oko_pipeline.sample.generate import SampleOptions, write_sample  # noqa: PLC0415

    settings = Settings.load(home=home)
    folder = target or settings.inbox_folder
    if if_missing and folder.is_dir() and any(folder.iterdir()):
        console.print(f"Во входящей папке {folder} уже есть файлы, пример не создавался.", highlight=False)
        return
    with _bar() as bar:
        task = bar.add_task("Учебный пример", total=None)
        summary = write_sample(
            folder,
            SampleOptions(seed, schools, municipalities, region_schools),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(f"Пример создан: {folder}, файлов: {summary.files_count}.", highlight=False)


@app.command()
def run(
    school_year: Annotated[str, typer.Argument(help="Учебный год, например 2020-2021")],
    inbox: Inbox = None,
    home: Home = None,
    validate_only: Annotated[bool, typer.Option("--validate-only", help="Только собрать и проверить данные")] = False,
    data_docs: Annotated[bool, typer.Option("--data-docs", help="Записать страницы Great Expectations")] = False,
) -> None:
    """Выполнить учебный год целиком: сбор, проверка, анализ, документы."""
    from oko_pipeline.catalogue.campaigns import school_years  # noqa: PLC0415
    from oko_pipeline.catalogue.keys import check_school_year  # noqa: PLC0415
    from oko_pipeline.orchestration.year_run import (  # noqa: PLC0415
        run_year,
        unchanged_summary,
        write_year_data_docs,
    )

    check_school_year(school_year)
    if school_year not in school_years():
        raise OkoError(f"Учебного года {school_year} нет в каталоге; есть: {', '.join(school_years())}.")
    settings = Settings.load(home=home, inbox=inbox)
    if inbox is not None and not settings.inbox_folder.is_dir():
        raise OkoError(f"Входящей папки {settings.inbox_folder} нет.")
    summary = None if validate_only else unchanged_summary(settings, school_year)
    if summary is None:
        with _bar() as bar:
            task = bar.add_task("Запуск", total=None)

            def progress(step: str, ended: int, total: int) -> None:
                bar.update(task, description=STEP_TITLES.get(step, "Проверки"), completed=ended, total=total)

            job = "validate_only" if validate_only else "annual_cycle"
            summary = run_year(settings, school_year, progress, job)
    _show(summary)
    if data_docs:
        console.print(f"Страницы наборов правил: {write_year_data_docs(settings, school_year)}", soft_wrap=True)
    if summary.error:
        complaints.print(f"[red]Год не завершён.[/red]\n{summary.error}", highlight=False, soft_wrap=True)
        raise typer.Exit(EXIT_FAILED)
    if summary.is_blocked:
        complaints.print(
            "[red]Год заблокирован: документы не выпущены.[/red] Причины:", highlight=False, soft_wrap=True
        )
        for reason in summary.blocking:
            complaints.print(f"  • {reason}", highlight=False, soft_wrap=True)
        complaints.print(
            f"Что исправить — на странице {summary.page}. Затем запустите год снова.", highlight=False, soft_wrap=True
        )
        raise typer.Exit(EXIT_BLOCKED)


def _show(summary: object) -> None:
    from oko_pipeline.orchestration.year_run import YearSummary  # noqa: PLC0415

    if not isinstance(summary, YearSummary):
        raise TypeError(summary)
    if summary.is_unchanged:
        console.print("С прошлого запуска ничего не изменилось: файлы не читались, документы не переписывались.")
    table = Table(title=f"{summary.school_year} учебный год", title_justify="left")
    table.add_column("Что")
    table.add_column("Сколько", justify="right")
    for status, count in summary.files.items():
        table.add_row(f"Файлы: {STATUS_TITLES.get(status, status)}", str(count))
    table.add_section()
    for kind, count in summary.documents.items():
        table.add_row(KIND_TITLES.get(kind, kind), str(count))
    table.add_section()
    for severity in ("error", "warning", "note"):
        for own, rule_id, count in summary.findings_by_rule:
            if own == severity:
                table.add_row(f"Замечания, {SEVERITY_TITLES[own]}: {_rule_title(rule_id)}", str(count))
    console.print(table)
    if summary.documents and not summary.is_blocked:
        console.print(f"Документы: {summary.documents_folder}", highlight=False, soft_wrap=True)
    if summary.page:
        console.print(f"Качество данных: {summary.page}", highlight=False, soft_wrap=True)


def _rule_title(rule_id: str) -> str:
    from oko_pipeline.catalogue.rules import rules  # noqa: PLC0415

    return rules()[rule_id].title_ru if rule_id in rules() else rule_id


@app.command()
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
        for found in check_file(path, settings):
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
    console.print(f"[bold]{found.path.name}[/bold] — {found.layout_ru}; {state}; {counts}")
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
    for row in ordered.head(rows).itertuples():
        cells = (row.cell, row.message, row.value, row.expected)
        table.add_row(*("" if not isinstance(cell, str) else cell for cell in cells))
    console.print(table)
    console.print("Как исправить:")
    for rule_id, group in ordered.groupby("rule_id", sort=False):
        for mend in group["mend"].unique():
            console.print(f"  • {_rule_title(str(rule_id))}: {mend}", highlight=False)
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


@app.command()
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
    for old, new in issued.written.kept.items():
        console.print(f"Уже заполнена и не тронута: {old}; новая — {new.name}.", highlight=False, soft_wrap=True)


@app.command()
def sources() -> None:
    """Показать источники: вид данных, откуда он, файл или форма, таблица, кто использует."""
    from oko_pipeline.orchestration.sources_page import print_sources  # noqa: PLC0415

    if not print_sources(console):
        raise typer.Exit(EXIT_FAILED)


@app.command()
def ui(
    home: Home = None,
    host: Annotated[str, typer.Option(help="Адрес; вне этого компьютера — только за прокси со входом")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Порт", min=1, max=65535)] = 3000,
) -> None:
    """Открыть интерфейс Dagster: граф этапов, проверки, запуски, расписание, датчик входящей папки."""
    from oko_pipeline.orchestration.year_run import prepare_dagster_home  # noqa: PLC0415

    settings = Settings.load(home=home)
    environment = os.environ | {"DAGSTER_HOME": str(prepare_dagster_home(settings)), "OKO_HOME": str(settings.home)}
    console.print(f"Интерфейс: http://{host}:{port} (остановить — Ctrl+C)", highlight=False)
    command = [sys.executable, "-m", "dagster", "dev", "-m", "oko_pipeline.definitions", "-h", host, "-p", str(port)]
    if sys.platform == "win32":
        raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603
    # The process becomes Dagster itself, so that a service manager's signals reach it.
    os.execve(sys.executable, command, environment)  # noqa: S606


@app.command()
def doctor(home: Home = None) -> None:
    """Проверить установку: настройки, версии, права, место на диске."""
    settings = Settings.load(home=home)
    faults = 0
    table = Table(title="Установка", title_justify="left", show_header=False)
    table.add_row("Python", platform.python_version())
    for package in ("oko-pipeline", "dagster", "dagster-webserver", "pandas", "great-expectations", "sqlalchemy"):
        table.add_row(package, version(package))
    for name, value in settings.model_dump(exclude={"pseudonym_key"}).items():
        table.add_row(f"OKO_{name.upper()}", str(value))
    table.add_row("OKO_PSEUDONYM_KEY", "задан" if settings.pseudonym_key else "из файла")
    for title, check_item in (
        ("Папка данных", lambda: _writable(settings.home)),
        ("Входящая папка", lambda: _writable(settings.inbox_folder)),
        ("Место на диске", lambda: _free_space(settings.home)),
        ("Ключ псевдонимов", lambda: _key_state(settings)),
        ("База данных", lambda: _database_state(settings)),
    ):
        try:
            state = check_item()
        except (OkoError, OSError) as error:
            faults += 1
            state = f"[red]{error}[/red]"
        table.add_row(title, state)
    console.print(table)
    if faults:
        raise typer.Exit(EXIT_FAILED)


def _writable(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".oko-probe"
    probe.write_text("")
    probe.unlink()
    return f"{folder}: запись разрешена"


def _free_space(folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 1024**3
    if free < 1:
        raise OkoError(f"Свободно {free:.1f} ГБ: нужно не меньше 1 ГБ.".replace(".", ",", 1))
    return f"свободно {free:.0f} ГБ"


def _key_state(settings: Settings) -> str:
    if settings.pseudonym_key is None:
        path = settings.pseudonym_key_file.expanduser()
        settings.pseudonym_key_bytes  # noqa: B018
        if path.stat().st_mode & 0o077 and sys.platform != "win32":
            raise OkoError(f"Файл {path} доступен другим пользователям: chmod 600 {path}")
        return f"файл {path}, права 600"
    return f"задан настройкой, {len(settings.pseudonym_key_bytes)} байт"


def _database_state(settings: Settings) -> str:
    from oko_pipeline.storage.database import Database  # noqa: PLC0415

    database = Database(settings.sqlalchemy_url)
    try:
        rows = sum(database.table_counts().values())
    finally:
        database.close()
    return f"открывается, строк во всех таблицах: {rows}"


if __name__ == "__main__":
    main()
