"""Reads the catalogue's CSV files into typed rows, and reports all faults at once with file, line and field."""

import csv
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, TypeVar

from oko_pipeline.errors import CatalogueError

Row = TypeVar("Row")


def read_catalogue_csv(file_name: str, parse: Callable[[Mapping[str, str]], Row], text: str | None = None) -> list[Row]:
    """Read `catalogue/data/<file_name>` row by row through `parse`.

    Args:
        file_name: name of the CSV file (UTF-8, comma, a header line).
        parse: makes a row object of a line; raises `ValueError` or `KeyError` for a faulty line.
        text: content to read instead of the packaged file (a territory's own file, a test).

    Raises:
        CatalogueError: when any line is faulty; the text lists every faulty line.
    """
    content = (
        text if text is not None else files("oko_pipeline.catalogue").joinpath("data", file_name).read_text("utf-8")
    )
    rows: list[Row] = []
    faults: list[str] = []
    reader = csv.DictReader(content.splitlines())
    for record in reader:
        cleaned: dict[str, Any] = {key: (value or "").strip() for key, value in record.items() if key is not None}
        if None in record:
            faults.append(f"{file_name}, строка {reader.line_num}: лишние поля {record[None]!r}")
            continue
        try:
            rows.append(parse(cleaned))
        except KeyError as error:
            faults.append(f"{file_name}, строка {reader.line_num}: нет поля {error}")
        except ValueError as error:
            faults.append(f"{file_name}, строка {reader.line_num}: {error}")
    if faults:
        raise CatalogueError("Ошибки в каталоге:\n" + "\n".join(faults))
    return rows
