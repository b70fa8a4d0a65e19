"""Erasing and retention: a person, a school year, or everything whose term has passed; every act is logged.

Sources lie in the inbox and belong to people: they are listed, and removed only when that is asked for.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from assets.access_log import log_access
from assets.inputs import EVERY_YEAR
from assets.pool_tasks import fragment_key
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.keys import check_school_year, school_code_from_login
from oko_pipeline.catalogue.tables import DOCUMENTS, FILES
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.errors import OkoError
from oko_pipeline.storage.erasure import PERSON_COLUMNS, ErasedPeople
from oko_pipeline.storage.soundness import is_whole
from resources.workplace import Workplace

YEAR_FOLDERS = ("works", "records", "flags", "infos", "support", "pending")
"""Folders of the restricted store that hold a school year each."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: rows by file of the restricted store, and what a person must do by hand.

    `sources` are places in files of the inbox (path, row) where the erased rows came from; `school_years` must be run
    again, so that tables and documents forget the person too.
    """

    dropped: dict[str, int] = field(default_factory=dict)
    sources: tuple[tuple[str, int | None], ...] = ()
    school_years: tuple[str, ...] = ()

    @property
    def rows_count(self) -> int:
        """Return how many rows were dropped."""
        return sum(self.dropped.values())


def participant_pseudonym(workplace: Workplace, login: str, grade: int, code: str, campaign_code: str) -> str:
    """Return the pseudonym of a participant of a campaign; raises `OkoError` when the login is none."""
    school_code = school_code_from_login(login)
    if school_code is None:
        raise OkoError(f"«{login}» — не логин ОО: ожидалось, например, edu990404.")
    first_key, *later_keys = workplace.settings.pseudonym_keys
    maker = Pseudonymiser(first_key, tuple(later_keys))
    return maker.pupil_ids([school_code], grade, [code], campaign_code)[0]


def pseudonyms_at(workplace: Workplace, path: str, row: int) -> list[str]:
    """Return the pseudonyms of the people in a row of a file of the inbox.

    Raises:
        OkoError: when the restricted store has nobody from that place.
    """
    files = workplace.database.read(FILES, {"path": path})
    contents = set(files["file_sha256"])
    found = {
        str(person)
        for _, rows in _people(workplace.settings.restricted_folder)
        for person in rows.loc[rows["file_sha256"].isin(contents) & (rows["source_row"] == row), "person"]
    }
    if not found:
        raise OkoError(f"В закрытом хранилище нет человека из строки {row} файла «{path}»: проверьте путь и строку.")
    return sorted(found)


def erase_people(workplace: Workplace, pseudonyms: Sequence[str], basis: str) -> Erasure:
    """Erase people by their pseudonyms from the restricted store, now and in every later reading.

    Args:
        workplace: the stores.
        pseudonyms: keyed pseudonyms of the people.
        basis: why: number and date of the request; stands in the log.
    """
    restricted = workplace.settings.restricted_folder
    sources, years = _places(workplace, set(pseudonyms))
    erased = ErasedPeople(restricted)
    erased.add(pseudonyms)
    dropped = erased.erase()
    erasure = Erasure(dropped, tuple(sources), tuple(years))
    for year in years or [EVERY_YEAR]:
        log_access(workplace, year, "erase_person", "строки одного человека", erasure.rows_count, basis)
    return erasure


def _places(workplace: Workplace, pseudonyms: set[str]) -> tuple[list[tuple[str, int | None]], list[str]]:
    """Return where in the inbox the people's rows stand, and the school years that hold them."""
    files = workplace.database.read(FILES)
    paths = dict(zip(files["file_sha256"], files["path"], strict=True))
    sources: set[tuple[str, int | None]] = set()
    years: set[str] = set()
    for year, rows in _people(workplace.settings.restricted_folder):
        own = rows[rows["person"].isin(pseudonyms)]
        if len(own):
            years.add(year)
        for sha, row in zip(own["file_sha256"], own["source_row"], strict=True):
            sources.add((paths.get(sha, sha), None if pd.isna(row) else int(row)))
    return sorted(sources, key=lambda place: (place[0], place[1] or 0)), sorted(years)


def _people(restricted: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield, for each assembled file of the store, its year and who stands in which row of which file."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    for folder in ("works", "records"):
        for path in sorted((restricted / folder).glob("*/*.parquet")):
            names = pq.read_schema(path).names
            person = next((name for name in PERSON_COLUMNS if name in names), None)
            if person is None or "source_row" not in names:
                continue
            rows = pq.ParquetFile(path).read([person, "file_sha256", "source_row"], use_threads=False).to_pandas()
            yield path.parent.name, rows.rename(columns={person: "person"})


def erase_year(workplace: Workplace, school_year: str, basis: str, *, with_sources: bool) -> Erasure:
    """Erase a school year everywhere: restricted store, database, documents and, if asked, the files of the inbox.

    Without `with_sources` the files stay and the next run would read them again: they are listed.
    """
    year = check_school_year(school_year)
    database, settings = workplace.database, workplace.settings
    files = database.read(FILES, {"school_year": year})
    # The database last: it names the files, so that an erasure that was killed is finished by the next one.
    dropped = _remove_restricted(workplace, year, files)
    _remove_documents(workplace, year)
    (settings.home / "state" / f"{year}.json").unlink(missing_ok=True)
    paths = sorted({path.split("!")[0] for path in files["path"]})
    if with_sources:
        _remove_files(workplace.inbox, paths)
    log = "data_access_log"
    with database.transaction():
        for name, table in all_tables().items():
            if name != log and "school_year" in table.column_names:
                database.delete(table, {"school_year": year})
        log_access(workplace, year, "erase_year", "учебный год целиком", sum(dropped.values()), basis)
    return Erasure(dropped, () if with_sources else tuple((path, None) for path in paths), (year,))


def _remove_documents(workplace: Workplace, school_year: str) -> None:
    """Remove a year's documents of both stores with all that is kept beside them, and their replaced issues."""
    from assets.kept_figures import figures_path  # noqa: PLC0415 (templates and charts)

    columns = ["document_id", "is_restricted"]
    documents = workplace.database.read(DOCUMENTS, {"school_year": school_year}, columns)
    for document_id, is_restricted in zip(documents["document_id"], documents["is_restricted"], strict=True):
        store = workplace.reports_of(is_restricted=bool(is_restricted))
        store.remove(figures_path(school_year, str(document_id)))
    for root in (workplace.reports.root, workplace.restricted_reports.root):
        _remove_folder(root / ".judged" / school_year)
        _remove_folder(root / school_year)
    _remove_folder(workplace.settings.page_folder / "issues" / school_year)


@dataclass(frozen=True, slots=True)
class Expired:
    """A school year whose pupil-level data have served their term."""

    school_year: str
    files: tuple[str, ...]
    rows_count: int


def expired_years(workplace: Workplace, today: date) -> list[Expired]:
    """Return the school years that ended more than `retention_years` ago and still have pupil-level data."""
    limit = today.year - workplace.settings.retention_years
    files = workplace.database.read(FILES)
    files = files[(files["school_year"] != EVERY_YEAR) & (files["status"] != "archived")]
    found: list[Expired] = []
    for year, group in files.groupby("school_year"):
        if int(str(year)[5:]) < limit:
            paths = tuple(sorted({path.split("!")[0] for path in group["path"]}))
            found.append(Expired(str(year), paths, int(group["accepted_rows_count"].sum())))
    return found


def apply_retention(workplace: Workplace, today: date) -> list[Expired]:
    """Remove pupil-level data and source files of expired years; tables of results and documents stand.

    The files of such a year are marked `archived`: the year can no longer be run.
    """
    expired = expired_years(workplace, today)
    for one in expired:
        files = workplace.database.read(FILES, {"school_year": one.school_year})
        dropped = _remove_restricted(workplace, one.school_year, files)
        _remove_files(workplace.inbox, one.files)
        basis = f"срок хранения — {workplace.settings.retention_years} (лет)"
        with workplace.database.transaction():
            workplace.database.replace(FILES, files.assign(status="archived"), {"school_year": one.school_year})
            log_access(workplace, one.school_year, "retention", "данные участников", sum(dropped.values()), basis)
    return expired


def _remove_restricted(workplace: Workplace, school_year: str, files: pd.DataFrame) -> dict[str, int]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    restricted = workplace.settings.restricted_folder
    dropped: dict[str, int] = {}
    for sha, path in zip(files["file_sha256"], files["path"], strict=True):
        key = fragment_key(sha, path)
        _unlink((restricted / "fragments" / key[:2]).glob(f"{key}.*"))
    for name in YEAR_FOLDERS:
        folder = restricted / name / school_year
        for path in sorted(folder.rglob("*.parquet")):
            rows = pq.ParquetFile(path).metadata.num_rows if is_whole(path) else 0
            dropped[path.relative_to(restricted).as_posix()] = rows
        _remove_folder(folder)
    return dropped


def _remove_folder(folder: Path) -> None:
    """Remove a folder with all in it; what cannot be removed is an error: people were promised that it is gone."""
    if folder.is_dir():
        shutil.rmtree(folder)


def _remove_files(root: Path, paths: Iterable[str]) -> None:
    _unlink(root / path for path in paths)


def _unlink(paths: Iterable[Any]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
