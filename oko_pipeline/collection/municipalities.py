"""A municipality as a file writes it: a tag, a code, a name, or both."""

import re
from dataclasses import dataclass
from typing import Final

from oko_pipeline.collection.headers import cell_text
from oko_pipeline.collection.layout import Cell

# Tags of 2020 («reg99_vpr_m101» among a hundred others) and codes since 2022 («reg99_m101») are one municipality; tags
# with a dot belong to older procedures.
_CODE: Final = re.compile(r"(?<!\w)reg(\d{2})_(?:vpr_)?m(\d{1,4})(?![\w.])", re.IGNORECASE)
_TAG_LIST: Final = re.compile(r"[^,\s]+,[^,\s]+,")


@dataclass(frozen=True, slots=True)
class Municipality:
    """What a cell says of a municipality; `source` is how the file writes it (of a tag list: the tag alone)."""

    source: str | None = None
    code: str | None = None
    name: str | None = None


def parse_municipality(value: Cell) -> Municipality:
    """Read a municipality from a tag list, «reg99_m101 | название», «название(reg99_m101)», a code or a name."""
    text = cell_text(value)
    if not text:
        return Municipality()
    match = _CODE.search(text)
    if match is None:
        return Municipality() if _TAG_LIST.match(text) else Municipality(text, None, text)
    code = f"reg{match[1]}_m{match[2]}"
    if _TAG_LIST.match(text):
        return Municipality(match[0], code, None)
    name = _CODE.sub("", text).replace("|", " ").replace("()", " ")
    return Municipality(text, code, cell_text(name) or None)
