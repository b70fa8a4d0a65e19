"""Rows about single people: of names, documents, birth dates and codes only a keyed pseudonym goes further."""

from collections.abc import Mapping, Sequence

from oko_pipeline.catalogue.records import RecordTable
from oko_pipeline.collection.forms.values import any_date
from oko_pipeline.collection.headers import cell_text, cyrillic, folded_text
from oko_pipeline.collection.layout import Cell

Identity = tuple[str, str, str, str, str]
"""Normalised full name, document, birth date, code, and the school where it is needed to tell people apart."""

_NAME_ROLES = ("surname", "name", "patronymic")


def personal_columns(table: RecordTable) -> dict[str, list[str]]:
    """Return the names of a register's identifying columns by their role; dropped columns are not among them."""
    found: dict[str, list[str]] = {}
    for column in table.columns:
        if column.personal is not None and column.personal != "drop":
            found.setdefault(column.personal, []).append(column.name)
    return found


def identity(cells: Mapping[str, Cell], roles: Mapping[str, Sequence[str]], school_key: str | None) -> Identity | None:
    """Return what tells one person from another in a row; None when the row names nobody.

    A document or a birth date goes with the person from school to school; a code or a bare name holds within one.

    Args:
        cells: cells of the row by column name.
        roles: names of the identifying columns by role.
        school_key: the school of the row.
    """

    def of(role: str) -> Cell:
        return next((cells[name] for name in roles.get(role, ()) if cell_text(cells.get(name))), None)

    parts = [cell_text(of(role)) for role in _NAME_ROLES]
    name = normal_name(" ".join(filter(None, parts)) or cell_text(of("full_name")))
    document = "".join(sign for sign in cell_text(of("document")).upper() if sign.isalnum())
    code = "".join(folded_text(of("code")).split())
    born = any_date(of("birth_date"))
    birth_date = "" if born is None else born.isoformat()
    if not (name or document or code):
        return None
    return name, document, birth_date, code, "" if document or (name and birth_date) else (school_key or "")


def normal_name(text: str) -> str:
    """Return a person's name for comparison: lower case, «е» for «ё», Cyrillic letters, single spaces and hyphens."""
    plain = cyrillic(cell_text(text)).lower().replace("ё", "е")
    return " ".join(plain.replace(" - ", "-").replace("–", "-").replace(".", ". ").split())
