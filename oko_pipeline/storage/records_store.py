"""Rows of registers, protocols and surveys in Parquet, in the restricted store; folder rights are 700.

Two kinds of files, as for works: fragments (one table of one source file, so that an unchanged file is never read
again) and, for tables about single people, the assembled table of a school year. Other tables go to the database.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from oko_pipeline.errors import StorageError
from oko_pipeline.storage.partials import aside


class RecordsStore:
    """Reads and writes record frames under `root` (the restricted folder)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write_fragment(self, key: str, table: str, reader_version: str, frame: pd.DataFrame) -> None:
        """Keep the rows of one table of one source file; `key` is a hexadecimal fingerprint that names the file."""
        self._write(self._fragment_path(key, table, reader_version), frame)

    def read_fragment(self, key: str, table: str, reader_version: str) -> pd.DataFrame:
        """Return the rows of one table of one source file; raises `StorageError` when they are not in the store."""
        return self._read(self._fragment_path(key, table, reader_version), None)

    def has_fragment(self, key: str, table: str, reader_version: str) -> bool:
        """Tell whether the rows of a table of a source file are in the store."""
        return self._fragment_path(key, table, reader_version).exists()

    def write(self, school_year: str, table: str, frame: pd.DataFrame) -> None:
        """Replace the assembled rows of a restricted table in a school year."""
        self._write(self.path(school_year, table), frame)

    def read(self, school_year: str, table: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the assembled rows of a restricted table, or only some columns of them.

        Raises:
            StorageError: when the store has none or the file is damaged.
        """
        return self._read(self.path(school_year, table), None if columns is None else list(columns))

    def has(self, school_year: str, table: str) -> bool:
        """Tell whether the assembled rows of a table are in the store."""
        return self.path(school_year, table).exists()

    def tables(self, school_year: str) -> list[str]:
        """Return the names of the tables of a year that are in the store, in order."""
        folder = self._root / "records" / school_year
        return sorted(path.stem for path in folder.glob("*.parquet")) if folder.is_dir() else []

    def remove(self, school_year: str, table: str) -> None:
        """Remove the assembled rows of a table that no file supports any more."""
        self.path(school_year, table).unlink(missing_ok=True)

    def path(self, school_year: str, table: str) -> Path:
        """Return where the assembled rows of a restricted table stand."""
        return self._root / "records" / school_year / f"{table}.parquet"

    def _fragment_path(self, key: str, table: str, reader_version: str) -> Path:
        return self._root / "fragments" / key[:2] / f"{key}.{table}.{reader_version}.parquet"

    def _write(self, path: Path, frame: pd.DataFrame) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written aside and renamed: a reader or a killed run never sees half a file.
        partial = aside(path)
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), partial, compression="zstd")
        partial.replace(path)

    def _read(self, path: Path, columns: list[str] | None) -> pd.DataFrame:
        try:
            return pq.ParquetFile(path).read(columns=columns, use_threads=False).to_pandas()
        except FileNotFoundError as error:
            raise StorageError(f"В закрытом хранилище нет файла {path.name}: запустите сбор заново.") from error
        except (pa.ArrowInvalid, OSError, KeyError) as error:
            raise StorageError(
                f"Файл закрытого хранилища {path.name} повреждён: {error}. Удалите его и запустите сбор заново."
            ) from error
