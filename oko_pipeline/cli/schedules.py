"""Commands about what runs by itself: the calendar of a year, notices that wait, a probe of their channels."""

from datetime import date
from typing import Annotated

import typer
from rich.table import Table

from oko_pipeline.cli.screen import EXIT_FAILED, Home, console, marked
from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings


def schedules(
    school_year: Annotated[str, typer.Argument(help="Учебный год, например 2025-2026; пусто — нынешний")] = "",
    daily: Annotated[bool, typer.Option("--daily", help="Показать и ежедневные запуски")] = False,
    home: Home = None,
) -> None:
    """Показать календарь учебного года: что, когда и за какой год запускается само."""
    from oko_pipeline.catalogue.keys import check_school_year  # noqa: PLC0415
    from oko_pipeline.catalogue.schedules import school_year_of  # noqa: PLC0415
    from oko_pipeline.orchestration.schedules import ticks_between  # noqa: PLC0415
    from resources.clock import Clock  # noqa: PLC0415

    settings = Settings.load(home=home)
    year = check_school_year(school_year) if school_year else school_year_of(Clock().now())
    first = int(year[:4])
    ticks = ticks_between(date(first, 9, 1), date(first + 1, 8, 31), settings.time_zone)
    table = Table(title=f"{year}, время — {settings.time_zone}", title_justify="left")
    for title in ("Когда", "Что", "За учебный год", "Задание"):
        table.add_column(title)
    for tick in ticks:
        if tick.skipped_ru is None and (daily or tick.row.code != "terms_daily"):
            years = ", ".join(tick.school_years) or "—"
            table.add_row(tick.at.strftime("%d.%m.%Y %H:%M"), tick.row.title_ru, years, tick.row.job)
    console.print(table)
    hidden = sum(tick.row.code == "terms_daily" for tick in ticks)
    if not daily:
        console.print(f"И по рабочим дням — «Сроки программ и источников»: {hidden} раз.", highlight=False)


def notices(
    probe: Annotated[bool, typer.Option("--probe", help="Послать пробное извещение по всем каналам")] = False,
    home: Home = None,
) -> None:
    """Показать очередь извещений; с ключом --probe — проверить каналы пробным извещением."""
    from oko_pipeline.orchestration.notice_channels import channels_of  # noqa: PLC0415
    from oko_pipeline.orchestration.notices import queue_of  # noqa: PLC0415

    settings = Settings.load(home=home)
    channels = channels_of(settings)
    names = ", ".join(channels) or "нет (OKO_NOTICES_EMAIL, OKO_NOTICES_WEBHOOK, OKO_NOTICES_FILE)"
    console.print(f"Каналы: {names}. Ждут отправки: {queue_of(settings).waiting_count()}.", highlight=False)
    faults = 0
    for name, send in channels.items() if probe else ():
        try:
            send("ОКО: проба", "Пробное извещение: канал работает.")
            console.print(f"  • {name}: отправлено", highlight=False)
        except OkoError as error:
            faults += 1
            console.print(marked(f"  • {name}: ", "", str(error)), highlight=False)
    if faults:
        raise typer.Exit(EXIT_FAILED)
