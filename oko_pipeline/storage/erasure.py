"""Erasing people from the restricted store: a list of erased pseudonyms, honoured by every reading from then on.

The list holds keyed pseudonyms only: without the key it says nothing. Source files are people's own and are not changed
here; a file that is read again gives no row of an erased person.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from oko_pipeline.storage.partials import aside

PERSON_COLUMNS: Final = ("pupil_id", "person_id")
"""Columns that hold pseudonyms of people."""


class ErasedPeople:
    """Pseudonyms that must not stand in the restricted store under `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / "erased.txt"

    def ids(self) -> set[str]:
        """Return all erased pseudonyms."""
        try:
            return set(self._path.read_text("ascii").split())
        except FileNotFoundError:
            return set()

    def add(self, pseudonyms: Iterable[str]) -> None:
        """Put pseudonyms on the list for good."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = aside(self._path)
        partial.write_text("\n".join(sorted(self.ids() | set(pseudonyms))) + "\n", "ascii")
        partial.replace(self._path)

    def without(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame without the rows of erased people."""
        erased = self.ids()
        if not erased:
            return frame
        for column in PERSON_COLUMNS:
            if column in frame.columns:
                frame = frame[~frame[column].isin(erased)]
        return frame

    def erase(self) -> dict[str, int]:
        """Drop the rows of erased people from every file of the store; return rows dropped by file (relative path).

        A file is rewritten aside and renamed: a killed erasure leaves whole files and is finished by the next one.
        """
        erased = self.ids()
        dropped: dict[str, int] = {}
        for path in sorted(self._root.rglob("*.parquet")):
            names = [name for name in PERSON_COLUMNS if name in pq.read_schema(path).names]
            if not names:
                continue
            # The file object, not the path: a folder called «2020-2021» is no partition column.
            table = pq.ParquetFile(path).read(use_threads=False)
            stays = ~table.select(names).to_pandas().isin(erased).any(axis=1)
            kept = table.filter(pa.array(stays))
            if len(kept) == len(table):
                continue
            partial = aside(path)
            pq.write_table(kept, partial, compression="zstd")
            partial.replace(path)
            dropped[path.relative_to(self._root).as_posix()] = len(table) - len(kept)
        return dropped
