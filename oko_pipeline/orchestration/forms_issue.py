"""`oko forms`: the forms of a school year from what the database knows of schools and of last year's registers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from oko_pipeline.catalogue.keys import check_school_year, previous_school_year, school_code_from_login
from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.catalogue.tables import MUNICIPALITIES, SCHOOL_CROSSWALK, SCHOOL_MENTIONS, SCHOOLS
from oko_pipeline.catalogue.tables_cycle import RECOMMENDATIONS
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINK_CANDIDATES
from oko_pipeline.collection.forms.writer import WrittenForms, issue_forms
from oko_pipeline.collection.forms_protocol import ProtocolHead, write_protocol_form
from oko_pipeline.collection.forms_survey import write_survey_form
from oko_pipeline.collection.school_links import UNMATCHED, write_links_form
from oko_pipeline.errors import OkoError
from oko_pipeline.recommendations.recommend import offered_rows
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.works import TaskHeader

LOG = "recommendations_log"
"""The register in which people answer recommendations."""


@dataclass(slots=True)
class IssuedForms:
    """What was written, where, from which year the list of schools was taken, how many schools wait to be linked."""

    folder: Path
    written: WrittenForms
    schools_year: str
    unlinked_count: int = 0


def issue_year_forms(
    settings: Settings, school_year: str, schools: Sequence[str] = (), target: Path | None = None
) -> IssuedForms:
    """Write the forms of a school year; the year's recommendations are offered as rows that wait for an answer.

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
        if LOG in previous:
            previous[LOG] = _with_recommendations(database, school_year, previous[LOG])
    finally:
        database.close()
    folder = target or settings.home / "forms" / school_year
    issued = IssuedForms(folder, issue_forms(folder, school_year, own, places, previous, only), listed)
    if only is None:
        _write_surveys(folder / "Опросы", school_year, own)
        issued.unlinked_count = write_unlinked(settings, listed, folder / "Соответствия ОО.xlsx")
    return issued


def _write_surveys(folder: Path, school_year: str, schools: pd.DataFrame) -> None:
    """Write the tables of paper surveys, one for each questionnaire of the catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    named = schools.sort_values("school_code")
    listed = tuple(f"{code} {name}" for code, name in zip(named["school_code"], named["school_name"], strict=True))
    for questionnaire in questionnaires().values():
        path = folder / f"{questionnaire.title_ru}, {school_year}.xlsx"
        if not path.exists():
            write_survey_form(path, questionnaire, school_year, listed)


def write_unlinked(settings: Settings, school_year: str, path: Path) -> int:
    """Write the file in which a person confirms what unlinked schools are; nothing when all are linked.

    Returns:
        How many keys of schools wait for a person.
    """
    database = Database(settings.sqlalchemy_url)
    where = {"school_year": school_year}
    try:
        crosswalk = database.read(SCHOOL_CROSSWALK, where)
        lost = int((crosswalk["method"] == UNMATCHED).sum())
        if lost and not path.exists():
            candidates = database.read(SCHOOL_LINK_CANDIDATES, where)
            write_links_form(path, crosswalk, candidates, database.read(SCHOOL_MENTIONS, where))
    finally:
        database.close()
    return lost


def issue_protocol(path: Path, head: ProtocolHead, maxima: Sequence[int]) -> None:
    """Write the blank protocol of a diagnostic work whose tasks have these maxima.

    Raises:
        CatalogueError: for an unknown procedure or subject, or no tasks.
    """
    tasks = [TaskHeader(number, str(number), maximum) for number, maximum in enumerate(maxima, 1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_protocol_form(path, head, tasks)


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
    last = previous_school_year(school_year)
    contracts = record_contracts()
    names = [name for name, table in record_tables().items() if table.carry_over and not contracts[name].is_restricted]
    return {name: database.read(contracts[name], {"school_year": last}) for name in names}


def _with_recommendations(database: Database, school_year: str, previous: pd.DataFrame) -> pd.DataFrame:
    """Add to last year's rows of the log the recommendations of the year that nobody has answered yet."""
    contract = record_contracts()[LOG]
    made = database.read(RECOMMENDATIONS, {"school_year": school_year})
    # The day in the form is the first on which results of the year are in: the same forms have the same bytes.
    waiting = offered_rows(made, contract.column_names, f"{school_year[5:]}-06-01")
    answered = set(database.read(contract, {"school_year": school_year})["recommendation_number"])
    waiting = waiting[~waiting["recommendation_number"].isin(answered)]
    earlier = previous[~previous["recommendation_number"].isin(waiting["recommendation_number"])]
    return pd.concat([part for part in (waiting, earlier.astype(object)) if len(part)] or [previous], ignore_index=True)
