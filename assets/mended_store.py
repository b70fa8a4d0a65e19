"""Before a year is worked on: what a kill, a full disk or a cut of power left in the restricted store is cleared away.

A file that is broken or gone is made anew from the inbox: what was remembered of the year's slices is forgotten, so
that the year is computed again, and documents whose content comes out the same stand as they are. No Dagster.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from assets.inputs import YearSlices
from assets.pool_tasks import flags_path, info_path
from oko_pipeline.catalogue.all_tables import restricted_tables
from oko_pipeline.catalogue.tables import SLICES
from oko_pipeline.storage.partials import sweep_partials
from oko_pipeline.storage.soundness import broken_files
from resources.workplace import Workplace

_YEAR_FOLDERS: Final = ("works", "records", "flags", "infos", "support", "pending")
_log: Final = logging.getLogger(__name__)


def mend_store(workplace: Workplace, school_year: str) -> list[str]:
    """Clear away half-written files; return the files of the store that were broken or gone and are made anew.

    Fragments are looked at too, but not of other years' tables: those are mended when their year is run.
    """
    settings = workplace.settings
    restricted = settings.restricted_folder
    sweep_partials((settings.reports_folder, restricted, settings.home / "state"))
    own = [restricted / name / school_year for name in _YEAR_FOLDERS]
    broken = broken_files([*own, restricted / "fragments"])
    for path in broken:
        path.unlink(missing_ok=True)
    gone = [path for path in _expected(workplace, school_year) if not path.is_file()]
    faulty = sorted({path.relative_to(restricted).as_posix() for path in (*broken, *gone)})
    if any(not name.startswith("fragments/") for name in faulty):
        workplace.database.delete(SLICES, {"school_year": school_year})
    if faulty:
        _log.warning("Файлы закрытого хранилища повреждены или пропали и делаются заново: %s.", ", ".join(faulty))
    return faulty


def _expected(workplace: Workplace, school_year: str) -> Iterator[Path]:
    """Yield the files that must stand because a slice says that they were made."""
    restricted = workplace.settings.restricted_folder
    slices = YearSlices.read(workplace, school_year)
    for assessment_id in slices.inputs.get("works", {}):
        yield workplace.works.path(school_year, assessment_id)
        yield info_path(restricted, school_year, assessment_id)
    for assessment_id in slices.inputs.get("work_checks", {}):
        yield flags_path(restricted, school_year, assessment_id)
    for name in restricted_tables():
        if (restricted / "records" / school_year).is_dir() and slices.rows.get(name) and name != "pupils_support":
            yield workplace.records.path(school_year, name)
