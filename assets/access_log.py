"""The log of what was done with data about people: read, linked, erased; never with the data themselves. No Dagster."""

import getpass
import uuid

import pandas as pd

from oko_pipeline.catalogue.tables_log import DATA_ACCESS_LOG
from resources.workplace import Workplace


def log_access(
    workplace: Workplace, school_year: str, operation: str, subject_ru: str, rows_count: int, basis_ru: str = ""
) -> None:
    """Add a line to `data_access_log`.

    Args:
        workplace: the stores and the clock.
        school_year: the year the data belong to.
        operation: one of the values that the table allows.
        subject_ru: what was read, linked or erased, in general words.
        rows_count: how many rows.
        basis_ru: on what ground (a request's number and date), where there is one.
    """
    entry = {
        "school_year": school_year,
        "entry_id": uuid.uuid4().hex,
        "happened_at": workplace.clock.timestamp(),
        "operation": operation,
        "actor": _account(),
        "subject_ru": subject_ru,
        "rows_count": rows_count,
        "basis_ru": basis_ru or None,
    }
    workplace.database.append(DATA_ACCESS_LOG, pd.DataFrame([entry]))


def _account() -> str:
    """Return the account of the operating system under which the program runs."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "—"
