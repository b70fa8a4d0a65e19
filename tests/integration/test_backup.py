"""A year that comes back from a backup has nothing to do: nothing is read, computed or written again."""

import shutil

from oko_pipeline.catalogue.tables import SLICES
from oko_pipeline.orchestration.backup import make_backup, restore_backup
from oko_pipeline.orchestration.year_run import run_year, unchanged_summary
from oko_pipeline.storage.database import Database
from tests.databases import lose_database
from tests.integration.conftest import YEAR, silent
from tests.integration.tools import snapshot


def slices(settings):
    database = Database(settings.sqlalchemy_url)
    try:
        return database.read(SLICES).set_index(["table_name", "slice_key"])[["input_sha256", "written_at"]]
    finally:
        database.close()


def test_an_unchanged_year_has_nothing_to_do_after_a_restore(installation, tmp_path):
    # The first run of this copy notes the state of its own folder.
    run_year(installation, YEAR, silent)
    before, documents = slices(installation), snapshot(installation.reports_folder, "*.docx")
    works = snapshot(installation.restricted_folder, "*.parquet")
    assert unchanged_summary(installation, YEAR) is not None
    copy = make_backup(installation, tmp_path / "copy").folder
    for name in ("restricted", "reports", "dagster", "state"):
        shutil.rmtree(installation.home / name)
    lose_database(installation.home)
    restore_backup(installation, copy)

    assert unchanged_summary(installation, YEAR) is not None
    # The graph itself, when it is made to run, finds every slice computed and every document written.
    summary = run_year(installation, YEAR, silent)
    assert summary.error is None
    assert slices(installation).equals(before)
    assert snapshot(installation.reports_folder, "*.docx") == documents
    assert snapshot(installation.restricted_folder, "*.parquet") == works
