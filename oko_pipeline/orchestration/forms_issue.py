"""`oko forms`: the forms of a school year from what the database knows of schools and of last year's registers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from oko_pipeline.catalogue.keys import check_school_year, school_code_from_login
from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.catalogue.tables import MUNICIPALITIES, SCHOOLS
from oko_pipeline.collection.forms.writer import WrittenForms, issue_forms
from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class IssuedForms:
    """What was written, where, and from which year the list of schools was taken."""

    folder: Path
    written: WrittenForms
    schools_year: str


def issue_year_forms(
    settings: Settings, school_year: str, schools: Sequence[str] = (), target: Path | None = None
) -> IssuedForms:
    """Write the forms of a school year.

    Args:
        settings: where the data are.
        school_year: the year of the forms; the newest list of schools up to this year is taken.
        schools: logins of schools; without any all schools and municipalities get forms.
        target: folder for the forms; by default `forms/<year>` of the data folder.

    Raises:
        OkoError: when no school is known yet, or one of `schools` is not among the known ones.
    """
    check_school_year(school_year)
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sqlalchemy_url)
    try:
        known = database.read(SCHOOLS)
        years = sorted(set(known["school_year"]))
        if not years:
            raise OkoError("Школ ещё нет в базе: положите список ОО во входящую папку и выполните oko run.")
        listed = max((year for year in years if year <= school_year), default=years[0])
        own = known[known["school_year"] == listed]
        only = _codes(schools, own)
        places = database.read(MUNICIPALITIES, {"school_year": listed})
        previous = _last_year(database, school_year)
    finally:
        database.close()
    folder = target or settings.home / "forms" / school_year
    return IssuedForms(folder, issue_forms(folder, school_year, own, places, previous, only), listed)


def _codes(logins: Sequence[str], schools: pd.DataFrame) -> list[str] | None:
    if not logins:
        return None
    codes = {login: school_code_from_login(login) or login for login in logins}
    unknown = sorted(login for login, code in codes.items() if code not in set(schools["school_code"]))
    if unknown:
        raise OkoError(f"Таких ОО нет в списке: {', '.join(unknown)}.")
    return sorted(codes.values())


def _last_year(database: Database, school_year: str) -> dict[str, pd.DataFrame]:
    """Return last year's rows of the registers that are carried over; those about single people never are."""
    last = f"{int(school_year[:4]) - 1}-{int(school_year[:4])}"
    contracts = record_contracts()
    names = [name for name, table in record_tables().items() if table.carry_over and not contracts[name].is_restricted]
    return {name: database.read(contracts[name], {"school_year": last}) for name in names}
