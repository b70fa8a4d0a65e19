"""Commands about programmes: what serves each duty."""

from typing import Annotated

import typer
from typer.core import TyperGroup

from oko_pipeline.cli.screen import EXIT_FAILED, console


def coverage(
    context: typer.Context,
    programme: Annotated[str | None, typer.Option(help="Только эта программа, например modern")] = None,
    ids: Annotated[
        str, typer.Option("--ids", help="Только эти обязанности: коды через запятую, «*» — любые знаки")
    ] = "",
    sample: Annotated[int | None, typer.Option("--sample", min=1, help="Столько обязанностей наугад")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Число, от которого зависит выбор наугад")] = 0,
) -> None:
    """Показать, чем обслужена каждая обязанность программ и где это видно."""
    import warnings  # noqa: PLC0415

    from dagster import PreviewWarning  # noqa: PLC0415

    # Partitioned asset checks are a preview API; a person at the command line can do nothing about it.
    warnings.filterwarnings("ignore", category=PreviewWarning)
    from oko_pipeline.orchestration.coverage import Shown, existing, print_coverage  # noqa: PLC0415

    chosen = Shown(programme, tuple(one.strip() for one in ids.split(",") if one.strip()), sample, seed)
    if not print_coverage(console, existing(_command_names(context)), chosen):
        raise typer.Exit(EXIT_FAILED)


def _command_names(context: typer.Context) -> list[str]:
    root = context.find_root().command
    return list(root.commands) if isinstance(root, TyperGroup) else []
