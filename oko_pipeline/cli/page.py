"""Commands about the documents page: start it, start everything together, keep its accounts."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Annotated, Any

import typer
from rich.table import Table

from oko_pipeline.cli.screen import EXIT_FAILED, Home, complaints, console
from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings

user = typer.Typer(help="Учётные записи страницы документов.", no_args_is_help=True)

Host = Annotated[str, typer.Option(help="Адрес; вне этого компьютера — только за прокси с TLS")]
Port = Annotated[int, typer.Option(help="Порт страницы", min=1, max=65535)]
Login = Annotated[str, typer.Argument(help="Логин: по должности или коду ОО, не по фамилии")]
_STOP_SECONDS = 20.0


def page(home: Home = None, host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Открыть страницу документов: списки, скачивание, отправка файлов, ответы на рекомендации."""
    import uvicorn  # noqa: PLC0415

    from oko_pipeline.orchestration.file_check import check_file  # noqa: PLC0415
    from oko_pipeline.orchestration.notices_of_issues import tell_of_old_issues  # noqa: PLC0415
    from oko_pipeline.page.app import build_app  # noqa: PLC0415
    from oko_pipeline.page.desk import open_desk  # noqa: PLC0415

    require_free(host, port, "--port")
    settings = Settings.load(home=home)
    tell = partial(tell_of_old_issues, settings=settings)
    desk = open_desk(settings, partial(check_file, settings=settings), tell=tell)
    if not desk.accounts.all():
        complaints.print("Учётных записей нет: oko user add ЛОГИН --role analyst", highlight=False)
    # The connection is made before the first visitor waits for it.
    desk.register.check_years()
    console.print(f"Страница документов: http://{host}:{port} (остановить — Ctrl+C)", highlight=False)
    try:
        uvicorn.run(
            build_app(desk), host=host, port=port, log_level="warning", server_header=False, access_log=False,
            proxy_headers=True, forwarded_allow_ips="127.0.0.1", timeout_keep_alive=15, limit_concurrency=400,
            ws="none",
        )  # fmt: skip
    finally:
        desk.close()


def serve(
    home: Home = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    dagster_port: Annotated[int, typer.Option(help="Порт интерфейса Dagster на этом компьютере", min=1)] = 3000,
) -> None:
    """Открыть всё вместе: интерфейс Dagster (только на этом компьютере), его демон и страницу документов."""
    from oko_pipeline.orchestration.year_run import prepare_dagster_home  # noqa: PLC0415

    require_free(host, port, "--port")
    require_free("127.0.0.1", dagster_port, "--dagster-port")
    settings = Settings.load(home=home)
    dagster_url = settings.page_dagster_url or f"http://127.0.0.1:{dagster_port}"
    environment = os.environ | {
        "DAGSTER_HOME": str(prepare_dagster_home(settings)),
        "OKO_HOME": str(settings.home),
        "OKO_PAGE_DAGSTER_URL": dagster_url,
        # Its command is told to be replaced by one of another package; nothing for whoever starts this.
        "PYTHONWARNINGS": "ignore::dagster_shared.utils.warnings.SupersessionWarning",
    }
    dagster = ["-m", "dagster", "dev", "-m", "oko_pipeline.definitions", "-h", "127.0.0.1", "-p", str(dagster_port)]
    own = ["-m", "oko_pipeline.cli", "page", "--host", host, "--port", str(port)]
    console.print(f"Dagster: {dagster_url}", highlight=False)
    raise typer.Exit(run_together({"Dagster": dagster, "Страница документов": own}, environment))


def require_free(host: str, port: int, option: str) -> None:
    """Raise `OkoError` when a port cannot be listened on: it is taken, or it is not for this user."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            # As servers do: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = "занят другой программой" if error.errno == errno.EADDRINUSE else f"не открывается ({error.strerror})"
            raise OkoError(f"Порт {port} ({host}) {why}. Остановите её или назовите другой порт: {option}.") from error


def run_together(commands: Mapping[str, Sequence[str]], environment: dict[str, str]) -> int:
    """Run Python commands side by side until one ends or a signal comes; then end them all.

    Args:
        commands: by the name under which people know them.
        environment: of all of them.

    Returns:
        0 after a signal, else the exit code of the one that ended, or 1 when it ended well though it should not.
    """
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    started: list[subprocess.Popen[bytes]] = []
    try:
        # Groups of their own: Ctrl+C reaches us alone, and we end them in order.
        is_grouped = sys.platform != "win32"
        started.extend(
            subprocess.Popen([sys.executable, *command], env=environment, start_new_session=is_grouped)  # noqa: S603
            for command in commands.values()
        )
        while not asked and all(process.poll() is None for process in started):
            time.sleep(0.3)
        ended = next((one for one in zip(commands, started, strict=True) if one[1].returncode is not None), None)
    finally:
        _end(started)
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked or ended is None:
        return 0
    code = ended[1].returncode
    complaints.print(f"{ended[0]}: работа завершилась сама (код {code}). Остановлено всё.", highlight=False)
    return code if code > 0 else EXIT_FAILED


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in reversed(started):
        if process.poll() is None:
            process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for process in started:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill(process)
            process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that did not end, with all that it has started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


@user.command("add")
def add_user(
    login: Login,
    role: Annotated[str, typer.Option(help="engineer, analyst, municipality, school или public")],
    unit: Annotated[str | None, typer.Option(help="Код ОО или муниципалитета: edu990404, reg99_m101")] = None,
    oidc: Annotated[bool, typer.Option("--oidc", help="Без пароля: вход только через поставщика OIDC")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Пароль — первая строка ввода")] = False,
    home: Home = None,
) -> None:
    """Завести учётную запись. Пароль спрашивается и нигде не показывается."""
    from oko_pipeline.page.accounts import ROLES_RU, Role  # noqa: PLC0415

    try:
        chosen = Role(role)
    except ValueError:
        raise OkoError(f"Роли «{role}» нет. Есть: {', '.join(Role)}.") from None
    password = None if oidc else _password(from_input=password_stdin)
    with _book(home) as book:
        account = book.add(login, chosen, unit, password)
    console.print(f"Заведена: {account.login}, {ROLES_RU[chosen]}.", highlight=False)


@user.command("list")
def list_users(home: Home = None) -> None:
    """Показать учётные записи."""
    from oko_pipeline.page.accounts import ROLES_RU  # noqa: PLC0415

    table = Table("Логин", "Номер в журнале", "Роль", "Код", "Вход", "Почта")
    with _book(home) as book:
        accounts = book.all()
    for account in accounts:
        way = "пароль" if account.has_password else "OIDC"
        role, unit, email = ROLES_RU[account.role], account.unit_code or "—", account.email or "—"
        table.add_row(account.login, account.account_id, role, unit, way, email)
    console.print(table)


@user.command("remove")
def remove_user(login: Login, home: Home = None) -> None:
    """Убрать учётную запись; её сеансы заканчиваются сразу."""
    with _book(home) as book:
        book.remove(login)
    console.print("Убрана.")


@user.command("password")
def set_password(
    login: Login,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Пароль — первая строка ввода")] = False,
    home: Home = None,
) -> None:
    """Сменить пароль; сеансы этой учётной записи заканчиваются."""
    password = _password(from_input=password_stdin)
    with _book(home) as book:
        book.set_password(login, password)
    console.print("Пароль сменён.")


@user.command("email")
def set_email(
    login: Login,
    address: Annotated[str | None, typer.Argument(help="Адрес канцелярии или службы; без него адрес убирается")] = None,
    home: Home = None,
) -> None:
    """Указать почту для извещений о новых выпусках: общую почту организации, не личную."""
    with _book(home) as book:
        book.set_email(login, address)
    console.print("Адрес убран." if address is None else "Адрес записан.")


@contextmanager
def _book(home: Any) -> Iterator[Any]:
    from oko_pipeline.page.accounts import AccountBook  # noqa: PLC0415
    from oko_pipeline.page.store import PageStore  # noqa: PLC0415

    store = PageStore(Settings.load(home=home).page_folder)
    try:
        yield AccountBook(store)
    finally:
        store.close()


def _password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Пароль", hide_input=True, confirmation_prompt="Ещё раз"))
