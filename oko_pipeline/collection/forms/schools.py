"""Which school a row names, and which school year a text names."""

import re
from collections.abc import Sequence
from typing import Final

from oko_pipeline.catalogue.keys import school_code_from_login
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.forms.rows import PUT_ASIDE, Block
from oko_pipeline.collection.forms.text_guard import guard_text
from oko_pipeline.collection.headers import cell_text
from oko_pipeline.collection.identity import school_code_in

_SCHOOL_YEAR: Final = re.compile(r"(?<!\d)(20\d\d)\s*[-–—/_]\s*(?:20)?(\d\d)(?!\d)")
_CODE: Final = re.compile(r"\d{4,7}")
_LONGEST_NAME: Final = 300
_LOGIN: Final = re.compile(r"[\s|(]*[a-z]{3}\d{6}[\s|)]*", re.IGNORECASE)


def school_year_in(text: str) -> str | None:
    """Return the school year in «2024-2025», «2024/25 учебный год», «2024–2025 уч. г.»; None when none stands there."""
    for match in _SCHOOL_YEAR.finditer(text):
        if (int(match[1]) + 1) % 100 == int(match[2]):
            return f"{match[1]}-{int(match[1]) + 1}"
    return None


def mention_row(
    key: str, name: str | None, oge_code: str | None = None, ege_code: str | None = None
) -> dict[str, object]:
    """Return a row of `school_mentions` for a key: a login, a code or a name."""
    code = school_code_from_login(key)
    return {
        "source_key": key,
        "school_code": code,
        "school_name": name,
        "municipality_source": None,
        "municipality_code": None,
        "municipality_name": None,
        "oge_code": oge_code,
        "ege_code": ege_code,
        "settlement_type": None,
        "rows_count": 1,
    }


class SchoolCells:
    """Reads the school of a row from the columns that name it; `names` collects the names by key."""

    def __init__(self, columns: Sequence[str], told: CellFindings, names: dict[str, str | None]) -> None:
        self._columns = columns
        self._told = told
        self.names = names

    def key_or_none(self, block: Block, row: int) -> str | None:
        """Return the login, else the code, else the name in a row; None where its cells name no school."""
        texts = {name: cell_text(block.cell(row, name)) for name in self._columns if name in block.columns}
        login = next((found for text in texts.values() if (found := school_code_in(text))), None)
        name = next((text for text in texts.values() if _is_name(text)), None)
        if name is not None and guard_text(name).kinds:
            self._tell_person(block, row)
            name = None
        code = next((text for text in texts.values() if _CODE.fullmatch(text)), None)
        key = login or code or name
        if key is not None:
            plain = None if name is None else _LOGIN.sub(" ", name).strip(" |()") or None
            self.names[key] = self.names.get(key) or plain
        return key

    def _tell_person(self, block: Block, row: int) -> None:
        place = next(block.columns[name] for name in self._columns if name in block.columns)
        self._told.add(
            "record.school_is_person",
            "В столбце ОО стоит имя или контакт человека.",
            *block.address(row, place),
            expected="логин, код или название ОО",
            became=PUT_ASIDE,
        )


def _is_name(text: str) -> bool:
    letters = sum(sign.isalpha() for sign in text)
    return letters >= 2 and len(text) <= _LONGEST_NAME and _LOGIN.fullmatch(text) is None
