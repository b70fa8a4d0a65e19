"""The command of stores by URL."""

import typer

from oko_pipeline.cli.screen import EXIT_FILE_ERRORS, Home, complaints, console
from oko_pipeline.errors import SettingsError
from oko_pipeline.settings import Settings


def exchange(home: Home = None) -> None:
    """Получить файлы из OKO_INBOX_URL и опубликовать документы в OKO_PUBLISH_URL; едет только изменившееся."""
    from contextlib import closing  # noqa: PLC0415

    from oko_pipeline.orchestration.remote_files import exchange_files  # noqa: PLC0415
    from resources.workplace import open_workplace  # noqa: PLC0415

    settings = Settings.load(home=home)
    if settings.inbox_url is None and settings.publish_url is None:
        raise SettingsError("Не задано ни OKO_INBOX_URL, ни OKO_PUBLISH_URL: обмениваться не с чем (docs/cluster.md).")
    with closing(open_workplace(settings)) as workplace:
        done = exchange_files(workplace)
    for sentence in done.told_ru:
        console.print(sentence, highlight=False, soft_wrap=True)
    for path, reason in done.refused.items():
        complaints.print(f"[yellow]Отвергнуто:[/yellow] {path}: {reason}", highlight=False, soft_wrap=True)
    if done.refused:
        raise typer.Exit(EXIT_FILE_ERRORS)
