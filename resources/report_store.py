"""The report store: documents, pages and annotated workbooks in a folder, written whole or not at all."""

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.partials import aside
from oko_pipeline.storage.soundness import is_whole


@dataclass(frozen=True, slots=True)
class ReportStore:
    """Documents under `root`; `base_url` is the address under which a web server shows the folder, if any does."""

    root: Path
    base_url: str | None = None

    def path(self, relative: str) -> Path:
        """Return the absolute path of a document; raises `StorageError` for a path that leads out of the store."""
        parts = PurePosixPath(relative)
        if parts.is_absolute() or ".." in parts.parts or "\0" in relative:
            raise StorageError(f"Путь документа ведёт из папки отчётов: «{relative[:200]!r}».")
        return self.root / relative

    def url(self, relative: str) -> str | None:
        """Return the address of a document for a browser, when the folder is served."""
        return None if self.base_url is None else f"{self.base_url.rstrip('/')}/{relative}"

    def write(self, relative: str, content: bytes) -> str:
        """Write a document and return its SHA-256. A reader never sees half a document."""
        target = self.path(relative)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = aside(target)
        partial.write_bytes(content)
        partial.replace(target)
        return hashlib.sha256(content).hexdigest()

    def has(self, relative: str, file_sha256: str | None = None) -> bool:
        """Tell whether a document stands there (with the given content, if asked)."""
        target = self.path(relative)
        if not target.is_file():
            return False
        return file_sha256 is None or hashlib.sha256(target.read_bytes()).hexdigest() == file_sha256

    def is_whole(self, relative: str) -> bool:
        """Tell whether a document stands there with its end: what a full disk or a cut of power leaves has none."""
        return is_whole(self.path(relative))

    def remove(self, relative: str) -> None:
        """Remove a document that no data support any more."""
        self.path(relative).unlink(missing_ok=True)
