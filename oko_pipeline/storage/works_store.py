"""The restricted store: pseudonymous works in Parquet, apart from everything people query. Folder rights are 700.

Two kinds of files: fragments (one source file each, so that an unchanged file is never read again) and assembled works
(one assessment each, so that reading a year opens few files). A task score takes about a byte or less.
"""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.errors import StorageError
from oko_pipeline.storage.partials import aside
from oko_pipeline.works import Works


class WorksStore:
    """Reads and writes works under `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write_fragment(self, key: str, reader_version: str, works: Works) -> None:
        """Keep the works of one source file; `key` is a hexadecimal fingerprint that names it."""
        self._write(self._fragment_path(key, reader_version), works)

    def read_fragment(self, key: str, reader_version: str) -> Works:
        """Return the works of one source file; raises `StorageError` when they are not in the store."""
        return self._read(self._fragment_path(key, reader_version), None)

    def has_fragment(self, key: str, reader_version: str) -> bool:
        """Tell whether the works of a source file are in the store."""
        return self._fragment_path(key, reader_version).exists()

    def write(self, school_year: str, works: Works) -> None:
        """Replace the assembled works of an assessment."""
        self._write(self.path(school_year, str(works.key)), works)

    def read(self, school_year: str, assessment_id: str, columns: Iterable[str] | None = None) -> Works:
        """Return the assembled works of an assessment, or only some columns of them.

        Raises:
            StorageError: when the store has none or the file is damaged.
        """
        return self._read(self.path(school_year, assessment_id), None if columns is None else list(columns))

    def has(self, school_year: str, assessment_id: str) -> bool:
        """Tell whether the assembled works of an assessment are in the store."""
        return self.path(school_year, assessment_id).exists()

    def assessment_ids(self, school_year: str) -> list[str]:
        """Return the assessments of a year that are in the store, in order."""
        folder = self._root / "works" / school_year
        return sorted(path.stem.replace("~", ":") for path in folder.glob("*.parquet")) if folder.is_dir() else []

    def remove(self, school_year: str, assessment_id: str) -> None:
        """Remove the assembled works of an assessment that no file supports any more."""
        self.path(school_year, assessment_id).unlink(missing_ok=True)

    def path(self, school_year: str, assessment_id: str) -> Path:
        """Return where the assembled works of an assessment stand."""
        AssessmentKey.parse(assessment_id)
        return self._root / "works" / school_year / f"{assessment_id.replace(':', '~')}.parquet"

    def _fragment_path(self, key: str, reader_version: str) -> Path:
        return self._root / "fragments" / key[:2] / f"{key}.{reader_version}.parquet"

    def _write(self, path: Path, works: Works) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written aside and renamed: a reader or a killed run never sees half a file.
        partial = aside(path)
        pq.write_table(works.to_arrow(), partial, compression="zstd")
        partial.replace(path)

    def _read(self, path: Path, columns: list[str] | None) -> Works:
        try:
            return Works.from_arrow(pq.ParquetFile(path).read(columns=columns, use_threads=False))
        except FileNotFoundError as error:
            raise StorageError(f"В закрытом хранилище нет файла {path.name}: запустите сбор заново.") from error
        except (pa.ArrowInvalid, OSError, KeyError) as error:
            raise StorageError(
                f"Файл закрытого хранилища {path.name} повреждён: {error}. Удалите его и запустите сбор заново."
            ) from error
