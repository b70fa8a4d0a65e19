"""Commands about data of people: erase a person or a year, apply terms of keeping, search for personal data."""

from pathlib import Path
from typing import Annotated

import typer

from oko_pipeline.cli.screen import EXIT_FILE_ERRORS, Home, console
from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings

erase = typer.Typer(help="Стереть данные человека или учебного года.", no_args_is_help=True)

Basis = Annotated[str, typer.Option(help="Основание: номер и дата обращения или распоряжения; остаётся в журнале")]
Yes = Annotated[bool, typer.Option("--yes", help="Не переспрашивать")]


@erase.command("person")
def erase_person(
    basis: Basis,
    school: Annotated[str, typer.Option(help="Логин ОО, например edu990404")] = "",
    grade: Annotated[int, typer.Option(help="Класс, в котором учится участник", min=0, max=12)] = 0,
    campaign: Annotated[str, typer.Option(help="Кампания, например vpr-2021-spring")] = "",
    file: Annotated[str, typer.Option(help="Файл входящей папки, в котором стоит человек")] = "",
    row: Annotated[int, typer.Option(help="Строка этого файла", min=0)] = 0,
    yes: Yes = False,
    home: Home = None,
) -> None:
    """Стереть человека: участника ВПР — по ОО, классу, кампании и коду; любого — по файлу и строке, где он стоит.

    Код участника спрашивается здесь же и нигде не остаётся. Стираются все строки этого человека во всех файлах и годах.
    """
    from oko_pipeline.orchestration.erasure import erase_people, participant_pseudonym, pseudonyms_at  # noqa: PLC0415
    from resources.workplace import open_workplace  # noqa: PLC0415

    workplace = open_workplace(Settings.load(home=home))
    try:
        if file:
            found = pseudonyms_at(workplace, file, row)
        else:
            code = typer.prompt("Код участника", hide_input=True)
            found = [participant_pseudonym(workplace, school, grade, code, campaign)]
        if not yes:
            typer.confirm("Строки этого человека будут стёрты без возврата. Продолжить?", abort=True)
        erasure = erase_people(workplace, found, basis)
    finally:
        workplace.close()
    console.print(f"Стёрто строк: {erasure.rows_count}, файлов хранилища: {len(erasure.dropped)}.")
    if erasure.sources:
        console.print("Эти строки файлов входящей папки нужно удалить самим:")
        for path, place in erasure.sources:
            where = path if place is None else f"{path}, строка {place}"
            console.print(f"  • {where}", highlight=False, soft_wrap=True)
    for year in erasure.school_years:
        console.print(f"Чтобы пересчитать таблицы и документы: oko run {year}", highlight=False)


@erase.command("year")
def erase_school_year(
    school_year: Annotated[str, typer.Argument(help="Учебный год, например 2020-2021")],
    basis: Basis,
    with_sources: Annotated[
        bool, typer.Option("--with-sources", help="Удалить и файлы этого года из входящей папки")
    ] = False,
    yes: Yes = False,
    home: Home = None,
) -> None:
    """Стереть учебный год: работы, таблицы, документы."""
    from oko_pipeline.orchestration.erasure import erase_year  # noqa: PLC0415
    from resources.workplace import open_workplace  # noqa: PLC0415

    if not yes:
        typer.confirm(f"Все данные {school_year} будут стёрты без возврата. Продолжить?", abort=True)
    workplace = open_workplace(Settings.load(home=home))
    try:
        erasure = erase_year(workplace, school_year, basis, with_sources=with_sources)
    finally:
        workplace.close()
    console.print(f"{school_year}: стёрто строк закрытого хранилища — {erasure.rows_count}.", highlight=False)
    if erasure.sources:
        console.print("Файлы года остались во входящей папке; пока они там, следующий запуск прочтёт их снова:")
        for path, _ in erasure.sources:
            console.print(f"  • {path}", highlight=False, soft_wrap=True)


def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Удалить; без ключа — только показать")] = False,
    home: Home = None,
) -> None:
    """Показать (с ключом --apply — удалить) то, срок хранения чего истёк: данные участников, журналы, документы."""
    from oko_pipeline.orchestration.erasure import apply_retention, expired_years  # noqa: PLC0415
    from oko_pipeline.orchestration.retention_of_runs import (  # noqa: PLC0415
        apply_run_logs_term,
        old_documents,
        remove_old_documents,
    )
    from resources.workplace import open_workplace  # noqa: PLC0415

    workplace = open_workplace(Settings.load(home=home))
    try:
        today = workplace.clock.now().date()
        expired = apply_retention(workplace, today) if apply else expired_years(workplace, today)
        years = workplace.settings.retention_years
        documents = remove_old_documents(workplace, today) if apply else old_documents(workplace, today)
        runs = apply_run_logs_term(workplace, apply=apply)
    finally:
        workplace.close()
    state = "удалено" if apply else "срок истёк"
    console.print(
        f"Журналов запусков: {state} — {len(runs.run_ids)}, нужны графу — {runs.kept_count}.", highlight=False
    )
    for old in documents:
        console.print(f"{old.school_year}: документы, {state}: {old.documents_count}", highlight=False)
    if not expired:
        console.print(f"Данных старше срока хранения (лет: {years}) нет.", highlight=False)
    for one in expired:
        console.print(f"{one.school_year}: {state}; строк: {one.rows_count}, файлов: {len(one.files)}", highlight=False)
    if (expired or documents or runs.run_ids) and not apply:
        console.print("Удалить: oko retention --apply. Таблицы результатов этих лет останутся.")


def privacy(
    names: Annotated[
        Path | None, typer.Option(help="Файл со строками, которых нигде быть не должно (фамилии), по одной на строке")
    ] = None,
    home: Home = None,
) -> None:
    """Найти персональные данные в хранилищах, журналах, истории запусков и документах."""
    from oko_pipeline.orchestration.privacy_scan import scan_everything  # noqa: PLC0415
    from resources.workplace import open_workplace  # noqa: PLC0415

    strings: list[str] = []
    if names is not None:
        try:
            strings = [line.strip() for line in names.read_text("utf-8-sig").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise OkoError(f"Файл {names} не читается: {error}.") from error
    workplace = open_workplace(Settings.load(home=home))
    try:
        hits = scan_everything(workplace, strings)
    finally:
        workplace.close()
    for hit in hits:
        console.print(f"  • {hit.place}: {hit.kind}, раз: {hit.count}", highlight=False, soft_wrap=True)
    console.print(f"Найдено мест с персональными данными: {len(hits)}.", highlight=False)
    if hits:
        raise typer.Exit(EXIT_FILE_ERRORS)
