"""What changed in the numbers of a document since its last issue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.reporting import labels
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.figures import UNKNOWN, place, subject
from oko_pipeline.reporting.sections import Spec, row, section, table

_MOST_SHOWN: Final = 40
_HIDDEN_KEYS: Final = ("school_year", "unit_level")
_COLUMNS: Final = (
    ("Показатель", 5.0, "text"),
    ("Для кого", 4.0, "text"),
    ("Было", 2.0, "number"),
    ("Стало", 2.0, "number"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A number that a document says otherwise than in its last issue; a dash where it did not say it."""

    table: str
    column: str
    title_ru: str
    place_ru: str
    was: str
    became: str


def figure_changes(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[Change]:
    """Return the differences of the figures of two issues, in the order of the newer one, gone numbers last.

    A number is known again by its table, column and row; a number that was worked out and is the only one of its kind
    by the way it was worked out: its rows may well be others after a correction. Numbers in quoted texts are left out:
    the text changes as a whole, and what it says of results stands in figures of its own.
    """
    first, second = ([figure for figure in figures if figure["op"] != "quoted"] for figures in (before, now))
    single = _single(first) & _single(second)
    old = {_identity(figure, single): figure for figure in first}
    new = {_identity(figure, single): figure for figure in second}
    changes = [
        _change(figure, old[key]["text"] if key in old else UNKNOWN, figure["text"])
        for key, figure in new.items()
        if key not in old or old[key]["text"] != figure["text"]
    ]
    return changes + [_change(figure, figure["text"], UNKNOWN) for key, figure in old.items() if key not in new]


def _single(figures: Iterable[Mapping[str, Any]]) -> set[tuple[str, ...]]:
    """Return the subjects of worked out numbers that stand for one set of rows only."""
    places: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for figure in figures:
        if figure["op"] == "computed":
            places.setdefault(subject(figure), set()).add(place(figure))
    return {told for told, found in places.items() if len(found) == 1}


def _identity(figure: Mapping[str, Any], single: set[tuple[str, ...]]) -> tuple[str, ...]:
    told = subject(figure)
    return told if told in single else place(figure)


def changes_section(changes: Sequence[Change], issue: int) -> Spec | None:
    """Return the section «Что изменилось с прошлого выпуска»; None in a first issue or when no number changed."""
    if not changes:
        return None
    number_forms = ("число", "числа", "чисел")
    text = f"Это выпуск {ru.whole(issue)}. С прошлого выпуска изменилось {ru.counted(len(changes), number_forms)}."
    if len(changes) > _MOST_SHOWN:
        text += f" Показаны первые {_MOST_SHOWN}; все — в таблице базы document_changes."
    shown = [row(one.title_ru, one.place_ru, one.was, one.became) for one in changes[:_MOST_SHOWN]]
    return section(text=[text], tables=[table("Числа, которые изменились", _COLUMNS, shown)])


def _change(figure: Mapping[str, Any], was: str, became: str) -> Change:
    name, column = str(figure["table"]), str(figure["column"])
    title = figure.get("how_ru") or _title(name, column)
    if figure["op"] == "quoted":
        title = f"{_title(name, column)}, {title}"
    named = figure.get("key") or figure.get("where") or {}
    parts = (_named(key, value) for key, value in named.items() if key not in _HIDDEN_KEYS and value is not None)
    place_ru = figure.get("place_ru") or ", ".join(part for part in parts if part)
    return Change(name, column, str(title), place_ru or UNKNOWN, was, became)


def _named(key: str, value: Any) -> str:
    """Return a value of a row's key as people read it."""
    if isinstance(value, list | tuple):
        return ", ".join(_named(key, one) for one in value)
    text = str(value)
    if key == "assessment_id":
        return labels.work_ru(text)
    if key == "subject_code":
        return labels.subject_ru(text)
    if key == "indicator_code":
        known = indicators().get(text)
        return text if known is None else ru.quoted(known.title_ru)
    return text


def _title(table_name: str, column: str) -> str:
    found = any_table(table_name)
    return found.column(column).description_ru if column else f"Строк: {found.title_ru}"
