"""Commands of the stores: a backup of an installation and the way back."""

import time
from pathlib import Path
from typing import Annotated

import typer

from oko_pipeline.cli.screen import Home, console, marked
from oko_pipeline.settings import Settings


def backup(
    target: Annotated[Path, typer.Argument(metavar="ЦЕЛЬ", help="Новая папка копии")],
    home: Home = None,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Скопировать и входящую папку: в её файлах могут быть имена людей")
    ] = False,
) -> None:
    """Сделать копию: база, закрытое хранилище, отчёты, страница, хранилище Dagster. Ключей в копии нет."""
    from oko_pipeline.orchestration.backup import make_backup  # noqa: PLC0415

    started = time.monotonic()
    made = make_backup(Settings.load(home=home), target, with_inbox=inbox)
    console.print(
        f"Копия сделана: {made.folder}, {_told(made.files_count, made.bytes_count, started)}.\n"
        "Ключ псевдонимов в копию не входит: храните его отдельно. Папка доступна только вам (права 700).",
        highlight=False,
        soft_wrap=True,
    )


def restore(
    source: Annotated[Path, typer.Argument(metavar="ИСТОЧНИК", help="Папка копии")],
    home: Home = None,
    replace: Annotated[bool, typer.Option("--replace", help="Заменить хранилища, которые уже есть")] = False,
) -> None:
    """Восстановить копию: каждый файл сверяется с описью. Сначала остановите интерфейс, службу и запуски."""
    from oko_pipeline.orchestration.backup import restore_backup  # noqa: PLC0415

    started = time.monotonic()
    made = restore_backup(Settings.load(home=home), source, replace=replace)
    console.print(
        f"Восстановлено в {made.folder}: {_told(made.files_count, made.bytes_count, started)}, все файлы сверены.",
        highlight=False,
        soft_wrap=True,
    )
    for note in made.notes:
        console.print(marked(note, "yellow"), highlight=False, soft_wrap=True)


def _told(files_count: int, bytes_count: int, started: float) -> str:
    size, seconds = bytes_count / 1024**2, time.monotonic() - started
    return f"файлов: {files_count}, {size:.1f} МБ за {seconds:.1f} с".replace(".", ",")
