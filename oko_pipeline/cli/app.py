"""`oko`: all commands together. Commands import heavy libraries themselves, so that `oko --help` answers at once."""

import sys

import typer

from oko_pipeline.cli import (
    files,
    installation,
    keys,
    page,
    privacy,
    programmes,
    remote,
    schedules,
    stores,
    trace,
    year,
)
from oko_pipeline.cli.screen import EXIT_FAILED, complaints, marked
from oko_pipeline.errors import OkoError
from oko_pipeline.storage.faults import outside_faults, told_fault

app = typer.Typer(
    help="ОКО: годовой цикл оценки качества образования — от файлов с результатами до справок.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    year.sample,
    year.run,
    files.check,
    files.forms,
    files.protocol,
    files.sources,
    programmes.coverage,
    trace.trace,
    privacy.retention,
    privacy.privacy,
    installation.ui,
    installation.doctor,
    schedules.schedules,
    schedules.notices,
    stores.backup,
    stores.restore,
    remote.exchange,
    page.page,
    page.serve,
):
    app.command()(command)
app.add_typer(privacy.erase, name="erase")
app.add_typer(keys.keys, name="keys")
app.add_typer(page.user, name="user")


def main() -> None:
    """Run the command line; an error that a user can mend is told in Russian, without a traceback."""
    try:
        app()
    except OkoError as error:
        complaints.print(marked("Ошибка.", "red", f" {error}"), highlight=False, soft_wrap=True)
        sys.exit(EXIT_FAILED)
    except outside_faults() as error:
        complaints.print(marked("Ошибка.", "red", f" {told_fault(error)}"), highlight=False, soft_wrap=True)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
