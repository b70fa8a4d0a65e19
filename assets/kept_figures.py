"""The figures of a document's last issue, kept beside the documents: the next issue tells what changed in numbers.

Knows no Dagster: worker processes read them too.
"""

import gzip
import hashlib
import json
import zlib
from typing import Any, Final

from resources.report_store import ReportStore

_FOLDER: Final = ".figures"


def figures_path(school_year: str, document_id: str) -> str:
    """Return where the figures of a document's last issue are kept within its store."""
    digest = hashlib.sha256(f"{school_year}:{document_id}".encode()).hexdigest()
    return f"{_FOLDER}/{digest[:32]}.json.gz"


def read_figures(store: ReportStore, school_year: str, document_id: str) -> dict[str, list[dict[str, Any]] | None]:
    """Return the figures of a document's last issue (`now`) and of the one before it (`before`), None where unknown."""
    kept = kept_figures(store, school_year, document_id)
    return {name: kept.get(name) for name in ("now", "before")}


def kept_figures(store: ReportStore, school_year: str, document_id: str) -> dict[str, Any]:
    """Return what is kept of a document's figures; nothing when there is no such file or only half of it."""
    try:
        content = store.path(figures_path(school_year, document_id)).read_bytes()
        found: dict[str, Any] = json.loads(gzip.decompress(content))
    except (FileNotFoundError, gzip.BadGzipFile, EOFError, ValueError, zlib.error):
        return {}
    return found


def are_figures_broken(store: ReportStore, school_year: str, document_id: str) -> bool:
    """Tell whether half a file of figures stands. Some kinds have no figures: that there is no file tells nothing."""
    path = figures_path(school_year, document_id)
    return store.has(path) and not store.is_whole(path)
