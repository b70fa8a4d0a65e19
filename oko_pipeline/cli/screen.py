"""What all commands share: the screen, options, exit codes, names of states in Russian.

Exit codes: 0 well, 1 failed, 2 wrong call, 3 the year is blocked, 4 a file has errors (or personal data were found).
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

EXIT_FAILED = 1
EXIT_BLOCKED = 3
EXIT_FILE_ERRORS = 4

# Names of files and texts of cells are shown letter by letter: «[/x].xlsx» is no markup.
console = Console(markup=False)
complaints = Console(stderr=True, markup=False)

Home = Annotated[Path | None, typer.Option(help="Папка данных (по умолчанию OKO_HOME или var)")]
Inbox = Annotated[Path | None, typer.Option(help="Входящая папка (по умолчанию OKO_INBOX или inbox в папке данных)")]

SEVERITY_TITLES = {"error": "ошибки", "warning": "предупреждения", "note": "к сведению"}
STATUS_TITLES = {
    "accepted": "принято",
    "superseded": "заменено новой версией",
    "duplicate": "копии",
    "refused": "отвергнуто",
    "unknown": "не распознано",
    "empty": "пустых форм",
    "removed": "убрано из папки",
    "outdated": "заменено новым бланком",
    "archived": "срок хранения истёк",
}


def marked(mark: str, style: str, rest: str = "") -> Text:
    """Return a text that begins with a few words in a colour; nothing in either part is markup."""
    return Text.assemble((mark, style), rest)


def progress_bar() -> Progress:
    """Return a bar that shows the step and how many are done."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=complaints, transient=True,
    )  # fmt: skip


def rule_title(rule_id: str) -> str:
    """Return the Russian title of a rule, or its id when the catalogue has none."""
    from oko_pipeline.catalogue.rules import rules  # noqa: PLC0415

    return rules()[rule_id].title_ru if rule_id in rules() else rule_id
