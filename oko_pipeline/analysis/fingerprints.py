"""Fingerprints of inputs: what has the fingerprint of last time is not computed again.

They are made from raw values, not from pickles or pandas hashes, so a new version of pandas changes none of them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from oko_pipeline.works import Works

# Beyond Int16, the widest whole number of a work.
_MISSING = np.iinfo(np.int32).min


def works_fingerprint(works: Works) -> str:
    """Return the SHA-256 of all that the works say: assessment, tasks, layout, cells of the sources, every row.

    The order of columns counts for nothing, that of rows does. The upload time is left out, since touching a file
    changes no result.
    """
    return _digest(_works_parts(works))


def combine(*parts: str) -> str:
    """Return one SHA-256 of several texts or fingerprints, in their order: the input hash of a slice."""
    return _digest(part.encode() for part in parts)


def _digest(parts: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # The length goes before the bytes, so that ("ab", "c") and ("a", "bc") differ.
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _works_parts(works: Works) -> Iterator[bytes | memoryview]:
    header = {
        "assessment_id": str(works.key),
        "tasks": [asdict(task) for task in works.tasks],
        "cells": {sha: asdict(cells) for sha, cells in works.cells.items()},
        "layout_code": works.layout_code,
    }
    yield json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
    for name in sorted(works.rows.columns):
        yield name.encode()
        yield from _column_bytes(works.rows[name])


def _column_bytes(values: pd.Series) -> Iterator[bytes | memoryview]:
    """Give little-endian values of a whole-number column, or lengths (−1 for missing) and UTF-8 of a text column."""
    if pd.api.types.is_integer_dtype(values.dtype):
        yield values.to_numpy(dtype="<i4", na_value=_MISSING).tobytes()
        return
    texts = pa.array(values.array, type=pa.large_string(), from_pandas=True)
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    yield (
        pc.fill_null(pc.call_function("binary_length", [whole]), -1)
        .to_numpy(zero_copy_only=False)
        .astype("<i8")
        .tobytes()
    )
    # Filled, for whatever bytes stand under a missing value are no content.
    filled = pc.fill_null(whole, "")
    _, places, content = filled.buffers()
    ends = [filled.offset, filled.offset + len(filled)]
    first, last = np.frombuffer(places, dtype=np.int64)[ends] if len(filled) else (0, 0)
    yield memoryview(content or b"")[first:last]
