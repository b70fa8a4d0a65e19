"""The command that walks a number, an id or a sentence back to files and cells."""

from typing import Annotated

import typer

from oko_pipeline.cli.screen import Home, console
from oko_pipeline.settings import Settings


def trace(
    what: Annotated[str, typer.Argument(help="Код или номер (после «@» — ОО) либо предложение документа в кавычках")],
    year: Annotated[
        str | None, typer.Option("--year", help="Учебный год; по умолчанию — новейший, где это есть")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Искать предложение только в документах этого вида"),
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="Искать предложение только в документах этой ОО или муниципалитета")
    ] = None,
    home: Home = None,
) -> None:
    """Проследить число, код или предложение документа до файлов и ячеек и вперёд — до решений и мер."""
    from oko_pipeline.orchestration.trace import trace as walk  # noqa: PLC0415

    only = {name: value for name, value in (("kind", kind), ("unit_code", unit)) if value is not None}
    for line in walk(Settings.load(home=home), what, year, only).lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
