"""Commands about the key of pseudonyms: what it is, change it, begin anew after a loss."""

from collections.abc import Sequence
from typing import Annotated

import typer

from oko_pipeline.cli.screen import Home, console
from oko_pipeline.settings import Settings

keys = typer.Typer(help="Ключ псевдонимов: какой он, сменить, начать новый взамен потерянного.", no_args_is_help=True)

Basis = Annotated[str, typer.Option(help="Основание: срок, номер и дата акта об утечке; остаётся в журнале")]
Yes = Annotated[bool, typer.Option("--yes", help="Не переспрашивать")]
Stopped = Annotated[
    bool, typer.Option("--stopped", help="Запусков нет: записанные как идущие убиты, ждать их не нужно")
]


@keys.command("show")
def show_key(home: Home = None) -> None:
    """Показать, где ключ, сколько раз и когда его меняли. Сам ключ не показывается."""
    from oko_pipeline.orchestration.key_rotation import key_state  # noqa: PLC0415

    state = key_state(Settings.load(home=home))
    console.print(f"Ключ: {state.place}, версия {state.keys_count}, отпечаток {state.check}.", highlight=False)
    for change in state.changes:
        told = f"псевдонимов: {change.pseudonyms_count}; основание: {change.basis_ru or '—'}"
        console.print(f"  • {change.made_at}, {change.actor}: {told}", highlight=False, soft_wrap=True)


@keys.command("rotate")
def rotate(basis: Basis, yes: Yes = False, stopped: Stopped = False, home: Home = None) -> None:
    """Сменить ключ: по сроку или после утечки. Связи по годам остаются, файлы не перечитываются.

    Сначала остановите интерфейс, службу и запуски. Прежние копии хранят прежние псевдонимы.
    """
    from oko_pipeline.orchestration.key_rotation import rotate_key  # noqa: PLC0415

    if not yes:
        typer.confirm("Все псевдонимы будут заменены. Интерфейс, служба и запуски остановлены?", abort=True)
    made = rotate_key(Settings.load(home=home), basis, is_stopped=stopped)
    console.print(
        f"Ключ сменён, версия {made.keys_count}: псевдонимов {made.pseudonyms_count}, файлов закрытого хранилища "
        f"{made.files_count}.",
        highlight=False,
        soft_wrap=True,
    )
    _tell_documents(made.documents_count, made.school_years)
    _tell_copies()


@keys.command("renew")
def renew(
    basis: Basis,
    erased_removed: Annotated[
        bool, typer.Option("--erased-removed", help="Строки стёртых людей удалены и из файлов входящей папки")
    ] = False,
    yes: Yes = False,
    stopped: Stopped = False,
    home: Home = None,
) -> None:
    """Начать новый ключ взамен потерянного: следующий запуск прочтёт все файлы заново.

    Годы, файлов которых во входящей папке уже нет, остаются, но с новыми данными их людей не связать.
    """
    from oko_pipeline.orchestration.key_rotation import renew_key  # noqa: PLC0415

    if not yes:
        typer.confirm("Прежний ключ потерян, интерфейс, служба и запуски остановлены?", abort=True)
    made = renew_key(Settings.load(home=home), basis, is_stopped=stopped, erased_removed=erased_removed)
    console.print(f"Начат новый ключ; заменено псевдонимов: {made.pseudonyms_count}.", highlight=False)
    if made.lost_years:
        told = ", ".join(made.lost_years)
        console.print(f"Файлов нет, связей с новыми данными не будет: {told}.", highlight=False, soft_wrap=True)
    _tell_documents(made.documents_count, made.school_years)
    _tell_copies()


def _tell_documents(count: int, school_years: Sequence[str]) -> None:
    if count:
        console.print(f"Документы с кодами людей убраны: {count}; запуск года выпустит их с новыми кодами.")
    for year in school_years:
        console.print(f"  oko run {year}", highlight=False)


def _tell_copies() -> None:
    console.print(
        "Прежние копии (oko backup) хранят прежние псевдонимы: сделайте новую копию, прежние уничтожьте или храните "
        "отдельно от файла ключа. Новый файл ключа сохраните в надёжном месте, не рядом с копиями.",
        highlight=False,
        soft_wrap=True,
    )
