"""Commands about the installation: the interface of Dagster, the doctor."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from oko_pipeline.cli.screen import EXIT_FAILED, Home, console, marked
from oko_pipeline.errors import OkoError
from oko_pipeline.key_chain import key_checks
from oko_pipeline.settings import Settings


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


def without_password(value: str) -> str:
    """Return a value without the password of an address: `postgresql://oko:***@server/oko`."""
    value = re.sub(r"(?<=://)([^/@:\s]*):[^@\s]*@", r"\1:***@", value)
    return re.sub(r"(?i)([?&][a-z]*password=)[^&\s]*", r"\1***", value)


def doctor(home: Home = None) -> None:
    """Проверить установку: настройки, версии, права, место на диске."""
    settings = Settings.load(home=home)
    faults = 0
    table = Table(title="Установка", title_justify="left", show_header=False)
    table.add_row("Python", platform.python_version())
    for package in ("oko-pipeline", "dagster", "dagster-webserver", "pandas", "great-expectations", "sqlalchemy"):
        table.add_row(package, version(package))
    for name, value in settings.model_dump(exclude={"pseudonym_key"}).items():
        table.add_row(f"OKO_{name.upper()}", without_password(str(value)))
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
            state = marked(str(error), "red")
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
        settings.pseudonym_keys  # noqa: B018
        if path.stat().st_mode & 0o077 and sys.platform != "win32":
            raise OkoError(f"Файл {path} доступен другим пользователям: chmod 600 {path}")
        return f"файл {path}, права 600, {_key_version(settings)}"
    return f"задан настройкой, {len(settings.pseudonym_keys[0])} байт, {_key_version(settings)}"


def _key_version(settings: Settings) -> str:
    from oko_pipeline.storage.key_state import store_keys  # noqa: PLC0415

    state = store_keys(settings.restricted_folder)
    checks = key_checks(settings.pseudonym_keys)
    if state is not None and checks[: len(state.checks)] != state.checks:
        raise OkoError(
            "Закрытое хранилище под другим ключом: верните прежний файл ключа; если он потерян — oko keys renew."
        )
    changed = f", сменён {state.changes[-1].made_at[:10]}" if state is not None and state.changes else ""
    return f"версия {len(checks)}{changed}"


def _database_state(settings: Settings) -> str:
    from oko_pipeline.storage.database import Database  # noqa: PLC0415

    database = Database(settings.sqlalchemy_url)
    try:
        rows = sum(database.table_counts().values())
    finally:
        database.close()
    return f"открывается, строк во всех таблицах: {rows}"
