"""Commands of a school year: make a sample, run the year."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from oko_pipeline.cli.screen import (
    EXIT_BLOCKED,
    EXIT_FAILED,
    SEVERITY_TITLES,
    STATUS_TITLES,
    Home,
    Inbox,
    complaints,
    console,
    marked,
    progress_bar,
    rule_title,
)
from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings

STEP_TITLES = {
    "result_files": "Чтение файлов",
    "works": "Сборка работ",
    "schools": "ОО и муниципалитеты",
    "assessments_and_tasks": "Работы и задания",
    "quality_findings": "Проверка данных",
    "quality_results": "Наборы правил",
    "registers": "Реестры и формы",
    "exam_collection": "Экзамены ГИА",
    "exam_tables": "Показатели ГИА",
    "survey_answers": "Ответы опросов",
    "survey_results": "Результаты опросов",
    "result_tables": "Результаты работ",
    "school_groups": "Группы ОО",
    "school_clusters": "Кластеры ОО",
    "comparable_schools": "Сопоставимые ОО",
    "contextual_results": "Результаты с учётом условий",
    "low_results": "Низкие результаты",
    "dynamics_tables": "Динамика",
    "risk_zones": "Зоны риска",
    "task_quality": "Качество заданий",
    "skill_deficits": "Дефициты умений",
    "result_links": "Связи результатов",
    "pupils_support": "Кому нужна помощь",
    "objectivity_signs": "Признаки необъективности",
    "objectivity_signals": "Независимые сигналы",
    "objectivity_cards": "Карточки объективности",
    "recheck_selection": "Отбор на перепроверку",
    "indicator_values": "Показатели",
    "public_cells": "Открытые результаты",
    "procedure_load": "Нагрузка процедурами",
    "conflict_of_interest": "Конфликты интересов",
    "self_assessment": "Самооценка",
    "direction_checklist": "Контрольный лист направлений",
    "programme_execution": "Исполнение дорожной карты",
    "findings": "Выводы",
    "recommendations": "Рекомендации",
    "cycle_links": "Связи цикла",
    "measure_effects": "Эффект мер",
    "year_conclusions": "Итоги года",
    "year_opening": "Начало следующего года",
    "source_completeness": "Полнота источников",
    "municipality_notes": "Справки муниципалитетов",
    "school_notes": "Справки ОО",
    "annotated_workbooks": "Книги с замечаниями",
}


def step_title(step: str) -> str:
    """Return what a step of a run does, for the progress bar."""
    from oko_pipeline.catalogue.documents import document_kinds  # noqa: PLC0415

    own = (kind.title_ru for kind in document_kinds().values() if kind.asset == step)
    return STEP_TITLES.get(step) or next(own, None) or ("Реестры и формы" if step.startswith("records") else "Проверки")


def documents_by_family(documents: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return how many documents of each family stand, in the order of families.

    Args:
        documents: counts by kind; kinds that the catalogue does not know stand last under their own names.
    """
    from oko_pipeline.catalogue.documents import document_kinds  # noqa: PLC0415
    from oko_pipeline.orchestration.documents_page import FAMILIES_RU  # noqa: PLC0415

    known = document_kinds()
    counts = [
        (title, sum(count for kind, count in documents.items() if kind in known and known[kind].family == family))
        for family, title in FAMILIES_RU.items()
    ]
    return [one for one in counts if one[1]] + [(kind, n) for kind, n in documents.items() if kind not in known]


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
    from oko_pipeline.orchestration.sample_sources import source_jobs  # noqa: PLC0415
    from oko_pipeline.sample.generate import SampleOptions, write_sample  # noqa: PLC0415

    settings = Settings.load(home=home)
    folder = target or settings.inbox_folder
    if if_missing and folder.is_dir() and any(folder.iterdir()):
        console.print(f"Во входящей папке {folder} уже есть файлы, пример не создавался.", highlight=False)
        return
    with progress_bar() as bar:
        task = bar.add_task("Учебный пример", total=None)
        summary = write_sample(
            folder,
            SampleOptions(seed, schools, municipalities, region_schools),
            lambda done, total: bar.update(task, completed=done, total=total),
            source_jobs,
        )
    console.print(f"Пример создан: {folder}, файлов: {summary.files_count}.", highlight=False)


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
        with progress_bar() as bar:
            task = bar.add_task("Запуск", total=None)

            def progress(step: str, ended: int, total: int) -> None:
                bar.update(task, description=step_title(step), completed=ended, total=total)

            job = "validate_only" if validate_only else "annual_cycle"
            summary = run_year(settings, school_year, progress, job)
    _show(summary)
    if data_docs:
        console.print(f"Страницы наборов правил: {write_year_data_docs(settings, school_year)}", soft_wrap=True)
    if summary.error:
        complaints.print(marked("Год не завершён.", "red", f"\n{summary.error}"), highlight=False, soft_wrap=True)
        raise typer.Exit(EXIT_FAILED)
    if summary.is_blocked:
        complaints.print(
            marked("Год заблокирован: документы не выпущены.", "red", " Причины:"), highlight=False, soft_wrap=True
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
    for title, count in documents_by_family(summary.documents):
        table.add_row(f"Документы: {title}", str(count))
    table.add_section()
    for severity in ("error", "warning", "note"):
        for own, rule_id, count in summary.findings_by_rule:
            if own == severity:
                table.add_row(f"Замечания, {SEVERITY_TITLES[own]}: {rule_title(rule_id)}", str(count))
    console.print(table)
    if summary.documents and not summary.is_blocked:
        console.print(f"Документы: {summary.documents_folder}", highlight=False, soft_wrap=True)
    if summary.page:
        console.print(f"Качество данных: {summary.page}", highlight=False, soft_wrap=True)
