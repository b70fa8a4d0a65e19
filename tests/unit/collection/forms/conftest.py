"""A small catalogue of registers for these tests alone: the real one grows independently of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oko_pipeline.catalogue import all_tables, records
from oko_pipeline.collection.forms import headings
from oko_pipeline.storage import schema

_CACHES = (
    records.record_forms,
    records.record_tables,
    records.record_contracts,
    headings.headings_index,
    all_tables.all_tables,
    all_tables.restricted_tables,
    all_tables._every_table,
    schema.build_metadata,
)


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the registers of `registers/*.yaml` in place of the catalogue's."""
    folder = Path(__file__).with_name("registers")
    texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))}
    monkeypatch.setattr(records, "catalogue_files", lambda _folder: texts)
    for cache in _CACHES:
        cache.cache_clear()
    yield
    monkeypatch.undo()
    for cache in _CACHES:
        cache.cache_clear()
